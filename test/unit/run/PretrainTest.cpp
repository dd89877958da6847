// SPDX-License-Identifier: Apache-2.0
//
// Whole training runs on a hand-written plan: resuming, evaluation, and what is
// refused before anything starts.
#include "run/Pretrain.h"

#include "io/Checkpoint.h"
#include "io/Files.h"
#include "io/TfRecord.h"
#include "io/proto/event.pb.h"
#include "test/unit/run/RecordFiles.h"
#include "test/unit/run/TrainPlan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace bertc;
using testing::HasSubstr;

namespace {

void writePlan(const rt::test::PlanBuilder &builder, const std::string &path) {
  std::vector<uint8_t> bytes = builder.build();
  ASSERT_TRUE(
      writeFileAtomically(
          path, {reinterpret_cast<const char *>(bytes.data()), bytes.size()})
          .ok());
}

class PretrainTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = test::freshFolder();
    writePlan(test::trainPlan(), folder_ + "/tiny.plan");
    ASSERT_TRUE(makeDirectories(folder_ + "/data").ok());
    // 22 records: batches of 4 leave 2 over.
    test::writeRecords(folder_ + "/data/a.tfrecord", 10, 13);
    test::writeRecords(folder_ + "/data/b.tfrecord", 23, 9);
  }

  PretrainOptions options(const std::string &output) {
    PretrainOptions options;
    options.plan = folder_ + "/tiny.plan";
    options.doTrain = true;
    options.inputFiles = {folder_ + "/data"};
    options.evalFiles = {folder_ + "/data"};
    // A run's own folder: tests of one process must not see each other's.
    options.outputDir = folder_ + "/" + output;
    removeCheckpoints(options.outputDir);
    options.trainSteps = 12;
    options.warmupSteps = 2;
    options.learningRate = 0.01;
    options.accumulationSteps = 3;
    options.saveCheckpointsSteps = 5;
    options.quiet = true;
    options.threads = 2;
    return options;
  }

  static void removeCheckpoints(const std::string &folder) {
    if (directoryExists(folder)) {
      std::vector<std::string> names = *listFiles(folder);
      for (const std::string &name : names) {
        ASSERT_TRUE(removeFile(joinPath(folder, name)).ok());
      }
    }
  }

  static std::string message(const PretrainOptions &options) {
    return pretrain(options).status().message();
  }

  /// All bytes of all tensors of a checkpoint.
  static std::string content(const std::string &prefix) {
    auto reader = CheckpointReader::open(prefix);
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    std::string all;
    for (const CheckpointEntry &entry : reader->entries()) {
      all += entry.info.name + "=" + *reader->readBytes(entry.info.name);
    }
    return all;
  }

  std::string folder_;
};

TEST_F(PretrainTest, savesWeightsSlotsAndState) {
  auto result = pretrain(options("whole"));
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->updateStep, 12);
  auto reader = CheckpointReader::open(result->checkpoint);
  ASSERT_TRUE(reader.ok());
  std::vector<std::string> names;
  for (const CheckpointEntry &entry : reader->entries()) {
    names.push_back(entry.info.name);
  }
  EXPECT_THAT(names, testing::ElementsAre("bert/table", "bert/table/adam_m",
                                          "bert/table/adam_v",
                                          "bertc/run_state", "global_step"));
  auto state = RunState::fromJson(*reader->readBytes(runStateName));
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->updateStep, 12);
  EXPECT_EQ(state->microStep, 36);
  EXPECT_EQ(state->examplesSeen, 36u * 4);
  // keep_checkpoint_max 2.
  EXPECT_FALSE(fileExists(folder_ + "/whole/model.ckpt-5.index"));
  EXPECT_TRUE(fileExists(folder_ + "/whole/model.ckpt-10.index"));
}

TEST_F(PretrainTest, continuesBitForBitFromAnyStep) {
  PretrainOptions whole = options("whole");
  auto expected = pretrain(whole);
  ASSERT_TRUE(expected.ok());
  for (int64_t stop : {2, 7}) {
    PretrainOptions part = options("part");
    part.saveCheckpointsSteps = stop;
    // What a kill after `stop` leaves: the schedule is that of the whole run,
    // so the later checkpoints are removed by hand.
    part.keepCheckpointMax = 0;
    ASSERT_TRUE(pretrain(part).ok());
    for (int64_t later = 2 * stop; later <= 12 + stop; later += stop) {
      int64_t step = std::min<int64_t>(later, 12);
      ASSERT_TRUE(removeCheckpoint(part.outputDir + "/model.ckpt-" +
                                   std::to_string(step))
                      .ok());
    }
    auto resumed = pretrain(part);
    ASSERT_TRUE(resumed.ok()) << resumed.status().message();
    EXPECT_EQ(resumed->globalStepAtStart, stop);
    EXPECT_EQ(content(resumed->checkpoint), content(expected->checkpoint))
        << "stopped after " << stop;
    removeCheckpoints(part.outputDir);
  }
}

