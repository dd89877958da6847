// SPDX-License-Identifier: Apache-2.0
//
// Learning rates against values from a NumPy rendering of the reference's
// formulas (f64, rounded to f32 once). Tolerance: one f32 rounding.
#include "run/Schedule.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace bertc;

namespace {

struct Golden {
  Schedule schedule;
  int64_t step;
  float rate;
};

TEST(ScheduleTest, matchesTheReference) {
  Schedule phase1 = {Schedule::Kind::Lamb, 0.006, 7038, 2000};
  Schedule phase2 = {Schedule::Kind::Lamb, 0.004, 1564, 200};
  Schedule mrpc = {Schedule::Kind::AdamW, 2e-5, 345, 34};
  Schedule cold = {Schedule::Kind::AdamW, 1e-4, 100, 0};
  const Golden table[] = {
      {phase1, 0, 0.0f},
      {phase1, 1, 0x1.92a738p-19f},
      {phase1, 1999, 0x1.8904f6p-8f},
      {phase1, 2000, 0x1.4cafd6p-8f},
      {phase1, 2001, 0x1.4ca762p-8f},
      {phase1, 5000, 0x1.a73172p-9f},
      {phase1, 7037, 0x1.2bf9dcp-14f},
      {phase1, 7038, 0.0f},
      {phase1, 9000, 0.0f},
      {phase2, 199, 0x1.04d552p-8f},
      {phase2, 200, 0x1.e99e9ap-9f},
      {phase2, 1563, 0x1.a83aeap-14f},
      {mrpc, 1, 0x1.3bce72p-21f},
      {mrpc, 33, 0x1.45ace6p-16f},
      {mrpc, 34, 0x1.4f8b58p-16f},
      {mrpc, 35, 0x1.4e7724p-16f},
      {mrpc, 200, 0x1.38e312p-17f},
      {mrpc, 344, 0x1.143424p-24f},
      {mrpc, 345, 0.0f},
      {cold, 0, 0x1.a36e2ep-14f},
      {cold, 50, 0x1.a36e2ep-15f},
  };
  for (const Golden &golden : table) {
    float rate = golden.schedule.learningRate(golden.step);
    EXPECT_NEAR(rate, golden.rate, 1.2e-7 * golden.rate)
        << "step " << golden.step << " of " << golden.schedule.trainSteps;
  }
}

TEST(ScheduleTest, adamwPassesThroughTheRateAtTheEndOfWarmUp) {
  Schedule schedule = {Schedule::Kind::AdamW, 3e-5, 1000, 100};
  EXPECT_FLOAT_EQ(schedule.learningRate(100), 3e-5f);
}

TEST(ScheduleTest, workersMultiplyTheRate) {
  Schedule one = {Schedule::Kind::Lamb, 0.001, 100, 10};
  Schedule eight = one;
  eight.workers = 8;
  for (int64_t step : {1, 10, 50}) {
    EXPECT_FLOAT_EQ(eight.learningRate(step), 8 * one.learningRate(step));
  }
}

TEST(ScheduleTest, refusesImpossibleValues) {
  auto message = [](Schedule schedule) { return schedule.check().message(); };
  EXPECT_EQ(message({Schedule::Kind::Lamb, 0.1, 0, 0}),
            "--num-train-steps is 0, it must be at least 1");
  EXPECT_EQ(message({Schedule::Kind::Lamb, 0.1, 5, -1}),
            "--num-warmup-steps is -1, it must not be negative");
  EXPECT_EQ(message({Schedule::Kind::AdamW, 0.1, 5, 5}),
            "--num-warmup-steps 5 leaves no decay within --num-train-steps 5; "
            "AdamW needs a shorter warm-up");
  EXPECT_EQ(message({Schedule::Kind::Lamb, NAN, 5, 1}),
            "--learning-rate is nan, it must be finite and not negative");
  EXPECT_TRUE((Schedule{Schedule::Kind::Lamb, 0.1, 5, 10}).check().ok());
}

TEST(ScheduleTest, namesOptimizers) {
  EXPECT_EQ(*scheduleKind("lamb"), Schedule::Kind::Lamb);
  EXPECT_EQ(*scheduleKind("adamw"), Schedule::Kind::AdamW);
  EXPECT_EQ(scheduleKind("sgd").status().message(),
            "the plan's optimizer is 'sgd', expected lamb or adamw; compile "
            "the plan with --mode train");
}

} // namespace
