// SPDX-License-Identifier: Apache-2.0
//
// Fine-tuning and prediction on features, whatever the task: what
// `bert-run classify` and `bert-run squad` share. Flags and plan are checked
// first, then features are made while the session is set up, then it trains as
// run/TrainRun.h does, and predicts.
//
//   BERTC_ASSIGN_OR_RETURN(auto job, FineTune::open(options));
//   auto features = std::async(... readSquad(file, tokenizer, ...) ...);
//   BERTC_RETURN_IF_ERROR(job->prepare());
//   ... features.get() ...
//   BERTC_RETURN_IF_ERROR(job->begin(&trainFeatures)); // or begin(nullptr)
//   BERTC_RETURN_IF_ERROR(job->train());
//   BERTC_RETURN_IF_ERROR(job->predict(evalFeatures, {"logits"}, "evaluate",
//       [&](const RowBatch &batch, const std::vector<std::vector<float>> &out)
//       { ... batch.sequences() ... out[0] ... return Status(); }));
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/FeatureSource.h"
#include "run/Pretrain.h"
#include "run/TrainRun.h"
#include "tasks/RowBatch.h"
#include "text/WordPieceTokenizer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bertc {

struct FineTuneOptions : TrainRunOptions {
  std::string plan;
  /// The task the plan must be of: "classify", "squad".
  std::string task;
  PlanExpectations expected;
  std::string vocabFile;
  bool lowerCase = true;
  bool doTrain = false;
  /// May be a fraction. With trainSteps, those many updates instead.
  double epochs = 3;
  std::optional<int64_t> trainSteps;
  /// Share of the updates with a rising learning rate.
  double warmupProportion = 0.1;
  int64_t accumulationSteps = 1;
  double learningRate = 5e-5;
};

/// Flags to updates: how long training is, and its learning rates.
/// `accumulationSteps` is that of packed rows when they are packed.
StatusOr<TrainSettings> trainSettings(const FineTuneOptions &options,
                                      const rt::Plan &plan,
                                      const TrainExtent &extent,
                                      int64_t accumulationSteps);

class FineTune {
public:
  /// Loads plan and vocabulary and judges them and the flags; nothing is
  /// written.
  static StatusOr<std::unique_ptr<FineTune>>
  open(const FineTuneOptions &options);

  /// Makes the session: time in which features can be made.
  Status prepare();

  /// Takes the weights, then makes outputDir if it trains: see TrainRun::begin.
  /// `training` (null: no training) must outlive the job.
  Status begin(const FeatureSet *training);

  /// Trains to the end of the schedule, or until a signal.
  Status train();

  /// f32 values of each wanted output, whole tensors, by wanted output.
  using Outputs = std::vector<std::vector<float>>;
  /// Called for each batch; batch.sequences() says which feature is where.
  using OnBatch = std::function<Status(const RowBatch &, const Outputs &)>;

  /// Runs `predict` over all features, each once, in order of their rows
  /// (packs when the plan has them). Of several ranks each runs its share, and
  /// only the first has the outputs, of all. A signal ends it early with
  /// result().stopped set. `label` is what the progress bar says.
  Status predict(const FeatureSet &features,
                 const std::vector<std::string> &outputs,
                 const std::string &label, const OnBatch &onBatch);

  /// Whether results are this rank's business: those of predict(), files.
  bool isRoot() const { return options_.workers.isRoot(); }
  const Workers &workers() const { return options_.workers; }

  /// Only after prepare().
  rt::Session &session() { return *session_; }
  const rt::Plan &plan() const { return plan_; }
  const WordPieceTokenizer &tokenizer() const { return tokenizer_; }
  /// B and S.
  RowBatch::Shape shape() const;
  /// Threads for features.
  int jobs() const;
  /// Updates done so far: the model's age.
  int64_t globalStep() const { return run_->state().updateStep; }
  /// Of train(), and whether anything was stopped by a signal.
  TrainResult result() const;
  /// Sequences a second of the last predict().
  double predictThroughput() const { return predictThroughput_; }
  /// Metrics of an evaluation, into the log and for TensorBoard.
  Status logEvaluation(const std::vector<Scalar> &metrics);
  void say(const std::string &line) const;

private:
  FineTune(FineTuneOptions options, rt::Plan plan, WordPieceTokenizer tokenizer)
      : options_(std::move(options)), plan_(std::move(plan)),
        tokenizer_(std::move(tokenizer)) {
    reading_.emplace(options_.workers.collective);
  }

  Status planTraining(const FeatureSet &features);
  class Prediction;
  void sayPacking(const RowPlan &rows) const;
  uint64_t packingSeed() const;
  FeatureSource::Settings sourceSettings() const;

  FineTuneOptions options_;
  rt::Plan plan_;
  WordPieceTokenizer tokenizer_;
  /// Other ranks wait until this one has read its files.
  std::optional<rt::Collective::Busy> reading_;
  std::unique_ptr<rt::Session> session_;
  std::optional<TrainRun> run_;
  const FeatureSet *features_ = nullptr;
  RowPlan rows_;
  TrainExtent extent_;
  TrainSettings settings_;
  double predictThroughput_ = 0;
  bool stopped_ = false;
};

} // namespace bertc
