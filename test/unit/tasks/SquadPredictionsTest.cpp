// SPDX-License-Identifier: Apache-2.0
#include "tasks/SquadPredictions.h"

#include <cmath>
#include <limits>

#include "tasks/SquadMetrics.h"
#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

class SquadPredictionsTest : public ::testing::Test {
protected:
  SquadPredictionsTest()
      : tokenizer_(testTokenizer()),
        path_(folder_.write(
            "a.json",
            "{\"data\":[{\"paragraphs\":[{\"context\":\"In the "
            "beginning God created the heaven\",\"qas\":[{\"id\":"
            "\"q\\u00e9\",\"question\":\"who\",\"answers\":[{\"text\":"
            "\"god\"}]},{\"id\":\"2\",\"question\":\"what\"}]},"
            "{\"context\":\" \",\"qas\":[{\"id\":\"blank\","
            "\"question\":\"?\"}]}]}]}")),
        features_(*readSquad(path_, tokenizer_, {})) {}

  /// Logits of -1 but for `start` and `end`, 1 each.
  Status add(SquadPredictor &predictor, size_t feature, size_t start,
             size_t end) {
    std::vector<float> starts(384, -1), ends(384, -1);
    starts[start] = ends[end] = 1;
    return predictor.add(feature, starts.data(), ends.data(), starts.size());
  }

  /// Position of the first piece of a word.
  size_t positionOf(size_t feature, int64_t word) {
    size_t position = 0;
    while (features_.wordAt(feature, position) != word) {
      ++position;
    }
    return position;
  }

  TestFolder folder_;
  WordPieceTokenizer tokenizer_;
  std::string path_;
  SquadFeatures features_;
};

TEST_F(SquadPredictionsTest, FilesAreTheReferencesByteForByte) {
  std::vector<SquadAnswers> answers = {
      {"q\u00e9", {{"God \"x\"", 0.75, 1, -2.5}, {"", 0.25, 0.1, 1e-5}}},
      {"2", {{"empty", 1, 0, 0}}}};
  ASSERT_TRUE(writePredictions(folder_.file("p.json"), answers).ok());
  EXPECT_EQ(folder_.read("p.json"), "{\n"
                                    "    \"q\\u00e9\": \"God \\\"x\\\"\",\n"
                                    "    \"2\": \"empty\"\n"
                                    "}\n");
  ASSERT_TRUE(writeNbestPredictions(folder_.file("n.json"), answers).ok());
  EXPECT_EQ(folder_.read("n.json"), R"({
    "q\u00e9": [
        {
            "text": "God \"x\"",
            "probability": 0.75,
            "start_logit": 1.0,
            "end_logit": -2.5
        },
        {
            "text": "",
            "probability": 0.25,
            "start_logit": 0.1,
            "end_logit": 1e-05
        }
    ],
    "2": [
        {
            "text": "empty",
            "probability": 1.0,
            "start_logit": 0.0,
            "end_logit": 0.0
        }
    ]
}
)");
  ASSERT_TRUE(writePredictions(folder_.file("p.json"), {}).ok());
  EXPECT_EQ(folder_.read("p.json"), "{}\n");
}

TEST_F(SquadPredictionsTest, AnswersReadAsTheContextDoes) {
  ASSERT_EQ(features_.size(), 2U);
  SquadPredictor predictor(features_, tokenizer_, {});
  ASSERT_TRUE(add(predictor, 1, positionOf(1, 2), positionOf(1, 4)).ok());
  ASSERT_TRUE(add(predictor, 0, positionOf(0, 3), positionOf(0, 3)).ok());
  StatusOr<std::vector<SquadAnswers>> answers = predictor.finish(2);
  ASSERT_TRUE(answers.ok()) << answers.status().message();
  ASSERT_EQ(answers->size(), 3U);
  EXPECT_EQ((*answers)[0].best[0].text, "God");
  EXPECT_EQ((*answers)[1].best[0].text.substr(0, 14), "beginning God ");
  EXPECT_EQ((*answers)[2].best[0].text, "empty");
  EXPECT_EQ((*answers)[2].best[0].probability, 1);
  StatusOr<SquadScores> scores = scoreSquad(features_, predictionMap(*answers));
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_EQ(scores->json(), "{\"exact_match\": 100.0, \"f1\": 100.0}");
  EXPECT_EQ(scores->withoutGold, 2U);
}

TEST_F(SquadPredictionsTest, LogitsOfTheWindowAloneDo) {
  SquadPredictor predictor(features_, tokenizer_, {});
  size_t length = features_.length(0), best = positionOf(0, 3);
  std::vector<float> starts(length, -1), ends(length, -1);
  starts[best] = ends[best] = 4;
  ASSERT_TRUE(predictor.add(0, starts.data(), ends.data(), length).ok());
  ASSERT_TRUE(add(predictor, 1, best, best).ok());
  EXPECT_EQ((*predictor.finish(1))[0].best[0].text, "God");
  EXPECT_EQ(predictor.add(0, starts.data(), ends.data(), length - 1).message(),
            "question 'qé': logits of " + std::to_string(length - 1) +
                " positions for " + std::to_string(length) + " tokens");
}

TEST_F(SquadPredictionsTest, LogitsMustBeFinite) {
  SquadPredictor predictor(features_, tokenizer_, {});
  std::vector<float> starts(384), ends(384);
  ends[383] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(predictor.add(1, starts.data(), ends.data(), 384).message(),
            "question '2': a logit is not finite; the weights are damaged, or "
            "training diverged");
}

TEST_F(SquadPredictionsTest, EveryWindowNeedsAResult) {
  SquadPredictor predictor(features_, tokenizer_, {});
  ASSERT_TRUE(add(predictor, 0, 5, 5).ok());
  EXPECT_EQ(predictor.finish(1).status().message(),
            "window 1 of 2 has no result");
}

TEST_F(SquadPredictionsTest, TextThatCannotBeAlignedStaysWhole) {
  const CodePointMap &map = tokenizer_.codePoints();
  EXPECT_EQ(recoverText(map, "steve smith", "Steve Smith's"), "Steve Smith");
  EXPECT_EQ(recoverText(map, "cafe", "(Caf\u00e9)"), "Caf\u00e9");
  EXPECT_EQ(recoverText(map, "cafe", "Cafe\u0301 x"), "Cafe\u0301 x")
      << "the accent is a character that the tokenizer drops";
  EXPECT_EQ(recoverText(map, "[UNK] x", "\u2603 x"), "\u2603 x");
  EXPECT_EQ(recoverText(map, "", "x"), "x");
}

} // namespace
} // namespace bertc