TEST_F(PretrainTest, dependsOnTheSeedAndOnDropout) {
  auto base = pretrain(options("base"));
  PretrainOptions seeded = options("seeded");
  seeded.seed = 7;
  PretrainOptions plain = options("plain");
  plain.deterministic = true;
  ASSERT_TRUE(base.ok());
  EXPECT_NE(content(base->checkpoint), content(pretrain(seeded)->checkpoint));
  EXPECT_NE(content(base->checkpoint), content(pretrain(plain)->checkpoint));
}

TEST_F(PretrainTest, evaluatesEveryRecordOnce) {
  PretrainOptions both = options("both");
  both.doEval = true;
  auto result = pretrain(both);
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_TRUE(result->evaluation.has_value());
  // The mean of 10..31, although the last batch has two rows only.
  EXPECT_DOUBLE_EQ(result->evaluation->maskedLmAccuracy, 20.5);
  EXPECT_DOUBLE_EQ(result->evaluation->nextSentenceLoss, 20.5);
  EXPECT_EQ(result->evaluation->examples, 22);
  EXPECT_THAT(*readFile(both.outputDir + "/eval_results.txt"),
              HasSubstr("global_step = 12\nloss = "));

  both.doTrain = false;
  both.maxEvalSteps = 2;
  auto two = pretrain(both);
  ASSERT_TRUE(two.ok()) << two.status().message();
  EXPECT_EQ(two->evaluation->examples, 8);
  EXPECT_EQ(two->evaluation->globalStep, 12);
}

/// The curve of `tag` as TensorBoard shows it: the files of a folder in the
/// order of their names, without the points that a later session's start makes
/// void.
std::map<int64_t, float> curve(const std::string &folder,
                               const std::string &tag) {
  std::map<int64_t, float> points;
  std::vector<std::string> names = *listFiles(folder);
  for (const std::string &name : names) {
    if (name.find("tfevents") == std::string::npos) {
      continue;
    }
    auto reader = TfRecordReader::open(joinPath(folder, name));
    EXPECT_TRUE(reader.ok());
    std::string_view record;
    while (*reader->next(&record)) {
      proto::Event event;
      EXPECT_TRUE(
          event.ParseFromArray(record.data(), static_cast<int>(record.size())));
      if (event.session_log().status() == proto::SessionLog::START) {
        points.erase(points.lower_bound(event.step()), points.end());
      }
      for (const proto::Summary::Value &value : event.summary().value()) {
        if (value.tag() == tag) {
          EXPECT_EQ(points.count(event.step()), 0u) << event.step();
          points[event.step()] = value.simple_value();
        }
      }
    }
  }
  return points;
}

TEST_F(PretrainTest, writesCurvesThatAResumedRunContinues) {
  PretrainOptions whole = options("curves");
  whole.displayLossSteps = 2;
  whole.keepCheckpointMax = 0;
  whole.doEval = true;
  auto result = pretrain(whole);
  ASSERT_TRUE(result.ok()) << result.status().message();
  std::map<int64_t, float> loss = curve(whole.outputDir, "loss");
  EXPECT_THAT(loss, testing::SizeIs(6)); // 2, 4, ... 12
  EXPECT_EQ(loss.at(12), static_cast<float>(result->totalLoss));
  EXPECT_EQ(curve(whole.outputDir, "learning_rate").at(2), 0.005f);
  EXPECT_GT(curve(whole.outputDir, "throughput").at(4), 0);
  std::map<int64_t, float> accuracy =
      curve(whole.outputDir + "/eval", "masked_lm_accuracy");
  EXPECT_THAT(accuracy, testing::ElementsAre(testing::Pair(12, 20.5f)));

  // A run that was killed after step 12, its last checkpoint at 5.
  for (const char *name : {"/model.ckpt-10", "/model.ckpt-12"}) {
    ASSERT_TRUE(removeCheckpoint(whole.outputDir + name).ok());
  }
  whole.displayLossSteps = 3;
  ASSERT_TRUE(pretrain(whole).ok());
  std::map<int64_t, float> again = curve(whole.outputDir, "loss");
  std::vector<int64_t> steps;
  for (const auto &[step, value] : again) {
    steps.push_back(step);
  }
  EXPECT_THAT(steps, testing::ElementsAre(2, 4, 6, 9, 12));
  EXPECT_EQ(again.at(12), loss.at(12));
  EXPECT_THAT(curve(whole.outputDir + "/eval", "masked_lm_accuracy"),
              testing::ElementsAre(testing::Pair(12, 20.5f)));
}

TEST_F(PretrainTest, startsFromTheWeightsOfAnotherRun) {
  auto first = pretrain(options("first"));
  ASSERT_TRUE(first.ok());
  PretrainOptions second = options("second");
  second.initCheckpoint = first->checkpoint;
  second.trainSteps = 1;
  second.warmupSteps = 0;
  second.learningRate = 0; // only the moments change
  auto result = pretrain(second);
  ASSERT_TRUE(result.ok()) << result.status().message();
  auto before = CheckpointReader::open(first->checkpoint);
  auto after = CheckpointReader::open(result->checkpoint);
  EXPECT_EQ(*before->readBytes("bert/table"), *after->readBytes("bert/table"));
  EXPECT_NE(*before->readBytes("bert/table/adam_m"),
            *after->readBytes("bert/table/adam_m"));
}

