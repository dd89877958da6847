// SPDX-License-Identifier: Apache-2.0
#include "run/TrainRun.h"

#include "io/Files.h"
#include "runtime/collective/Launch.h"
#include "support/Cli.h"
#include "support/Signals.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace bertc {

Status checkMinima(std::initializer_list<FlagMinimum> minima) {
  for (const FlagMinimum &minimum : minima) {
    if (minimum.value < minimum.least) {
      return invalidArgument(fmt::format("{} is {}, it must be at least {}",
                                         minimum.flag, minimum.value,
                                         minimum.least));
    }
  }
  return Status::okStatus();
}

Status checkTrainRunOptions(const TrainRunOptions &options) {
  if (options.outputDir.empty()) {
    return invalidArgument("--output-dir is missing: it is where checkpoints "
                           "and results go");
  }
  return checkMinima(
      {{"--save-checkpoints-steps", options.saveCheckpointsSteps, 1},
       {"--keep-checkpoint-max", options.keepCheckpointMax, 0},
       {"--display-loss-steps", options.displayLossSteps, 1},
       {"--threads", options.threads, 0}});
}

TrainRun::TrainRun(rt::Session &session, TrainRunOptions options)
    : session_(session), options_(std::move(options)),
      store_(options_.outputDir, options_.keepCheckpointMax) {
  options_.workers.complete(session.plan());
}

