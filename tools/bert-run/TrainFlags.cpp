// SPDX-License-Identifier: Apache-2.0
#include "tools/bert-run/TrainFlags.h"

#include "support/Signals.h"
#include "tools/bert-run/DeviceFlags.h"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

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

void addWorkerFlags(CLI::App &command, TrainRunFlags &flags,
                    TrainRunOptions &options) {
  auto group = command.add_option_group(
      "Several processes", "started by mpirun; all flags are those of one");
  flags.horovodOption = group->add_flag(
      "--horovod,--use-horovod,!--no-horovod", flags.horovod,
      "train with all processes that mpirun has started; found by itself");
  flags.postAccumulationOption = addBoolFlag(
      *group, "--allreduce-post-accumulation", flags.allreducePostAccumulation,
      "add up gradients once an update; with =False after every micro-batch "
      "[default: as the plan was compiled for]");
  group
      ->add_option("--allreduce-precision", flags.allreducePrecision,
                   "f32 or bf16: of gradients on their way; sums are f32 "
                   "[default: as the plan was compiled for]")
      ->check(CLI::IsMember({"f32", "bf16"}));
  addBoolFlag(*group, "--shard-optimizer", options.shardOptimizer,
              "each process keeps its share of adam_m and adam_v only, and "
              "updates that share of the weights");
  group->add_option("--collective-timeout", flags.collectiveTimeout,
                    "seconds after which a process that does not answer is "
                    "taken for lost, and all end");
}

} // namespace

void addTrainRunFlags(CLI::App &command, TrainRunFlags &flags,
                      TrainRunOptions &options) {
  addCheckpointFlags(command, flags, options);
  addLogFlags(command, flags, options);
  addWorkerFlags(command, flags, options);
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

namespace {

/// Joins the other processes, if there are any.
StatusOr<std::unique_ptr<rt::Collective>> join(const TrainRunFlags &flags,
                                               TrainRunOptions *options) {
  BERTC_RETURN_IF_ERROR(finishTrainRunFlags(flags, options));
  WorkersOptions wanted;
  if (flags.horovodOption->count() > 0) {
    wanted.wanted = flags.horovod;
  }
  wanted.limitSeconds = flags.collectiveTimeout;
  HostShare host = {options->threads};
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<rt::Collective> collective,
                         joinWorkers(wanted, &host));
  options->threads = host.threads;
  options->device.deviceIndex = host.place;
  options->workers.collective = collective.get();
  if (flags.postAccumulationOption->count() > 0) {
    options->workers.everyMicroBatch = !flags.allreducePostAccumulation;
  }
  if (!flags.allreducePrecision.empty()) {
    options->workers.wire = flags.allreducePrecision == "bf16"
                                ? rt::WireType::BF16
                                : rt::WireType::F32;
  }
  options->quiet = options->quiet || !options->workers.isRoot();
  return collective;
}

} // namespace

int performTraining(const TrainRunFlags &flags, TrainRunOptions *options,
                    const std::function<StatusOr<int>(bool prints)> &body) {
  // Until the processes know each other there is nothing to save, and one that
  // waits for another must end when mpirun says so.
  StatusOr<std::unique_ptr<rt::Collective>> joined = join(flags, options);
  installStopSignals();
  if (!joined.ok()) {
    // At once: MPI may be stuck in a thread of its own.
    std::fflush(nullptr);
    _exit(reportError("bert-run", joined.status()));
  }
  StatusOr<int> code = body(options->workers.isRoot());
  Status status = code.status();
  if (status.ok() && *joined) {
    std::fflush(stdout);
    status = (*joined)->finish();
  }
  if (status.ok()) {
    return *code;
  }
  if (!*joined) {
    return reportError("bert-run", status);
  }
  reportError("bert-run",
              status.annotate(fmt::format("rank {}", (*joined)->rank())));
  (*joined)->abort(status); // does not return
  return exitCode(status);
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
  document["workers"] = training.workers;
  document["allreduce_bytes"] = training.allreduceBytes;
  document["allreduce_repeats"] = training.allreduceRepeats;
  document["allreduce_waited_seconds"] = training.allreduceWaitedSeconds;
  document["optimizer_state_bytes"] = training.optimizerStateBytes;
  document["checkpoint"] = training.checkpoint;
  document["initialised_variables"] = training.initialised;
  document["stopped"] = training.stopped;
  return document;
}

} // namespace bertc
