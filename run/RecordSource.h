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
  /// `stream` must outlive it and stand at the beginning of an update.
  RecordSource(BatchStream &stream, BatchLayout layout,
               int64_t accumulationSteps)
      : stream_(stream), layout_(std::move(layout)),
        accumulationSteps_(accumulationSteps) {}

  StatusOr<const MicroBatch *> next() override;

private:
  BatchStream &stream_;
  BatchLayout layout_;
  int64_t accumulationSteps_;
  int64_t inUpdate_ = 0;
  MicroBatch batch_;
};

} // namespace bertc
