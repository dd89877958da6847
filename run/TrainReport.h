// SPDX-License-Identifier: Apache-2.0
//
// What a training run tells its user: the progress bar with loss, learning
// rate, sequences/s and time left, the dllog file and TensorBoard's event file.
//
//   BERTC_ASSIGN_OR_RETURN(EventFile events,
//                          EventFile::create(outputDir, step + 1));
//   TrainReport report(settings, log, &events);
//   BERTC_RETURN_IF_ERROR(report.update(step, updateReport));
//   BERTC_RETURN_IF_ERROR(logMetrics(outputDir, step, {{"accuracy", 0.9}}));
#pragma once

#include "bertc/status.h"
#include "io/EventFile.h"
#include "run/Dllog.h"
#include "run/Throughput.h"
#include "run/TrainLoop.h"
#include "support/Progress.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bertc {

class TrainReport {
public:
  struct Settings {
    int64_t firstStep = 0;
    int64_t trainSteps = 0;
    int64_t accumulationSteps = 1;
    int64_t displaySteps = 10;
    bool quiet = false;
    /// Logged with every line of a run of several processes.
    std::optional<int> rank;
  };

  /// `log` and `events` (may be null) must outlive it.
  TrainReport(const Settings &settings, Dllog &log,
              EventFile *events = nullptr);

  /// After micro-batch `index` (from 1) of the update after `step`.
  void micro(int64_t step, int64_t index, double totalLoss);
  /// After an update; `step` counts it. Logs every displaySteps-th, and the
  /// last: throughput, the plan's losses and their running mean, learning rate.
  Status update(int64_t step, const UpdateReport &report);
  /// After a checkpoint.
  void saved(const std::string &prefix);
  void note(const std::string &line) { progress_.note(line); }
  /// Ends the bar and writes the summary line.
  Status finish();

  /// Sequences a second, without the first updates after a start or a save.
  double throughput() const { return throughput_.perSecond(); }

private:
  nlohmann::ordered_json lineStart() const;

  Settings settings_;
  Dllog &log_;
  EventFile *events_;
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

/// Results of an evaluation at `step` as a TensorBoard run of its own, in
/// OUTPUT_DIR/eval; those of an evaluation at this step or later before it are
/// void.
Status logMetrics(const std::string &outputDir, int64_t step,
                  const std::vector<Scalar> &metrics);

} // namespace bertc
