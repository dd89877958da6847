// SPDX-License-Identifier: Apache-2.0
#include "tasks/RowBatch.h"

#include <algorithm>

#include <fmt/format.h>

namespace bertc {
namespace {

/// Places of tensors_ that every batch has.
enum : size_t { InputIds, InputMask, SegmentIds, ExampleWeights, FixedCount };
/// And those of packed batches, behind them.
enum : size_t {
  Positions = FixedCount,
  SequencePositions,
  SequenceWeights,
  PackedCount
};

} // namespace

RowBatch::RowBatch(const FeatureSet &features, const RowPlan &plan, Shape shape)
    : features_(&features), plan_(&plan), shape_(shape),
      targetWidth_(
          static_cast<size_t>(std::max(plan.maxSequencesPerRow(), 1))) {
  int64_t rows = shape.batchSize, length = shape.maxSequenceLength;
  for (const char *name : {"input_ids", "input_mask", "segment_ids"}) {
    addTensor(name, {rows, length}, false);
  }
  addTensor("example_weights", {rows}, true);
  std::vector<int64_t> perSequence = {rows};
  if (plan.maxSequencesPerRow() > 0) {
    perSequence.push_back(plan.maxSequencesPerRow());
    addTensor("positions", {rows, length}, false);
    addTensor("sequence_positions", perSequence, false);
    addTensor("sequence_weights", perSequence, true);
  }
  firstTarget_ = tensors_.size();
  for (const FeatureTarget &target : features.targets()) {
    addTensor(target.name, perSequence, false);
  }
}

void RowBatch::addTensor(const std::string &name, std::vector<int64_t> shape,
                         bool isFloat) {
  size_t count = 1;
  for (int64_t dimension : shape) {
    count *= static_cast<size_t>(dimension);
  }
  BatchTensor tensor;
  tensor.name = name;
  tensor.shape = std::move(shape);
  tensor.isFloat = isFloat;
  if (isFloat) {
    tensor.floats.resize(count);
  } else {
    tensor.ints.resize(count);
  }
  tensors_.push_back(std::move(tensor));
}

void RowBatch::clear() {
  for (BatchTensor &tensor : tensors_) {
    std::fill(tensor.ints.begin(), tensor.ints.end(), 0);
    std::fill(tensor.floats.begin(), tensor.floats.end(), 0.0F);
  }
  sequences_.clear();
}

Status RowBatch::fill(const uint64_t *rows, size_t count) {
  if (count > static_cast<size_t>(shape_.batchSize)) {
    return invalidArgument(
        fmt::format("{} rows for a batch of {}", count, shape_.batchSize));
  }
  clear();
  realRows_ = count;
  for (size_t row = 0; row < count; ++row) {
    size_t offset = 0, place = 0;
    for (uint32_t feature : plan_->features(rows[row])) {
      BERTC_RETURN_IF_ERROR(addSequence(row, place++, feature, &offset));
    }
    tensors_[ExampleWeights].floats[row] = 1;
  }
  return Status();
}

Status RowBatch::addSequence(size_t row, size_t place, size_t feature,
                             size_t *offset) {
  auto width = static_cast<size_t>(shape_.maxSequenceLength);
  uint32_t length = features_->length(feature);
  if (*offset + length > width) {
    return invalidArgument(
        fmt::format("sequence {} of {} tokens does not fit a row of {} behind "
                    "{} others",
                    feature, length, width, *offset));
  }
  size_t at = row * width + *offset, slot = row * targetWidth_ + place;
  features_->write(feature, tensors_[InputIds].ints.data() + at,
                   tensors_[SegmentIds].ints.data() + at);
  std::fill_n(tensors_[InputMask].ints.data() + at, length,
              static_cast<int32_t>(place + 1));
  if (plan_->maxSequencesPerRow() > 0) {
    int32_t *positions = tensors_[Positions].ints.data() + at;
    for (uint32_t i = 0; i < length; ++i) {
      positions[i] = static_cast<int32_t>(i);
    }
    tensors_[SequencePositions].ints[slot] = static_cast<int32_t>(*offset);
    tensors_[SequenceWeights].floats[slot] = 1;
  }
  for (size_t i = 0; i < features_->targets().size(); ++i) {
    int32_t value = features_->target(feature, i);
    bool isPosition = features_->targets()[i].isPosition;
    tensors_[firstTarget_ + i].ints[slot] =
        value + (isPosition ? static_cast<int32_t>(*offset) : 0);
  }
  sequences_.push_back({feature, slot, row, *offset, length});
  *offset += length;
  return Status();
}

const BatchTensor *RowBatch::find(const std::string &name) const {
  auto found = std::find_if(
      tensors_.begin(), tensors_.end(),
      [&](const BatchTensor &tensor) { return tensor.name == name; });
  return found == tensors_.end() ? nullptr : &*found;
}

} // namespace bertc
