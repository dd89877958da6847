// SPDX-License-Identifier: Apache-2.0
//
// Every status that SynapseAI and HCCL can answer has a name, a meaning, advice
// and a code.

#include "runtime/synapse/Errors.h"

#include <gmock/gmock.h>

namespace bertc::rt::syn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

TEST(SynapseErrors, everyStatusIsExplained) {
  EXPECT_TRUE(statusOf(synSuccess, "synLaunch").ok());
  for (uint32_t i = 1; i <= synFailTpcKernels; ++i) {
    Status status = statusOf(static_cast<synStatus>(i), "synLaunch");
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.message(),
                MatchesRegex("synLaunch: syn[A-Za-z]+ \\(" + std::to_string(i) +
                             "\\), .*; .*"));
  }
}

TEST(SynapseErrors, everyHcclResultIsExplained) {
  EXPECT_TRUE(statusOf(hcclSuccess, "hcclAllReduce").ok());
  for (int32_t i = hcclUninitialized; i <= hcclPortDown; ++i) {
    if (i == hcclSuccess || i == hcclNumResults) {
      continue;
    }
    Status status = statusOf(static_cast<hcclResult_t>(i), "hcclAllReduce");
    EXPECT_THAT(status.message(), MatchesRegex("hcclAllReduce: hccl[A-Za-z]+ "
                                               "\\(-?[0-9]+\\), .*; .*"));
  }
}

TEST(SynapseErrors, anUnknownStatusIsNamedByItsNumber) {
  Status status = statusOf(static_cast<synStatus>(77), "synLaunch", "what");
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_THAT(status.message(),
              AllOf(StartsWith("synLaunch: status 77"), HasSubstr("[what]")));
}

TEST(SynapseErrors, codesFollowTheMeaning) {
  auto exit = [](synStatus status) { return exitCode(statusOf(status, "f")); };
  for (synStatus status :
       {synNoDeviceFound, synDeviceTypeMismatch, synDeviceReset,
        synDeviceAlreadyAcquired, synBusy, synAllResourcesTaken, synUnavailable,
        synFailedNotEnoughDevicesFound}) {
    EXPECT_EQ(exit(status), 5) << statusName(status);
  }
  for (synStatus status :
       {synOutOfHostMemory, synOutOfDeviceMemory,
        synFailedToAllocateDeviceMemory, synOutOfResources}) {
    EXPECT_EQ(exit(status), 4) << statusName(status);
  }
  EXPECT_EQ(exit(synWrongParamsFile), 3);
  EXPECT_EQ(exit(synInvalidArgument), 1);
}

} // namespace
} // namespace bertc::rt::syn
