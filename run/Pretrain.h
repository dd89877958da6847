// SPDX-License-Identifier: Apache-2.0
//
// `bert-run pretrain`: plan, records and flags are checked first, then
// run/TrainRun.h trains, then the entry evaluate runs over the other records.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/Evaluate.h"
#include "run/TrainRun.h"
#include "text/Vocabulary.h"

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

struct PretrainOptions : TrainRunOptions {
  std::string plan;
  PlanExpectations expected;
  bool doTrain = false;
  bool doEval = false;
  std::vector<std::string> inputFiles;
  std::vector<std::string> evalFiles;
  int64_t trainSteps = 100000;
  int64_t accumulationSteps = 1;
  int64_t warmupSteps = 10000;
  double learningRate = 5e-5;
  int64_t maxEvalSteps = 100;
  uint64_t skipCorrupt = 0;
  int dataThreads = 2;
};

struct PretrainResult : TrainResult {
  std::optional<EvaluationResult> evaluation;
};

/// Runs training and/or evaluation as `options` say.
StatusOr<PretrainResult> pretrain(const PretrainOptions &options);

/// Compares flags with the plan; an error names both values.
Status checkExpectations(const rt::Plan &plan,
                         const PlanExpectations &expected);

/// Compares the vocabulary's size with the plan's, which may be up to 127
/// tokens larger: models are padded to multiples of 8, 64 or 128.
Status checkVocabulary(const rt::Plan &plan, const Vocabulary &vocabulary,
                       const std::string &path);

/// Compares the shape of the model in a config.json (not its dropout or
/// initialiser) with the plan's; an error names the key and both values.
Status checkModelConfig(const rt::Plan &plan, const std::string &path);

} // namespace bertc
