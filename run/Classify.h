// SPDX-License-Identifier: Apache-2.0
//
// `bert-run classify`: sentences and pairs of them to classes; MRPC as the
// reference's run_classifier.py has it, and any tab-separated file. Training,
// evaluation and prediction in one run or several.
#pragma once

#include "bertc/status.h"
#include "run/FineTune.h"
#include "tasks/ClassificationResults.h"
#include "tasks/LabelList.h"

#include <cstdint>
#include <optional>
#include <string>

namespace bertc {

struct ClassifyOptions {
  FineTuneOptions tuning;
  bool doEval = false;
  bool doPredict = false;
  /// "mrpc" or "tsv".
  std::string taskName = "mrpc";
  /// Folder of train.tsv, dev.tsv and test.tsv (for mrpc also the MSR files).
  std::string dataDir;
  /// Each in the place of the folder's file.
  std::string trainFile, evalFile, predictFile;
  /// tsv: one or two columns "a,b" by name or number from 1, and the label's.
  std::string textColumns, labelColumn;
  /// tsv: the classes "x,y" in order; empty: those found in the training data.
  std::string labels;
  /// tsv: the first line names the columns; fields may be in quotation marks.
  bool header = true;
  bool quoted = false;
};

struct ClassifyEvaluation {
  double accuracy = 0;
  /// Of class 1; for two classes.
  double f1 = 0;
  /// Mean over all examples.
  double loss = 0;
  uint64_t examples = 0;
  int64_t globalStep = 0;
  double sequencesPerSecond = 0;
  size_t classes = 0;

  /// eval_accuracy, eval_f1 (two classes), eval_loss, global_step, loss.
  Metrics metrics() const;
};

struct ClassifyResult {
  TrainResult training;
  LabelList labels;
  std::optional<ClassifyEvaluation> evaluation;
  /// Examples in test_results.tsv; absent when nothing was predicted.
  std::optional<uint64_t> predicted;
  double predictThroughput = 0;
};

/// Runs what `options` ask for, in the order train, evaluate, predict. All
/// files are read and judged before anything starts. Writes checkpoints,
/// labels.txt, eval_results.txt and test_results.tsv to the output folder.
StatusOr<ClassifyResult> classify(const ClassifyOptions &options);

} // namespace bertc
