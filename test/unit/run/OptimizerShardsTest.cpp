// SPDX-License-Identifier: Apache-2.0
//
// Ranks that share the optimizer, over a network inside this process: the
// results and the checkpoints of ranks that do not, whatever goes on from
// which.
#include "run/OptimizerShards.h"

#include "run/Pretrain.h"
#include "test/unit/collective/FakeNetwork.h"
#include "test/unit/run/CheckpointContent.h"
#include "test/unit/run/RecordFiles.h"
#include "test/unit/run/TrainPlan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

using namespace bertc;
using rt::Collective;
using testing::HasSubstr;

namespace {

rt::CollectiveOptions quietly(double limit = 30) {
  rt::CollectiveOptions options;
  options.limitSeconds = limit;
  options.messageElements = 50;
  options.say = [](const std::string &) {};
  return options;
}

/// The parameter: LAMB, not AdamW.
class OptimizerShardsTest : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    folder_ = test::freshFolder();
    rt::test::PlanBuilder builder = test::trainPlan();
    if (GetParam()) {
      plan::LambParamsT lamb;
      lamb.beta1 = 0.9f;
      lamb.beta2 = 0.999f;
      lamb.eps = 1e-6f;
      lamb.weight_decay = 0.01f;
      for (auto &entry : builder.plan.entries) {
        if (entry->name == "apply_gradients") {
          entry->steps[0]->params.Set(lamb);
        }
      }
    }
    std::vector<uint8_t> bytes = builder.build();
    plan_ = std::string(bytes.begin(), bytes.end());
    ASSERT_TRUE(writeFileAtomically(folder_ + "/tiny.plan", plan_).ok());
    ASSERT_TRUE(makeDirectories(folder_ + "/data").ok());
    test::writeRecords(folder_ + "/data/a.tfrecord", 10, 13);
    test::writeRecords(folder_ + "/data/b.tfrecord", 23, 9);
  }

  PretrainOptions options(const std::string &output, bool shard,
                          int64_t accumulation = 2) {
    PretrainOptions options;
    options.plan = folder_ + "/tiny.plan";
    options.doTrain = true;
    options.inputFiles = {folder_ + "/data"};
    options.outputDir = folder_ + "/" + output;
    options.trainSteps = 6;
    options.warmupSteps = 2;
    options.learningRate = 0.01;
    options.accumulationSteps = accumulation;
    options.saveCheckpointsSteps = 3;
    options.keepCheckpointMax = 0;
    options.quiet = true;
    options.threads = 1;
    options.shardOptimizer = shard;
    return options;
  }

  /// The tensors of its last checkpoint.
  std::map<std::string, std::string> run(int ranks, const PretrainOptions &base,
                                         rt::WireType wire,
                                         bool everyMicroBatch = false) {
    test::FakeNetwork network(ranks, 5);
    auto all = test::openAll(network, quietly());
    std::string checkpoint;
    test::onAll(all, [&](Collective &one) {
      PretrainOptions mine = base;
      mine.workers.collective = &one;
      mine.workers.wire = wire;
      mine.workers.everyMicroBatch = everyMicroBatch;
      auto done = pretrain(mine);
      ASSERT_TRUE(done.ok()) << done.status().message();
      if (one.isRoot()) {
        checkpoint = done->checkpoint;
      }
      uint64_t whole = 2 * 64 * 4 * sizeof(float);
      uint64_t parts = base.shardOptimizer ? static_cast<uint64_t>(ranks) : 1;
      EXPECT_NEAR(static_cast<double>(done->optimizerStateBytes),
                  static_cast<double>(whole / parts), 8);
      EXPECT_TRUE(one.finish().ok());
    });
    return test::content(checkpoint);
  }
  std::map<std::string, std::string> run(int ranks,
                                         const PretrainOptions &base) {
    return run(ranks, base, rt::WireType::F32);
  }

  std::string folder_, plan_;
};

TEST_P(OptimizerShardsTest, hasTheBitsAndCheckpointsOfWholeState) {
  for (int ranks : {2, 3, 7}) {
    std::string n = std::to_string(ranks);
    auto whole = run(ranks, options("whole" + n, false));
    EXPECT_EQ(run(ranks, options("shared" + n, true)), whole) << n;
    EXPECT_EQ(run(ranks, options("again" + n, true)), whole) << n;
    auto narrow = run(ranks, options("narrow" + n, false), rt::WireType::BF16);
    EXPECT_EQ(run(ranks, options("thin" + n, true), rt::WireType::BF16),
              narrow);
  }
  EXPECT_EQ(test::content(folder_ + "/shared3/model.ckpt-3"),
            test::content(folder_ + "/whole3/model.ckpt-3"));
}

