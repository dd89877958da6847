// SPDX-License-Identifier: Apache-2.0
#include "support/Signals.h"

#include <csignal>

#include <gtest/gtest.h>

namespace bertc {
namespace {

TEST(Signals, FirstOneAsksToStop) {
  installStopSignals();
  EXPECT_FALSE(stopRequested());
  EXPECT_EQ(stopExitCode(), 0);
  std::raise(SIGTERM);
  EXPECT_TRUE(stopRequested());
  EXPECT_EQ(stopSignal(), SIGTERM);
  EXPECT_EQ(stopExitCode(), 143);
  resetStopRequest();
}

TEST(SignalsDeathTest, SecondOneLeavesAtOnce) {
  EXPECT_EXIT(
      {
        installStopSignals();
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      ::testing::ExitedWithCode(130), "stopping after this step");
}

} // namespace
} // namespace bertc
