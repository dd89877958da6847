// SPDX-License-Identifier: Apache-2.0
//
// `bert-run pretrain`: everything around the training loop. Checks first (plan,
// flags, data, disk), then restores or initialises, trains with checkpoints,
// logs and signals, and evaluates.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/Evaluate.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bertc {

/// Flags that state what the plan has decided already; given ones must agree
/// with it.
struct PlanExpectations {
  std::optional<int64_t> batchSize;
  std::optional<int64_t> maxSeqLength;
  std::optional<int64_t> maxPredictionsPerSeq;
  std::string optimizer;
  /// bert_config.json the plan should have been compiled from.
  std::string configFile;
};

struct PretrainOptions {
  std::string plan;
  PlanExpectations expected;
  bool doTrain = false;
  bool doEval = false;
  std::vector<std::string> inputFiles;
  std::vector<std::string> evalFiles;
  std::string outputDir;
  std::string initCheckpoint;
  /// Unset: continue when outputDir has a checkpoint. True: it must have one.
  /// False: it must not.
  std::optional<bool> resume;
  int64_t trainSteps = 100000;
  int64_t accumulationSteps = 1;
  int64_t warmupSteps = 10000;
  double learningRate = 5e-5;
  int64_t saveCheckpointsSteps = 1000;
  int keepCheckpointMax = 2;
  int64_t maxEvalSteps = 100;
  int64_t displayLossSteps = 10;
  /// Unset: that of the checkpoint, else 12345.
  std::optional<uint64_t> seed;
  bool deterministic = false;
  /// Empty: bert_dllog.json in outputDir.
  std::string dllogPath;
  /// Updates to trace, first and last.
  std::optional<std::pair<int64_t, int64_t>> profile;
  uint64_t skipCorrupt = 0;
  int threads = 0;
  int dataThreads = 2;
  bool quiet = false;
};

struct PretrainResult {
  int64_t updateStep = 0;
  int64_t globalStepAtStart = 0;
  /// Of the last update.
  double totalLoss = 0;
  double throughput = 0;
  /// Trained on, whether packed or not, since the start or the checkpoint.
  int64_t sequences = 0;
  /// Newest checkpoint; empty when none was written.
  std::string checkpoint;
  std::optional<EvaluationResult> evaluation;
  /// Variables that --init-checkpoint lacked, and that started at random.
  std::vector<std::string> initialised;
  /// A signal ended it early.
  bool stopped = false;
};

/// Runs training and/or evaluation as `options` say.
StatusOr<PretrainResult> pretrain(const PretrainOptions &options);

/// Compares flags with the plan; an error names both values.
Status checkExpectations(const rt::Plan &plan,
                         const PlanExpectations &expected);

/// Compares the shape of the model in a config.json (not its dropout or
/// initialiser) with the plan's; an error names the key and both values.
Status checkModelConfig(const rt::Plan &plan, const std::string &path);

} // namespace bertc
