// SPDX-License-Identifier: Apache-2.0
//
// One run shared by several ranks, over a network inside this process: who gets
// which records, training and evaluation as one rank would, and what ranks that
// differ are told.
#include "run/Workers.h"

#include "run/BatchStream.h"
#include "run/FeatureSource.h"
#include "run/Pretrain.h"
#include "test/unit/collective/FakeNetwork.h"
#include "test/unit/run/CheckpointContent.h"
#include "test/unit/run/RecordFiles.h"
#include "test/unit/run/TrainPlan.h"
#include "test/unit/tasks/FakeFeatures.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>

using namespace bertc;
using rt::Collective;
using testing::HasSubstr;

namespace {

rt::CollectiveOptions quietly() {
  rt::CollectiveOptions options;
  options.limitSeconds = 30;
  options.say = [](const std::string &) {};
  return options;
}

Workers workersOf(Collective &collective) {
  Workers workers;
  workers.collective = &collective;
  return workers;
}

// ---- shares of the data ---------------------------------------------------

/// Records of any number of files, one of which has none.
class ShareTest : public testing::TestWithParam<std::tuple<int, int>> {
protected:
  void SetUp() override {
    auto [files, ranks] = GetParam();
    ranks_ = ranks;
    std::string folder = test::freshFolder();
    for (int file = 0; file < files; ++file) {
      int count = file == 1 ? 0 : 3 + 2 * file;
      test::writeRecords(folder + "/" + std::to_string(file) + ".tfrecord",
                         total_, count);
      total_ += count;
    }
    auto records = RecordSet::open({folder}, {});
    ASSERT_TRUE(records.ok()) << records.status().message();
    records_ = std::move(*records);
  }

  /// How often each record was drawn in each epoch (0 of an evaluation), in
  /// `batches` batches of each rank.
  std::map<std::pair<uint64_t, int32_t>, int> draw(bool training, int batches) {
    BatchLayout layout;
    layout.batchSize = 3;
    layout.features = {{"input_ids", rt::DType::I32, {3, 8}, 8}};
    std::map<std::pair<uint64_t, int32_t>, int> times;
    for (int rank = 0; rank < ranks_; ++rank) {
      BatchStream::Options options;
      options.training = training;
      options.seed = 7;
      options.workers = {rank, ranks_};
      BatchStream stream(records_, layout, options);
      for (int i = 0; i < batches; ++i) {
        auto batch = stream.next();
        EXPECT_TRUE(batch.ok());
        if (!*batch) {
          break;
        }
        for (uint32_t row = 0; row < (*batch)->realRows; ++row) {
          int32_t number = 0;
          std::memcpy(&number, (*batch)->buffers[0].data() + row * 8 * 4, 4);
          uint64_t epoch =
              ((*batch)->firstExample + row) / static_cast<uint64_t>(total_);
          ++times[{epoch, number}];
        }
      }
    }
    return times;
  }

