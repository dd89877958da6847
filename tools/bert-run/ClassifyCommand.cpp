// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run classify`: those of the reference's
// run_classifier.py, and the columns of other tab-separated files.
#include "run/Classify.h"
#include "support/Json.h"
#include "support/Signals.h"
#include "tools/bert-run/Commands.h"
#include "tools/bert-run/TrainFlags.h"

#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  ClassifyOptions options;
  FineTuneFlags tuning;
  bool json = false;
};

void addDataFlags(CLI::App &command, ClassifyOptions &options) {
  addBoolFlag(command, "--do-eval", options.doEval, "evaluate");
  addBoolFlag(command, "--do-predict", options.doPredict,
              "write the probabilities of every example to test_results.tsv");
  command
      .add_option("--task-name", options.taskName,
                  "mrpc, or tsv for any tab-separated file")
      ->transform(CLI::IsMember({"mrpc", "tsv"}, CLI::ignore_case));
  command.add_option("--data-dir", options.dataDir,
                     "folder of train.tsv, dev.tsv and test.tsv; for mrpc also "
                     "of the MSR files");
  command.add_option("--train-file", options.trainFile,
                     "in the place of the folder's train.tsv");
  command.add_option("--eval-file", options.evalFile,
                     "in the place of the folder's dev.tsv");
  command.add_option("--predict-file", options.predictFile,
                     "in the place of the folder's test.tsv");
}

void addColumnFlags(CLI::App &command, ClassifyOptions &options) {
  auto group = command.add_option_group("Columns", "for --task-name tsv");
  group->add_option("--text-columns", options.textColumns,
                    "A or A,B: names or numbers (from 1) of the text columns");
  group->add_option("--label-column", options.labelColumn,
                    "name or number of the label's column");
  group->add_option("--labels", options.labels,
                    "X,Y,...: the classes in order [default: those found in "
                    "the training data, sorted; later those of "
                    "OUTPUT_DIR/labels.txt]");
  addBoolFlag(*group, "--header", options.header,
              "the first line names the columns");
  addBoolFlag(*group, "--quoted", options.quoted,
              "fields may be in quotation marks, \"\" in them is one");
}

void printJson(const ClassifyResult &result) {
  Json document = trainingJson("classify", result.training);
  document["labels"] = result.labels.names();
  if (result.evaluation) {
    const ClassifyEvaluation &evaluation = *result.evaluation;
    document["evaluation"] = {
        {"global_step", evaluation.globalStep},
        {"eval_accuracy", evaluation.accuracy},
        {"eval_loss", evaluation.loss},
        {"examples", evaluation.examples},
        {"sequences_per_second", evaluation.sequencesPerSecond}};
    if (evaluation.classes == 2) {
      document["evaluation"]["eval_f1"] = evaluation.f1;
    }
  }
  if (result.predicted) {
    document["prediction"] = {
        {"examples", *result.predicted},
        {"sequences_per_second", result.predictThroughput}};
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

StatusOr<int> perform(const Flags &flags, bool prints) {
  BERTC_ASSIGN_OR_RETURN(ClassifyResult result, classify(flags.options));
  if (prints && flags.json) {
    printJson(result);
  } else if (prints && result.evaluation) {
    std::fputs(evalResultsText(result.evaluation->metrics()).c_str(), stdout);
  }
  return result.training.stopped ? stopExitCode() : 0;
}

} // namespace

Command addClassifyCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  CLI::App *command = app.add_subcommand(
      "classify", "fine-tune, evaluate and predict classes of sentences, with "
                  "a plan of --task classify");
  command->option_defaults()->always_capture_default();
  addFineTuneFlags(*command, flags->tuning, flags->options.tuning);
  addDataFlags(*command, flags->options);
  addColumnFlags(*command, flags->options);
  command->add_flag("--json", flags->json, "print a summary on stdout as JSON");
  return [flags] {
    FineTuneOptions &tuning = flags->options.tuning;
    tuning.task = "classify";
    return performTraining(flags->tuning.run, &tuning, [&](bool prints) {
      return perform(*flags, prints);
    });
  };
}

} // namespace bertc
