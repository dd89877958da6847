// SPDX-License-Identifier: Apache-2.0
#include "data/ShuffledOutput.h"

#include <algorithm>
#include <memory>

#include "data/Pipeline.h"
#include "support/Progress.h"
#include "support/Signals.h"

namespace bertc {
namespace {

constexpr size_t sliceInstances = 2048;

/// Cuts sorted runs into slices.
class SliceSource {
public:
  explicit SliceSource(ShuffleStore &shuffle) : shuffle_(shuffle) {}

  StatusOr<std::optional<InstanceSlice>> next() {
    if (stopRequested()) {
      return failedPrecondition("interrupted; no records were written");
    }
    if (!run_ || at_ == run_->size()) {
      run_.reset();
      at_ = 0;
      BERTC_ASSIGN_OR_RETURN(run_, shuffle_.next());
      if (!run_) {
        return std::optional<InstanceSlice>();
      }
    }
    size_t last = std::min(at_ + sliceInstances, run_->size());
    while (last < run_->size() && run_->key(last) == run_->key(last - 1)) {
      ++last;
    }
    InstanceSlice slice{run_, at_, last};
    at_ = last;
    return std::optional<InstanceSlice>(std::move(slice));
  }

private:
  ShuffleStore &shuffle_;
  std::shared_ptr<SortedInstances> run_;
  size_t at_ = 0;
};

struct EncodedSlice {
  FramedRecords records;
  size_t instances = 0;
};

} // namespace

void FramedRecords::endRecord(size_t begin, size_t expected) {
  bertc::endRecord(begin, &framed);
  if (ends.empty()) {
    // Records are of about the same size.
    framed.reserve(expected * (framed.size() + framed.size() / 8));
  }
  ends.push_back(framed.size());
}

Status writeShuffled(ShuffleStore &shuffle, int jobs, bool quiet,
                     const EncodeSlice &encode, ShardWriter *writer) {
  ProgressOptions options;
  options.label = "write records";
  options.unit = "sequences";
  options.total = static_cast<double>(shuffle.size());
  options.quiet = quiet;
  Progress progress(options);
  SliceSource source(shuffle);
  auto work = [&](int worker, InstanceSlice slice) -> StatusOr<EncodedSlice> {
    EncodedSlice result;
    result.instances = slice.last - slice.first;
    BERTC_RETURN_IF_ERROR(encode(worker, slice, &result.records));
    return result;
  };
  auto consume = [&](EncodedSlice slice) {
    progress.add(static_cast<double>(slice.instances));
    return writer->append(slice.records.framed, slice.records.ends);
  };
  BERTC_RETURN_IF_ERROR((Pipeline<InstanceSlice, EncodedSlice>::run(
      jobs, [&] { return source.next(); }, work, consume)));
  progress.finish();
  return writer->finish();
}

} // namespace bertc