  int ranks_ = 1, total_ = 0;
  std::shared_ptr<const RecordSet> records_;
};

TEST_P(ShareTest, everyRecordOnceAnEpoch) {
  // As many batches of each rank as give whole epochs: 3 * total of each. An
  // epoch ends inside a batch as a rule, and any rank may have that.
  auto times = draw(true, total_);
  EXPECT_EQ(times.size(), static_cast<size_t>(3 * ranks_ * total_));
  for (const auto &[drawn, count] : times) {
    EXPECT_EQ(count, 1) << "record " << drawn.second << " in epoch "
                        << drawn.first;
  }
}

TEST_P(ShareTest, everyRecordIsEvaluatedOnce) {
  auto times = draw(false, 1000);
  EXPECT_EQ(times.size(), static_cast<size_t>(total_));
  for (const auto &[drawn, count] : times) {
    EXPECT_EQ(count, 1) << "record " << drawn.second;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ShareTest,
                         testing::Combine(testing::Values(1, 2, 5),
                                          testing::Values(1, 2, 3, 7, 16)));

TEST(FeatureShares, roundsOfTheLastUpdateMayBeEmpty) {
  test::TrainPlanShape shape;
  shape.rows = 100000;
  shape.features = true;
  std::vector<uint8_t> bytes = test::trainPlan(shape).build();
  rt::Plan plan = *rt::Plan::fromBytes(bytes.data(), bytes.size());
  FakeFeatures features(std::vector<uint32_t>(22, 4));
  RowPlan rows = *rowsFor(plan, features, 3);
  for (int ranks : {1, 2, 3, 5, 8}) {
    FeatureSource::Settings settings;
    settings.extent = TrainExtent::ofEpochs(22, 3, 4, 2 * ranks);
    settings.accumulationSteps = 2;
    std::map<int64_t, int> numbers;
    std::map<int64_t, double> shares;
    std::vector<int64_t> rounds;
    for (int rank = 0; rank < ranks; ++rank) {
      settings.workers = {rank, ranks};
      FeatureSource source(plan, features, rows, settings);
      int64_t update = 0, count = 0;
      while (true) {
        const MicroBatch *batch = *source.next();
        if (!batch) {
          break;
        }
        ++count;
        shares[update] += batch->share;
        numbers[batch->number] += batch->isEmpty() ? 0 : 1;
        update += batch->endsUpdate ? 1 : 0;
      }
      EXPECT_EQ(update, settings.extent.updates);
      rounds.push_back(count);
    }
    // 17 micro-batches, each run by one rank; all ranks make as many rounds.
    for (int64_t number = 0; number < 17; ++number) {
      EXPECT_EQ(numbers[number], 1) << number << " of " << ranks << " ranks";
    }
    EXPECT_EQ(std::set<int64_t>(rounds.begin(), rounds.end()).size(), 1u);
    for (const auto &[update, share] : shares) {
      EXPECT_NEAR(share, 1, 1e-12);
    }
  }
}

// ---- whole runs -----------------------------------------------------------

class SharedRunTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = test::freshFolder();
    writePlan({}, "tiny.plan");
    ASSERT_TRUE(makeDirectories(folder_ + "/data").ok());
    test::writeRecords(folder_ + "/data/a.tfrecord", 10, 13);
    test::writeRecords(folder_ + "/data/b.tfrecord", 23, 9);
  }

  void writePlan(const test::TrainPlanShape &shape, const std::string &name) {
    std::vector<uint8_t> bytes = test::trainPlan(shape).build();
    ASSERT_TRUE(
        writeFileAtomically(
            folder_ + "/" + name,
            {reinterpret_cast<const char *>(bytes.data()), bytes.size()})
            .ok());
  }

  PretrainOptions options(const std::string &output, int64_t accumulation) {
    PretrainOptions options;
    options.plan = folder_ + "/tiny.plan";
    options.doTrain = options.doEval = true;
    options.inputFiles = options.evalFiles = {folder_ + "/data"};
    options.outputDir = folder_ + "/" + output;
    options.trainSteps = 6;
    options.warmupSteps = 2;
    options.learningRate = 0.01;
    options.accumulationSteps = accumulation;
    options.keepCheckpointMax = 0;
    options.quiet = true;
    options.threads = 1;
    return options;
  }

  /// Every rank's result of a run that `change` has made its own.
  std::vector<Status>
  run(int ranks, PretrainOptions base, PretrainResult *result,
      const std::function<void(PretrainOptions &, Collective &)> &change = {}) {
    test::FakeNetwork network(ranks, 5);
    auto all = test::openAll(network, quietly());
    std::vector<Status> statuses(static_cast<size_t>(ranks));
    test::onAll(all, [&](Collective &one) {
      PretrainOptions mine = base;
      mine.workers = workersOf(one);
      if (change) {
        change(mine, one);
      }
      auto done = pretrain(mine);
      statuses[static_cast<size_t>(one.rank())] = done.status();
      if (done.ok() && one.isRoot()) {
        *result = *done;
      }
      if (done.ok()) {
        EXPECT_TRUE(one.finish().ok());
      }
    });
    return statuses;
  }

  std::string folder_;
};

TEST_F(SharedRunTest, isTheRunOfOneRankWithMoreAccumulation) {
  // Dropout is on: its numbers follow the micro-batch, not the rank.
  PretrainOptions alone = options("alone", 6);
  alone.learningRate = 0.03;
  auto expected = pretrain(alone);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  PretrainResult shared;
  for (const Status &status : run(3, options("shared", 2), &shared)) {
    EXPECT_TRUE(status.ok()) << status.message();
  }
  auto one = test::content(expected->checkpoint),
       other = test::content(shared.checkpoint);
  EXPECT_LT(test::difference(one["bert/table"], other["bert/table"]), 1e-6);
  EXPECT_EQ(expected->sequences, shared.sequences);
  EXPECT_NEAR(expected->totalLoss, shared.totalLoss, 1e-5);
  auto before = *RunState::fromJson(one[runStateName]);
  auto after = *RunState::fromJson(other[runStateName]);
  EXPECT_EQ(before.microStep, after.microStep);
  EXPECT_EQ(before.examplesSeen, after.examplesSeen);
  EXPECT_EQ(after.workers, 3);
}

