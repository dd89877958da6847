// SPDX-License-Identifier: Apache-2.0
//
// Features (tasks/FeatureSet.h) as the micro-batches of training. Epochs
// follow one another without a seam, each in an order of its own that follows
// from seed and epoch, so only the very last batch can be smaller than the
// plan's; its padding weighs nothing. A sequence weighs the same as any other
// of its update, whichever micro-batch it is in.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/BatchSource.h"
#include "run/RunState.h"
#include "run/Workers.h"
#include "tasks/RowBatch.h"

#include <cstdint>
#include <vector>

namespace bertc {

/// Hash and size of what the features hold: tokens, segments, targets.
DataIdentity featureIdentity(const FeatureSet &features);

/// Rows of the plan: packs with at most K sequences when it was compiled for
/// them (`seed` says which), else one sequence a row, in order.
StatusOr<RowPlan> rowsFor(const rt::Plan &plan, const FeatureSet &features,
                          uint64_t seed);

/// Those of `batch` that `entry` takes.
rt::NamedInputs rowInputs(const rt::EntryInfo &entry, const RowBatch &batch);

/// What training for some epochs over some rows comes to.
struct TrainExtent {
  /// Rows drawn in all.
  uint64_t rows = 0;
  uint64_t microBatches = 0;
  int64_t updates = 0;

  /// `epochs` may be a fraction; the last batch and the last update may be
  /// smaller than the others.
  static TrainExtent ofEpochs(uint64_t rows, double epochs, int64_t batchSize,
                              int64_t accumulationSteps);
  /// Full updates only.
  static TrainExtent ofUpdates(int64_t updates, int64_t batchSize,
                               int64_t accumulationSteps);
};

class FeatureSource : public BatchSource {
public:
  struct Settings {
    TrainExtent extent;
    /// Of each rank.
    int64_t accumulationSteps = 1;
    uint64_t seed = 0;
    /// Micro-batches already done, by all ranks.
    int64_t microStep = 0;
    WorkerShare workers;
  };

  /// Plan, features and rows must outlive it.
  FeatureSource(const rt::Plan &plan, const FeatureSet &features,
                const RowPlan &rows, const Settings &settings);

  /// Whether the plan takes these features in such batches. The error says
  /// what train_step has no input for: a target, or the weights that the last,
  /// smaller batch needs.
  Status check() const;

  StatusOr<const MicroBatch *> next() override;

private:
  /// Rows of micro-batch `number`, in the order of the data.
  void drawRows(uint64_t number);
  uint64_t sequencesOfUpdate();
  void beginUpdate();

  const rt::Plan &plan_;
  const FeatureSet &features_;
  const RowPlan &rows_;
  Settings settings_;
  RowBatch tensors_;
  /// Micro-batches of all ranks: the first of the update, and the one behind
  /// its last.
  uint64_t begin_, end_;
  /// That of rank 0 in this round.
  uint64_t round_;
  uint64_t updateSequences_ = 0;
  std::vector<uint64_t> drawn_;
  MicroBatch batch_;
};

} // namespace bertc
