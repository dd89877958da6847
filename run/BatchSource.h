// SPDX-License-Identifier: Apache-2.0
//
// Where the training loop gets its micro-batches from, whatever they are made
// of: records (run/RecordSource.h) or features (run/FeatureSource.h). The
// source decides which micro-batches make an update, because only it knows
// where the data ends. In a run of N ranks the micro-batches of an update go
// round: rank r has number r, r + N, r + 2N, ..., so that what an update is
// made of does not depend on N.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"

#include <cstdint>

namespace bertc {

/// One micro-batch of an update.
struct MicroBatch {
  /// Inputs of train_step but for those of the loop itself (rng, loss_scale).
  rt::NamedInputs inputs;
  /// Rows that are not padding, and sequences in them: more when they are
  /// packs.
  int64_t examples = 0;
  int64_t sequences = 0;
  /// Its weight in the update, the input loss_scale; those of an update add up
  /// to 1.
  double share = 1;
  /// The update is complete with it.
  bool endsUpdate = true;
  /// Micro-batches of all ranks since the start of training, before it: the
  /// `step` of the dropout generator.
  int64_t number = 0;

  /// True where an update has no micro-batch for this rank, as it may in the
  /// last one: there is nothing to run.
  bool isEmpty() const { return inputs.empty(); }
};

class BatchSource {
public:
  virtual ~BatchSource() = default;

  /// The next micro-batch, valid until the following call; null after the last
  /// one.
  virtual StatusOr<const MicroBatch *> next() = 0;
};

} // namespace bertc
