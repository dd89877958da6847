// SPDX-License-Identifier: Apache-2.0
#include "support/Subcommands.h"

#include <gtest/gtest.h>
#include <new>

using namespace bertc;

namespace {

/// A program whose subcommand `run` leaves with --code, or throws.
int runProgram(std::vector<const char *> arguments,
               const std::function<Status()> &prepare = {}) {
  Subcommands program("prog", "A program.");
  program.add("run", [](CLI::App &app) -> Command {
    auto code = std::make_shared<int>(0);
    app.add_subcommand("run", "runs")->add_option("--code", *code, "");
    return [code] {
      if (*code == 99) {
        throw std::bad_alloc();
      }
      return *code;
    };
  });
  program.add("rest", [](CLI::App &app) -> Command {
    app.add_subcommand("rest", "rests");
    return [] { return 5; };
  });
  arguments.insert(arguments.begin(), "prog");
  return program.main(
      static_cast<int>(arguments.size()), arguments.data(),
      [] { return std::string("prog 1"); }, prepare);
}

TEST(Subcommands, returnsTheExitCodeOfTheChosenOne) {
  EXPECT_EQ(runProgram({"run", "--code", "7"}), 7);
  EXPECT_EQ(runProgram({"rest"}), 5);
}

TEST(Subcommands, saysWhichSubcommandsThereAre) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(runProgram({"walk"}), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "prog: error: there is no subcommand 'walk'; expected run or "
            "rest\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(runProgram({}), 2);
  EXPECT_NE(
      testing::internal::GetCapturedStderr().find("A subcommand is required"),
      std::string::npos);
}

TEST(Subcommands, preparesBeforeItRuns) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(runProgram({"run"}, [] { return corrupt("no"); }), 3);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "prog: error: no\n");
}

TEST(Subcommands, turnsExceptionsIntoExitCodes) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(runProgram({"run", "--code", "99"}), 4);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "prog: error: out of memory\n");
}

} // namespace
