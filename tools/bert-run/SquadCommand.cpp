// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run squad`: those of the reference's run_squad.py.
#include "run/Squad.h"
#include "support/Json.h"
#include "support/Signals.h"
#include "tools/bert-run/Commands.h"

#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  SquadRunOptions options;
  bool version2 = false;
  bool json = false;
};

void addDataFlags(CLI::App &command, Flags &flags) {
  SquadRunOptions &options = flags.options;
  command
      .add_option("--vocab-file", options.model.vocabFile,
                  "vocabulary of the model, one token a line")
      ->required();
  command.add_option("--predict-file", options.predictFile,
                     "questions to answer, in the JSON of SQuAD; answers are "
                     "needed for --do-eval only");
  command
      .add_option("--output-dir", options.outputDir,
                  "folder for predictions, results and checkpoints")
      ->required();
  command.add_option("--init-checkpoint,--weights", options.model.weights,
                     "weights when --output-dir has no checkpoint: a "
                     "TensorFlow checkpoint prefix, a .safetensors file or a "
                     "Hugging Face folder");
  addBoolFlag(command, "--do-lower-case", options.model.tokenizer.lowerCase,
              "lower-case the text and strip accents (uncased models)");
  command.add_option("--doc-stride", options.docStride,
                     "tokens between the windows of a long context");
  command.add_option("--max-query-length", options.maxQueryLength,
                     "tokens of a question; longer ones are cut");
  addBoolFlag(command, "--version-2-with-negative", flags.version2,
              "of the reference; only SQuAD 1.1 is supported");
}

void addPredictFlags(CLI::App &command, Flags &flags) {
  SquadRunOptions &options = flags.options;
  addBoolFlag(command, "--do-predict", options.doPredict,
              "answer the questions of --predict-file");
  addBoolFlag(command, "--do-eval", options.doEval,
              "answer them and compare: exact match and F1");
  command.add_option("--n-best-size", options.prediction.nBest,
                     "answers of a question in nbest_predictions.json");
  command.add_option("--max-answer-length", options.prediction.maxAnswerLength,
                     "tokens of an answer at most");
  command.add_option("--threads", options.model.threads,
                     "compute threads [default: OMP_NUM_THREADS, else every "
                     "core]");
  command.add_flag("--quiet", options.model.quiet, "no progress, only errors");
  command.add_flag("--json", flags.json, "print a summary on stdout as JSON");
}

void addPlanFlags(CLI::App &command, Flags &flags) {
  PlanExpectations &expected = flags.options.expected;
  auto group = command.add_option_group(
      "Decided by the plan", "may be repeated here and must then agree");
  group->add_option("--train-batch-size,--predict-batch-size",
                    expected.batchSize, "rows of a batch");
  group->add_option("--max-seq-length", expected.maxSeqLength, "");
  group->add_option("--bert-config-file", expected.configFile, "");
}

void printJson(const SquadRunResult &result) {
  Json document = jsonDocument("squad", 1);
  document["questions"] = result.questions;
  document["questions_without_answer"] = result.withoutAnswer;
  document["windows"] = result.windows;
  document["rows"] = result.rows;
  document["batches"] = result.batches;
  document["seconds"] = result.seconds;
  document["predictions"] = result.predictions;
  document["nbest_predictions"] = result.nbestPredictions;
  document["stopped"] = result.stopped;
  if (result.scores) {
    const SquadScores &scores = *result.scores;
    document["evaluation"] = {{"exact_match", scores.exactMatch},
                              {"f1", scores.f1},
                              {"questions", scores.total},
                              {"without_answer", scores.withoutGold}};
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

int perform(Flags &flags) {
  if (flags.version2) {
    return reportError(
        "bert-run",
        invalidArgument("--version-2-with-negative is not supported: every "
                        "question gets an answer, as in SQuAD 1.1"));
  }
  installStopSignals();
  StatusOr<SquadRunResult> result = runSquad(flags.options);
  if (!result.ok()) {
    return reportError("bert-run", result.status());
  }
  if (flags.json) {
    printJson(*result);
  } else if (result->scores) {
    std::printf("%s\n", result->scores->json().c_str());
  }
  return result->stopped ? stopExitCode() : 0;
}

} // namespace

Command addSquadCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  flags->options.model.task = "squad";
  CLI::App *command = app.add_subcommand(
      "squad", "answer questions with a plan of --task squad");
  command->option_defaults()->always_capture_default();
  command->add_option("plan", flags->options.model.plan, "plan file")
      ->required();
  addDataFlags(*command, *flags);
  addPredictFlags(*command, *flags);
  addPlanFlags(*command, *flags);
  return [flags] { return perform(*flags); };
}

} // namespace bertc
