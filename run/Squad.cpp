// SPDX-License-Identifier: Apache-2.0
#include "run/Squad.h"

#include "io/Files.h"
#include "run/CheckpointStore.h"
#include "run/ModelState.h"
#include "run/SquadAnswering.h"
#include "support/Progress.h"
#include "support/Signals.h"
#include "tasks/PythonFormat.h"

#include <algorithm>
#include <fmt/format.h>
#include <future>
#include <limits>

namespace bertc {

namespace {

/// A file whose questions are read before the weights rather than beside them:
/// few enough that their number decides how the session is set up.
constexpr uint64_t kSmallFile = 256 << 10;

Status checkFlags(const SquadRunOptions &options) {
  if (!options.doPredict && !options.doEval) {
    return invalidArgument("nothing to do: give --do-predict or --do-eval");
  }
  if (options.outputDir.empty()) {
    return invalidArgument("--output-dir is missing: it is where predictions "
                           "go");
  }
  if (options.predictFile.empty()) {
    return invalidArgument(
        fmt::format("{} needs --predict-file",
                    options.doPredict ? "--do-predict" : "--do-eval"));
  }
  struct Minimum {
    const char *flag;
    int value, least;
  };
  const Minimum minima[] = {
      {"--n-best-size", options.prediction.nBest, 1},
      {"--max-answer-length", options.prediction.maxAnswerLength, 1},
      {"--doc-stride", options.docStride, 1},
      {"--max-query-length", options.maxQueryLength, 1},
      {"--threads", options.model.threads, 0}};
  for (const Minimum &minimum : minima) {
    if (minimum.value < minimum.least) {
      return invalidArgument(fmt::format("{} is {}, it must be at least {}",
                                         minimum.flag, minimum.value,
                                         minimum.least));
    }
  }
  return Status();
}

/// One run; its methods are the stages in the order they happen.
class SquadRun {
public:
  explicit SquadRun(const SquadRunOptions &options) : options_(options) {}

  Status open();
  Status load();
  Status predict();
  Status write();
  SquadRunResult result() const { return result_; }

private:
  Status chooseWeights(TextModelOptions *model);
  SquadOptions featureOptions() const;
  Status takeFeatures(StatusOr<SquadFeatures> features);
  std::string output(const char *name) const {
    return joinPath(options_.outputDir, name);
  }

