// SPDX-License-Identifier: Apache-2.0
//
// The flags that commands which train share: those of a run in its output
// folder, and for fine-tuning those of its length.
#pragma once

#include "run/FineTune.h"
#include "run/TrainRun.h"
#include "support/Json.h"
#include "support/Subcommands.h"

#include <functional>
#include <string>
#include <vector>

namespace bertc {

/// What CLI11 writes into before it becomes TrainRunOptions.
struct TrainRunFlags {
  bool horovod = false;
  CLI::Option *horovodOption = nullptr;
  bool allreducePostAccumulation = true;
  CLI::Option *postAccumulationOption = nullptr;
  std::string allreducePrecision;
  double collectiveTimeout = 120;
  bool resume = false;
  CLI::Option *resumeOption = nullptr;
  std::vector<int64_t> profile;
};

/// Adds --output-dir, --init-checkpoint, checkpoint, log, seed and thread
/// flags,
/// --quiet.
void addTrainRunFlags(CLI::App &command, TrainRunFlags &flags,
                      TrainRunOptions &options);

/// Takes over what was parsed; InvalidArgument for an impossible --profile.
Status finishTrainRunFlags(const TrainRunFlags &flags,
                           TrainRunOptions *options);

/// Performs a command that trains, as one process or as one of several: joins
/// the others, calls `body`, leaves together with them. `body` returns the exit
/// code, and prints results only when it is told that they are this rank's.
/// Returns the program's exit code.
int performTraining(const TrainRunFlags &flags, TrainRunOptions *options,
                    const std::function<StatusOr<int>(bool prints)> &body);

/// The flags of classify and squad: PLAN, the above, --do-train, epochs,
/// warm-up, rates, and those that the plan has decided.
struct FineTuneFlags {
  TrainRunFlags run;
  /// Batch sizes of evaluation and prediction: the plan has one for all.
  std::optional<int64_t> evalBatchSize, predictBatchSize;
};
void addFineTuneFlags(CLI::App &command, FineTuneFlags &flags,
                      FineTuneOptions &options);

/// What --json says of the training, as the document of `command`.
Json trainingJson(const std::string &command, const TrainResult &training);

} // namespace bertc
