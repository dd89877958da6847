// SPDX-License-Identifier: Apache-2.0
//
// The ways in which the gradients of an update may travel: with a plan's
// buckets, while an entry runs or behind it, sums have the same bits.
#include "run/UpdateExchange.h"

#include "test/unit/collective/FakeNetwork.h"
#include "test/unit/run/TrainPlan.h"

#include <gtest/gtest.h>
#include <random>

using namespace bertc;
using rt::Collective;

namespace {

/// That of TrainPlan.h, with a second accumulator and bucket right behind the
/// first.
rt::Plan planOfTwoBuckets() {
  test::TrainPlanShape shape;
  shape.clip = 1;
  shape.exchange = true;
  rt::test::PlanBuilder b = test::trainPlan(shape);
  uint32_t second = b.variable("bert/table/second", {shape.rows, shape.width});
  b.plan.variables[second]->role = plan::VariableRole::Accum;
  b.plan.variables[second]->owner = 0;
  b.plan.variables[second]->trainable = false;
  auto bucket = std::make_unique<plan::BucketT>();
  bucket->variables = {second};
  b.plan.exchange->buckets.push_back(std::move(bucket));
  std::vector<uint8_t> bytes = b.build();
  auto plan = rt::Plan::fromBytes(bytes.data(), bytes.size());
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return *plan;
}

class UpdateExchangeTest : public testing::TestWithParam<int> {
protected:
  /// Sums of random gradients, as rank 0 has them after `add`.
  std::vector<float>
  sums(const std::function<Status(const UpdateExchange &)> &add) {
    rt::Plan plan = planOfTwoBuckets();
    test::FakeNetwork network(GetParam(), 5);
    rt::CollectiveOptions options;
    options.limitSeconds = 30;
    options.say = [](const std::string &) {};
    auto all = test::openAll(network, options);
    std::vector<float> result;
    test::onAll(all, [&](Collective &one) {
      rt::SessionOptions settings;
      settings.threads = 1;
      auto session = *rt::Session::create(plan, settings);
      std::mt19937 random(7 + static_cast<unsigned>(one.rank()));
      std::normal_distribution<float> normal;
      for (const char *name : {"bert/table/accum", "bert/table/second"}) {
        auto view = *session->mutableVariable(name);
        for (int64_t i = 0; i < rt::numElements(view.shape); ++i) {
          view.as<float>()[i] = normal(random);
        }
      }
      Workers workers;
      workers.collective = &one;
      auto variables = *openVariableCollective(*session, workers);
      workers.variables = variables.get();
      UpdateExchange exchange(*session, workers);
      exchange.beginUpdate(0);
      Status added = add(exchange);
      EXPECT_TRUE(added.ok()) << added.message();
      for (const char *name : {"bert/table/accum", "bert/table/second"}) {
        auto view = *session->variable(name);
        if (one.isRoot()) {
          result.insert(result.end(), view.as<float>(),
                        view.as<float>() + rt::numElements(view.shape));
        }
      }
      EXPECT_TRUE(one.finish().ok());
    });
    return result;
  }
};

TEST_P(UpdateExchangeTest, afterwardsHasTheBitsOfWhileItRuns) {
  std::vector<float> early =
      sums([](const UpdateExchange &exchange) { return exchange.joinEmpty(); });
  std::vector<float> late = sums([](const UpdateExchange &exchange) {
    return exchange.addGradients(/*last=*/true, 0);
  });
  EXPECT_EQ(early.size(), 2u * 64 * 4);
  EXPECT_EQ(early, late);
}

INSTANTIATE_TEST_SUITE_P(Ranks, UpdateExchangeTest, testing::Values(2, 3, 5));

} // namespace