  const SquadRunOptions &options_;
  std::unique_ptr<TextModel> model_;
  std::optional<SquadFeatures> features_;
  std::optional<SquadPredictor> predictor_;
  SquadRunResult result_;
};

/// The newest checkpoint of the output folder, else --init-checkpoint, as in
/// the reference.
Status SquadRun::chooseWeights(TextModelOptions *model) {
  std::vector<std::string> notes;
  BERTC_ASSIGN_OR_RETURN(std::string newest,
                         CheckpointStore(options_.outputDir, 0).newest(&notes));
  if (!newest.empty()) {
    if (!model->weights.empty()) {
      notes.push_back(fmt::format("--init-checkpoint {} is not used: there is "
                                  "a checkpoint in --output-dir",
                                  model->weights));
    }
    model->weights = newest;
  }
  if (model->weights.empty()) {
    return notFound(fmt::format("{}: no checkpoint to predict with; give "
                                "--init-checkpoint or train first",
                                options_.outputDir));
  }
  for (const std::string &note : notes) {
    if (!model->quiet) {
      std::fprintf(stderr, "note: %s\n", note.c_str());
    }
  }
  return Status();
}

Status SquadRun::open() {
  BERTC_RETURN_IF_ERROR(checkFlags(options_));
  TextModelOptions model = options_.model;
  BERTC_RETURN_IF_ERROR(chooseWeights(&model));
  BERTC_ASSIGN_OR_RETURN(model_, TextModel::open(model));
  BERTC_RETURN_IF_ERROR(checkExpectations(model_->plan(), options_.expected));
  BERTC_RETURN_IF_ERROR(checkSquadPlan(model_->plan()));
  model_->say(fmt::format("weights: {}", model.weights));
  return Status();
}

SquadOptions SquadRun::featureOptions() const {
  SquadOptions options;
  options.maxSequenceLength = model_->shape().maxSequenceLength;
  options.docStride = options_.docStride;
  options.maxQueryLength = options_.maxQueryLength;
  options.jobs = model_->jobs();
  return options;
}

/// Questions are read while the weights are loaded, unless they are few.
Status SquadRun::load() {
  auto read = [this]() -> StatusOr<SquadFeatures> {
    try {
      return readSquad(options_.predictFile, model_->tokenizer(),
                       featureOptions());
    } catch (const std::bad_alloc &) {
      return resourceExhausted("out of memory while reading questions");
    }
  };
  BERTC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(options_.predictFile));
  if (file.size() < kSmallFile) {
    BERTC_RETURN_IF_ERROR(takeFeatures(read()));
    auto batch = static_cast<size_t>(model_->shape().batchSize);
    return model_->load((features_->size() + batch - 1) / batch);
  }
  std::future<StatusOr<SquadFeatures>> reading =
      std::async(std::launch::async, read);
  Status loaded = model_->load(std::numeric_limits<size_t>::max());
  BERTC_RETURN_IF_ERROR(takeFeatures(reading.get()));
  return loaded;
}

Status SquadRun::takeFeatures(StatusOr<SquadFeatures> features) {
  BERTC_RETURN_IF_ERROR(features.status());
  features_ = *std::move(features);
  const SquadReport &report = features_->report();
  result_.questions = report.questions;
  result_.withoutAnswer = report.withoutAnswer;
  result_.windows = features_->size();
  if (options_.doEval && report.withoutAnswer == report.questions) {
    return failedPrecondition(
        fmt::format("{}: none of {} questions has an answer to compare with; "
                    "give --do-predict alone",
                    options_.predictFile, report.questions));
  }
  model_->say(fmt::format(
      "{}: {} questions, {} windows of at most {} tokens", options_.predictFile,
      report.questions, features_->size(), model_->shape().maxSequenceLength));
  if (report.withoutAnswer > 0 && report.withoutAnswer < report.questions) {
    model_->say(fmt::format(
        "note: {} of {} questions have no answer and are not scored: {}",
        report.withoutAnswer, report.questions,
        listNames(report.withoutAnswerIds, 10)));
  }
  const std::vector<SquadExample> &examples = features_->examples();
  auto blank = std::count_if(
      examples.begin(), examples.end(),
      [](const SquadExample &example) { return example.windows == 0; });
  if (blank > 0) {
    model_->say(fmt::format("note: {} questions have a context without words: "
                            "their answer is \"empty\"",
                            blank));
  }
  return Status();
}

Status SquadRun::predict() {
  predictor_.emplace(*features_, model_->tokenizer(), options_.prediction);
  ProgressOptions shown;
  shown.label = "predict";
  shown.unit = "windows";
  shown.total = static_cast<double>(features_->size());
  shown.quiet = options_.model.quiet;
  Progress progress(shown);
  BERTC_ASSIGN_OR_RETURN(
      SquadPass pass,
      predictWindows(
          model_->session(), *features_, &*predictor_, stopRequested,
          [&](size_t windows) { progress.add(static_cast<double>(windows)); }));
  progress.finish();
  result_.rows = pass.rows;
  result_.batches = pass.batches;
  result_.seconds = pass.seconds;
  result_.stopped = pass.stopped;
  return Status();
}

std::string scoreLines(const SquadScores &scores) {
  return fmt::format("exact_match = {}\nf1 = {}\nquestions = {}\n",
                     pythonFloat(scores.exactMatch), pythonFloat(scores.f1),
                     scores.total);
}

Status SquadRun::write() {
  BERTC_ASSIGN_OR_RETURN(std::vector<SquadAnswers> answers,
                         predictor_->finish(model_->jobs()));
  std::optional<SquadScores> scores;
  if (options_.doEval) {
    BERTC_ASSIGN_OR_RETURN(scores,
                           scoreSquad(*features_, predictionMap(answers)));
  }
  BERTC_RETURN_IF_ERROR(makeDirectories(options_.outputDir));
  BERTC_RETURN_IF_ERROR(
      writeNbestPredictions(output("nbest_predictions.json"), answers));
  BERTC_RETURN_IF_ERROR(writePredictions(output("predictions.json"), answers));
  result_.predictions = output("predictions.json");
  result_.nbestPredictions = output("nbest_predictions.json");
  if (scores) {
    BERTC_RETURN_IF_ERROR(
        writeFileAtomically(output("eval_results.txt"), scoreLines(*scores)));
    result_.scores = scores;
  }
  return Status();
}

} // namespace

StatusOr<SquadRunResult> runSquad(const SquadRunOptions &options) {
  SquadRun run(options);
  BERTC_RETURN_IF_ERROR(run.open());
  BERTC_RETURN_IF_ERROR(run.load());
  BERTC_RETURN_IF_ERROR(run.predict());
  if (!run.result().stopped) { // half the answers are no result
    BERTC_RETURN_IF_ERROR(run.write());
  }
  return run.result();
}

} // namespace bertc
