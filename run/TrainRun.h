// SPDX-License-Identifier: Apache-2.0
//
// A training run in its output folder, whatever is trained: it continues the
// newest checkpoint or starts anew, runs the loop with progress, log, trace and
// checkpoints, and stops at a signal after saving.
//
//   TrainRun run(*session, options);
//   BERTC_RETURN_IF_ERROR(run.begin(&settings));
//   FeatureSource source(..., run.state());
//   BERTC_RETURN_IF_ERROR(run.train(source, parameters));
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/BatchSource.h"
#include "run/CheckpointStore.h"
#include "run/DeviceOptions.h"
#include "run/Dllog.h"
#include "run/ModelState.h"
#include "run/OptimizerShards.h"
#include "run/RunState.h"
#include "run/Schedule.h"
#include "run/TrainLoop.h"
#include "run/TrainReport.h"
#include "run/Workers.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bertc {

/// What users say about a run, whatever it trains.
struct TrainRunOptions {
  static constexpr uint64_t defaultSeed = 12345;

  std::string outputDir;
  /// Anything io/WeightSource.h opens.
  std::string initCheckpoint;
  /// Unset: continue when outputDir has a checkpoint. True: it must have one.
  /// False: it must not.
  std::optional<bool> resume;
  int64_t saveCheckpointsSteps = 1000;
  int keepCheckpointMax = 2;
  int64_t displayLossSteps = 10;
  /// Unset: that of the checkpoint, else defaultSeed.
  std::optional<uint64_t> seed;
  bool deterministic = false;
  /// Empty: bert_dllog.json in outputDir.
  std::string dllogPath;
  /// Updates to trace, first and last.
  std::optional<std::pair<int64_t, int64_t>> profile;
  int threads = 0;
  DeviceOptions device;
  /// Ranks but the first should be quiet.
  bool quiet = false;
  /// Each rank has its part of adam_m and adam_v only.
  bool shardOptimizer = false;
  Workers workers;
};

/// A flag's value and the least it may be.
struct FlagMinimum {
  const char *flag;
  int64_t value, least;
};
/// InvalidArgument naming the first flag that is too small.
Status checkMinima(std::initializer_list<FlagMinimum> minima);

/// InvalidArgument names the flag and its least value.
Status checkTrainRunOptions(const TrainRunOptions &options);

/// What is trained, and how.
struct TrainSettings {
  /// schedule.trainSteps updates in all.
  Schedule schedule;
  /// Micro-batches of a full update, of each rank.
  int64_t accumulationSteps = 1;
  DataIdentity data;
  /// The data end, as features do; records go round for ever.
  bool finite = false;
};

struct TrainResult {
  int64_t updateStep = 0;
  int64_t globalStepAtStart = 0;
  /// Of the last update.
  double totalLoss = 0;
  double throughput = 0;
  /// Trained on, whether packed or not, since the start or the checkpoint.
  int64_t sequences = 0;
  int workers = 1;
  /// Bytes of gradients that this rank has sent, or handed to HCCL.
  uint64_t allreduceBytes = 0;
  /// Updates (with an exchange after every micro-batch, these) whose gradients
  /// travelled twice, as some rank had to clip what it had sent.
  int64_t allreduceRepeats = 0;
  /// Seconds for which this rank did nothing but wait for sums.
  double allreduceWaitedSeconds = 0;
  /// Of adam_m and adam_v on this rank; 0 when nothing was trained.
  uint64_t optimizerStateBytes = 0;
  /// Newest checkpoint; empty when there is none.
  std::string checkpoint;
  /// Variables that --init-checkpoint lacked, and that started at random.
  std::vector<std::string> initialised;
  /// A signal ended it early.
  bool stopped = false;
};

class TrainRun {
public:
  /// `session` must outlive the run.
  TrainRun(rt::Session &session, TrainRunOptions options);

  /// Gives the session its weights: those of the newest checkpoint of
  /// outputDir, else initCheckpoint's, else random ones. Of several ranks, only
  /// the first looks there; the others get what it has. `training` is null
  /// when nothing is to be trained; then heads that initCheckpoint lacks are an
  /// error, else they are initialised and named.
  Status begin(const TrainSettings *training);

  /// Where the run stands after begin() and train(): the position in the data
  /// that a source must begin at, and the seed.
  const RunState &state() const { return state_; }

  /// Trains to the end of the schedule, or until a signal; the last checkpoint
  /// holds what was reached. `parameters` are logged beside the run's own.
  Status train(BatchSource &source, const nlohmann::ordered_json &parameters);

  const TrainResult &result() const { return result_; }
  /// Open once train() began; before, it drops everything.
  Dllog &log() { return log_; }
  /// A line on stderr unless quiet.
  void say(const std::string &line) const;

private:
  RunState plannedState(const TrainSettings &training) const;
  Status checkRanks(bool training) const;
  Status shardOptimizer();
  Status findWeights(bool training);
  Status shareStart(bool training);
  Status checkResumeFlag(const std::string &prefix) const;
  Status beginFresh(bool training);
  Status takeWeights(bool training);
  Status beginFrom(const std::string &prefix, bool training);
  Status continueFrom(const CheckpointStore::Restored &restored);
  Status openLog(const nlohmann::ordered_json &parameters);
  Status loop(TrainLoop &loop, TrainReport &report);
  Status save(TrainReport *report);
  Status writeTrace(Trace *trace);
  Status prepareOutputs(const nlohmann::ordered_json &parameters);
  TrainReport::Settings shownSettings() const;

  rt::Session &session_;
  TrainRunOptions options_;
  CheckpointStore store_;
  TrainSettings training_;
  Dllog log_;
  RunState state_;
  std::unique_ptr<VariableCollective> variables_;
  bool resumed_ = false;
  int64_t savedStep_ = -1;
  TrainResult result_;
  std::unique_ptr<OptimizerShards> shards_;
};

} // namespace bertc
