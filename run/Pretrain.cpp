// SPDX-License-Identifier: Apache-2.0
#include "run/Pretrain.h"

#include "io/Files.h"
#include "run/PackedRecords.h"
#include "run/RecordSource.h"
#include "support/Progress.h"
#include "support/Signals.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace bertc {

namespace {

/// One run; its methods are the stages in the order they happen.
class PretrainRun {
public:
  explicit PretrainRun(const PretrainOptions &options) : options_(options) {
    opening_.emplace(options_.workers.collective);
  }

  Status check();
  Status open();
  Status start();
  Status train();
  Status evaluateNow();
  bool stopped() const { return stopped_ || run_->result().stopped; }
  PretrainResult result() const;

private:
  void say(const std::string &line) const;
  Status openTraining();
  Status setAccumulation();

  const PretrainOptions &options_;
  std::optional<rt::Plan> plan_;
  std::unique_ptr<rt::Session> session_;
  std::shared_ptr<const RecordSet> trainRecords_;
  std::shared_ptr<const RecordSet> evalRecords_;
  BatchLayout layout_;
  /// Micro-batches an update: those asked for, fewer when records are packed.
  int64_t accumulationSteps_ = 1;
  Schedule schedule_;
  std::optional<TrainRun> run_;
  bool stopped_ = false;
  /// Other ranks wait for this one's data to be opened.
  std::optional<rt::Collective::Busy> opening_;
  std::optional<EvaluationResult> evaluation_;
};

void PretrainRun::say(const std::string &line) const {
  if (!options_.quiet) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

/// Judges the flags by themselves.
Status checkFlags(const PretrainOptions &options) {
  if (!options.doTrain && !options.doEval) {
    return invalidArgument("nothing to do: give --do-train, --do-eval or both");
  }
  BERTC_RETURN_IF_ERROR(checkTrainRunOptions(options));
  if (options.doTrain && options.inputFiles.empty()) {
    return invalidArgument("--do-train needs --input-files-dir");
  }
  if (options.doEval && options.evalFiles.empty()) {
    return invalidArgument("--do-eval needs --eval-files-dir");
  }
  return checkMinima(
      {{"--num-accumulation-steps", options.accumulationSteps, 1},
       {"--max-eval-steps", options.maxEvalSteps, 0},
       {"--data-threads", options.dataThreads, 1}});
}

Status PretrainRun::check() {
  BERTC_RETURN_IF_ERROR(checkFlags(options_));
  BERTC_ASSIGN_OR_RETURN(plan_, rt::Plan::load(options_.plan));
  const rt::ModelInfo &model = plan_->model();
  if (model.task != "pretrain" || (options_.doTrain && model.mode != "train")) {
    return failedPrecondition(
        fmt::format("{}: compiled with --task {} --mode {}, expected --task "
                    "pretrain --mode train",
                    options_.plan, model.task, model.mode));
  }
  BERTC_RETURN_IF_ERROR(checkExpectations(*plan_, options_.expected));
  if (options_.doTrain) {
    BERTC_ASSIGN_OR_RETURN(schedule_.kind, scheduleKind(model.optimizer));
    schedule_.initialRate = options_.learningRate;
    schedule_.trainSteps = options_.trainSteps;
    schedule_.warmupSteps = options_.warmupSteps;
    schedule_.workers = options_.workers.size();
    BERTC_RETURN_IF_ERROR(schedule_.check());
  }
  return Status::okStatus();
}

/// Opens a record set and reports what was left out.
StatusOr<std::shared_ptr<const RecordSet>>
openRecords(const std::vector<std::string> &inputs, uint64_t skipCorrupt) {
  RecordSet::Options options;
  options.skipCorrupt = skipCorrupt;
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<RecordSet> records,
                         RecordSet::open(inputs, options));
  return std::shared_ptr<const RecordSet>(std::move(records));
}

Status PretrainRun::openTraining() {
  BERTC_ASSIGN_OR_RETURN(
      trainRecords_, openRecords(options_.inputFiles, options_.skipCorrupt));
  BERTC_ASSIGN_OR_RETURN(layout_, batchLayout(*plan_, "train_step"));
  BERTC_RETURN_IF_ERROR(checkRecords(*trainRecords_, layout_, plan_->model()));
  say(fmt::format("training data: {} records in {} files",
                  trainRecords_->size(), trainRecords_->numFiles()));
  if (trainRecords_->skipped() > 0) {
    say(fmt::format("left out {} corrupt records (--skip-corrupt {})",
                    trainRecords_->skipped(), options_.skipCorrupt));
  }
  return setAccumulation();
}

Status PretrainRun::setAccumulation() {
  accumulationSteps_ = options_.accumulationSteps;
  if (layout_.packed == 0) {
    return Status::okStatus();
  }
  std::string source;
  BERTC_ASSIGN_OR_RETURN(
      double expected,
      expectedSequences(options_.inputFiles, *trainRecords_, &source));
  if (expected > layout_.packed) {
    return failedPrecondition(fmt::format(
        "{}: {:.4g} sequences in an average pack, the plan was compiled with "
        "--packed {}; the file is not of these records",
        source, expected, layout_.packed));
  }
  accumulationSteps_ =
      packedAccumulationSteps(options_.accumulationSteps, expected);
  say(fmt::format("packed records: {:.3f} sequences each ({}); "
                  "--num-accumulation-steps {} becomes {}",
                  expected, source, options_.accumulationSteps,
                  accumulationSteps_));
  return Status::okStatus();
}

Status PretrainRun::open() {
  if (options_.workers.isRoot()) {
    BERTC_RETURN_IF_ERROR(makeDirectories(options_.outputDir));
  }
  if (options_.doTrain) {
    BERTC_RETURN_IF_ERROR(openTraining());
  }
  if (options_.doEval) {
    BERTC_ASSIGN_OR_RETURN(
        evalRecords_, openRecords(options_.evalFiles, options_.skipCorrupt));
    if (evalRecords_->skipped() > 0) {
      say(fmt::format("left out {} corrupt evaluation records "
                      "(--skip-corrupt {})",
                      evalRecords_->skipped(), options_.skipCorrupt));
    }
    BERTC_RETURN_IF_ERROR(checkEvaluation(*plan_, *evalRecords_));
  }
  rt::SessionOptions sessionOptions =
      options_.device.session(options_.threads, options_.quiet);
  sessionOptions.deterministic = options_.deterministic;
  BERTC_ASSIGN_OR_RETURN(session_, rt::Session::create(*plan_, sessionOptions));
  return Status::okStatus();
}

Status PretrainRun::start() {
  run_.emplace(*session_, options_);
  opening_.reset();
  if (!options_.doTrain) {
    return run_->begin(nullptr);
  }
  TrainSettings settings;
  settings.schedule = schedule_;
  settings.accumulationSteps = accumulationSteps_;
  settings.data = trainRecords_->identity();
  return run_->begin(&settings);
}

Status PretrainRun::train() {
  BatchStream::Options streamOptions;
  streamOptions.seed = run_->state().seed;
  streamOptions.firstExample = run_->state().examplesSeen;
  streamOptions.threads = options_.dataThreads;
  streamOptions.workers = options_.workers.share();
  BatchStream stream(trainRecords_, layout_, streamOptions);
  RecordSource source(stream, layout_, accumulationSteps_,
                      options_.workers.share(), run_->state().microStep);
  return run_->train(source, nlohmann::ordered_json::object());
}

PretrainResult PretrainRun::result() const {
  PretrainResult result;
  static_cast<TrainResult &>(result) = run_->result();
  result.stopped = stopped();
  result.evaluation = evaluation_;
  return result;
}

Status PretrainRun::evaluateNow() {
  int64_t batchSize = std::max<int64_t>(1, plan_->model().batchSize);
  int64_t batches =
      (static_cast<int64_t>(evalRecords_->size()) + batchSize - 1) / batchSize;
  if (options_.maxEvalSteps > 0) {
    batches = std::min(batches, options_.maxEvalSteps);
  }
  ProgressOptions progressOptions;
  progressOptions.label = "evaluate";
  progressOptions.unit = "batches";
  progressOptions.total = static_cast<double>(batches);
  progressOptions.quiet = options_.quiet;
  Progress progress(progressOptions);
  BERTC_ASSIGN_OR_RETURN(
      EvaluationResult evaluation,
      evaluate(*session_, evalRecords_, options_.maxEvalSteps,
               run_->state().updateStep, options_.workers, stopRequested,
               [&](int64_t done) {
                 progress.advanceTo(
                     static_cast<double>(std::min(done, batches)));
               }));
  progress.finish();
  stopped_ = evaluation.stopped;
  if (stopped_) {
    return Status::okStatus(); // half an evaluation is no result
  }
  evaluation_ = evaluation;
  if (!options_.workers.isRoot()) {
    return Status::okStatus();
  }
  BERTC_RETURN_IF_ERROR(run_->log().log(
      std::nullopt, {{"throughput_val", evaluation.sequencesPerSecond}}));
  BERTC_RETURN_IF_ERROR(
      logMetrics(options_.outputDir, evaluation.globalStep,
                 {{"loss", evaluation.loss},
                  {"masked_lm_accuracy", evaluation.maskedLmAccuracy},
                  {"masked_lm_loss", evaluation.maskedLmLoss},
                  {"next_sentence_accuracy", evaluation.nextSentenceAccuracy},
                  {"next_sentence_loss", evaluation.nextSentenceLoss}}));
  return writeEvaluation(joinPath(options_.outputDir, "eval_results.txt"),
                         evaluation);
}

} // namespace

StatusOr<PretrainResult> pretrain(const PretrainOptions &options) {
  PretrainRun run(options);
  BERTC_RETURN_IF_ERROR(run.check());
  BERTC_RETURN_IF_ERROR(run.open());
  BERTC_RETURN_IF_ERROR(run.start());
  if (options.doTrain) {
    BERTC_RETURN_IF_ERROR(run.train());
  }
  if (options.doEval && !run.stopped()) {
    BERTC_RETURN_IF_ERROR(run.evaluateNow());
  }
  return run.result();
}

} // namespace bertc
