// SPDX-License-Identifier: Apache-2.0
#include "run/Dllog.h"

#include "io/Files.h"
#include "test/unit/run/RecordFiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

using namespace bertc;
using testing::HasSubstr;
using testing::MatchesRegex;

namespace {

std::vector<std::string> linesOf(const std::string &path) {
  std::istringstream text(*readFile(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(DllogTest, writesTheFieldsInTheOrderOfDllogger) {
  std::string path = test::freshFolder() + "/log.json";
  auto log = Dllog::open(path, false);
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE(log->metadata("throughput_train", {{"unit", "s"}}).ok());
  ASSERT_TRUE(log->parameters({{"seed", 1}}).ok());
  ASSERT_TRUE(log->log(10, {{"mlm_loss", 7.5}}).ok());
  ASSERT_TRUE(log->log(std::nullopt, {{"throughput_train", 2.5}}).ok());
  std::vector<std::string> lines = linesOf(path);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[0], HasSubstr("\"type\":\"METADATA\",\"metric\":"
                                  "\"throughput_train\",\"metadata\":"));
  EXPECT_THAT(lines[1],
              HasSubstr("\"type\":\"LOG\",\"step\":\"PARAMETER\",\"data\":"));
  EXPECT_THAT(lines[2],
              MatchesRegex("DLLL \\{\"timestamp\":\"[0-9]+\\.[0-9]{6}\","
                           "\"datetime\":\"[-0-9]+ [:0-9]+\\.[0-9]{6}\","
                           "\"elapsedtime\":\"[0-9.]+\",\"type\":\"LOG\","
                           "\"step\":10,\"data\":\\{\"mlm_loss\":7.5\\}\\}"));
  EXPECT_THAT(lines[3], HasSubstr("\"step\":[],\"data\":{"));
}

TEST(DllogTest, continuesALogWhenResuming) {
  std::string path = test::freshFolder() + "/log.json";
  for (bool append : {false, true, false}) {
    auto log = Dllog::open(path, append);
    ASSERT_TRUE(log.ok());
    ASSERT_TRUE(log->log(1, {{"x", 1}}).ok());
    EXPECT_EQ(linesOf(path).size(), append ? 2u : 1u);
  }
}

TEST(DllogTest, namesAPathThatCannotBeOpened) {
  auto log = Dllog::open("/nonexistent/log.json", false);
  EXPECT_THAT(log.status().message(), HasSubstr("/nonexistent/log.json"));
}

TEST(DllogTest, dropsEverythingByDefault) {
  Dllog log;
  EXPECT_TRUE(log.log(1, {{"x", 1}}).ok());
}

} // namespace