TEST_F(PretrainTest, namesTheStepOfALossThatIsNotFinite) {
  PretrainOptions wild = options("wild");
  wild.learningRate = 1e30;
  wild.warmupSteps = 1;
  EXPECT_THAT(message(wild),
              HasSubstr("total_loss is inf in update 2, micro-batch 6; lower "
                        "--learning-rate"));
}

TEST_F(PretrainTest, refusesWhatDoesNotFit) {
  PretrainOptions wrong = options("wrong");
  wrong.expected.maxSeqLength = 16;
  EXPECT_THAT(message(wrong), HasSubstr("--max-seq-length is 16, the plan was "
                                        "compiled with 8"));
  wrong = options("wrong");
  wrong.expected.optimizer = "lamb";
  EXPECT_THAT(message(wrong), HasSubstr("--optimizer-type is lamb, the plan "
                                        "was compiled with adamw"));
  wrong = options("wrong");
  wrong.inputFiles = {folder_ + "/nothing"};
  EXPECT_THAT(message(wrong), HasSubstr("nothing"));
  test::writeRecords(folder_ + "/long.tfrecord", 0, 3, 16);
  wrong.inputFiles = {folder_ + "/long.tfrecord"};
  EXPECT_THAT(message(wrong), HasSubstr("feature input_ids has 16 values, the "
                                        "plan takes 8"));
  wrong = options("wrong");
  wrong.resume = true;
  EXPECT_THAT(message(wrong), HasSubstr("there is no checkpoint"));
  wrong = options("wrong");
  wrong.doTrain = false;
  wrong.doEval = true;
  EXPECT_THAT(message(wrong), HasSubstr("no checkpoint to evaluate"));
  EXPECT_TRUE(listFiles(wrong.outputDir)->empty());
}

TEST_F(PretrainTest, refusesToContinueAnotherRun) {
  ASSERT_TRUE(pretrain(options("run")).ok());
  auto again = [&] {
    PretrainOptions next = options("other");
    next.outputDir = folder_ + "/run";
    next.trainSteps = 13;
    return next;
  };
  PretrainOptions next = again();
  next.seed = 5;
  EXPECT_THAT(message(next), HasSubstr("--seed 12345, this run has 5"));
  next = again();
  next.accumulationSteps = 2;
  EXPECT_THAT(message(next), HasSubstr("--num-accumulation-steps 3"));
  next = again();
  next.resume = false;
  EXPECT_THAT(message(next), HasSubstr("--resume=False was given"));
  next = again();
  next.inputFiles = {folder_ + "/data/a.tfrecord"};
  EXPECT_THAT(message(next), HasSubstr("a data set of 22 records"));
  // Another model.
  next = again();
  test::TrainPlanShape wide;
  wide.width = 6;
  writePlan(test::trainPlan(wide), folder_ + "/wide.plan");
  next.plan = folder_ + "/wide.plan";
  EXPECT_THAT(message(next), HasSubstr("bert/table"));
  EXPECT_THAT(message(next), HasSubstr("[64,4]"));
}

TEST_F(PretrainTest, passesOverADamagedCheckpoint) {
  PretrainOptions run = options("damaged");
  auto whole = pretrain(run);
  ASSERT_TRUE(whole.ok());
  std::string expected = content(whole->checkpoint);
  std::string data = checkpointDataPath(whole->checkpoint);
  std::string bytes = *readFile(data);
  bytes[bytes.size() / 2] ^= 4;
  ASSERT_TRUE(writeFileAtomically(data, bytes).ok());
  auto again = pretrain(run);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->globalStepAtStart, 10);
  EXPECT_EQ(content(again->checkpoint), expected);
}

TEST_F(PretrainTest, checksTheDiskBeforeItStarts) {
  PretrainOptions run = options("full");
  run.keepCheckpointMax = 0;
  run.saveCheckpointsSteps = 1;
  run.trainSteps = int64_t{1} << 50;
  auto result = pretrain(run);
  EXPECT_EQ(result.status().code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(result.status().message(),
              HasSubstr("1125899906842624 checkpoints need "));
  EXPECT_THAT(result.status().message(), HasSubstr(" MB free"));
}

TEST_F(PretrainTest, tracesTheUpdatesAskedFor) {
  PretrainOptions run = options("traced");
  run.profile = std::make_pair<int64_t, int64_t>(2, 3);
  ASSERT_TRUE(pretrain(run).ok());
  auto trace =
      nlohmann::json::parse(*readFile(run.outputDir + "/profile_2_3.json"));
  int gathers = 0, applies = 0;
  for (const auto &event : trace["traceEvents"]) {
    gathers += event["name"] == "bert/gather";
    applies += event["name"] == "apply_gradients";
  }
  EXPECT_EQ(gathers, 6);
  EXPECT_EQ(applies, 2);
}

} // namespace
