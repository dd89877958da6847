// SPDX-License-Identifier: Apache-2.0
//
// Recipes inside a plan: made without a device, used when they fit.

#include "runtime/synapse/AotRecipe.h"
#include "test/unit/synapse/GraphPlan.h"
#include "test/unit/synapse/StandIn.h"

#include <gmock/gmock.h>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct AotRecipeTest : StandInTest {
  /// Runs "main" (two graphs); how many graphs it compiled.
  uint64_t compilations(const GraphPlan &p) {
    {
      auto session = Session::create(*p.load(), options());
      EXPECT_TRUE(session.ok()) << session.status().message();
      float x[4] = {1, 2, 3, 4}, z[4] = {};
      Status status = (*session)->run("main", {{"x", {DType::F32, {4}, x}}},
                                      {{"z", {DType::F32, {4}, z}}});
      EXPECT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(z[3], 16);
    }
    Accounting counted = accounting();
    EXPECT_THAT(counted.left, IsEmpty());
    return counted.calls["synGraphCompile"].calls;
  }
  GraphPlan withRecipes() {
    GraphPlan p = smallDevicePlan();
    Status status = syn::embedRecipes(&p.plan, library());
    EXPECT_TRUE(status.ok()) << status.message();
    return p;
  }
};

TEST_F(AotRecipeTest, needsNoDevice) {
  ScopedVariable none("SYNAPSE_STAND_IN_DEVICES", "gaudi2:0");
  GraphPlan p = withRecipes();
  Accounting counted = accounting();
  EXPECT_THAT(counted.left, IsEmpty());
  EXPECT_EQ(counted.calls["synGraphCompile"].calls, 7u);
  for (const auto &entry : p.plan.entries) {
    ASSERT_TRUE(entry->graphs[0]->recipe);
    EXPECT_EQ(entry->graphs[0]->recipe->device_type, 4);
    EXPECT_THAT(entry->graphs[0]->recipe->library_version,
                HasSubstr("1.21.0-stand-in+"));
  }
}

TEST_F(AotRecipeTest, areUsedInPlaceOfCompiling) {
  EXPECT_EQ(compilations(withRecipes()), 0u);
}

TEST_F(AotRecipeTest, goIntoAFinishedPlan) {
  std::vector<uint8_t> plain = smallDevicePlan().build();
  StatusOr<std::string> bytes =
      syn::withRecipes(std::string(plain.begin(), plain.end()), library());
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  StatusOr<Plan> plan = Plan::fromBytes(bytes->data(), bytes->size(), "p");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  ASSERT_TRUE((*Session::create(*plan, options()))->prepare("main").ok());
  EXPECT_EQ(accounting().calls["synGraphCompile"].calls, 0u);
}

TEST_F(AotRecipeTest, ofAnotherReleaseOrDeviceAreNotUsed) {
  GraphPlan p = withRecipes();
  p.plan.entries[0]->graphs[0]->recipe->library_version = "1.17.0";
  EXPECT_EQ(compilations(p), 1u);
  p.plan.entries[0]->graphs[1]->recipe->device_type = 2;
  EXPECT_EQ(compilations(p), 2u);
}

TEST_F(AotRecipeTest, thatTheLibraryRefusesAreNotUsed) {
  GraphPlan p = withRecipes();
  p.plan.entries[0]->graphs[1]->recipe->bytes.resize(40);
  EXPECT_EQ(compilations(p), 1u);
}

TEST_F(AotRecipeTest, areNotPartOfWhatAGraphIs) {
  GraphPlan p = withRecipes();
  SessionOptions cached = options();
  cached.recipeCache = folder / "cache";
  ASSERT_TRUE((*Session::create(*smallDevicePlan().load(), cached))
                  ->prepare("main")
                  .ok());
  p.plan.entries[0]->graphs[0]->recipe->library_version = "1.17.0";
  ASSERT_TRUE((*Session::create(*p.load(), cached))->prepare("main").ok());
  EXPECT_EQ(accounting().calls["synGraphCompile"].calls, 0u);
}

TEST_F(AotRecipeTest, errorsNameEntryAndGraph) {
  GraphPlan p = smallDevicePlan();
  p.plan.entries[1]->graphs[0]->nodes[0]->guid = "no_such_kernel";
  Status status = syn::embedRecipes(&p.plan, library());
  EXPECT_THAT(status.message(),
              HasSubstr("entry 'grow': cannot compile graph 'grow/0'"));
  EXPECT_THAT(accounting().left, IsEmpty());
  p.plan.target = "cpu";
  EXPECT_EQ(syn::embedRecipes(&p.plan, library()).code(),
            StatusCode::InvalidArgument);
}

} // namespace
} // namespace bertc::rt::test
