// SPDX-License-Identifier: Apache-2.0
//
// What a training run tells its user: the progress bar with loss, learning
// rate, sequences/s and time left, and the dllog file.
#pragma once

#include "bertc/status.h"
#include "run/Dllog.h"
#include "run/Throughput.h"
#include "run/TrainLoop.h"
#include "support/Progress.h"

#include <cstdint>

namespace bertc {

class TrainReport {
public:
  struct Settings {
    int64_t firstStep = 0;
    int64_t trainSteps = 0;
    int64_t accumulationSteps = 1;
    int64_t displaySteps = 10;
    bool quiet = false;
  };

  TrainReport(const Settings &settings, Dllog &log);

  /// After micro-batch `index` (from 1) of the update after `step`.
  void micro(int64_t step, int64_t index, double totalLoss);
  /// After an update; `step` counts it. Logs every displaySteps-th.
  Status update(int64_t step, const UpdateReport &report);
  /// After a checkpoint.
  void saved(const std::string &prefix);
  void note(const std::string &line) { progress_.note(line); }
  /// Ends the bar and writes the summary line.
  Status finish();

  /// Sequences a second, without the first updates after a start or a save.
  double throughput() const { return throughput_.perSecond(); }

private:
  Settings settings_;
  Dllog &log_;
  Progress progress_;
  Throughput throughput_;
  float learningRate_ = 0;
  /// total_loss over the updates since the last log line.
  double lossSum_ = 0;
  int64_t lossCount_ = 0;
  /// Wall time and sequences since then.
  double seconds_ = 0;
  int64_t sequences_ = 0;
};

} // namespace bertc
