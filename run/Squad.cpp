// SPDX-License-Identifier: Apache-2.0
#include "run/Squad.h"

#include "io/Files.h"
#include "run/ModelState.h"
#include "tasks/PythonFormat.h"

#include <algorithm>
#include <fmt/format.h>
#include <future>
#include <new>

namespace bertc {

namespace {

const std::vector<std::string> kLogits = {"start_logits", "end_logits"};

Status checkFlags(const SquadRunOptions &options) {
  bool answers = options.doPredict || options.doEval;
  if (!options.tuning.doTrain && !answers) {
    return invalidArgument("nothing to do: give --do-train, --do-predict, "
                           "--do-eval or several of them");
  }
  if (options.tuning.doTrain && options.trainFile.empty()) {
    return invalidArgument("--do-train needs --train-file");
  }
  if (answers && options.predictFile.empty()) {
    return invalidArgument(
        fmt::format("{} needs --predict-file",
                    options.doPredict ? "--do-predict" : "--do-eval"));
  }
  return checkMinima(
      {{"--n-best-size", options.prediction.nBest, 1},
       {"--max-answer-length", options.prediction.maxAnswerLength, 1},
       {"--doc-stride", options.docStride, 1},
       {"--max-query-length", options.maxQueryLength, 1}});
}

/// Logits of every sequence of a batch: [B,S], packed [B*K,S].
Status checkPlan(const rt::Plan &plan) {
  const rt::ModelInfo &model = plan.model();
  const rt::EntryInfo *entry = plan.findEntry("predict");
  rt::Shape expected = {static_cast<int64_t>(model.batchSize) *
                            std::max<int64_t>(model.packed, 1),
                        static_cast<int64_t>(model.maxSeqLength)};
  for (const std::string &name : kLogits) {
    const rt::TensorInfo *output = entry ? entry->findOutput(name) : nullptr;
    if (!output || output->shape != expected) {
      return corrupt(fmt::format("{}: entry predict puts out no {} of {}",
                                 plan.path(), name, rt::shapeString(expected)));
    }
  }
  return Status();
}

/// The files of a run, as windows.
struct Windows {
  std::optional<SquadFeatures> train, predict;
};

class SquadRun {
public:
  SquadRun(const SquadRunOptions &options, FineTune &job)
      : options_(options), job_(job) {}

  /// Reads the files: the part that takes time.
  StatusOr<Windows> read() const;
  Status take(Windows windows);
  Status train();
  Status answer();
  SquadRunResult result();

private:
  StatusOr<SquadFeatures> readFile(const std::string &path,
                                   bool training) const;
  Status judgeQuestions() const;
  Status predict(SquadPredictor *predictor);
  Status score(const std::vector<SquadAnswers> &answers,
               SquadAnswered *answered);
  std::string output(const char *name) const {
    return joinPath(options_.tuning.outputDir, name);
  }
  bool stopped() const { return job_.result().stopped; }

