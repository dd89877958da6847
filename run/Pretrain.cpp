// SPDX-License-Identifier: Apache-2.0
#include "run/Pretrain.h"

#include "io/Files.h"
#include "run/CheckpointStore.h"
#include "run/ModelState.h"
#include "run/PackedRecords.h"
#include "run/TrainLoop.h"
#include "run/TrainReport.h"
#include "support/Progress.h"
#include "support/Signals.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace bertc {

namespace {

constexpr uint64_t defaultSeed = 12345;

/// One run; its methods are the stages in the order they happen.
class PretrainRun {
public:
  explicit PretrainRun(const PretrainOptions &options)
      : options_(options),
        store_(options.outputDir, options.keepCheckpointMax) {}

  Status check();
  Status open();
  Status start();
  Status train();
  Status evaluateNow();
  PretrainResult result() const { return result_; }

private:
  void say(const std::string &line) const;
  Status openTraining();
  Status setAccumulation();
  Status beginFrom(const std::string &prefix);
  Status beginFresh();
  Status continueFrom(const CheckpointStore::Restored &restored);
  Status logParameters();
  Status save(TrainReport *report);
  Status trainLoop(TrainLoop &loop, TrainReport &report);
  Status writeTrace(Trace *trace);
  RunState plannedState() const;

