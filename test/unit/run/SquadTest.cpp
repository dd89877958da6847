// SPDX-License-Identifier: Apache-2.0
//
// Answers of a plan whose logits are known: those of a token are its rows in
// two tables.
#include "run/Squad.h"

#include "io/Files.h"
#include "io/SafeTensors.h"
#include "support/Signals.h"
#include "test/unit/run/RecordFiles.h"
#include "test/unit/runtime/PlanBuilder.h"
#include "text/Vocabulary.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace bertc;
using testing::HasSubstr;

namespace {

constexpr int64_t kBatch = 2;
constexpr int64_t kLength = 16;
constexpr char kStart[] = "bert/embeddings/word_embeddings";
constexpr char kEnd[] = "cls/squad/end";
const std::string kVocabulary =
    std::string(BERTC_TEST_DATA) + "/text/vocab.txt";
const std::string kContext = "And God said, Let there be light";

/// start_logits = start[ids] in f32, end_logits = end[ids] in bf16.
std::vector<uint8_t> squadPlan(int64_t tokens) {
  rt::test::PlanBuilder b;
  b.plan.entries.clear();
  b.plan.model->task = "squad";
  b.plan.model->mode = "infer";
  b.plan.model->batch_size = kBatch;
  b.plan.model->max_seq_length = kLength;
  uint32_t tables[] = {b.variable(kStart, {tokens, 1}),
                       b.variable(kEnd, {tokens, 1})};
  b.nextEntry("predict");
  uint32_t ids = b.arena({kBatch, kLength}, rt::DType::I32);
  b.input("input_ids", ids);
  uint32_t rows[2];
  for (int i = 0; i < 2; ++i) {
    rows[i] = b.arena({kBatch, kLength, 1});
    b.step(plan::GatherParamsT(), {b.onVariable(tables[i]), ids}, {rows[i]});
  }
  b.output("start_logits", b.view(rows[0], {kBatch, kLength}, {kLength, 1}));
  uint32_t halves = b.arena({kBatch, kLength}, rt::DType::BF16);
  plan::UnaryParamsT cast;
  cast.kind = plan::UnaryKind::Cast;
  b.step(cast, {b.view(rows[1], {kBatch, kLength}, {kLength, 1})}, {halves});
  b.output("end_logits", halves);
  return b.build();
}

class SquadTest : public testing::Test {
protected:
  void SetUp() override {
    resetStopRequest();
    folder_ = test::freshFolder();
    auto vocabulary = Vocabulary::load(kVocabulary);
    ASSERT_TRUE(vocabulary.ok());
    vocabulary_.emplace(*std::move(vocabulary));
    std::vector<uint8_t> plan =
        squadPlan(static_cast<int64_t>(vocabulary_->size()));
    write("squad.plan", std::string(reinterpret_cast<const char *>(plan.data()),
                                    plan.size()));
    writeWeights("God", "light");
  }

  void TearDown() override { resetStopRequest(); }

  void write(const std::string &name, const std::string &content) {
    ASSERT_TRUE(writeFileAtomically(folder_ + "/" + name, content).ok());
  }

  /// Starts are at the first token, ends at the last; others are unlikely.
  void writeWeights(const std::string &first, const std::string &last) {
    std::vector<float> start(vocabulary_->size(), -5), end = start;
    start[idOf(first)] = 4;
    end[idOf(last)] = 3;
    auto count = static_cast<int64_t>(start.size());
    auto writer = SafeTensorsWriter::create(
        folder_ + "/w.safetensors", {{kStart, DataType::F32, {count, 1}},
                                     {kEnd, DataType::F32, {count, 1}}});
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    uint64_t bytes = start.size() * sizeof(float);
    ASSERT_TRUE(writer->write(kStart, start.data(), bytes).ok());
    ASSERT_TRUE(writer->write(kEnd, end.data(), bytes).ok());
    ASSERT_TRUE(writer->commit().ok());
  }

  size_t idOf(const std::string &word) {
    WordPieceTokenizer tokenizer(*vocabulary_, {});
    std::vector<int32_t> ids;
    WordPieceEncoder(tokenizer).encode(word, &ids);
    EXPECT_EQ(ids.size(), 1u) << word;
    return static_cast<size_t>(ids[0]);
  }

  void writeQuestions(const std::vector<nlohmann::json> &questions) {
    nlohmann::json paragraph = {{"context", kContext}, {"qas", questions}};
    write("q.json",
          nlohmann::json{{"data", {{{"paragraphs", {paragraph}}}}}}.dump());
  }