  const SquadRunOptions &options_;
  FineTune &job_;
  Windows windows_;
  SquadRunResult result_;
};

StatusOr<SquadFeatures> SquadRun::readFile(const std::string &path,
                                           bool training) const {
  SquadOptions options;
  options.maxSequenceLength = job_.shape().maxSequenceLength;
  options.docStride = options_.docStride;
  options.maxQueryLength = options_.maxQueryLength;
  options.training = training;
  options.jobs = job_.jobs();
  return readSquad(path, job_.tokenizer(), options);
}

StatusOr<Windows> SquadRun::read() const {
  Windows windows;
  try {
    if (options_.tuning.doTrain) {
      BERTC_ASSIGN_OR_RETURN(windows.train, readFile(options_.trainFile, true));
    }
    if (options_.doPredict || options_.doEval) {
      BERTC_ASSIGN_OR_RETURN(windows.predict,
                             readFile(options_.predictFile, false));
    }
  } catch (const std::bad_alloc &) {
    return resourceExhausted("out of memory while reading questions");
  }
  return windows;
}

/// A line on a file and on those of its questions that are left out.
void describe(const FineTune &job, const std::string &path,
              const SquadFeatures &features) {
  job.say(fmt::format("{}: {} questions, {} windows of at most {} tokens", path,
                      features.report().questions, features.size(),
                      job.shape().maxSequenceLength));
}

Status SquadRun::judgeQuestions() const {
  const SquadFeatures &features = *windows_.predict;
  const SquadReport &report = features.report();
  describe(job_, options_.predictFile, features);
  if (options_.doEval && report.withoutAnswer == report.questions) {
    return failedPrecondition(
        fmt::format("{}: none of {} questions has an answer to compare with; "
                    "give --do-predict alone",
                    options_.predictFile, report.questions));
  }
  if (report.withoutAnswer > 0 && report.withoutAnswer < report.questions) {
    job_.say(fmt::format(
        "note: {} of {} questions have no answer and are not scored: {}",
        report.withoutAnswer, report.questions,
        listNames(report.withoutAnswerIds, 10)));
  }
  const std::vector<SquadExample> &examples = features.examples();
  auto blank = std::count_if(
      examples.begin(), examples.end(),
      [](const SquadExample &example) { return example.windows == 0; });
  if (blank > 0) {
    job_.say(fmt::format("note: {} questions have a context without words: "
                         "their answer is \"empty\"",
                         blank));
  }
  return Status();
}

/// What training leaves out, and why.
void describeTraining(const FineTune &job, const std::string &path,
                      const SquadFeatures &features) {
  const SquadReport &report = features.report();
  describe(job, path, features);
  struct LeftOut {
    uint64_t count;
    const char *why;
    std::vector<std::string> ids;
  };
  const LeftOut all[] = {
      {report.withoutAnswer, "have no answer and are left out",
       report.withoutAnswerIds},
      {report.answerNotFound,
       "are left out: their answer is not what stands at its place",
       report.answerNotFoundIds},
      {report.severalAnswers, "have several answers: the first is used", {}}};
  for (const LeftOut &some : all) {
    if (some.count > 0) {
      job.say(fmt::format(
          "note: {} of {} questions {}{}{}", some.count, report.questions,
          some.why, some.ids.empty() ? "" : ": ", listNames(some.ids, 10)));
    }
  }
}

Status SquadRun::take(Windows windows) {
  windows_ = std::move(windows);
  if (windows_.train) {
    describeTraining(job_, options_.trainFile, *windows_.train);
  }
  if (windows_.predict) {
    BERTC_RETURN_IF_ERROR(judgeQuestions());
  }
  return Status();
}

Status SquadRun::train() {
  if (!windows_.train) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(job_.begin(&*windows_.train));
  return job_.train();
}

/// Row outputRow of both logits belongs to a window. Unpacked, all S positions
/// are looked at, padding included, as the reference has it.
Status SquadRun::predict(SquadPredictor *predictor) {
  auto width = static_cast<size_t>(job_.shape().maxSequenceLength);
  bool packed = job_.plan().model().packed > 0;
  auto add = [&](const RowBatch &batch, const FineTune::Outputs &logits) {
    for (const BatchSequence &sequence : batch.sequences()) {
      size_t at = sequence.outputRow * width + sequence.offset;
      size_t count = packed ? sequence.length : width;
      BERTC_RETURN_IF_ERROR(predictor->add(sequence.feature,
                                           logits[0].data() + at,
                                           logits[1].data() + at, count));
    }
    return Status();
  };
  return job_.predict(*windows_.predict, kLogits, "predict", add);
}

Status SquadRun::score(const std::vector<SquadAnswers> &answers,
                       SquadAnswered *answered) {
  BERTC_ASSIGN_OR_RETURN(SquadScores scores,
                         scoreSquad(*windows_.predict, predictionMap(answers)));
  BERTC_RETURN_IF_ERROR(job_.logEvaluation(
      {{"exact_match", scores.exactMatch}, {"f1", scores.f1}}));
  BERTC_RETURN_IF_ERROR(writeFileAtomically(
      output("eval_results.txt"),
      fmt::format("exact_match = {}\nf1 = {}\nglobal_step = {}\n"
                  "questions = {}\n",
                  pythonFloat(scores.exactMatch), pythonFloat(scores.f1),
                  answered->globalStep, scores.total)));
  answered->scores = std::move(scores);
  return Status();
}

Status SquadRun::answer() {
  if (!windows_.predict || stopped()) {
    return Status();
  }
  const SquadFeatures &features = *windows_.predict;
  SquadPredictor predictor(features, job_.tokenizer(), options_.prediction);
  BERTC_RETURN_IF_ERROR(predict(&predictor));
  if (stopped() || !job_.isRoot()) {
    return Status(); // half the answers are no result
  }
  // The other ranks have nothing left to do but wait.
  rt::Collective::Busy busy(job_.workers().collective);
  SquadAnswered answered;
  answered.questions = features.report().questions;
  answered.withoutAnswer = features.report().withoutAnswer;
  answered.windows = features.size();
  answered.windowsPerSecond = job_.predictThroughput();
  answered.globalStep = job_.globalStep();
  BERTC_ASSIGN_OR_RETURN(std::vector<SquadAnswers> answers,
                         predictor.finish(job_.jobs()));
  answered.predictions = output("predictions.json");
  answered.nbestPredictions = output("nbest_predictions.json");
  BERTC_RETURN_IF_ERROR(
      writeNbestPredictions(answered.nbestPredictions, answers));
  BERTC_RETURN_IF_ERROR(writePredictions(answered.predictions, answers));
  if (options_.doEval) {
    BERTC_RETURN_IF_ERROR(score(answers, &answered));
  }
  result_.answered = std::move(answered);
  return Status();
}

SquadRunResult SquadRun::result() {
  result_.training = job_.result();
  return result_;
}

} // namespace

StatusOr<SquadRunResult> runSquad(const SquadRunOptions &options) {
  BERTC_RETURN_IF_ERROR(checkFlags(options));
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<FineTune> job,
                         FineTune::open(options.tuning));
  BERTC_RETURN_IF_ERROR(checkPlan(job->plan()));
  SquadRun run(options, *job);
  // The questions are read while the session gets its memory and, when these do
  // not decide how it goes on, its weights.
  auto reading = std::async(std::launch::async, [&] { return run.read(); });
  Status prepared = job->prepare();
  if (prepared.ok() && !options.tuning.doTrain) {
    prepared = job->begin(nullptr);
  }
  StatusOr<Windows> windows = reading.get();
  BERTC_RETURN_IF_ERROR(windows.status());
  BERTC_RETURN_IF_ERROR(prepared);
  BERTC_RETURN_IF_ERROR(run.take(*std::move(windows)));
  BERTC_RETURN_IF_ERROR(run.train());
  BERTC_RETURN_IF_ERROR(run.answer());
  return run.result();
}

} // namespace bertc
