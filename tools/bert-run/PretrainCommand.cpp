// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run pretrain`: those of the reference's
// run_pretraining.py.
#include "run/Pretrain.h"
#include "support/Json.h"
#include "support/Signals.h"
#include "tools/bert-run/Commands.h"
#include "tools/bert-run/TrainFlags.h"

#include <cstdio>
#include <memory>

namespace bertc {

namespace {

/// What CLI11 writes into before it becomes PretrainOptions.
struct Flags {
  PretrainOptions options;
  TrainRunFlags run;
  bool json = false;
};

void addDataFlags(CLI::App &command, Flags &flags) {
  PretrainOptions &options = flags.options;
  // One value an occurrence, so that the plan may follow.
  command
      .add_option("--input-files-dir,--input-file", options.inputFiles,
                  "training records: a folder, file or pattern; may be "
                  "repeated")
      ->allow_extra_args(false);
  command
      .add_option("--eval-files-dir", options.evalFiles,
                  "evaluation records: likewise")
      ->allow_extra_args(false);
  command.add_option("--skip-corrupt", options.skipCorrupt,
                     "corrupt records to leave out before giving up");
  command.add_option("--data-threads", options.dataThreads,
                     "threads that decode records ahead of time");
}

void addTrainFlags(CLI::App &command, Flags &flags) {
  PretrainOptions &options = flags.options;
  addBoolFlag(command, "--do-train", options.doTrain, "train");
  addBoolFlag(command, "--do-eval", options.doEval, "evaluate");
  command.add_option("--num-train-steps", options.trainSteps,
                     "optimizer updates in all");
  command.add_option("--num-accumulation-steps", options.accumulationSteps,
                     "micro-batches an update; divided by the sequences of "
                     "an average pack when records are packed");
  command.add_option("--num-warmup-steps", options.warmupSteps,
                     "updates of linear warm-up");
  command.add_option("--learning-rate", options.learningRate,
                     "rate at the end of warm-up");
  command.add_option("--max-eval-steps", options.maxEvalSteps,
                     "batches to evaluate at most; 0 for all records");
}

void addPlanFlags(CLI::App &command, Flags &flags) {
  PlanExpectations &expected = flags.options.expected;
  auto group = command.add_option_group(
      "Decided by the plan", "may be repeated here and must then agree");
  group->add_option("--train-batch-size,--eval-batch-size", expected.batchSize,
                    "sequences a micro-batch");
  group->add_option("--max-seq-length", expected.maxSeqLength, "");
  group->add_option("--max-predictions-per-seq", expected.maxPredictionsPerSeq,
                    "");
  group->add_option("--optimizer-type", expected.optimizer,
                    "lamb or adam (adamw)");
  group->add_option("--bert-config-file", expected.configFile, "");
}

void printJson(const PretrainResult &result) {
  Json document = trainingJson("pretrain", result);
  if (result.evaluation) {
    const EvaluationResult &evaluation = *result.evaluation;
    document["evaluation"] = {
        {"global_step", evaluation.globalStep},
        {"loss", evaluation.loss},
        {"masked_lm_accuracy", evaluation.maskedLmAccuracy},
        {"masked_lm_loss", evaluation.maskedLmLoss},
        {"next_sentence_accuracy", evaluation.nextSentenceAccuracy},
        {"next_sentence_loss", evaluation.nextSentenceLoss},
        {"examples", evaluation.examples},
        {"sequences", evaluation.sequences}};
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

StatusOr<int> perform(const Flags &flags, bool prints) {
  BERTC_ASSIGN_OR_RETURN(PretrainResult result, pretrain(flags.options));
  if (prints && flags.json) {
    printJson(result);
  } else if (prints && result.evaluation) {
    for (const auto &[name, value] : result.evaluation->lines()) {
      std::printf("%s = %s\n", name.c_str(), value.c_str());
    }
  }
  return result.stopped ? stopExitCode() : 0;
}

} // namespace

Command addPretrainCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  CLI::App *command = app.add_subcommand(
      "pretrain", "train and evaluate a plan of --task pretrain");
  command->option_defaults()->always_capture_default();
  command->add_option("plan", flags->options.plan, "plan file")->required();
  addDataFlags(*command, *flags);
  addTrainFlags(*command, *flags);
  addTrainRunFlags(*command, flags->run, flags->options);
  command->add_flag("--json", flags->json, "print a summary on stdout as JSON");
  addPlanFlags(*command, *flags);
  return [flags] {
    return performTraining(flags->run, &flags->options, [&](bool prints) {
      return perform(*flags, prints);
    });
  };
}

} // namespace bertc
