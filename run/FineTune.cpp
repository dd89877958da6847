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
#include <cstring>
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
  settings.schedule.workers = options.workers.size();
  settings.accumulationSteps = accumulationSteps;
  settings.finite = true;
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
  rt::SessionOptions sessionOptions =
      options_.device.session(options_.threads, options_.quiet);
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
  int64_t workers = options_.workers.size();
  if (plan_.model().packed > 0) {
    steps = packedAccumulationSteps(steps, rows_.sequencesPerRow());
    sayPacking(rows_);
    say(fmt::format("an update has about {:.0f} sequences",
                    rows_.sequencesPerRow() * shape().batchSize *
                        static_cast<double>(steps * workers)));
  }
  extent_ = options_.trainSteps
                ? TrainExtent::ofUpdates(*options_.trainSteps,
                                         shape().batchSize, steps * workers)
                : TrainExtent::ofEpochs(rows_.rows(), options_.epochs,
                                        shape().batchSize, steps * workers);
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
  settings.workers = options_.workers.share();
  return settings;
}

Status FineTune::begin(const FeatureSet *training) {
  features_ = training;
  if (training) {
    BERTC_RETURN_IF_ERROR(planTraining(*training));
  }
  reading_.reset();
  BERTC_RETURN_IF_ERROR(run_->begin(training ? &settings_ : nullptr));
  return training && isRoot() ? makeDirectories(options_.outputDir) : Status();
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

/// One pass of `predict`. Batches go round the ranks, some rounds at a time;
/// after each of these spans the first rank gets the outputs of all, and hands
/// them out in the order of the data.
class FineTune::Prediction {
public:
  Prediction(FineTune &job, const FeatureSet &features, const RowPlan &rows,
             const std::vector<std::string> &outputs, const OnBatch &onBatch,
             Progress &progress)
      : workers_(job.options_.workers), outputs_(outputs), onBatch_(onBatch),
        progress_(progress),
        stream_(features, rows, job.shape(), workers_.share()),
        entry_(*job.session_, predictEntry),
        batch_(features, rows, job.shape()), rows_(rows.rows()),
        batchSize_(job.plan_.model().batchSize) {}

  /// False when a rank was asked to stop.
  StatusOr<bool> run() {
    uint64_t batches = (rows_ + batchSize_ - 1) / batchSize_;
    uint64_t span = workers_.size() == 1
                        ? 1
                        : roundsOfSpan * static_cast<uint64_t>(workers_.size());
    for (uint64_t begin = 0; begin < batches; begin += span) {
      BERTC_ASSIGN_OR_RETURN(bool stop, anyStop());
      if (stop) {
        return false;
      }
      BERTC_RETURN_IF_ERROR(runSpan(begin, std::min(begin + span, batches)));
    }
    return true;
  }

private:
  static constexpr uint64_t roundsOfSpan = 8;

  StatusOr<bool> anyStop() {
    if (workers_.size() == 1) {
      return stopRequested();
    }
    BERTC_ASSIGN_OR_RETURN(
        std::vector<std::string> all,
        workers_.collective->allGather(stopRequested() ? "1" : "0",
                                       "requests to stop the prediction"));
    return std::count(all.begin(), all.end(), "1") > 0;
  }

  Status runSpan(uint64_t begin, uint64_t end) {
    WorkerShare share = workers_.share();
    std::string own;
    for (uint64_t number = begin + static_cast<uint64_t>(share.rank);
         number < end; number += static_cast<uint64_t>(share.size)) {
      BERTC_ASSIGN_OR_RETURN(const RowBatch *batch, stream_.next());
      BERTC_RETURN_IF_ERROR(entry_.run(batch->tensors(), outputs_, &values_));
      if (share.size == 1) {
        BERTC_RETURN_IF_ERROR(handOut(*batch));
        continue;
      }
      for (const std::vector<float> &value : values_) {
        own.append(reinterpret_cast<const char *>(value.data()),
                   value.size() * sizeof(float));
      }
    }
    return share.size == 1 ? Status() : collect(begin, end, own);
  }

  /// On rank 0, hands out the batches [begin, end) of all ranks.
  Status collect(uint64_t begin, uint64_t end, const std::string &own) {
    BERTC_ASSIGN_OR_RETURN(
        std::vector<std::string> all,
        workers_.collective->gather(own, "outputs of the prediction"));
    if (!workers_.isRoot()) {
      return Status();
    }
    std::vector<size_t> at(all.size(), 0);
    for (uint64_t number = begin; number < end; ++number) {
      size_t rank = (number - begin) % all.size();
      for (std::vector<float> &value : values_) {
        size_t bytes = value.size() * sizeof(float);
        if (at[rank] + bytes > all[rank].size()) {
          return internalError(fmt::format(
              "rank {} sent {} bytes of outputs, fewer than its batches have",
              rank, all[rank].size()));
        }
        std::memcpy(value.data(), all[rank].data() + at[rank], bytes);
        at[rank] += bytes;
      }
      numbers_.clear();
      uint64_t last = std::min((number + 1) * batchSize_, rows_);
      for (uint64_t row = number * batchSize_; row < last; ++row) {
        numbers_.push_back(row);
      }
      BERTC_RETURN_IF_ERROR(batch_.fill(numbers_.data(), numbers_.size()));
      BERTC_RETURN_IF_ERROR(handOut(batch_));
    }
    return Status();
  }

  Status handOut(const RowBatch &batch) {
    BERTC_RETURN_IF_ERROR(onBatch_(batch, values_));
    progress_.add(static_cast<double>(batch.sequences().size()));
    return Status();
  }

  const Workers &workers_;
  const std::vector<std::string> &outputs_;
  const OnBatch &onBatch_;
  Progress &progress_;
  RowStream stream_;
  RowEntry entry_;
  /// Of another rank's batch.
  RowBatch batch_;
  uint64_t rows_, batchSize_;
  std::vector<uint64_t> numbers_;
  Outputs values_;
};

Status FineTune::predict(const FeatureSet &features,
                         const std::vector<std::string> &outputs,
                         const std::string &label, const OnBatch &onBatch) {
  if (isRoot()) {
    BERTC_RETURN_IF_ERROR(makeDirectories(options_.outputDir));
  }
  BERTC_ASSIGN_OR_RETURN(RowPlan rows, rowsFor(plan_, features, 0));
  sayPacking(rows);
  {
    rt::Collective::Busy busy(options_.workers.collective);
    BERTC_RETURN_IF_ERROR(session_->prepare(predictEntry));
  }
  ProgressOptions shown;
  shown.label = label;
  shown.unit = "sequences";
  shown.total = static_cast<double>(features.size());
  shown.quiet = options_.quiet;
  Progress progress(shown);
  Prediction prediction(*this, features, rows, outputs, onBatch, progress);
  auto begin = std::chrono::steady_clock::now();
  BERTC_ASSIGN_OR_RETURN(bool whole, prediction.run());
  if (!whole) {
    stopped_ = true;
    return Status::okStatus();
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
