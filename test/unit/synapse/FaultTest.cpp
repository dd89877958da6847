// SPDX-License-Identifier: Apache-2.0
//
// Every call to SynapseAI fails once, one after the other: each failure must be
// an error that names the function, and nothing may be left behind.

#include "test/unit/synapse/GraphPlan.h"
#include "test/unit/synapse/StandIn.h"

#include <gmock/gmock.h>
#include <set>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Gives something back: when it fails, that is said on stderr, and what could
// not be given back stays.
const std::set<std::string> kGivesBack = {
    "synDeviceFree",     "synHostFree",      "synStreamDestroy",
    "synEventDestroy",   "synRecipeDestroy", "synGraphDestroy",
    "synSectionDestroy", "synDeviceRelease", "synDeviceSynchronize"};

// Without these a session is slower, or a trace poorer, and no worse.
const std::set<std::string> kDoneWithout = {
    "synProfilerStart", "synProfilerStop", "synProfilerGetTrace",
    "synProfilerGetCurrentTimeNS", "synStatusGetBriefDescription"};

struct SynapseFaultTest : StandInTest {
  /// A bit of everything.
  Status scenario() {
    StatusOr<Plan> plan = smallDevicePlan().load();
    BERTC_ASSIGN_OR_RETURN(auto session, Session::create(*plan, options()));
    float x[4] = {1, 2, 3, 4}, y[4];
    NamedInputs in = {{"x", {DType::F32, {4}, x}}};
    NamedOutputs out = {{"y", {DType::F32, {4}, y}}};
    BERTC_RETURN_IF_ERROR(session->setVariable("w", {DType::F32, {4}, x}));
    BERTC_RETURN_IF_ERROR(session->prepare("main"));
    BERTC_RETURN_IF_ERROR(session->run("main", in, out));
    BERTC_RETURN_IF_ERROR(session->run("grow", in, {}));
    BERTC_RETURN_IF_ERROR(session->run("grow", in, {}));
    BERTC_RETURN_IF_ERROR(session->run("shift", in, out));
    std::vector<float> wide(256);
    int32_t rng[4] = {1, 2, 3, 0};
    BERTC_RETURN_IF_ERROR(
        session->run("drop",
                     {{"x", {DType::F32, {4, 64}, wide.data()}},
                      {"rng", {DType::I32, {4}, rng}}},
                     {}));
    BERTC_RETURN_IF_ERROR(session->outputBuffer("drop", "y").status());
    session->setProfileHook([](const StepEvent &) {});
    BERTC_RETURN_IF_ERROR(session->run("main", in, {}));
    session->setProfileHook({});
    BERTC_RETURN_IF_ERROR(session->wait());
    return session->variable("w").status();
  }
};

TEST_F(SynapseFaultTest, everyCallMayFail) {
  Status fine = scenario();
  ASSERT_TRUE(fine.ok()) << fine.message();
  Accounting counted = accounting();
  ASSERT_THAT(counted.left, IsEmpty());
  // A library that cannot be given back keeps its faults for the next test.
  counted.calls.erase("synDestroy");
  int faults = 0;
  for (const auto &[function, counts] : counted.calls) {
    for (uint64_t call = 1; call <= counts.calls; ++call, ++faults) {
      std::string order = function + ":" + std::to_string(call) + "=26";
      SCOPED_TRACE(order);
      ScopedVariable fault("SYNAPSE_STAND_IN_FAULT", order);
      Status status = scenario();
      bool mayBeFine =
          kGivesBack.count(function) + kDoneWithout.count(function) != 0;
      if (!mayBeFine) {
        EXPECT_FALSE(status.ok()) << "nobody noticed";
      }
      if (!status.ok()) {
        EXPECT_THAT(status.message(), HasSubstr(function + ": synFail (26)"));
      }
      if (kGivesBack.count(function) == 0 && function != "synInitialize") {
        EXPECT_THAT(accounting().left, IsEmpty());
      }
    }
  }
  RecordProperty("faults", faults);
  EXPECT_GT(faults, 250);
}

TEST_F(SynapseFaultTest, aSessionAfterAFailedOneIsWhole) {
  {
    ScopedVariable fault("SYNAPSE_STAND_IN_FAULT", "synLaunch:2=37");
    EXPECT_FALSE(scenario().ok());
  }
  EXPECT_TRUE(scenario().ok());
}

TEST_F(SynapseFaultTest, memoryThatRunsOutSaysForWhat) {
  ScopedVariable fault("SYNAPSE_STAND_IN_FAULT", "synDeviceMalloc:2=4");
  Status status = scenario();
  EXPECT_EQ(exitCode(status), 4);
  EXPECT_THAT(status.message(), HasSubstr("bytes of device memory for the "
                                          "arena, the device has "));
}

} // namespace
} // namespace bertc::rt::test
