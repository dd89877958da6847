// SPDX-License-Identifier: Apache-2.0
#include "run/Schedule.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bertc {

Status Schedule::check() const {
  if (trainSteps < 1) {
    return invalidArgument(fmt::format(
        "--num-train-steps is {}, it must be at least 1", trainSteps));
  }
  if (warmupSteps < 0) {
    return invalidArgument(fmt::format(
        "--num-warmup-steps is {}, it must not be negative", warmupSteps));
  }
  if (kind == Kind::AdamW && warmupSteps >= trainSteps && warmupSteps > 0) {
    return invalidArgument(fmt::format(
        "--num-warmup-steps {} leaves no decay within --num-train-steps {}; "
        "AdamW needs a shorter warm-up",
        warmupSteps, trainSteps));
  }
  if (!std::isfinite(initialRate) || initialRate < 0) {
    return invalidArgument(
        fmt::format("--learning-rate is {}, it must be finite and not negative",
                    initialRate));
  }
  return Status::okStatus();
}

float Schedule::learningRate(int64_t step) const {
  double rate = initialRate * workers;
  if (step < warmupSteps) {
    return static_cast<float>(rate * static_cast<double>(step) /
                              static_cast<double>(warmupSteps));
  }
  double total = static_cast<double>(trainSteps);
  double done = static_cast<double>(std::min(step, trainSteps)) / total;
  if (kind == Kind::Lamb) {
    return static_cast<float>(rate * std::sqrt(1.0 - done));
  }
  double base = rate / (1.0 - static_cast<double>(warmupSteps) / total);
  return static_cast<float>(base * (1.0 - done));
}

StatusOr<Schedule::Kind> scheduleKind(const std::string &optimizer) {
  if (optimizer == "lamb") {
    return Schedule::Kind::Lamb;
  }
  if (optimizer == "adamw" || optimizer == "adam") {
    return Schedule::Kind::AdamW;
  }
  return failedPrecondition(
      fmt::format("the plan's optimizer is '{}', expected lamb or adamw; "
                  "compile the plan with --mode train",
                  optimizer));
}

} // namespace bertc
