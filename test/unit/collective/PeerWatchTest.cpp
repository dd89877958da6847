// SPDX-License-Identifier: Apache-2.0
#include "runtime/collective/PeerWatch.h"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace bertc;
using Clock = std::chrono::steady_clock;

namespace {

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The identity of this process with another number in it.
std::string identityOf(pid_t pid) {
  std::string own = rt::PeerWatch::identity();
  return own.substr(0, own.rfind('\n') + 1) + std::to_string(pid);
}

TEST(PeerWatch, seesADeathAtOnce) {
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    pause();
    _exit(0);
  }
  rt::PeerWatch watch;
  watch.watch(3, identityOf(child));
  EXPECT_EQ(watch.dead(), -1);
  auto begin = Clock::now();
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(child, SIGKILL);
  });
  watch.sleep(60);
  killer.join();
  EXPECT_LT(secondsSince(begin), 30);
  // Also while nobody has asked for its exit code.
  EXPECT_EQ(watch.dead(), 3);
  waitpid(child, nullptr, 0);
}

TEST(PeerWatch, othersAreNotWatched) {
  rt::PeerWatch watch;
  watch.watch(0, rt::PeerWatch::identity());
  watch.watch(1, "another host\nanother namespace\n1");
  watch.watch(2, identityOf(0x3fffffff)); // there is no such process
  watch.watch(3, "");
  EXPECT_EQ(watch.dead(), -1);
  EXPECT_EQ(rt::PeerWatch::describe("host\nnamespace\n12"), "host, pid 12");
  EXPECT_EQ(rt::PeerWatch::describe(""), "");
}

TEST(PeerWatch, sleepsUntilItIsWoken) {
  rt::PeerWatch watch;
  auto begin = Clock::now();
  watch.sleep(0.05);
  EXPECT_GE(secondsSince(begin), 0.04);
  watch.wake();
  watch.wake();
  begin = Clock::now();
  watch.sleep(60);
  EXPECT_LT(secondsSince(begin), 30);
  begin = Clock::now();
  watch.sleep(0.05); // both are over
  EXPECT_GE(secondsSince(begin), 0.04);
}

} // namespace
