// SPDX-License-Identifier: Apache-2.0
#include "support/Cli.h"

#include <cstdlib>

#include <gmock/gmock.h>

namespace bertc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(NormalizeArguments, TurnsUnderscoresOfFlagNamesOnly) {
  const char *argv[] = {
      "prog", "--input_file=a_b", "in_put", "--x_y", "v_w", "-a_b", "--",
      "--k_e"};
  EXPECT_THAT(normalizeArguments(8, argv),
              ElementsAre("--input-file=a_b", "in_put", "--x-y", "v_w", "-a_b",
                          "--", "--k_e"));
}

CliResult parse(bool &flag, std::vector<const char *> arguments) {
  CLI::App app("text", "prog");
  addBoolFlag(app, "--do-lower-case", flag, "lower-case the text");
  arguments.insert(arguments.begin(), "prog");
  return parseCommandLine(app, static_cast<int>(arguments.size()),
                          arguments.data(), "prog 1");
}

TEST(AddBoolFlag, TakesTheReferenceSpellings) {
  for (const char *argument :
       {"--do_lower_case", "--do_lower_case=True", "--do-lower-case=1"}) {
    bool flag = false;
    EXPECT_FALSE(parse(flag, {argument}).done);
    EXPECT_TRUE(flag) << argument;
  }
  for (const char *argument :
       {"--do_lower_case=False", "--no-do-lower-case", "--do_lower_case=0"}) {
    bool flag = true;
    EXPECT_FALSE(parse(flag, {argument}).done);
    EXPECT_FALSE(flag) << argument;
  }
}

TEST(ParseCommandLine, UnknownFlagIsUsageError) {
  bool flag = false;
  ::testing::internal::CaptureStderr();
  CliResult result = parse(flag, {"--no-such"});
  std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.exitCode, 2);
  EXPECT_THAT(text, StartsWith("prog: error: "));
  EXPECT_THAT(text, HasSubstr("--no-such"));
}

TEST(ParseCommandLine, VersionGoesToStdoutWithExitCodeZero) {
  bool flag = false;
  ::testing::internal::CaptureStdout();
  CliResult result = parse(flag, {"--version"});
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "prog 1\n");
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.exitCode, 0);
}

TEST(VersionText, NamesLibrariesAndIsa) {
  EXPECT_EQ(versionText({"prog", {{"fmt", "9.1"}}, "avx2"}),
            std::string("prog ") + projectVersion() + " (cpu avx2)\n  fmt 9.1");
}

TEST(ReportError, MapsTheStatusAndNamesTheProgram) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(reportError("prog", corrupt("x.txt: cut short")), 3);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "prog: error: x.txt: cut short\n");
  EXPECT_EQ(reportError("prog", Status()), 0);
}

TEST(EnvironmentLines, ListsOwnVariablesSorted) {
  setenv("BERTC_TEST_B", "2", 1);
  setenv("BERTC_TEST_A", "1", 1);
  setenv("OTHER_TEST", "3", 1);
  std::vector<std::string> lines = environmentLines();
  unsetenv("BERTC_TEST_A");
  unsetenv("BERTC_TEST_B");
  EXPECT_THAT(lines, ::testing::IsSupersetOf({"environment: BERTC_TEST_A=1",
                                              "environment: BERTC_TEST_B=2"}));
  EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end()));
  EXPECT_THAT(lines, ::testing::Each(StartsWith("environment: BERTC_")));
}

} // namespace
} // namespace bertc