TEST_F(SharedRunTest, repeatsToTheBitAndInEitherMode) {
  PretrainResult first, second, often;
  run(3, options("first", 2), &first);
  run(3, options("second", 2), &second);
  auto one = test::content(first.checkpoint),
       other = test::content(second.checkpoint);
  EXPECT_EQ(one, other);
  run(3, options("often", 2), &often, [](PretrainOptions &mine, Collective &) {
    mine.workers.everyMicroBatch = true;
  });
  auto third = test::content(often.checkpoint);
  EXPECT_LT(test::difference(one["bert/table"], third["bert/table"]), 1e-6);
}

/// Runs with a plan that exchanges while it computes, against runs with one
/// that does so afterwards.
class EarlyExchangeTest : public SharedRunTest,
                          public testing::WithParamInterface<double> {
protected:
  PretrainOptions of(const std::string &output, bool early,
                     bool microBatches = false) {
    test::TrainPlanShape shape;
    shape.clip = GetParam();
    shape.exchange = early;
    shape.microBatches = microBatches;
    writePlan(shape, output + ".plan");
    PretrainOptions mine = options(output, 2);
    mine.plan = folder_ + "/" + output + ".plan";
    return mine;
  }
};

TEST_P(EarlyExchangeTest, hasTheBitsOfAnExchangeAfterwards) {
  for (int ranks : {2, 3, 5}) {
    std::string number = std::to_string(ranks);
    PretrainResult early, late;
    for (const Status &status :
         run(ranks, of("early" + number, true), &early)) {
      EXPECT_TRUE(status.ok()) << status.message();
    }
    run(ranks, of("late" + number, false), &late);
    EXPECT_EQ(test::content(early.checkpoint)["bert/table"],
              test::content(late.checkpoint)["bert/table"]);
    EXPECT_EQ(early.totalLoss, late.totalLoss);
  }
}

TEST_P(EarlyExchangeTest, repeatsToTheBitAndIsTheRunOfOneRank) {
  PretrainResult first, second, often;
  run(3, of("first", true), &first);
  run(3, of("second", true), &second);
  auto one = test::content(first.checkpoint),
       other = test::content(second.checkpoint);
  EXPECT_EQ(one["bert/table"], other["bert/table"]);

  PretrainOptions alone = of("alone", true); // runs without an exchange, too
  alone.accumulationSteps = 6;
  alone.learningRate = 0.03;
  auto expected = pretrain(alone);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  auto single = test::content(expected->checkpoint);
  EXPECT_LT(test::difference(single["bert/table"], one["bert/table"]), 1e-6);

  // The plan says that it is after every micro-batch.
  run(3, of("often", true, true), &often);
  auto third = test::content(often.checkpoint);
  EXPECT_LT(test::difference(one["bert/table"], third["bert/table"]), 1e-6);
  EXPECT_GT(often.allreduceBytes, first.allreduceBytes * 3 / 2);
}

TEST_P(EarlyExchangeTest, sendsTwiceLessAndLessOften) {
  PretrainResult result;
  run(2, of("bytes", true), &result);
  // 6 updates; a ring of two sends what there is. Where all are clipped, the
  // first is sent twice, the third and the sixth.
  uint64_t once = 6 * 64 * 4 * sizeof(float);
  bool clips = GetParam() < 1;
  EXPECT_EQ(result.allreduceRepeats, clips ? 3 : 0);
  EXPECT_EQ(result.allreduceBytes, once + (clips ? once / 2 : 0));
}

// Nothing is clipped, and everything to a thousandth of what it is.
INSTANTIATE_TEST_SUITE_P(Clips, EarlyExchangeTest, testing::Values(1e6, 1e-3));

