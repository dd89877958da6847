// SPDX-License-Identifier: Apache-2.0
//
// The learning rate of each optimizer update, as the reference computes it:
// linear warm-up from 0, then polynomial decay to 0 at the last update.
//
//   Schedule schedule = {Schedule::Kind::Lamb, 0.006, 7038, 2000};
//   float rate = schedule.learningRate(step);
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>

namespace bertc {

/// A learning-rate schedule over optimizer updates, counted from 0.
///
/// Warm-up, while step < warmupSteps: rate = initialRate * step / warmupSteps,
/// so that the first update of a warmed-up run has rate 0. Afterwards
/// rate = base * (1 - min(step, trainSteps) / trainSteps) ^ power, where
///   Lamb:  power 0.5, base = initialRate (the rate drops a little at the end
///          of warm-up, as in the reference);
///   AdamW: power 1, base = initialRate / (1 - warmupSteps / trainSteps), so
///          that the line passes through initialRate at the end of warm-up.
struct Schedule {
  enum class Kind : uint8_t { Lamb, AdamW };

  Kind kind = Kind::Lamb;
  double initialRate = 0;
  int64_t trainSteps = 1;
  int64_t warmupSteps = 0;
  /// Data-parallel workers; the reference multiplies the rate by their number.
  int workers = 1;

  /// Refuses impossible values: no training steps, negative warm-up, AdamW with
  /// a warm-up as long as the training, a rate that is not finite.
  Status check() const;

  /// Rate of the update after `step` completed ones; computed in f64, rounded
  /// to f32 once.
  float learningRate(int64_t step) const;
};

/// "lamb" or "adamw", as plans spell their optimizer.
StatusOr<Schedule::Kind> scheduleKind(const std::string &optimizer);

} // namespace bertc
