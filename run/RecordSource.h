// SPDX-License-Identifier: Apache-2.0
//
// Batches of records as the micro-batches of training: endless, and each
// update is made of the same number of them.
#pragma once

#include "run/BatchSource.h"
#include "run/BatchStream.h"

namespace bertc {

class RecordSource : public BatchSource {
public:
  /// `stream` must outlive it and stand at the beginning of an update; it has
  /// the share of this rank, `workers`. `accumulationSteps` is of each rank,
  /// `microStep` the micro-batches that all have done.
  RecordSource(BatchStream &stream, BatchLayout layout,
               int64_t accumulationSteps, WorkerShare workers,
               int64_t microStep)
      : stream_(stream), layout_(std::move(layout)),
        accumulationSteps_(accumulationSteps), workers_(workers),
        next_(microStep + workers.rank) {}

  StatusOr<const MicroBatch *> next() override;

private:
  BatchStream &stream_;
  BatchLayout layout_;
  int64_t accumulationSteps_;
  WorkerShare workers_;
  int64_t next_;
  int64_t inUpdate_ = 0;
  MicroBatch batch_;
};

} // namespace bertc
