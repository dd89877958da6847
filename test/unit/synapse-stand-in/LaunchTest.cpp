// SPDX-License-Identifier: Apache-2.0
//
// Launches: what they compute and what they refuse.
#include "test/unit/synapse-stand-in/StandIn.h"

using namespace bertc::standin;

namespace {

/// c = a x b, two rows of two; the simplest graph that runs.
class LaunchTest : public DeviceTest {
protected:
  void SetUp() override {
    DeviceTest::SetUp();
    GraphBuilder graph;
    graph.node("gemm",
               {graph.persistent("a", {2, 2}), graph.persistent("b", {2, 2})},
               {graph.persistent("c", {2, 2})});
    recipe_ = graph.compile();
    a_ = deviceMalloc(1024);
    b_ = a_ + 128;
    c_ = a_ + 256;
    upload(a_, {1, 2, 3, 4});
    upload(b_, {1, 0, 1, 1});
  }
  LaunchList all() {
    return LaunchList().add("a", a_).add("b", b_).add("c", c_);
  }

  synRecipeHandle recipe_ = nullptr;
  uint64_t a_ = 0, b_ = 0, c_ = 0;
};

TEST_F(LaunchTest, computesTheNodesAndTouchesNothingElse) {
  upload(c_ + 16, {7, 7, 7, 7});
  ASSERT_SYN(all().launch(stream_, recipe_));
  EXPECT_EQ(download(c_, 8), (std::vector<float>{3, 2, 7, 4, 7, 7, 7, 7}));
  EXPECT_EQ(download(a_, 4), (std::vector<float>{1, 2, 3, 4}));
}

TEST_F(LaunchTest, launchesById) {
  const char *names[] = {"a", "b", "c"};
  uint64_t ids[3];
  ASSERT_SYN(synTensorRetrieveIds(recipe_, names, ids, 3));
  LaunchList list = all();
  for (int i = 0; i < 3; i++) {
    list.infos[i].tensorName = nullptr;
    list.infos[i].tensorId = ids[i];
  }
  // An invalid id is skipped.
  list.add(nullptr, 0);
  ASSERT_SYN(synLaunch(stream_, list.infos.data(), 4, 0, recipe_, 0));
  EXPECT_EQ(download(c_, 4), (std::vector<float>{3, 2, 7, 4}));
}

} // namespace
