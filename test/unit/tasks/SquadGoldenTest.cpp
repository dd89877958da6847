// SPDX-License-Identifier: Apache-2.0
//
// Windows, positions and answers against the reference's algorithm in Python:
// test/golden/make_squad_golden.py, which says what the data has in it.
#include "tasks/SquadFeatures.h"
#include "tasks/SquadPredictions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tasks/PythonFormat.h"
#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

/// CRC-32 as zlib has it; the golden script makes logits of it.
uint32_t crc32(const uint8_t *bytes, size_t count) {
  uint32_t crc = ~0U;
  for (size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
    }
  }
  return ~crc;
}

std::vector<float> logits(size_t feature, uint32_t which, int count) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    std::array<uint8_t, 12> bytes{};
    const uint32_t place[] = {static_cast<uint32_t>(feature), which,
                              static_cast<uint32_t>(i)};
    for (size_t b = 0; b < bytes.size(); ++b) {
      bytes[b] = static_cast<uint8_t>(place[b / 4] >> 8 * (b % 4));
    }
    int remainder = static_cast<int>(crc32(bytes.data(), bytes.size()) % 801);
    values.push_back(static_cast<float>(remainder - 400) / 64);
  }
  return values;
}

class SquadGolden : public ::testing::TestWithParam<size_t> {
protected:
  SquadGolden()
      : golden_(loadGolden("squad-golden.json")[GetParam()]),
        tokenizer_(testTokenizer(number("lower") != 0)) {}

  int number(const char *key) const {
    const Json &value = golden_["config"][key];
    return value.is_boolean() ? value.get<bool>() : value.get<int>();
  }

  SquadFeatures read(bool training, int jobs) const {
    SquadOptions options;
    options.maxSequenceLength = number("max_seq_length");
    options.docStride = number("doc_stride");
    options.maxQueryLength = number("max_query_length");
    options.training = training;
    options.jobs = jobs;
    StatusOr<SquadFeatures> features =
        readSquad(taskData + "squad.json", tokenizer_, options);
    EXPECT_TRUE(features.ok()) << features.status().message();
    return *std::move(features);
  }

  Json golden_;
  WordPieceTokenizer tokenizer_;
};

TEST_P(SquadGolden, TrainingFeatures) {
  const Json &expected = golden_["training"];
  for (int jobs : {1, 3}) {
    SquadFeatures features = read(true, jobs);
    ASSERT_EQ(features.size(), expected.size());
    for (size_t i = 0; i < features.size(); ++i) {
      const SquadWindow &window = features.windows()[i];
      FeatureTokens tokens = tokensOf(features, i);
      EXPECT_EQ(features.length(i), tokens.ids.size());
      Json found = {features.examples()[window.example].id,
                    window.firstPiece,
                    window.pieces,
                    features.target(i, 0),
                    features.target(i, 1),
                    digestOf(tokens.ids),
                    digestOf(tokens.segments)};
      EXPECT_EQ(jsonLine(found), jsonLine(expected[i])) << "window " << i;
    }
  }
}

TEST_P(SquadGolden, QuestionsLeftOut) {
  SquadReport report = read(true, 2).report();
  auto dropped = golden_["dropped"].get<std::vector<std::string>>();
  EXPECT_EQ(report.withoutAnswer + report.answerNotFound, dropped.size());
  EXPECT_GT(report.withoutAnswer, 0U);
  EXPECT_GT(report.answerNotFound, 0U);
  for (const auto *ids :
       {&report.withoutAnswerIds, &report.answerNotFoundIds}) {
    EXPECT_LE(ids->size(), 10U);
    for (const std::string &id : *ids) {
      EXPECT_EQ(std::count(dropped.begin(), dropped.end(), id), 1) << id;
    }
  }
}

TEST_P(SquadGolden, PredictionFeatures) {
  SquadFeatures features = read(false, 2);
  const Json &expected = golden_["predicting"];
  ASSERT_EQ(features.size(), expected.size());
  for (size_t i = 0; i < features.size(); ++i) {
    std::vector<int64_t> words;
    std::vector<int> mostContext;
    for (size_t at = 0; at < features.length(i); ++at) {
      if (features.wordAt(i, at) >= 0) {
        words.push_back(features.wordAt(i, at));
        mostContext.push_back(features.isMaxContext(i, at) ? 1 : 0);
      } else {
        EXPECT_FALSE(features.isMaxContext(i, at));
      }
    }
    Json found = {digestOf(tokensOf(features, i).ids), digestOf(words),
                  digestOf(mostContext)};
    EXPECT_EQ(jsonLine(found), jsonLine(expected[i])) << "window " << i;
  }
}

TEST_P(SquadGolden, Answers) {
  SquadFeatures features = read(false, 2);
  SquadPredictionOptions options;
  options.nBest = number("n_best");
  options.maxAnswerLength = number("max_answer_length");
  SquadPredictor predictor(features, tokenizer_, options);
  int positions = number("max_seq_length");
  for (size_t i = 0; i < features.size(); ++i) {
    std::vector<float> starts = logits(i, 0, positions);
    std::vector<float> ends = logits(i, 1, positions);
    Status status = predictor.add(i, starts.data(), ends.data(), starts.size());
    ASSERT_TRUE(status.ok()) << status.message();
  }
  StatusOr<std::vector<SquadAnswers>> answers = predictor.finish(2);
  ASSERT_TRUE(answers.ok()) << answers.status().message();
  const Json &expected = golden_["answers"];
  ASSERT_EQ(answers->size(), expected.size());
  for (size_t i = 0; i < answers->size(); ++i) {
    const SquadAnswers &answer = (*answers)[i];
    std::string all;
    double sum = 0;
    for (const SquadPrediction &prediction : answer.best) {
      all += (all.empty() ? "" : "\n") + prediction.text + "\t" +
             pythonFloat(prediction.startLogit) + "\t" +
             pythonFloat(prediction.endLogit);
      sum += prediction.probability;
    }
    Json found = {answer.id, answer.best[0].text, answer.best.size(),
                  digest(all)};
    EXPECT_EQ(jsonLine(found), jsonLine(expected[i])) << all;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, SquadGolden,
                         ::testing::Values(0, 1, 2));

} // namespace
} // namespace bertc
