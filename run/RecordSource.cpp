// SPDX-License-Identifier: Apache-2.0
#include "run/RecordSource.h"

namespace bertc {

StatusOr<const MicroBatch *> RecordSource::next() {
  BERTC_ASSIGN_OR_RETURN(const Batch *batch, stream_.next());
  if (!batch) {
    return static_cast<const MicroBatch *>(nullptr);
  }
  batch_.inputs = batchInputs(layout_, *batch);
  batch_.examples = batch->realRows;
  batch_.sequences = batch->sequences;
  batch_.share = 1.0 / static_cast<double>(accumulationSteps_ * workers_.size);
  batch_.number = next_;
  next_ += workers_.size;
  inUpdate_ = (inUpdate_ + 1) % accumulationSteps_;
  batch_.endsUpdate = inUpdate_ == 0;
  return static_cast<const MicroBatch *>(&batch_);
}

} // namespace bertc
