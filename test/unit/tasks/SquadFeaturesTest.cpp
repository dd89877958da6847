// SPDX-License-Identifier: Apache-2.0
//
// What the golden data does not have: errors, reports, rows.
#include "tasks/SquadFeatures.h"

#include "tasks/RowBatch.h"
#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

class SquadFeaturesTest : public ::testing::Test {
protected:
  SquadFeaturesTest() : tokenizer_(testTokenizer()) {}

  /// A file of one paragraph with these questions.
  StatusOr<SquadFeatures> read(const std::string &context,
                               const std::string &qas, bool training) {
    path_ =
        folder_.write("a.json", "{\"data\":[{\"paragraphs\":[{\"context\":\"" +
                                    context + "\",\"qas\":[" + qas + "]}]}]}");
    options_.training = training;
    return readSquad(path_, tokenizer_, options_);
  }

  static std::string question(const std::string &id, const std::string &answers,
                              const std::string &more = "") {
    return "{\"id\":\"" + id + "\",\"question\":\"who was it?\"" + more +
           ",\"answers\":[" + answers + "]}";
  }

  static std::string answer(const std::string &text, int start) {
    return "{\"text\":\"" + text +
           "\",\"answer_start\":" + std::to_string(start) + "}";
  }

  TestFolder folder_;
  std::string path_;
  WordPieceTokenizer tokenizer_;
  SquadOptions options_;
};

TEST_F(SquadFeaturesTest, QuestionsThatCannotBeTrainedOnAreReported) {
  StatusOr<SquadFeatures> features =
      read("Adam lived",
           question("a", answer("Adam", 0) + "," + answer("lived", 5)) + "," +
               question("b", "") + "," +
               question("c", answer("Adam", 0), ",\"is_impossible\":true") +
               "," + question("d", answer("Noah", 0)) + "," +
               question("e", answer(" ", 4)),
           true);
  ASSERT_TRUE(features.ok()) << features.status().message();
  const SquadReport &report = features->report();
  EXPECT_EQ(report.paragraphs, 1U);
  EXPECT_EQ(report.questions, 5U);
  EXPECT_EQ(report.severalAnswers, 1U);
  EXPECT_EQ(report.withoutAnswer, 3U);
  EXPECT_EQ(report.withoutAnswerIds, (std::vector<std::string>{"b", "c", "e"}));
  EXPECT_EQ(report.answerNotFound, 1U);
  EXPECT_EQ(report.answerNotFoundIds, std::vector<std::string>{"d"});
  ASSERT_EQ(features->examples().size(), 1U);
  EXPECT_EQ(features->examples()[0].id, "a");
}

TEST_F(SquadFeaturesTest, FilesToAnswerNeedNoAnswers) {
  StatusOr<SquadFeatures> features =
      read("Adam lived", "{\"id\":\"a\",\"question\":\"who?\"}", false);
  ASSERT_TRUE(features.ok()) << features.status().message();
  EXPECT_EQ(features->size(), 1U);
  EXPECT_EQ(features->report().withoutAnswer, 1U);
  EXPECT_EQ(SquadFeatures::uniqueId(3), 1000000003U);
}

TEST_F(SquadFeaturesTest, BlankContextHasNoWindows) {
  StatusOr<SquadFeatures> features = read(" ", question("a", ""), false);
  ASSERT_TRUE(features.ok()) << features.status().message();
  EXPECT_EQ(features->examples().size(), 1U);
  EXPECT_EQ(features->size(), 0U);
}

TEST_F(SquadFeaturesTest, AnswerBeyondTheContext) {
  StatusOr<SquadFeatures> features =
      read("Adam", question("a", answer("dam!", 2)), true);
  EXPECT_EQ(features.status().message(),
            path_ +
                ":1:25: question 'a': the answer takes characters 2 to 5 of "
                "a context of 4");
}

TEST_F(SquadFeaturesTest, AnswerWithoutPlace) {
  StatusOr<SquadFeatures> features =
      read("Adam", question("a", "{\"text\":\"Adam\"}"), true);
  EXPECT_EQ(features.status().message(),
            path_ +
                ":1:25: question 'a': the answer has no answer_start, which "
                "training needs");
}

TEST_F(SquadFeaturesTest, TheSameIdTwice) {
  StatusOr<SquadFeatures> features =
      read("Adam", question("a", "") + "," + question("a", ""), false);
  EXPECT_EQ(features.status().message(),
            path_ + ":1:25: question 'a' occurs twice");
}

TEST_F(SquadFeaturesTest, NothingToDo) {
  StatusOr<SquadFeatures> none = read("Adam", "", false);
  EXPECT_EQ(none.status().message(), path_ + ": no questions");
  StatusOr<SquadFeatures> untrainable = read("Adam", question("a", ""), true);
  EXPECT_EQ(untrainable.status().message(),
            path_ + ": none of 1 questions can be trained on: 1 without an "
                    "answer, 0 whose answer is not in the context");
}

TEST_F(SquadFeaturesTest, OptionsWithoutRoom) {
  options_.maxSequenceLength = 67;
  EXPECT_EQ(read("Adam", question("a", ""), false).status().message(),
            "max sequence length 67 leaves no room for a context beside a "
            "question of 64 and 3 special tokens");
  options_.docStride = 0;
  EXPECT_EQ(read("Adam", question("a", ""), false).status().message(),
            "doc stride 0 and max query length 64: expected at least 1");
}

TEST_F(SquadFeaturesTest, PackedWindowsKeepTheirPositions) {
  options_.maxSequenceLength = 96;
  options_.docStride = 32;
  options_.maxQueryLength = 16;
  options_.training = true;
  StatusOr<SquadFeatures> features =
      readSquad(taskData + "squad.json", tokenizer_, options_);
  ASSERT_TRUE(features.ok()) << features.status().message();
  StatusOr<RowPlan> plan = RowPlan::packed(*features, 96, 3, 1);
  ASSERT_TRUE(plan.ok());
  EXPECT_GT(plan->sequencesPerRow(), 1.05);
  RowBatch batch(*features, *plan, {1, 96});
  for (uint64_t row = 0; row < plan->rows(); ++row) {
    ASSERT_TRUE(batch.fill(&row, 1).ok());
    for (const BatchSequence &s : batch.sequences()) {
      FeatureTokens tokens = tokensOf(*features, s.feature);
      for (size_t which : {0U, 1U}) {
        const std::string &name = features->targets()[which].name;
        auto position =
            static_cast<size_t>(batch.find(name)->ints[s.outputRow]);
        auto own = static_cast<size_t>(features->target(s.feature, which));
        EXPECT_EQ(position, s.offset + own);
        EXPECT_EQ(batch.find("input_ids")->ints[position], tokens.ids[own]);
      }
    }
  }
}

} // namespace
} // namespace bertc