TEST_F(SharedRunTest, evaluatesToTheBitsOfOneRank) {
  PretrainResult shared, alone;
  run(2, options("both", 1), &shared);
  ASSERT_TRUE(shared.evaluation);
  PretrainOptions again = options("both", 1);
  again.doTrain = false;
  alone = *pretrain(again);
  EXPECT_EQ(alone.evaluation->lines(), shared.evaluation->lines());
  EXPECT_EQ(alone.evaluation->examples, 22);
  for (int ranks : {3, 8}) { // more ranks than batches
    run(ranks, again, &shared);
    EXPECT_EQ(alone.evaluation->lines(), shared.evaluation->lines());
  }
}

TEST_F(SharedRunTest, goesOnWithOtherRanks) {
  PretrainResult whole, part;
  run(2, options("whole", 2), &whole);
  for (int ranks : {1, 2, 4}) {
    std::string output = "part" + std::to_string(ranks);
    PretrainOptions half = options(output, 2);
    half.saveCheckpointsSteps = 3;
    run(2, half, &part);
    ASSERT_TRUE(
        removeCheckpoint(folder_ + "/" + output + "/model.ckpt-6").ok());
    PretrainOptions rest = options(output, 4 / ranks);
    rest.learningRate = 0.02 / ranks;
    auto statuses = run(ranks, rest, &part);
    EXPECT_TRUE(statuses[0].ok()) << statuses[0].message();
    EXPECT_EQ(part.globalStepAtStart, 3);
    auto one = test::content(whole.checkpoint),
         other = test::content(part.checkpoint);
    EXPECT_LT(test::difference(one["bert/table"], other["bert/table"]), 1e-6);
    if (ranks == 2) {
      EXPECT_EQ(one["bert/table"], other["bert/table"]);
    }
  }
  // Other updates than before, but as many micro-batches of each rank.
  PretrainOptions more = options("whole", 2);
  more.trainSteps = 7;
  auto statuses = run(3, more, &part);
  EXPECT_TRUE(statuses[0].ok()) << statuses[0].message();
  more.accumulationSteps = 5;
  more.trainSteps = 8;
  statuses = run(2, more, &part);
  EXPECT_THAT(statuses[0].message(),
              HasSubstr("--num-accumulation-steps 2 on each of 3 workers, "
                        "this run has 5 on each of 2 workers"));
}

TEST_F(SharedRunTest, ranksThatDifferAreToldSo) {
  PretrainResult none;
  auto statuses = run(3, options("differ", 2), &none,
                      [](PretrainOptions &mine, Collective &one) {
                        mine.learningRate = one.rank() == 2 ? 0.5 : 0.01;
                      });
  for (const Status &status : statuses) {
    EXPECT_THAT(
        status.message(),
        HasSubstr("--learning-rate is 0.5 on rank 2 and 0.01 on rank 0"));
  }
}

TEST_F(SharedRunTest, variablesThatDifferAreFound) {
  std::vector<uint8_t> bytes = test::trainPlan().build();
  rt::Plan plan = *rt::Plan::fromBytes(bytes.data(), bytes.size());
  test::FakeNetwork network(2, 5);
  auto all = test::openAll(network, quietly());
  test::onAll(all, [&](Collective &one) {
    auto session = *rt::Session::create(plan, {});
    ASSERT_TRUE(session->initialise(one.rank() == 0 ? 1 : 2).ok());
    Workers workers = workersOf(one);
    Status before = checkSameVariables(workers, *session, true, "before");
    EXPECT_THAT(before.message(), HasSubstr("variables of rank 1"));
    auto variables = *openVariableCollective(*session, workers);
    workers.variables = variables.get();
    Status shared = shareVariables(workers, *session, true);
    EXPECT_TRUE(shared.ok()) << shared.message();
    // One bit is enough.
    if (one.rank() == 1) {
      auto view = *session->mutableVariable("bert/table/adam_v");
      view.as<uint32_t>()[77] ^= 1;
    }
    EXPECT_FALSE(checkSameVariables(workers, *session, true, "after").ok());
    EXPECT_TRUE(one.finish().ok());
  });
}

TEST(HashBytes, dependsOnEveryByteAndItsPlace) {
  std::vector<unsigned char> bytes(75);
  std::set<uint64_t> seen = {hashBytes(bytes.data(), bytes.size(), 0)};
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = 1;
    seen.insert(hashBytes(bytes.data(), bytes.size(), 0));
    bytes[i] = 0;
    seen.insert(hashBytes(bytes.data(), i, 0));
  }
  EXPECT_EQ(seen.size(), 1 + 2 * bytes.size());
}

} // namespace