TEST_P(OptimizerShardsTest, addsUpAfterEveryMicroBatch) {
  auto once = run(3, options("once", true));
  auto often = run(3, options("often", true), rt::WireType::F32, true);
  EXPECT_LT(test::difference(once["bert/table"], often["bert/table"]), 1e-6);
}

TEST_P(OptimizerShardsTest, goesOnFromAnyCheckpoint) {
  auto whole = run(2, options("all", true));
  for (bool before : {false, true}) {
    for (int ranks : {1, 2, 4}) {
      std::string output =
          "part" + std::to_string(ranks) + (before ? "shared" : "whole");
      run(2, options(output, before));
      ASSERT_TRUE(
          removeCheckpoint(folder_ + "/" + output + "/model.ckpt-6").ok());
      PretrainOptions rest =
          options(output, ranks == 1 ? before : !before, 4 / ranks);
      rest.learningRate = 0.02 / ranks;
      if (ranks == 1) { // nobody to share with
        auto done = pretrain(rest);
        ASSERT_TRUE(done.ok()) << done.status().message();
        auto other = test::content(done->checkpoint);
        EXPECT_LT(test::difference(whole["bert/table"], other["bert/table"]),
                  1e-6);
        continue;
      }
      auto other = run(ranks, rest);
      EXPECT_LT(test::difference(whole["bert/table"], other["bert/table"]),
                1e-6);
      EXPECT_LT(test::difference(whole["bert/table/adam_v"],
                                 other["bert/table/adam_v"]),
                1e-6);
      if (ranks == 2) {
        EXPECT_EQ(whole, other);
      }
    }
  }
}

TEST_P(OptimizerShardsTest, aRankLostInAnExchangeIsNamed) {
  rt::Plan plan = *rt::Plan::fromBytes(plan_.data(), plan_.size());
  test::FakeNetwork network(3, 5);
  auto all = test::openAll(network, quietly(2));
  std::vector<std::unique_ptr<rt::Session>> sessions(3);
  std::vector<std::unique_ptr<OptimizerShards>> shards(3);
  test::onAll(all, [&](Collective &one) {
    auto rank = static_cast<size_t>(one.rank());
    rt::SessionOptions single;
    single.threads = 1;
    sessions[rank] = *rt::Session::create(plan, single);
    shards[rank] = *OptimizerShards::create(*sessions[rank], one);
    EXPECT_TRUE(
        shards[rank]->reduceGradients(rt::WireType::F32, "gradients").ok());
  });
  network.stop(2);
  test::onAll(all, [&](Collective &one) {
    auto rank = static_cast<size_t>(one.rank());
    if (rank == 2) {
      return;
    }
    float rate = 0.1f;
    int32_t step = 1;
    Status status = sessions[rank]->run(
        "apply_gradients",
        {{"learning_rate", rt::ConstTensorView(rt::DType::F32, {}, &rate)},
         {"update_step", rt::ConstTensorView(rt::DType::I32, {}, &step)}},
        {});
    if (GetParam()) {
      EXPECT_THAT(status.message(), HasSubstr("rank 2"));
      EXPECT_THAT(status.message(), HasSubstr("norms of variables"));
    } else {
      EXPECT_TRUE(status.ok()) << status.message();
    }
    status = shards[rank]->shareWeights("variables of update 1");
    EXPECT_THAT(status.message(), HasSubstr("rank 2"));
  });
  network.resume();
}

TEST_P(OptimizerShardsTest, ranksMustAgreeOnIt) {
  test::FakeNetwork network(2, 5);
  auto all = test::openAll(network, quietly());
  test::onAll(all, [&](Collective &one) {
    PretrainOptions mine = options("differ", one.isRoot());
    mine.workers.collective = &one;
    EXPECT_THAT(pretrain(mine).status().message(),
                HasSubstr("--shard-optimizer is false on rank 1 and true on "
                          "rank 0"));
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, OptimizerShardsTest, testing::Bool());

} // namespace
