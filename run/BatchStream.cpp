// SPDX-License-Identifier: Apache-2.0
#include "run/BatchStream.h"

#include "run/PackedRecords.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace bertc {

BatchStream::BatchStream(std::shared_ptr<const RecordSet> records,
                         BatchLayout layout, Options options)
    : records_(std::move(records)), layout_(std::move(layout)),
      options_(options) {
  uint64_t limit = std::numeric_limits<uint64_t>::max();
  numBatches_ = options_.training ? limit
                                  : (records_->size() + layout_.batchSize - 1) /
                                        layout_.batchSize;
  if (options_.maxBatches > 0) {
    numBatches_ = std::min(numBatches_, options_.maxBatches);
  }
  if (numBatches_ != limit) {
    auto rank = static_cast<uint64_t>(options_.workers.rank);
    auto size = static_cast<uint64_t>(options_.workers.size);
    numBatches_ = numBatches_ > rank ? (numBatches_ - rank - 1) / size + 1 : 0;
  }
  // The batch being read keeps its slot, so one more than the depth.
  slots_.resize(static_cast<size_t>(std::max(1, options_.depth)) + 1);
  for (int i = 0; i < std::max(1, options_.threads); ++i) {
    workers_.emplace_back([this] { work(); });
  }
}

BatchStream::~BatchStream() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  freed_.notify_all();
  for (std::thread &worker : workers_) {
    worker.join();
  }
}

void BatchStream::work() {
  std::string scratch;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_ && produce_ < numBatches_) {
    // The slot of batch n is free once batch n - slots has been given back,
    // which next() does when it hands out the one after it.
    bool isFree =
        produce_ < slots_.size() || produce_ - slots_.size() + 1 < consume_;
    if (!isFree) {
      freed_.wait(lock);
      continue;
    }
    uint64_t number = produce_++;
    Slot &slot = slots_[number % slots_.size()];
    lock.unlock();
    Status status = decode(number, &scratch, &slot.batch);
    lock.lock();
    slot.status = std::move(status);
    slot.number = number;
    ready_.notify_all();
  }
}

StatusOr<const Batch *> BatchStream::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (consume_ >= numBatches_) {
    return static_cast<const Batch *>(nullptr);
  }
  Slot &slot = slots_[consume_ % slots_.size()];
  ready_.wait(lock, [&] { return slot.number == consume_; });
  if (!slot.status.ok()) {
    return slot.status;
  }
  ++consume_;
  freed_.notify_all();
  return static_cast<const Batch *>(&slot.batch);
}

Status BatchStream::decode(uint64_t number, std::string *scratch,
                           Batch *batch) const {
  uint32_t rows = layout_.batchSize;
  batch->buffers.resize(layout_.features.size() +
                        (layout_.exampleWeights ? 1 : 0));
  for (size_t i = 0; i < layout_.features.size(); ++i) {
    const BatchFeature &feature = layout_.features[i];
    batch->buffers[i].assign(
        rows * feature.valuesPerRow * rt::dtypeBytes(feature.dtype), 0);
  }
  uint64_t place = number * static_cast<uint64_t>(options_.workers.size) +
                   static_cast<uint64_t>(options_.workers.rank);
  uint64_t start = options_.firstExample + place * rows;
  uint64_t size = records_->size();
  uint64_t end =
      options_.training ? start + rows : std::min<uint64_t>(start + rows, size);
  batch->firstExample = start;
  batch->realRows = static_cast<uint32_t>(end - start);

  uint64_t epoch = start / size;
  EpochOrder order(size, options_.seed, epoch);
  for (uint64_t example = start; example < end; ++example) {
    if (options_.training && example / size != epoch) {
      epoch = example / size;
      order = EpochOrder(size, options_.seed, epoch);
    }
    uint64_t record = options_.training ? order.at(example % size) : example;
    uint32_t row = static_cast<uint32_t>(example - start);
    BERTC_RETURN_IF_ERROR(decodeRow(record, row, scratch, batch));
  }
  batch->sequences = countSequences(*batch);
  if (layout_.exampleWeights) {
    std::vector<float> weights(rows, 0.0f);
    std::fill_n(weights.begin(), batch->realRows, 1.0f);
    std::vector<uint8_t> &bytes = batch->buffers.back();
    bytes.resize(rows * sizeof(float));
    std::memcpy(bytes.data(), weights.data(), bytes.size());
  }
  return Status::okStatus();
}

uint32_t BatchStream::countSequences(const Batch &batch) const {
  if (layout_.packed == 0) {
    return batch.realRows;
  }
  uint32_t sequences = 0;
  for (size_t i = 0; i < layout_.features.size(); ++i) {
    if (layout_.features[i].name != "input_mask") {
      continue;
    }
    size_t positions = layout_.features[i].valuesPerRow;
    auto *mask = reinterpret_cast<const int32_t *>(batch.buffers[i].data());
    for (uint32_t row = 0; row < batch.realRows; ++row) {
      sequences += sequencesOfRow(mask + row * positions, positions);
    }
  }
  return sequences;
}

} // namespace bertc
