// SPDX-License-Identifier: Apache-2.0
#include "run/FineTune.h"

#include "io/Files.h"
#include "run/PackedRecords.h"
#include "run/RowEntry.h"
#include "run/RowStream.h"
#include "support/Progress.h"
#include "support/Signals.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fmt/format.h>
#include <thread>

namespace bertc {

namespace {

constexpr char predictEntry[] = "predict";

/// Judges the flags by themselves.
Status checkFlags(const FineTuneOptions &options) {
  BERTC_RETURN_IF_ERROR(checkTrainRunOptions(options));
  if (options.accumulationSteps < 1) {
    return invalidArgument(
        fmt::format("--num-accumulation-steps is {}, it must be at least 1",
                    options.accumulationSteps));
  }
  if (!std::isfinite(options.epochs) || options.epochs <= 0 ||
      options.epochs > 1e6) {
    return invalidArgument(
        fmt::format("--num-train-epochs is {}, it must be greater than 0 and "
                    "at most a million",
                    options.epochs));
  }
  bool isShare = options.warmupProportion >= 0 && options.warmupProportion < 1;
  if (!isShare) {
    return invalidArgument(
        fmt::format("--warmup-proportion is {}, it must be at least 0 and less "
                    "than 1",
                    options.warmupProportion));
  }
  return Status::okStatus();
}

Status checkPlan(const FineTuneOptions &options, const rt::Plan &plan) {
  const rt::ModelInfo &model = plan.model();
  bool trains = model.mode == "train";
  if (model.task != options.task || (options.doTrain && !trains)) {
    return failedPrecondition(fmt::format(
        "{}: compiled with --task {} --mode {}, expected --task {}{}",
        plan.path(), model.task, model.mode, options.task,
        options.doTrain ? " --mode train" : ""));
  }
  if (!plan.findEntry(predictEntry) || model.batchSize == 0) {
    return corrupt(fmt::format("{}: no entry {}, or batches of 0 rows",
                               plan.path(), predictEntry));
  }
  if (options.doTrain) {
    BERTC_RETURN_IF_ERROR(scheduleKind(model.optimizer).status());
  }
  return checkExpectations(plan, options.expected);
}

} // namespace

StatusOr<TrainSettings> trainSettings(const FineTuneOptions &options,
                                      const rt::Plan &plan,
                                      const TrainExtent &extent,
                                      int64_t accumulationSteps) {
  TrainSettings settings;
  BERTC_ASSIGN_OR_RETURN(settings.schedule.kind,
                         scheduleKind(plan.model().optimizer));
  settings.schedule.initialRate = options.learningRate;
  settings.schedule.trainSteps = extent.updates;
  settings.schedule.warmupSteps = static_cast<int64_t>(
      static_cast<double>(extent.updates) * options.warmupProportion);
  settings.accumulationSteps = accumulationSteps;
  BERTC_RETURN_IF_ERROR(settings.schedule.check());
  return settings;
}

StatusOr<std::unique_ptr<FineTune>>
FineTune::open(const FineTuneOptions &options) {
  BERTC_RETURN_IF_ERROR(checkFlags(options));
  BERTC_ASSIGN_OR_RETURN(rt::Plan plan, rt::Plan::load(options.plan));
  BERTC_RETURN_IF_ERROR(checkPlan(options, plan));
  BERTC_ASSIGN_OR_RETURN(Vocabulary vocabulary,
                         Vocabulary::load(options.vocabFile));
  BERTC_RETURN_IF_ERROR(checkVocabulary(plan, vocabulary, options.vocabFile));
  TokenizerOptions tokenizerOptions;
  tokenizerOptions.lowerCase = options.lowerCase;
  return std::unique_ptr<FineTune>(new FineTune(
      options, std::move(plan),
      WordPieceTokenizer(std::move(vocabulary), tokenizerOptions)));
}

void FineTune::say(const std::string &line) const {
  if (!options_.quiet) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

RowBatch::Shape FineTune::shape() const {
  return {static_cast<int>(plan_.model().batchSize),
          static_cast<int>(plan_.model().maxSeqLength)};
}

int FineTune::jobs() const {
  if (options_.threads > 0) {
    return options_.threads;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Status FineTune::prepare() {
  rt::SessionOptions sessionOptions = options_.device.session(options_.threads);
  sessionOptions.deterministic = options_.deterministic;
  BERTC_ASSIGN_OR_RETURN(session_, rt::Session::create(plan_, sessionOptions));
  run_.emplace(*session_, options_);
  return Status::okStatus();
}

void FineTune::sayPacking(const RowPlan &rows) const {
  if (rows.maxSequencesPerRow() > 0) {
    say(fmt::format("packed rows: {:.3f} sequences each, {:.1f}% of the "
                    "positions used",
                    rows.sequencesPerRow(),
                    100 * rows.efficiency(shape().maxSequenceLength)));
  }
}

Status FineTune::planTraining(const FeatureSet &features) {
  if (features.size() == 0) {
    return failedPrecondition("there is nothing to train on");
  }
  // Only the number of packs counts here, which no seed changes.
  BERTC_ASSIGN_OR_RETURN(rows_, rowsFor(plan_, features, packingSeed()));
  int64_t steps = options_.accumulationSteps;
  if (plan_.model().packed > 0) {
    steps = packedAccumulationSteps(steps, rows_.sequencesPerRow());
    sayPacking(rows_);
    say(fmt::format("an update has about {:.0f} sequences",
                    rows_.sequencesPerRow() * shape().batchSize *
                        static_cast<double>(steps)));
  }
  extent_ = options_.trainSteps
                ? TrainExtent::ofUpdates(*options_.trainSteps,
                                         shape().batchSize, steps)
                : TrainExtent::ofEpochs(rows_.rows(), options_.epochs,
                                        shape().batchSize, steps);
  BERTC_ASSIGN_OR_RETURN(settings_,
                         trainSettings(options_, plan_, extent_, steps));
  settings_.data = featureIdentity(features);
  return FeatureSource(plan_, features, rows_, sourceSettings()).check();
}

uint64_t FineTune::packingSeed() const {
  return options_.seed.value_or(TrainRunOptions::defaultSeed);
}

FeatureSource::Settings FineTune::sourceSettings() const {
  FeatureSource::Settings settings;
  settings.extent = extent_;
  settings.accumulationSteps = settings_.accumulationSteps;
  settings.seed = run_->state().seed;
  settings.microStep = run_->state().microStep;
  return settings;
}

Status FineTune::begin(const FeatureSet *training) {
  features_ = training;
  if (training) {
    BERTC_RETURN_IF_ERROR(planTraining(*training));
  }
  BERTC_RETURN_IF_ERROR(run_->begin(training ? &settings_ : nullptr));
  return training ? makeDirectories(options_.outputDir) : Status();
}

Status FineTune::train() {
  uint64_t seed = run_->state().seed;
  if (seed != packingSeed()) {
    BERTC_ASSIGN_OR_RETURN(rows_, rowsFor(plan_, *features_, seed));
  }
  say(fmt::format("training on {} sequences: {} updates, warm-up {}",
                  features_->size(), settings_.schedule.trainSteps,
                  settings_.schedule.warmupSteps));
  FeatureSource source(plan_, *features_, rows_, sourceSettings());
  BERTC_RETURN_IF_ERROR(
      run_->train(source, {{"train_sequences", features_->size()},
                           {"num_train_epochs", options_.epochs},
                           {"warmup_proportion", options_.warmupProportion}}));
  stopped_ = run_->result().stopped;
  return Status::okStatus();
}

TrainResult FineTune::result() const {
  TrainResult result = run_->result();
  result.stopped = stopped_;
  return result;
}

Status FineTune::predict(const FeatureSet &features,
                         const std::vector<std::string> &outputs,
                         const std::string &label, const OnBatch &onBatch) {
  BERTC_RETURN_IF_ERROR(makeDirectories(options_.outputDir));
  BERTC_ASSIGN_OR_RETURN(RowPlan rows, rowsFor(plan_, features, 0));
  sayPacking(rows);
  BERTC_RETURN_IF_ERROR(session_->prepare(predictEntry));
  ProgressOptions shown;
  shown.label = label;
  shown.unit = "sequences";
  shown.total = static_cast<double>(features.size());
  shown.quiet = options_.quiet;
  Progress progress(shown);
  RowStream stream(features, rows, shape());
  RowEntry entry(*session_, predictEntry);
  Outputs values;
  auto begin = std::chrono::steady_clock::now();
  while (true) {
    BERTC_ASSIGN_OR_RETURN(const RowBatch *batch, stream.next());
    if (!batch) {
      break;
    }
    if (stopRequested()) {
      stopped_ = true;
      return Status::okStatus();
    }
    BERTC_RETURN_IF_ERROR(entry.run(batch->tensors(), outputs, &values));
    BERTC_RETURN_IF_ERROR(onBatch(*batch, values));
    progress.add(static_cast<double>(batch->sequences().size()));
  }
  progress.finish();
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin;
  predictThroughput_ =
      static_cast<double>(features.size()) / std::max(seconds.count(), 1e-9);
  return Status::okStatus();
}

Status FineTune::logEvaluation(const std::vector<Scalar> &metrics) {
  nlohmann::ordered_json data = {{"throughput_val", predictThroughput_}};
  for (const Scalar &metric : metrics) {
    data[metric.tag] = metric.value;
  }
  BERTC_RETURN_IF_ERROR(run_->log().log(std::nullopt, data));
  return logMetrics(options_.outputDir, globalStep(), metrics);
}

} // namespace bertc