  SquadRunOptions options() {
    SquadRunOptions options;
    options.tuning.plan = folder_ + "/squad.plan";
    options.tuning.task = "squad";
    options.tuning.vocabFile = kVocabulary;
    options.tuning.initCheckpoint = folder_ + "/w.safetensors";
    options.tuning.outputDir = folder_ + "/out";
    options.tuning.quiet = true;
    options.tuning.threads = 1;
    options.doPredict = true;
    options.predictFile = folder_ + "/q.json";
    options.maxQueryLength = 4;
    return options;
  }

  std::string folder_;
  std::optional<Vocabulary> vocabulary_;
};

nlohmann::json question(const std::string &id, const std::string &answer = "") {
  nlohmann::json q = {{"id", id}, {"question", "what?"}};
  if (!answer.empty()) {
    q["answers"] = {{{"text", answer}, {"answer_start", 0}}};
  }
  return q;
}

TEST_F(SquadTest, answersWithTheLikeliestSpan) {
  writeQuestions({question("a"), question("b"), question("c")});
  auto result = runSquad(options());
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_TRUE(result->answered);
  EXPECT_EQ(result->answered->questions, 3u);
  EXPECT_EQ(result->answered->withoutAnswer, 3u);
  EXPECT_EQ(result->answered->windows, 3u);
  EXPECT_FALSE(result->answered->scores);
  auto predictions =
      nlohmann::json::parse(*readFile(result->answered->predictions));
  EXPECT_EQ(predictions,
            (nlohmann::json{{"a", "God said, Let there be light"},
                            {"b", "God said, Let there be light"},
                            {"c", "God said, Let there be light"}}));
  auto best = nlohmann::json::parse(
      *readFile(result->answered->nbestPredictions))["a"][0];
  EXPECT_EQ(best["start_logit"], 4.0);
  EXPECT_EQ(best["end_logit"], 3.0);
}

TEST_F(SquadTest, scoresQuestionsThatHaveAnswers) {
  writeQuestions({question("a", "god said let there be light!"), question("b"),
                  question("c", "darkness")});
  SquadRunOptions asked = options();
  asked.doPredict = false;
  asked.doEval = true;
  auto result = runSquad(asked);
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_TRUE(result->answered && result->answered->scores);
  EXPECT_EQ(result->answered->scores->total, 2u);
  EXPECT_EQ(result->answered->scores->exactMatch, 50);
  EXPECT_EQ(*readFile(folder_ + "/out/eval_results.txt"),
            "exact_match = 50.0\nf1 = 50.0\nglobal_step = 0\nquestions = 2\n");
}

TEST_F(SquadTest, refusesToScoreWithoutAnswers) {
  writeQuestions({question("a")});
  SquadRunOptions asked = options();
  asked.doEval = true;
  Status status = runSquad(asked).status();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("none of 1 questions has an answer"));
  EXPECT_FALSE(directoryExists(folder_ + "/out"));
}

TEST_F(SquadTest, writesNothingAfterASignal) {
  writeQuestions({question("a")});
  installStopSignals();
  std::raise(SIGTERM);
  auto result = runSquad(options());
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->training.stopped);
  EXPECT_FALSE(result->answered);
  EXPECT_FALSE(fileExists(folder_ + "/out/predictions.json"));
}

TEST_F(SquadTest, saysWhenTheWeightsAreDamaged) {
  writeQuestions({question("a")});
  std::vector<float> values(vocabulary_->size(), NAN);
  auto count = static_cast<int64_t>(values.size());
  auto writer = SafeTensorsWriter::create(
      folder_ + "/w.safetensors",
      {{kStart, DataType::F32, {count, 1}}, {kEnd, DataType::F32, {count, 1}}});
  ASSERT_TRUE(writer.ok());
  for (const char *name : {kStart, kEnd}) {
    ASSERT_TRUE(
        writer->write(name, values.data(), values.size() * sizeof(float)).ok());
  }
  ASSERT_TRUE(writer->commit().ok());
  EXPECT_THAT(runSquad(options()).status().message(),
              HasSubstr("question 'a': a logit is not finite"));
}

TEST_F(SquadTest, refusesAnotherTask) {
  writeQuestions({question("a")});
  SquadRunOptions asked = options();
  asked.tuning.task = "classify";
  EXPECT_THAT(runSquad(asked).status().message(),
              HasSubstr("expected --task classify"));
}

} // namespace
