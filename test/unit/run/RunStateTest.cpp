// SPDX-License-Identifier: Apache-2.0
#include "run/RunState.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace bertc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

RunState sample() {
  RunState state;
  state.updateStep = 7;
  state.microStep = 28;
  state.examplesSeen = 28 * 16;
  state.seed = 0xfedcba9876543210ull;
  state.deterministic = true;
  state.accumulationSteps = 4;
  state.trainSteps = 100;
  state.warmupSteps = 10;
  state.learningRate = 0.006;
  state.batchSize = 16;
  state.threads = 2;
  state.planHash = "abc";
  state.data = {123, 4567, "0123456789abcdef"};
  return state;
}

TEST(RunStateTest, survivesItsText) {
  auto read = RunState::fromJson(sample().toJson());
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->toJson(), sample().toJson());
  EXPECT_EQ(read->seed, 0xfedcba9876543210ull);
  EXPECT_EQ(read->learningRate, 0.006);
}

TEST(RunStateTest, namesTheKeyThatIsMissingOrWrong) {
  auto whole = nlohmann::json::parse(sample().toJson());
  for (const auto &[key, value] : whole.items()) {
    auto without = whole;
    without.erase(key);
    if (key == "workers") { // checkpoints of one process had none
      EXPECT_EQ(RunState::fromJson(without.dump())->workers, 1);
    } else {
      EXPECT_THAT(RunState::fromJson(without.dump()).status().message(),
                  HasSubstr("'" + key + "'"));
    }
    auto wrong = whole;
    wrong[key] = nlohmann::json::array();
    EXPECT_THAT(RunState::fromJson(wrong.dump()).status().message(),
                HasSubstr("'" + key + "'"));
  }
}

TEST(RunStateTest, refusesOtherVersionsAndNoJson) {
  auto object = nlohmann::json::parse(sample().toJson());
  object["schema_version"] = 9;
  EXPECT_EQ(RunState::fromJson(object.dump()).status().message(),
            "bertc/run_state has version 9, this program reads version 1");
  EXPECT_EQ(RunState::fromJson("{\"a").status().message(),
            "bertc/run_state is not a JSON object");
}

TEST(RunStateTest, continuesTheSameRunSilently) {
  auto notes = checkResume(sample(), sample(), false);
  ASSERT_TRUE(notes.ok());
  EXPECT_TRUE(notes->empty());
}

TEST(RunStateTest, refusesWhatWouldBeAnotherRun) {
  auto message = [](auto change) {
    RunState planned = sample();
    change(planned);
    return checkResume(sample(), planned, false).status().message();
  };
  EXPECT_THAT(message([](RunState &s) { s.seed = 1; }),
              HasSubstr("trained with --seed 18364758544493064720, this run "
                        "has 1; continue with the same one"));
  EXPECT_THAT(message([](RunState &s) { s.batchSize = 8; }),
              HasSubstr("batch size 16, this run has 8"));
  EXPECT_THAT(message([](RunState &s) { s.accumulationSteps = 2; }),
              HasSubstr("--num-accumulation-steps 4, this run has 2"));
  EXPECT_THAT(message([](RunState &s) { s.data.digest = "f"; }),
              HasSubstr("a data set of 123 records of 4567 bytes "
                        "(0123456789ab), this run has 123 records"));
}

TEST(RunStateTest, notesWhatAUserMayChange) {
  RunState planned = sample();
  planned.trainSteps = 200;
  planned.threads = 4;
  planned.planHash = "def";
  auto notes = checkResume(sample(), planned, false);
  ASSERT_TRUE(notes.ok());
  EXPECT_THAT(*notes, ElementsAre("plan was abc, now def",
                                  "--num-train-steps was 100, now 200",
                                  "threads was 2, now 4"));
}

} // namespace
