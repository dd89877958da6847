// SPDX-License-Identifier: Apache-2.0
#include "tools/bert-run/TrainFlags.h"

#include "tools/bert-run/DeviceFlags.h"

namespace bertc {

namespace {

void addCheckpointFlags(CLI::App &command, TrainRunFlags &flags,
                        TrainRunOptions &options) {
  command
      .add_option("--output-dir", options.outputDir,
                  "folder for checkpoints, logs and results")
      ->required();
  command.add_option("--init-checkpoint", options.initCheckpoint,
                     "weights to start a new run from: a TensorFlow checkpoint "
                     "prefix, a .safetensors file or a Hugging Face folder");
  command.add_option("--save-checkpoints-steps", options.saveCheckpointsSteps,
                     "updates between checkpoints");
  command.add_option("--keep-checkpoint-max", options.keepCheckpointMax,
                     "newest checkpoints to keep; 0 keeps all");
  flags.resumeOption =
      addBoolFlag(command, "--resume", flags.resume,
                  "demand a checkpoint to continue (with =False: demand that "
                  "there is none); by default one is continued when there is "
                  "one");
}

void addLogFlags(CLI::App &command, TrainRunFlags &flags,
                 TrainRunOptions &options) {
  command.add_option("--display-loss-steps", options.displayLossSteps,
                     "updates between lines of the log");
  command.add_option("--dllog-path", options.dllogPath,
                     "log file [default: OUTPUT_DIR/bert_dllog.json]");
  command
      .add_option("--profile", flags.profile,
                  "FIRST,LAST: updates to trace into "
                  "OUTPUT_DIR/profile_FIRST_LAST.json")
      ->delimiter(',')
      ->expected(2);
  command.add_flag("--quiet", options.quiet, "no progress, only errors");
}

} // namespace

void addTrainRunFlags(CLI::App &command, TrainRunFlags &flags,
                      TrainRunOptions &options) {
  addCheckpointFlags(command, flags, options);
  addLogFlags(command, flags, options);
  addBoolFlag(command, "--allreduce-post-accumulation",
              flags.allreducePostAccumulation,
              "reduce once an update; with one worker there is nothing to "
              "reduce either way");
  command.add_option("--seed", options.seed,
                     "of weights, dropout and data order [default: that of "
                     "the checkpoint, else 12345]");
  addBoolFlag(command, "--deterministic-run", options.deterministic,
              "without dropout; runs repeat bit for bit anyway");
  command.add_option("--threads", options.threads,
                     "compute threads [default: OMP_NUM_THREADS, else every "
                     "core]");
  addDeviceFlags(command, options.device);
}

Status finishTrainRunFlags(const TrainRunFlags &flags,
                           TrainRunOptions *options) {
  if (flags.resumeOption->count() > 0) {
    options->resume = flags.resume;
  }
  if (!flags.profile.empty()) {
    int64_t first = flags.profile[0], last = flags.profile[1];
    if (first < 1 || last < first) {
      return invalidArgument("--profile needs FIRST,LAST with 1 <= FIRST <= "
                             "LAST");
    }
    options->profile = std::make_pair(first, last);
  }
  return Status::okStatus();
}

void addFineTuneFlags(CLI::App &command, FineTuneFlags &flags,
                      FineTuneOptions &options) {
  command.add_option("plan", options.plan, "plan file")->required();
  command
      .add_option("--vocab-file", options.vocabFile,
                  "vocabulary of the model, one token a line")
      ->required();
  addBoolFlag(command, "--do-lower-case", options.lowerCase,
              "lower-case the text and strip accents (uncased models)");
  addBoolFlag(command, "--do-train", options.doTrain, "train");
  command.add_option("--num-train-epochs", options.epochs,
                     "how often each example is trained on; may be a fraction");
  command.add_option("--num-train-steps", options.trainSteps,
                     "optimizer updates in all, in the place of epochs");
  command.add_option("--warmup-proportion", options.warmupProportion,
                     "share of the updates with a rising learning rate");
  command.add_option("--num-accumulation-steps", options.accumulationSteps,
                     "micro-batches an update; divided by the sequences of "
                     "an average row when the plan packs them");
  command.add_option("--learning-rate", options.learningRate,
                     "rate at the end of warm-up");
  addTrainRunFlags(command, flags.run, options);
  PlanExpectations &expected = options.expected;
  auto group = command.add_option_group(
      "Decided by the plan", "may be repeated here and must then agree");
  group->add_option("--train-batch-size", expected.batchSize,
                    "sequences a micro-batch");
  const char *other = "taken and not used: results do not depend on it, and "
                      "the plan has one size for everything";
  group->add_option("--eval-batch-size", flags.evalBatchSize, other);
  group->add_option("--predict-batch-size", flags.predictBatchSize, other);
  group->add_option("--max-seq-length", expected.maxSeqLength, "");
  group->add_option("--optimizer-type", expected.optimizer,
                    "lamb or adam (adamw)");
  group->add_option("--bert-config-file", expected.configFile, "");
}

Json trainingJson(const std::string &command, const TrainResult &training) {
  Json document = jsonDocument(command, 1);
  document["global_step"] = training.updateStep;
  document["global_step_at_start"] = training.globalStepAtStart;
  document["total_loss"] = training.totalLoss;
  document["throughput_train"] = training.throughput;
  document["sequences"] = training.sequences;
  document["checkpoint"] = training.checkpoint;
  document["initialised_variables"] = training.initialised;
  document["stopped"] = training.stopped;
  return document;
}

} // namespace bertc