  const PretrainOptions &options_;
  CheckpointStore store_;
  std::optional<rt::Plan> plan_;
  std::unique_ptr<rt::Session> session_;
  std::shared_ptr<const RecordSet> trainRecords_;
  std::shared_ptr<const RecordSet> evalRecords_;
  BatchLayout layout_;
  /// Micro-batches an update: those asked for, fewer when records are packed.
  int64_t accumulationSteps_ = 1;
  Schedule schedule_;
  Dllog log_;
  RunState state_;
  bool resumed_ = false;
  int64_t savedStep_ = -1;
  PretrainResult result_;
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
  if (options.outputDir.empty()) {
    return invalidArgument("--output-dir is missing: it is where checkpoints "
                           "and results go");
  }
  if (options.doTrain && options.inputFiles.empty()) {
    return invalidArgument("--do-train needs --input-files-dir");
  }
  if (options.doEval && options.evalFiles.empty()) {
    return invalidArgument("--do-eval needs --eval-files-dir");
  }
  struct Minimum {
    const char *flag;
    int64_t value, least;
  };
  const Minimum minima[] = {
      {"--num-accumulation-steps", options.accumulationSteps, 1},
      {"--save-checkpoints-steps", options.saveCheckpointsSteps, 1},
      {"--keep-checkpoint-max", options.keepCheckpointMax, 0},
      {"--max-eval-steps", options.maxEvalSteps, 0},
      {"--display-loss-steps", options.displayLossSteps, 1},
      {"--threads", options.threads, 0},
      {"--data-threads", options.dataThreads, 1}};
  for (const Minimum &minimum : minima) {
    if (minimum.value < minimum.least) {
      return invalidArgument(fmt::format("{} is {}, it must be at least {}",
                                         minimum.flag, minimum.value,
                                         minimum.least));
    }
  }
  return Status::okStatus();
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
  BERTC_RETURN_IF_ERROR(makeDirectories(options_.outputDir));
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
  rt::SessionOptions sessionOptions;
  sessionOptions.threads = options_.threads;
  BERTC_ASSIGN_OR_RETURN(session_, rt::Session::create(*plan_, sessionOptions));
  return Status::okStatus();
}

RunState PretrainRun::plannedState() const {
  RunState state;
  state.seed = options_.seed.value_or(defaultSeed);
  state.deterministic = options_.deterministic;
  state.accumulationSteps = accumulationSteps_;
  state.trainSteps = options_.trainSteps;
  state.warmupSteps = options_.warmupSteps;
  state.learningRate = options_.learningRate;
  state.batchSize = plan_->model().batchSize;
  state.threads = session_->threads();
  state.planHash = plan_->sha256();
  if (trainRecords_) {
    state.data = trainRecords_->identity();
  }
  return state;
}

Status PretrainRun::start() {
  std::vector<std::string> notes;
  BERTC_ASSIGN_OR_RETURN(std::string prefix, store_.newest(&notes));
  for (const std::string &note : notes) {
    say("note: " + note);
  }
  if (options_.doTrain && options_.resume == true && prefix.empty()) {
    return notFound(fmt::format("{}: --resume was given, but there is no "
                                "checkpoint",
                                options_.outputDir));
  }
  if (options_.doTrain && options_.resume == false && !prefix.empty()) {
    return failedPrecondition(
        fmt::format("{}: --resume=False was given, but there is a checkpoint, "
                    "{}; choose another --output-dir",
                    options_.outputDir, prefix));
  }
  state_ = plannedState();
  BERTC_RETURN_IF_ERROR(prefix.empty() ? beginFresh() : beginFrom(prefix));
  result_.globalStepAtStart = state_.updateStep;
  result_.updateStep = state_.updateStep;
  return Status::okStatus();
}

Status PretrainRun::beginFresh() {
  BERTC_RETURN_IF_ERROR(session_->initialise(state_.seed));
  if (options_.initCheckpoint.empty()) {
    if (!options_.doTrain) {
      return notFound(fmt::format("{}: no checkpoint to evaluate; give "
                                  "--init-checkpoint or train first",
                                  options_.outputDir));
    }
    say(fmt::format("new run from random weights, seed {}", state_.seed));
    return Status::okStatus();
  }
  BERTC_ASSIGN_OR_RETURN(
      LoadReport report,
      loadInitCheckpoint(*session_, options_.initCheckpoint));
  say(fmt::format("new run from the weights of {}, seed {}",
                  options_.initCheckpoint, state_.seed));
  for (const std::string &line :
       describeLoad(options_.initCheckpoint, report)) {
    say(line);
  }
  result_.initialised = std::move(report.missing);
  return Status::okStatus();
}

Status PretrainRun::beginFrom(const std::string &prefix) {
  BERTC_ASSIGN_OR_RETURN(CheckpointStore::Restored restored,
                         CheckpointStore::restore(*session_, prefix));
  for (const std::string &note : restored.notes) {
    say("note: " + note);
  }
  savedStep_ = restored.globalStep;
  result_.checkpoint = prefix;
  if (!options_.doTrain) {
    state_.updateStep = restored.globalStep;
    return Status::okStatus();
  }
  resumed_ = true;
  return continueFrom(restored);
}

Status PretrainRun::continueFrom(const CheckpointStore::Restored &restored) {
  if (restored.state) {
    const RunState &saved = *restored.state;
    if (!options_.seed) {
      state_.seed = saved.seed;
    }
    BERTC_ASSIGN_OR_RETURN(std::vector<std::string> notes,
                           checkResume(saved, state_));
    for (const std::string &note : notes) {
      say("note: not the run it was: " + note);
    }
    state_.updateStep = saved.updateStep;
    state_.microStep = saved.microStep;
    state_.examplesSeen = saved.examplesSeen;
  } else {
    state_.updateStep = restored.globalStep;
    state_.microStep = restored.globalStep * state_.accumulationSteps;
    state_.examplesSeen =
        static_cast<uint64_t>(state_.microStep) * state_.batchSize;
  }
  say(fmt::format("continuing {} at step {}", restored.prefix,
                  state_.updateStep));
  return Status::okStatus();
}

Status PretrainRun::logParameters() {
  std::string path = options_.dllogPath.empty()
                         ? joinPath(options_.outputDir, "bert_dllog.json")
                         : options_.dllogPath;
  BERTC_ASSIGN_OR_RETURN(log_, Dllog::open(path, resumed_));
  BERTC_RETURN_IF_ERROR(
      log_.metadata("throughput_train", {{"unit", "sequences/s"}}));
  return log_.parameters({{"plan", plan_->path()},
                          {"plan_sha256", plan_->sha256()},
                          {"init_checkpoint", options_.initCheckpoint},
                          {"initialised_variables", result_.initialised},
                          {"num_train_steps", options_.trainSteps},
                          {"num_accumulation_steps", accumulationSteps_},
                          {"packed", layout_.packed},
                          {"num_warmup_steps", options_.warmupSteps},
                          {"learning_rate", options_.learningRate},
                          {"train_batch_size", plan_->model().batchSize},
                          {"max_seq_length", plan_->model().maxSeqLength},
                          {"optimizer_type", plan_->model().optimizer},
                          {"seed", state_.seed},
                          {"deterministic_run", options_.deterministic},
                          {"threads", session_->threads()},
                          {"cpu_isa", rt::cpuIsa()},
                          {"first_step", state_.updateStep}});
}

Status PretrainRun::save(TrainReport *report) {
  if (savedStep_ == state_.updateStep) {
    return Status::okStatus();
  }
  BERTC_ASSIGN_OR_RETURN(result_.checkpoint, store_.save(*session_, state_));
  savedStep_ = state_.updateStep;
  report->saved(result_.checkpoint);
  return Status::okStatus();
}

Status PretrainRun::writeTrace(Trace *trace) {
  if (trace->size() == 0) {
    return Status::okStatus();
  }
  session_->setProfileHook({});
  std::string path =
      joinPath(options_.outputDir,
               fmt::format("profile_{}_{}.json", options_.profile->first,
                           options_.profile->second));
  BERTC_RETURN_IF_ERROR(trace->write(path));
  *trace = Trace();
  return Status::okStatus();
}

Status PretrainRun::trainLoop(TrainLoop &loop, TrainReport &report) {
  Trace trace;
  while (state_.updateStep < options_.trainSteps && !stopRequested()) {
    int64_t step = state_.updateStep + 1;
    bool traced = options_.profile && step >= options_.profile->first &&
                  step <= options_.profile->second;
    if (traced && trace.size() == 0) {
      session_->setProfileHook(trace.hook());
    }
    auto onMicro = [&](int64_t index, double loss) {
      report.micro(state_.updateStep, index, loss);
    };
    BERTC_ASSIGN_OR_RETURN(
        UpdateReport update,
        loop.update(stopRequested, onMicro, traced ? &trace : nullptr));
    if (!update.complete) {
      break;
    }
    state_.updateStep = loop.updateStep();
    state_.microStep = loop.microStep();
    state_.examplesSeen = loop.examplesSeen();
    result_.totalLoss = update.losses["total_loss"];
    result_.sequences += update.sequences;
    BERTC_RETURN_IF_ERROR(report.update(state_.updateStep, update));
    if (traced && step == options_.profile->second) {
      BERTC_RETURN_IF_ERROR(writeTrace(&trace));
    }
    if (state_.updateStep % options_.saveCheckpointsSteps == 0) {
      BERTC_RETURN_IF_ERROR(save(&report));
    }
  }
  return writeTrace(&trace);
}

Status PretrainRun::train() {
  if (state_.updateStep >= options_.trainSteps) {
    say(fmt::format("nothing to train: the checkpoint is at step {} of "
                    "--num-train-steps {}",
                    state_.updateStep, options_.trainSteps));
    return Status::okStatus();
  }
  int64_t left = options_.trainSteps - state_.updateStep;
  int64_t saves = (left + options_.saveCheckpointsSteps - 1) /
                  options_.saveCheckpointsSteps;
  BERTC_RETURN_IF_ERROR(store_.checkSpace(*plan_, saves));
  BERTC_RETURN_IF_ERROR(logParameters());

  BatchStream::Options streamOptions;
  streamOptions.seed = state_.seed;
  streamOptions.firstExample = state_.examplesSeen;
  streamOptions.threads = options_.dataThreads;
  BatchStream stream(trainRecords_, layout_, streamOptions);
  TrainLoop::Settings settings;
  settings.schedule = schedule_;
  settings.accumulationSteps = accumulationSteps_;
  settings.seed = state_.seed;
  settings.deterministic = options_.deterministic;
  TrainLoop loop(*session_, stream, layout_, settings, state_);
  BERTC_RETURN_IF_ERROR(loop.prepare());

  TrainReport::Settings reportSettings;
  reportSettings.firstStep = state_.updateStep;
  reportSettings.trainSteps = options_.trainSteps;
  reportSettings.accumulationSteps = accumulationSteps_;
  reportSettings.displaySteps = options_.displayLossSteps;
  reportSettings.quiet = options_.quiet;
  BERTC_ASSIGN_OR_RETURN(
      EventFile events,
      EventFile::create(options_.outputDir, state_.updateStep + 1));
  TrainReport report(reportSettings, log_, &events);
  BERTC_RETURN_IF_ERROR(trainLoop(loop, report));
  BERTC_RETURN_IF_ERROR(save(&report));
  result_.updateStep = state_.updateStep;
  result_.throughput = report.throughput();
  result_.stopped = stopRequested();
  return report.finish();
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
               state_.updateStep, stopRequested, [&](int64_t done) {
                 progress.advanceTo(static_cast<double>(done));
               }));
  progress.finish();
  result_.stopped = stopRequested();
  if (result_.stopped) {
    return Status::okStatus(); // half an evaluation is no result
  }
  result_.evaluation = evaluation;
  BERTC_RETURN_IF_ERROR(log_.log(
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
  if (options.doEval && !run.result().stopped) {
    BERTC_RETURN_IF_ERROR(run.evaluateNow());
  }
  return run.result();
}

} // namespace bertc
