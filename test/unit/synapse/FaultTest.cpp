// SPDX-License-Identifier: Apache-2.0
//
// Every fault at every place: each call to SynapseAI fails once, one after the
// other, or for good; the device is reset after any launch, its memory runs out
// at any allocation, it is slow. Each must be an error that says what happened,
// and nothing may be left behind.

#include "test/unit/synapse/GraphPlan.h"
#include "test/unit/synapse/StandIn.h"

#include <gmock/gmock.h>
#include <set>
#include <tuple>

namespace bertc::rt::test {
namespace {

using ::testing::AllOf;
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

// From some call on a function fails for good, as a card that is gone does.
TEST_F(SynapseFaultTest, aFunctionMayFailForGood) {
  ASSERT_TRUE(scenario().ok());
  Accounting counted = accounting();
  counted.calls.erase("synDestroy");
  for (const auto &[function, counts] : counted.calls) {
    for (uint64_t call : {uint64_t{1}, counts.calls / 2 + 1}) {
      std::string order = function + ":" + std::to_string(call) + "+=7";
      SCOPED_TRACE(order);
      ScopedVariable fault("SYNAPSE_STAND_IN_FAULT", order);
      Status status = scenario();
      EXPECT_NE(status.ok(), kGivesBack.count(function) == 0 &&
                                 kDoneWithout.count(function) == 0);
      if (kGivesBack.count(function) == 0 && function != "synInitialize") {
        EXPECT_THAT(accounting().left, IsEmpty());
      }
    }
  }
}

TEST_F(SynapseFaultTest, theDeviceMayBeResetAfterAnyLaunch) {
  ASSERT_TRUE(scenario().ok());
  const uint64_t launches = accounting().launches;
  ASSERT_GT(launches, 5u);
  for (uint64_t launch = 1; launch <= launches; ++launch) {
    SCOPED_TRACE(launch);
    ScopedVariable reset("SYNAPSE_STAND_IN_FAULT",
                         "reset_after_launch=" + std::to_string(launch));
    Status status = scenario();
    EXPECT_EQ(exitCode(status), 5);
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("synDeviceReset (17)"),
                      HasSubstr("goes on from the last checkpoint")));
    EXPECT_THAT(accounting().left, IsEmpty());
  }
}

TEST_F(SynapseFaultTest, memoryMayRunOutAtAnyAllocation) {
  ASSERT_TRUE(scenario().ok());
  Accounting counted = accounting();
  for (const auto &[function, code, where] :
       {std::tuple("synDeviceMalloc", 4, "bytes of device memory for "),
        std::tuple("synDeviceMalloc", 14, "bytes of device memory for "),
        std::tuple("synHostMalloc", 3, "bytes of host memory for ")}) {
    for (uint64_t call = 1; call <= counted.calls[function].calls; ++call) {
      std::string order = std::string(function) + ":" + std::to_string(call) +
                          "=" + std::to_string(code);
      SCOPED_TRACE(order);
      ScopedVariable fault("SYNAPSE_STAND_IN_FAULT", order);
      Status status = scenario();
      EXPECT_EQ(exitCode(status), 4);
      EXPECT_THAT(status.message(), HasSubstr(where));
      EXPECT_THAT(accounting().left, IsEmpty());
    }
  }
}

// Also between what the plan needs and what the library takes on top.
TEST_F(SynapseFaultTest, aDeviceMayBeTooSmallByAnyAmount) {
  bool fits = false;
  for (uint64_t bytes = 0; !fits; bytes += 256) {
    ASSERT_LT(bytes, uint64_t{1} << 20);
    SCOPED_TRACE(bytes);
    ScopedVariable small("SYNAPSE_STAND_IN_FAULT",
                         "memory=" + std::to_string(bytes));
    Status status = scenario();
    fits = status.ok();
    if (!fits) {
      EXPECT_EQ(exitCode(status), 4);
      EXPECT_THAT(status.message(), HasSubstr("bytes of device memory"));
    }
    EXPECT_THAT(accounting().left, IsEmpty());
  }
}

// What is queued behind a failure, or behind one that comes late, must be done
// with before its memory is given back.
TEST_F(SynapseFaultTest, aSlowStreamChangesNothing) {
  {
    ScopedVariable slow("SYNAPSE_STAND_IN_FAULT", "slow_stream_ms=5");
    Status status = scenario();
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_THAT(accounting().left, IsEmpty());
  }
  for (const char *order :
       {"synLaunch:2=37", "synLaunch:4=42", "synMemCopyAsync:3=7",
        "synStreamSynchronize:2=17", "synEventSynchronize:1=17",
        "reset_after_launch=3"}) {
    SCOPED_TRACE(order);
    ScopedVariable slow("SYNAPSE_STAND_IN_FAULT",
                        std::string("slow_stream_ms=5;") + order);
    EXPECT_FALSE(scenario().ok());
    EXPECT_THAT(accounting().left, IsEmpty());
  }
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
