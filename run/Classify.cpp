// SPDX-License-Identifier: Apache-2.0
#include "run/Classify.h"

#include "io/Files.h"
#include "run/ClassifySources.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <future>
#include <new>

namespace bertc {

namespace {

/// -log softmax(logits)[label], in f64.
double lossOf(const float *logits, size_t classes, int32_t label) {
  double most = *std::max_element(logits, logits + classes);
  double sum = 0;
  for (size_t i = 0; i < classes; ++i) {
    sum += std::exp(logits[i] - most);
  }
  return most + std::log(sum) - logits[label];
}

Status checkFlags(const ClassifyOptions &options) {
  if (!options.tuning.doTrain && !options.doEval && !options.doPredict) {
    return invalidArgument("nothing to do: give --do-train, --do-eval, "
                           "--do-predict or several of them");
  }
  bool isTsv = options.taskName == "tsv";
  if (isTsv && options.textColumns.empty()) {
    return invalidArgument("--task-name tsv needs --text-columns: one or two "
                           "names or numbers of columns");
  }
  bool needsLabel = options.tuning.doTrain || options.doEval;
  if (isTsv && needsLabel && options.labelColumn.empty()) {
    return invalidArgument("--task-name tsv needs --label-column to train or "
                           "evaluate");
  }
  bool columns = !options.textColumns.empty() || !options.labelColumn.empty() ||
                 !options.labels.empty() || options.quoted || !options.header;
  if (!isTsv && columns) {
    return invalidArgument(
        "the columns and labels of mrpc are known; --text-columns, "
        "--label-column, --labels, --header and --quoted are for --task-name "
        "tsv");
  }
  return Status::okStatus();
}

/// The files of a run, read.
struct Files {
  std::optional<ClassificationData> train, eval, predict;
  LabelList labels;
};

class ClassifyRun {
public:
  ClassifyRun(const ClassifyOptions &options, FineTune &job)
      : options_(options), job_(job) {}

  /// Finds the files; cheap.
  Status find();
  /// Reads them: the part that takes time.
  StatusOr<Files> read() const;
  Status take(Files files);
  Status train();
  Status evaluate();
  Status predict();
  ClassifyResult result();

private:
  StatusOr<ClassificationData> readFile(const ClassificationSource &source,
                                        const LabelList &labels) const;
  size_t classes() const { return job_.plan().model().numLabels; }

