// SPDX-License-Identifier: Apache-2.0
//
// Features as micro-batches: every row once an epoch, the smaller last batch,
// what weighs how much in an update; and training on them, whole and resumed.
#include "run/FeatureSource.h"

#include "io/Checkpoint.h"
#include "io/Files.h"
#include "run/TrainRun.h"
#include "test/unit/run/RecordFiles.h"
#include "test/unit/run/TrainPlan.h"
#include "test/unit/tasks/FakeFeatures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

using namespace bertc;
using testing::HasSubstr;

namespace {

constexpr uint32_t kBatch = 4;
constexpr uint32_t kLength = 8;

rt::Plan planOf(bool features, uint32_t packed = 0) {
  test::TrainPlanShape shape;
  shape.batch = kBatch;
  shape.sequence = kLength;
  shape.rows = 100000;
  shape.width = 1;
  shape.features = features;
  rt::test::PlanBuilder builder = test::trainPlan(shape);
  builder.plan.model->packed = packed;
  std::vector<uint8_t> bytes = builder.build();
  auto plan = rt::Plan::fromBytes(bytes.data(), bytes.size());
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return *plan;
}

/// 22 sequences: batches of 4 leave 2 over.
FakeFeatures someFeatures() {
  std::vector<uint32_t> lengths(22);
  for (size_t i = 0; i < lengths.size(); ++i) {
    lengths[i] = 2 + static_cast<uint32_t>(i * 5 % 7);
  }
  return FakeFeatures(lengths);
}

struct Drawn {
  /// Of each micro-batch.
  std::vector<int64_t> examples;
  std::vector<double> shares;
  std::vector<bool> ends;
  /// How often each feature was drawn, and the order.
  std::map<int, int> times;
  std::vector<int> order;
};

const rt::ConstTensorView &inputOf(const MicroBatch &batch,
                                   const std::string &name) {
  static const rt::ConstTensorView none;
  for (const auto &[key, view] : batch.inputs) {
    if (key == name) {
      return view;
    }
  }
  ADD_FAILURE() << "no input " << name;
  return none;
}

Drawn drawAll(FeatureSource &source) {
  Drawn drawn;
  while (true) {
    auto next = source.next();
    EXPECT_TRUE(next.ok()) << next.status().message();
    const MicroBatch *batch = *next;
    if (!batch) {
      return drawn;
    }
    drawn.examples.push_back(batch->examples);
    drawn.shares.push_back(batch->share);
    drawn.ends.push_back(batch->endsUpdate);
    const auto *ids = inputOf(*batch, "input_ids").as<int32_t>();
    for (uint32_t i = 0; i < kBatch * kLength; ++i) {
      // The first token of a sequence is a multiple of 1000.
      if (ids[i] > 0 && ids[i] % 1000 == 0) {
        ++drawn.times[ids[i] / 1000 - 1];
        drawn.order.push_back(ids[i] / 1000 - 1);
      }
    }
  }
}

FeatureSource::Settings settingsOf(const TrainExtent &extent, int64_t steps,
                                   int64_t microStep = 0) {
  FeatureSource::Settings settings;
  settings.extent = extent;
  settings.accumulationSteps = steps;
  settings.seed = 3;
  settings.microStep = microStep;
  return settings;
}

TEST(TrainExtent, CountsTheLastSmallerBatchAndUpdate) {
  TrainExtent whole = TrainExtent::ofEpochs(22, 3, 4, 1);
  EXPECT_EQ(whole.rows, 66u);
  EXPECT_EQ(whole.microBatches, 17u); // 16 full, one of 2
  EXPECT_EQ(whole.updates, 17);
  EXPECT_EQ(TrainExtent::ofEpochs(22, 3, 4, 4).updates, 5);
  EXPECT_EQ(TrainExtent::ofEpochs(22, 0.5, 4, 1).rows, 11u);
  EXPECT_EQ(TrainExtent::ofEpochs(3, 0.1, 4, 1).updates, 1);
  EXPECT_EQ(TrainExtent::ofUpdates(5, 4, 2).rows, 40u);
}

TEST(FeatureSource, DrawsEveryRowOnceAnEpoch) {
  rt::Plan plan = planOf(true);
  FakeFeatures features = someFeatures();
  RowPlan rows = *rowsFor(plan, features, 3);
  FeatureSource source(plan, features, rows,
                       settingsOf(TrainExtent::ofEpochs(22, 3, 4, 1), 1));
  ASSERT_TRUE(source.check().ok()) << source.check().message();
  Drawn drawn = drawAll(source);
  EXPECT_EQ(drawn.times.size(), 22u);
  for (const auto &[feature, times] : drawn.times) {
    EXPECT_EQ(times, 3) << feature;
  }
  EXPECT_EQ(drawn.examples.size(), 17u);
  EXPECT_EQ(drawn.examples.back(), 2);
  EXPECT_EQ(drawn.shares.back(), 1.0);
  // Each epoch has an order of its own.
  std::vector<int> first(drawn.order.begin(), drawn.order.begin() + 22);
  std::vector<int> second(drawn.order.begin() + 22, drawn.order.begin() + 44);
  EXPECT_NE(first, second);
  std::sort(second.begin(), second.end());
  EXPECT_EQ(second.front(), 0);
  EXPECT_EQ(std::unique(second.begin(), second.end()), second.end());
}

TEST(FeatureSource, PaddingOfTheLastBatchWeighsNothing) {
  rt::Plan plan = planOf(true);
  FakeFeatures features = someFeatures();
  RowPlan rows = *rowsFor(plan, features, 3);
  FeatureSource source(plan, features, rows,
                       settingsOf(TrainExtent::ofEpochs(22, 1, 4, 1), 1, 5));
  auto last = source.next();
  ASSERT_TRUE(last.ok() && *last);
  const auto *weights = inputOf(**last, "example_weights").as<float>();
  EXPECT_THAT(std::vector<float>(weights, weights + kBatch),
              testing::ElementsAre(1, 1, 0, 0));
  EXPECT_TRUE((*last)->endsUpdate);
  EXPECT_EQ(*source.next(), nullptr);
}

TEST(FeatureSource, SharesAreThoseOfTheSequencesInTheUpdate) {
  rt::Plan plan = planOf(true);
  FakeFeatures features = someFeatures();
  RowPlan rows = *rowsFor(plan, features, 3);
  FeatureSource source(plan, features, rows,
                       settingsOf(TrainExtent::ofEpochs(22, 1, 4, 4), 4));
  Drawn drawn = drawAll(source);
  EXPECT_THAT(drawn.shares,
              testing::ElementsAre(0.25, 0.25, 0.25, 0.25, 4.0 / 6, 2.0 / 6));
  EXPECT_THAT(drawn.ends,
              testing::ElementsAre(false, false, false, true, false, true));
}

TEST(FeatureSource, PackedRowsWeighByTheirSequences) {
  rt::Plan plan = planOf(true, 3);
  FakeFeatures features = someFeatures();
  RowPlan rows = *rowsFor(plan, features, 3);
  ASSERT_LT(rows.rows(), 22u);
  FeatureSource source(
      plan, features, rows,
      settingsOf(TrainExtent::ofEpochs(rows.rows(), 2, 4, 2), 2));
  Drawn drawn = drawAll(source);
  for (const auto &[feature, times] : drawn.times) {
    EXPECT_EQ(times, 2) << feature;
  }
  double sum = 0;
  for (size_t i = 0; i < drawn.shares.size(); ++i) {
    sum += drawn.shares[i];
    if (drawn.ends[i]) {
      EXPECT_NEAR(sum, 1, 1e-12);
      sum = 0;
    }
  }
}

TEST(FeatureSource, ContinuesWhereItStopped) {
  rt::Plan plan = planOf(true);
  FakeFeatures features = someFeatures();
  RowPlan rows = *rowsFor(plan, features, 3);
  TrainExtent extent = TrainExtent::ofEpochs(22, 3, 4, 2);
  FeatureSource whole(plan, features, rows, settingsOf(extent, 2));
  FeatureSource rest(plan, features, rows, settingsOf(extent, 2, 6));
  std::vector<int> all = drawAll(whole).order, tail = drawAll(rest).order;
  EXPECT_EQ(std::vector<int>(all.begin() + 24, all.end()), tail);
}

TEST(FeatureSource, RefusesAPlanThatCannotTakeThem) {
  FakeFeatures features = someFeatures();
  rt::Plan plan = planOf(false);
  RowPlan rows = *rowsFor(plan, features, 3);
  FeatureSource source(plan, features, rows,
                       settingsOf(TrainExtent::ofEpochs(22, 1, 4, 1), 1));
  EXPECT_THAT(source.check().message(), HasSubstr("no input 'label_ids'"));
}

TEST(FeatureIdentity, ChangesWithTokensTargetsAndOrder) {
  EXPECT_EQ(featureIdentity(FakeFeatures({3, 4})).digest,
            featureIdentity(FakeFeatures({3, 4})).digest);
  EXPECT_NE(featureIdentity(FakeFeatures({3, 4})).digest,
            featureIdentity(FakeFeatures({4, 3})).digest);
  EXPECT_EQ(featureIdentity(FakeFeatures({3, 4})).records, 2u);
}

/// Trains on the features, saving every `save` updates; all bytes of the last
/// checkpoint. Without `until` to the end.
std::string trained(const std::string &folder, int64_t steps, int64_t save,
                    int64_t *startedAt) {
  rt::Plan plan = planOf(true);
  FakeFeatures features = someFeatures();
  auto session = rt::Session::create(plan, {});
  EXPECT_TRUE(session.ok());
  TrainRunOptions options;
  options.outputDir = folder;
  options.saveCheckpointsSteps = save;
  options.keepCheckpointMax = 0;
  options.quiet = true;
  EXPECT_TRUE(makeDirectories(folder).ok());
  TrainRun run(**session, options);
  TrainExtent extent = TrainExtent::ofEpochs(22, 3, 4, 2);
  EXPECT_EQ(extent.updates, steps);
  TrainSettings settings;
  settings.schedule = {Schedule::Kind::AdamW, 0.01, steps, 1};
  settings.accumulationSteps = 2;
  settings.data = featureIdentity(features);
  Status status = run.begin(&settings);
  EXPECT_TRUE(status.ok()) << status.message();
  *startedAt = run.state().updateStep;
  RowPlan rows = *rowsFor(plan, features, run.state().seed);
  FeatureSource::Settings source = settingsOf(extent, 2, run.state().microStep);
  source.seed = run.state().seed;
  FeatureSource batches(plan, features, rows, source);
  status = run.train(batches, {{"task", "test"}});
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(run.state().examplesSeen, 66u);
  auto reader = CheckpointReader::open(run.result().checkpoint);
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  std::string all;
  for (const CheckpointEntry &entry : reader->entries()) {
    all += entry.info.name + "=" + *reader->readBytes(entry.info.name);
  }
  return all;
}

TEST(FeatureTraining, ContinuesBitForBit) {
  std::string folder = test::freshFolder();
  int64_t start = -1;
  std::string whole = trained(folder + "/whole", 9, 100, &start);
  EXPECT_EQ(start, 0);
  std::string parts = trained(folder + "/parts", 9, 4, &start);
  EXPECT_EQ(parts, whole);
  // What a kill after update 4 leaves.
  for (int step : {8, 9}) {
    ASSERT_TRUE(
        removeCheckpoint(folder + "/parts/model.ckpt-" + std::to_string(step))
            .ok());
  }
  EXPECT_EQ(trained(folder + "/parts", 9, 100, &start), whole);
  EXPECT_EQ(start, 4);
}

} // namespace
