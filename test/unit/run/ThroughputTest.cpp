// SPDX-License-Identifier: Apache-2.0
#include "run/Throughput.h"

#include <gtest/gtest.h>

using namespace bertc;

namespace {

TEST(ThroughputTest, leavesOutTheFirstSixUpdates) {
  Throughput throughput;
  for (int i = 0; i < 6; ++i) {
    throughput.addStep(100.0, 10);
  }
  EXPECT_EQ(throughput.perSecond(), 0.0);
  throughput.addStep(2.0, 10);
  throughput.addStep(3.0, 10);
  EXPECT_DOUBLE_EQ(throughput.perSecond(), 4.0);
}

TEST(ThroughputTest, leavesOutSixMoreAfterACheckpoint) {
  Throughput throughput;
  for (int i = 0; i < 7; ++i) {
    throughput.addStep(1.0, 10);
  }
  throughput.pause();
  for (int i = 0; i < 6; ++i) {
    throughput.addStep(50.0, 10);
  }
  throughput.addStep(1.0, 30);
  EXPECT_DOUBLE_EQ(throughput.perSecond(), 20.0);
}

} // namespace
