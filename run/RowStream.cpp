// SPDX-License-Identifier: Apache-2.0
#include "run/RowStream.h"

#include <algorithm>
#include <new>

namespace bertc {

RowStream::RowStream(const FeatureSet &features, const RowPlan &rows,
                     RowBatch::Shape shape, WorkerShare workers, int depth)
    : rows_(rows.rows()), batchSize_(static_cast<uint64_t>(shape.batchSize)),
      workers_(workers) {
  uint64_t all = (rows_ + batchSize_ - 1) / batchSize_;
  auto rank = static_cast<uint64_t>(workers.rank);
  auto size = static_cast<uint64_t>(workers.size);
  batches_ = all > rank ? (all - rank - 1) / size + 1 : 0;
  // The batch being read keeps its slot, so one more than the depth.
  int slots = std::max(1, depth) + 1;
  slots_.reserve(static_cast<size_t>(slots));
  for (int i = 0; i < slots; ++i) {
    slots_.push_back({RowBatch(features, rows, shape), Status()});
  }
  worker_ = std::thread([this] { work(); });
}

RowStream::~RowStream() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  freed_.notify_all();
  worker_.join();
}

void RowStream::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (uint64_t number = 0; number < batches_; ++number) {
    // The slot of batch n is free once the batch that had it has been given
    // back, which next() does when it hands out the one after it.
    freed_.wait(
        lock, [&] { return stop_ || number + 1 < consumed_ + slots_.size(); });
    if (stop_) {
      return;
    }
    Slot &slot = slots_[number % slots_.size()];
    lock.unlock();
    Status status;
    try {
      status = fill(number, &slot.batch);
    } catch (const std::bad_alloc &) {
      status = resourceExhausted("out of memory while filling a batch");
    }
    lock.lock();
    slot.status = std::move(status);
    slot.number = number;
    ready_.notify_all();
  }
}

Status RowStream::fill(uint64_t number, RowBatch *batch) {
  uint64_t first = (number * static_cast<uint64_t>(workers_.size) +
                    static_cast<uint64_t>(workers_.rank)) *
                   batchSize_;
  numbers_.clear();
  for (uint64_t row = first; row < std::min(first + batchSize_, rows_); ++row) {
    numbers_.push_back(row);
  }
  return batch->fill(numbers_.data(), numbers_.size());
}

StatusOr<const RowBatch *> RowStream::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (consumed_ >= batches_) {
    return static_cast<const RowBatch *>(nullptr);
  }
  Slot &slot = slots_[consumed_ % slots_.size()];
  ready_.wait(lock, [&] { return slot.number == consumed_; });
  if (!slot.status.ok()) {
    return slot.status;
  }
  ++consumed_;
  freed_.notify_all();
  return static_cast<const RowBatch *>(&slot.batch);
}

} // namespace bertc
