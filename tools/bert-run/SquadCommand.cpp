// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run squad`: those of the reference's run_squad.py.
#include "run/Squad.h"
#include "support/Json.h"
#include "support/Signals.h"
#include "tools/bert-run/Commands.h"
#include "tools/bert-run/TrainFlags.h"

#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  SquadRunOptions options;
  FineTuneFlags tuning;
  bool version2 = false;
  bool json = false;
};

void addDataFlags(CLI::App &command, SquadRunOptions &options) {
  command.add_option("--train-file", options.trainFile,
                     "questions and answers to train on, in the JSON of SQuAD");
  command.add_option("--predict-file", options.predictFile,
                     "questions to answer, likewise; answers are needed for "
                     "--do-eval only");
  command.add_option("--doc-stride", options.docStride,
                     "tokens between the windows of a long context");
  command.add_option("--max-query-length", options.maxQueryLength,
                     "tokens of a question; longer ones are cut");
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
  addBoolFlag(command, "--version-2-with-negative", flags.version2,
              "of the reference; only SQuAD 1.1 is supported");
  command.add_flag("--json", flags.json, "print a summary on stdout as JSON");
}

Json answeredJson(const SquadAnswered &answered) {
  return {{"questions", answered.questions},
          {"questions_without_answer", answered.withoutAnswer},
          {"windows", answered.windows},
          {"windows_per_second", answered.windowsPerSecond},
          {"global_step", answered.globalStep},
          {"predictions", answered.predictions},
          {"nbest_predictions", answered.nbestPredictions}};
}

void printJson(const SquadRunResult &result) {
  Json document = trainingJson("squad", result.training);
  if (result.answered) {
    document["prediction"] = answeredJson(*result.answered);
  }
  if (result.answered && result.answered->scores) {
    const SquadScores &scores = *result.answered->scores;
    document["evaluation"] = {{"exact_match", scores.exactMatch},
                              {"f1", scores.f1},
                              {"questions", scores.total}};
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

StatusOr<int> perform(const Flags &flags, bool prints) {
  if (flags.version2) {
    return invalidArgument("--version-2-with-negative is not supported: every "
                           "question gets an answer, as in SQuAD 1.1");
  }
  BERTC_ASSIGN_OR_RETURN(SquadRunResult result, runSquad(flags.options));
  if (prints && flags.json) {
    printJson(result);
  } else if (prints && result.answered && result.answered->scores) {
    std::printf("%s\n", result.answered->scores->json().c_str());
  }
  return result.training.stopped ? stopExitCode() : 0;
}

} // namespace

Command addSquadCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  CLI::App *command = app.add_subcommand(
      "squad", "fine-tune on questions and answer them, with a plan of --task "
               "squad");
  command->option_defaults()->always_capture_default();
  addFineTuneFlags(*command, flags->tuning, flags->options.tuning);
  addDataFlags(*command, flags->options);
  addPredictFlags(*command, *flags);
  return [flags] {
    FineTuneOptions &tuning = flags->options.tuning;
    tuning.task = "squad";
    return performTraining(flags->tuning.run, &tuning, [&](bool prints) {
      return perform(*flags, prints);
    });
  };
}

} // namespace bertc