  const ClassifyOptions &options_;
  FineTune &job_;
  std::optional<ClassificationSource> train_, eval_, predict_;
  LabelList knownLabels_;
  Files files_;
  ClassifyResult result_;
};

Status ClassifyRun::find() {
  BERTC_ASSIGN_OR_RETURN(knownLabels_, classifyLabels(options_));
  if (knownLabels_.size() > 0) {
    BERTC_RETURN_IF_ERROR(checkLabels(job_.plan(), knownLabels_));
  }
  if (options_.tuning.doTrain) {
    BERTC_ASSIGN_OR_RETURN(train_, classifySource(options_, DataSplit::Train));
  }
  if (options_.doEval) {
    BERTC_ASSIGN_OR_RETURN(eval_, classifySource(options_, DataSplit::Dev));
  }
  if (options_.doPredict) {
    BERTC_ASSIGN_OR_RETURN(predict_, classifySource(options_, DataSplit::Test));
  }
  return Status::okStatus();
}

StatusOr<ClassificationData>
ClassifyRun::readFile(const ClassificationSource &source,
                      const LabelList &labels) const {
  ClassificationOptions options;
  options.maxSequenceLength = job_.shape().maxSequenceLength;
  options.labels = labels;
  options.jobs = job_.jobs();
  BERTC_ASSIGN_OR_RETURN(ClassificationData data,
                         readClassification(source, job_.tokenizer(), options));
  if (data.features.truncated() > 0) {
    job_.say(fmt::format("note: {}: {} of {} examples were cut to {} tokens",
                         source.path, data.features.truncated(),
                         data.features.size(), options.maxSequenceLength));
  }
  return data;
}

StatusOr<Files> ClassifyRun::read() const {
  Files files;
  files.labels = knownLabels_;
  if (train_) {
    BERTC_ASSIGN_OR_RETURN(files.train, readFile(*train_, files.labels));
    files.labels = files.train->labels;
    BERTC_RETURN_IF_ERROR(checkLabels(job_.plan(), files.labels));
  }
  if (eval_) {
    BERTC_ASSIGN_OR_RETURN(files.eval, readFile(*eval_, files.labels));
  }
  if (predict_) {
    BERTC_ASSIGN_OR_RETURN(files.predict, readFile(*predict_, files.labels));
  }
  return files;
}

Status ClassifyRun::take(Files files) {
  files_ = std::move(files);
  result_.labels = files_.labels;
  return job_.begin(files_.train ? &files_.train->features : nullptr);
}

Status ClassifyRun::train() {
  if (!files_.train) {
    return Status::okStatus();
  }
  // Before the first checkpoint: it means nothing without the classes.
  if (job_.isRoot()) {
    BERTC_RETURN_IF_ERROR(files_.labels.save(labelsPath(options_)));
  }
  return job_.train();
}

Status ClassifyRun::evaluate() {
  if (!files_.eval || job_.result().stopped) {
    return Status::okStatus();
  }
  const PairFeatures &features = files_.eval->features;
  ClassificationMetrics counts;
  double loss = 0;
  auto add = [&](const RowBatch &batch, const FineTune::Outputs &outputs) {
    for (const BatchSequence &sequence : batch.sequences()) {
      const float *logits = outputs[0].data() + sequence.outputRow * classes();
      int32_t label = features.target(sequence.feature, 0);
      counts.add(label, logits, classes());
      loss += lossOf(logits, classes(), label);
    }
    return Status::okStatus();
  };
  BERTC_RETURN_IF_ERROR(job_.predict(features, {"logits"}, "evaluate", add));
  if (job_.result().stopped || !job_.isRoot()) {
    return Status::okStatus(); // half an evaluation is no result
  }
  ClassifyEvaluation evaluation;
  evaluation.accuracy = counts.accuracy();
  evaluation.f1 = counts.f1();
  evaluation.loss = loss / static_cast<double>(counts.count());
  evaluation.examples = counts.count();
  evaluation.globalStep = job_.globalStep();
  evaluation.sequencesPerSecond = job_.predictThroughput();
  evaluation.classes = classes();
  result_.evaluation = evaluation;
  std::vector<Scalar> scalars = {{"eval_accuracy", evaluation.accuracy},
                                 {"eval_loss", evaluation.loss}};
  if (classes() == 2) {
    scalars.push_back({"eval_f1", evaluation.f1});
  }
  BERTC_RETURN_IF_ERROR(job_.logEvaluation(scalars));
  return writeEvalResults(
      joinPath(options_.tuning.outputDir, "eval_results.txt"),
      evaluation.metrics());
}

Status ClassifyRun::predict() {
  if (!files_.predict || job_.result().stopped) {
    return Status::okStatus();
  }
  const PairFeatures &features = files_.predict->features;
  std::vector<float> all(features.size() * classes());
  auto add = [&](const RowBatch &batch, const FineTune::Outputs &outputs) {
    for (const BatchSequence &sequence : batch.sequences()) {
      std::copy_n(outputs[0].data() + sequence.outputRow * classes(), classes(),
                  all.data() + sequence.feature * classes());
    }
    return Status::okStatus();
  };
  BERTC_RETURN_IF_ERROR(
      job_.predict(features, {"probabilities"}, "predict", add));
  if (job_.result().stopped || !job_.isRoot()) {
    return Status::okStatus();
  }
  result_.predicted = features.size();
  result_.predictThroughput = job_.predictThroughput();
  return writeTestResults(
      joinPath(options_.tuning.outputDir, "test_results.tsv"), all, classes());
}

ClassifyResult ClassifyRun::result() {
  result_.training = job_.result();
  return result_;
}

} // namespace

Metrics ClassifyEvaluation::metrics() const {
  Metrics metrics = {{"eval_accuracy", static_cast<float>(accuracy)},
                     {"eval_loss", static_cast<float>(loss)},
                     {"global_step", globalStep},
                     {"loss", static_cast<float>(loss)}};
  if (classes == 2) {
    metrics.emplace_back("eval_f1", static_cast<float>(f1));
  }
  return metrics;
}

StatusOr<ClassifyResult> classify(const ClassifyOptions &options) {
  BERTC_RETURN_IF_ERROR(checkFlags(options));
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<FineTune> job,
                         FineTune::open(options.tuning));
  ClassifyRun run(options, *job);
  BERTC_RETURN_IF_ERROR(run.find());
  // The files are read while the session gets its memory.
  auto files = std::async(std::launch::async, [&]() -> StatusOr<Files> {
    try {
      return run.read();
    } catch (const std::bad_alloc &) {
      return resourceExhausted("out of memory while reading examples");
    }
  });
  Status prepared = job->prepare();
  StatusOr<Files> read = files.get();
  BERTC_RETURN_IF_ERROR(read.status());
  BERTC_RETURN_IF_ERROR(prepared);
  BERTC_RETURN_IF_ERROR(run.take(*std::move(read)));
  BERTC_RETURN_IF_ERROR(run.train());
  BERTC_RETURN_IF_ERROR(run.evaluate());
  BERTC_RETURN_IF_ERROR(run.predict());
  return run.result();
}

} // namespace bertc