void TrainRun::say(const std::string &line) const {
  if (!options_.quiet) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

RunState TrainRun::plannedState(const TrainSettings &training) const {
  RunState state;
  state.seed = options_.seed.value_or(TrainRunOptions::defaultSeed);
  state.deterministic = options_.deterministic;
  state.accumulationSteps = training.accumulationSteps;
  state.trainSteps = training.schedule.trainSteps;
  state.warmupSteps = training.schedule.warmupSteps;
  state.learningRate = training.schedule.initialRate;
  state.batchSize = session_.plan().model().batchSize;
  state.threads = session_.threads();
  state.workers = options_.workers.size();
  state.planHash = session_.plan().sha256();
  state.data = training.data;
  return state;
}

Status TrainRun::checkResumeFlag(const std::string &prefix) const {
  if (options_.resume == true && prefix.empty()) {
    return notFound(fmt::format("{}: --resume was given, but there is no "
                                "checkpoint",
                                options_.outputDir));
  }
  if (options_.resume == false && !prefix.empty()) {
    return failedPrecondition(
        fmt::format("{}: --resume=False was given, but there is a checkpoint, "
                    "{}; choose another --output-dir",
                    options_.outputDir, prefix));
  }
  return Status::okStatus();
}

/// What would make ranks do different things.
Status TrainRun::checkRanks(bool training) const {
  return checkAgreement(
      options_.workers,
      {{"the version", projectVersion()},
       {"the plan", session_.plan().sha256()},
       // The optimizer runs on every rank and must give the same bits.
       {"the instruction set (BERTC_MAX_ISA lowers it)",
        session_.plan().target() == "cpu" ? rt::cpuIsa() : ""},
       {"--do-train", training ? "True" : "False"},
       {"the data of training", state_.data.digest},
       {"--seed", fmt::format("{}", state_.seed)},
       {"--deterministic-run", fmt::format("{}", state_.deterministic)},
       {"--num-accumulation-steps",
        fmt::format("{}", state_.accumulationSteps)},
       {"--num-train-steps", fmt::format("{}", state_.trainSteps)},
       {"--num-warmup-steps", fmt::format("{}", state_.warmupSteps)},
       {"--learning-rate", fmt::format("{}", state_.learningRate)},
       {"--save-checkpoints-steps",
        fmt::format("{}", options_.saveCheckpointsSteps)},
       {"--allreduce-post-accumulation",
        fmt::format("{}", !*options_.workers.everyMicroBatch)},
       {"--allreduce-precision",
        options_.workers.wire == rt::WireType::F32 ? "f32" : "bf16"},
       {"--shard-optimizer", fmt::format("{}", options_.shardOptimizer)}});
}

/// What adam_m and adam_v of a plan come to.
static uint64_t momentBytes(const rt::Plan &plan) {
  uint64_t bytes = 0;
  for (const rt::VariableInfo &info : plan.variables()) {
    bool isMoment = info.role == rt::VariableRole::AdamM ||
                    info.role == rt::VariableRole::AdamV;
    bytes += isMoment ? info.bytes() : 0;
  }
  return bytes;
}

Status TrainRun::shardOptimizer() {
  result_.optimizerStateBytes = momentBytes(session_.plan());
  if (!options_.shardOptimizer) {
    return Status::okStatus();
  }
  if (session_.plan().target() != "cpu") {
    return failedPrecondition(
        fmt::format("{}: compiled for {}; --shard-optimizer is for plans of "
                    "--target cpu",
                    session_.plan().path(), session_.plan().target()));
  }
  if (options_.workers.size() == 1) {
    say("note: --shard-optimizer has one process to share with: itself");
    return Status::okStatus();
  }
  BERTC_ASSIGN_OR_RETURN(
      shards_, OptimizerShards::create(session_, *options_.workers.collective));
  options_.workers.shards = shards_.get();
  result_.optimizerStateBytes = shards_->ownBytes();
  say(fmt::format("optimizer state on each of {} workers: {:.1f} MB of {:.1f}",
                  options_.workers.size(),
                  static_cast<double>(shards_->ownBytes()) * 1e-6,
                  static_cast<double>(shards_->allBytes()) * 1e-6));
  return Status::okStatus();
}

Status TrainRun::begin(const TrainSettings *training) {
  if (training) {
    training_ = *training;
  }
  state_ = plannedState(training_);
  BERTC_RETURN_IF_ERROR(checkRanks(training != nullptr));
  if (training) {
    BERTC_RETURN_IF_ERROR(shardOptimizer());
  }
  BERTC_ASSIGN_OR_RETURN(variables_,
                         openVariableCollective(session_, options_.workers));
  options_.workers.variables = variables_.get();
  if (options_.workers.isRoot()) {
    // The others wait for what it finds.
    rt::Collective::Busy busy(options_.workers.collective);
    BERTC_RETURN_IF_ERROR(findWeights(training != nullptr));
  }
  BERTC_RETURN_IF_ERROR(shareStart(training != nullptr));
  result_.globalStepAtStart = state_.updateStep;
  result_.updateStep = state_.updateStep;
  return Status::okStatus();
}

Status TrainRun::findWeights(bool training) {
  std::vector<std::string> notes;
  BERTC_ASSIGN_OR_RETURN(std::string prefix, store_.newest(&notes));
  for (const std::string &note : notes) {
    say("note: " + note);
  }
  if (training) {
    BERTC_RETURN_IF_ERROR(checkResumeFlag(prefix));
  }
  return prefix.empty() ? beginFresh(training) : beginFrom(prefix, training);
}

/// Rank 0's position and variables to all.
Status TrainRun::shareStart(bool training) {
  const Workers &workers = options_.workers;
  if (workers.size() == 1) {
    return Status::okStatus();
  }
  std::string text = state_.toJson();
  BERTC_RETURN_IF_ERROR(
      workers.collective->broadcast(&text, "where the run stands"));
  int threads = state_.threads;
  BERTC_ASSIGN_OR_RETURN(state_, RunState::fromJson(text));
  state_.threads = threads;
  BERTC_RETURN_IF_ERROR(workers.collective->broadcast(
      &savedStep_, sizeof(savedStep_), "the newest checkpoint"));
  bool hasSlots = training && savedStep_ >= 0;
  BERTC_RETURN_IF_ERROR(
      shareVariables(workers, session_, hasSlots && !shards_));
  return hasSlots && shards_ ? shards_->loadSlots(result_.checkpoint)
                             : Status::okStatus();
}

Status TrainRun::beginFresh(bool training) {
  BERTC_RETURN_IF_ERROR(session_.initialise(state_.seed));
  if (!options_.initCheckpoint.empty()) {
    return takeWeights(training);
  }
  if (!training) {
    return notFound(fmt::format("{}: no checkpoint to evaluate; give "
                                "--init-checkpoint or train first",
                                options_.outputDir));
  }
  say(fmt::format("new run from random weights, seed {}", state_.seed));
  return Status::okStatus();
}

Status TrainRun::takeWeights(bool training) {
  BERTC_ASSIGN_OR_RETURN(LoadReport report,
                         loadInitCheckpoint(session_, options_.initCheckpoint));
  if (!training && !report.missing.empty()) {
    return failedPrecondition(fmt::format(
        "{}: lacks {}, which the plan has; train first, or give a model that "
        "was",
        options_.initCheckpoint, listNames(report.missing, 10)));
  }
  say(training ? fmt::format("new run from the weights of {}, seed {}",
                             options_.initCheckpoint, state_.seed)
               : fmt::format("weights of {}", options_.initCheckpoint));
  for (const std::string &line :
       describeLoad(options_.initCheckpoint, report)) {
    say(line);
  }
  result_.initialised = std::move(report.missing);
  return Status::okStatus();
}

Status TrainRun::beginFrom(const std::string &prefix, bool training) {
  BERTC_ASSIGN_OR_RETURN(CheckpointStore::Restored restored,
                         CheckpointStore::restore(session_, prefix,
                                                  shards_
                                                      ? LoadScope::Weights
                                                      : LoadScope::Everything));
  for (const std::string &note : restored.notes) {
    say("note: " + note);
  }
  savedStep_ = restored.globalStep;
  result_.checkpoint = prefix;
  if (!training) {
    state_.updateStep = restored.globalStep;
    say(fmt::format("weights of {}", prefix));
    return Status::okStatus();
  }
  resumed_ = true;
  return continueFrom(restored);
}

Status TrainRun::continueFrom(const CheckpointStore::Restored &restored) {
  if (restored.state) {
    const RunState &saved = *restored.state;
    if (!options_.seed) {
      state_.seed = saved.seed;
    }
    BERTC_ASSIGN_OR_RETURN(std::vector<std::string> notes,
                           checkResume(saved, state_, training_.finite));
    for (const std::string &note : notes) {
      say("note: not the run it was: " + note);
    }
    state_.updateStep = saved.updateStep;
    state_.microStep = saved.microStep;
    state_.examplesSeen = saved.examplesSeen;
  } else {
    state_.updateStep = restored.globalStep;
    state_.microStep =
        restored.globalStep * state_.accumulationSteps * state_.workers;
    state_.examplesSeen =
        static_cast<uint64_t>(state_.microStep) * state_.batchSize;
  }
  say(fmt::format("continuing {} at step {}", restored.prefix,
                  state_.updateStep));
  return Status::okStatus();
}

Status TrainRun::openLog(const nlohmann::ordered_json &parameters) {
  std::string path = options_.dllogPath.empty()
                         ? joinPath(options_.outputDir, "bert_dllog.json")
                         : options_.dllogPath;
  BERTC_ASSIGN_OR_RETURN(log_, Dllog::open(path, resumed_));
  BERTC_RETURN_IF_ERROR(
      log_.metadata("throughput_train", {{"unit", "sequences/s"}}));
  const rt::Plan &plan = session_.plan();
  nlohmann::ordered_json all = {
      {"plan", plan.path()},
      {"plan_sha256", plan.sha256()},
      {"init_checkpoint", options_.initCheckpoint},
      {"initialised_variables", result_.initialised},
      {"num_train_steps", training_.schedule.trainSteps},
      {"num_accumulation_steps", training_.accumulationSteps},
      {"packed", plan.model().packed},
      {"num_warmup_steps", training_.schedule.warmupSteps},
      {"learning_rate", training_.schedule.initialRate},
      {"train_batch_size", plan.model().batchSize},
      {"max_seq_length", plan.model().maxSeqLength},
      {"optimizer_type", plan.model().optimizer},
      {"seed", state_.seed},
      {"deterministic_run", options_.deterministic},
      {"threads", session_.threads()},
      {"workers", options_.workers.size()},
      {"shard_optimizer", shards_ != nullptr},
      {"optimizer_state_bytes", result_.optimizerStateBytes},
      {"cpu_isa", rt::cpuIsa()},
      {"device", session_.device()},
      {"first_step", state_.updateStep}};
  all.update(parameters);
  return log_.parameters(all);
}

Status TrainRun::save(TrainReport *report) {
  if (savedStep_ == state_.updateStep) {
    return Status::okStatus();
  }
  savedStep_ = state_.updateStep;
  BERTC_RETURN_IF_ERROR(
      checkSameVariables(options_.workers, session_, !shards_,
                         fmt::format("after update {}", state_.updateStep)));
  if (!options_.workers.isRoot()) {
    return shards_ ? shards_->serveSlots() : Status::okStatus();
  }
  CheckpointWriter::Fetch fetch;
  if (shards_) {
    fetch = [this](const TensorInfo &tensor, uint64_t offset, uint64_t bytes,
                   void *target) {
      return shards_->fetchSlot(tensor.name, offset, bytes, target);
    };
  }
  rt::Collective::Busy busy(options_.workers.collective);
  BERTC_ASSIGN_OR_RETURN(result_.checkpoint,
                         store_.save(session_, state_, fetch));
  report->saved(result_.checkpoint);
  return Status::okStatus();
}

Status TrainRun::writeTrace(Trace *trace) {
  if (trace->size() == 0) {
    return Status::okStatus();
  }
  session_.setProfileHook({});
  std::string path =
      joinPath(options_.outputDir,
               fmt::format("profile_{}_{}.json", options_.profile->first,
                           options_.profile->second));
  BERTC_RETURN_IF_ERROR(trace->write(path));
  *trace = Trace();
  return Status::okStatus();
}

Status TrainRun::loop(TrainLoop &loop, TrainReport &report) {
  Trace trace;
  // Ranks must leave together, so what one of them was asked is not enough
  // before they have exchanged it, which they do in every update.
  bool stop = options_.workers.size() == 1 && stopRequested();
  while (state_.updateStep < training_.schedule.trainSteps && !stop) {
    int64_t step = state_.updateStep + 1;
    bool traced = options_.profile && options_.workers.isRoot() &&
                  step >= options_.profile->first &&
                  step <= options_.profile->second;
    if (traced && trace.size() == 0) {
      session_.setProfileHook(trace.hook());
    }
    auto onMicro = [&](int64_t index, double loss) {
      report.micro(state_.updateStep, index, loss);
    };
    BERTC_ASSIGN_OR_RETURN(
        UpdateReport update,
        loop.update(stopRequested, onMicro, traced ? &trace : nullptr));
    stop = result_.stopped = update.stop;
    if (!update.complete) {
      break;
    }
    state_.updateStep = loop.updateStep();
    state_.microStep = loop.microStep();
    state_.examplesSeen = loop.examplesSeen();
    result_.totalLoss = update.losses["total_loss"];
    result_.sequences += update.sequences;
    BERTC_RETURN_IF_ERROR(report.update(state_.updateStep, update));
    if (traced && step == options_.profile->second) {
      BERTC_RETURN_IF_ERROR(writeTrace(&trace));
    }
    if (state_.updateStep % options_.saveCheckpointsSteps == 0) {
      BERTC_RETURN_IF_ERROR(save(&report));
    }
  }
  return writeTrace(&trace);
}

/// Log and room for checkpoints: rank 0's business.
Status TrainRun::prepareOutputs(const nlohmann::ordered_json &parameters) {
  if (!options_.workers.isRoot()) {
    return Status::okStatus();
  }
  if (options_.workers.size() > 1 &&
      rt::Launch::fromEnvironment().secondsToLeave == 0) {
    say("note: mpirun kills its processes a second after SIGTERM; give it "
        "--mca odls_base_sigkill_timeout 20 to let a checkpoint be saved");
  }
  int64_t left = training_.schedule.trainSteps - state_.updateStep;
  int64_t saves = (left + options_.saveCheckpointsSteps - 1) /
                  options_.saveCheckpointsSteps;
  BERTC_RETURN_IF_ERROR(store_.checkSpace(session_.plan(), saves));
  return openLog(parameters);
}

TrainReport::Settings TrainRun::shownSettings() const {
  TrainReport::Settings shown;
  shown.firstStep = state_.updateStep;
  shown.trainSteps = training_.schedule.trainSteps;
  shown.accumulationSteps = training_.accumulationSteps;
  shown.displaySteps = options_.displayLossSteps;
  shown.quiet = options_.quiet;
  if (options_.workers.size() > 1) {
    shown.rank = options_.workers.share().rank;
  }
  return shown;
}

Status TrainRun::train(BatchSource &source,
                       const nlohmann::ordered_json &parameters) {
  int64_t trainSteps = training_.schedule.trainSteps;
  if (state_.updateStep >= trainSteps) {
    say(fmt::format("nothing to train: the checkpoint is at step {} of {}",
                    state_.updateStep, trainSteps));
    return Status::okStatus();
  }
  BERTC_RETURN_IF_ERROR(prepareOutputs(parameters));

  TrainLoop::Settings settings;
  settings.schedule = training_.schedule;
  settings.seed = state_.seed;
  settings.deterministic = options_.deterministic;
  settings.workers = options_.workers;
  TrainLoop updates(session_, source, settings, state_);
  {
    // Graphs of a device may take minutes to compile.
    rt::Collective::Busy busy(options_.workers.collective);
    BERTC_RETURN_IF_ERROR(updates.prepare());
  }

  std::optional<EventFile> events;
  if (options_.workers.isRoot()) {
    BERTC_ASSIGN_OR_RETURN(
        events, EventFile::create(options_.outputDir, state_.updateStep + 1));
  }
  TrainReport report(shownSettings(), log_, events ? &*events : nullptr);
  BERTC_RETURN_IF_ERROR(loop(updates, report));
  result_.allreduceRepeats = updates.exchange().repeats();
  result_.allreduceWaitedSeconds = updates.exchange().waitedSeconds();
  BERTC_RETURN_IF_ERROR(save(&report));
  result_.updateStep = state_.updateStep;
  result_.throughput = report.throughput();
  result_.workers = options_.workers.size();
  if (result_.workers == 1) {
    result_.stopped = stopRequested();
  } else {
    result_.allreduceBytes = variables_->reducedBytes();
  }
  return report.finish();
}

} // namespace bertc
