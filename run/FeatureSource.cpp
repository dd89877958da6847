// SPDX-License-Identifier: Apache-2.0
#include "run/FeatureSource.h"

#include "run/BatchStream.h"
#include "run/EpochOrder.h"
#include "runtime/core/Sha256.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bertc {

namespace {

constexpr char stepEntry[] = "train_step";
constexpr char sequenceWeightsName[] = "sequence_weights";

RowBatch::Shape shapeOf(const rt::Plan &plan) {
  return {static_cast<int>(plan.model().batchSize),
          static_cast<int>(plan.model().maxSeqLength)};
}

uint64_t ceilDivide(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

} // namespace

DataIdentity featureIdentity(const FeatureSet &features) {
  DataIdentity identity;
  identity.records = features.size();
  Sha256 hash;
  std::vector<int32_t> values;
  for (size_t i = 0; i < features.size(); ++i) {
    uint32_t length = features.length(i);
    values.resize(2 * static_cast<size_t>(length));
    features.write(i, values.data(), values.data() + length);
    values.push_back(static_cast<int32_t>(length));
    for (size_t t = 0; t < features.targets().size(); ++t) {
      values.push_back(features.target(i, t));
    }
    hash.update(values.data(), values.size() * sizeof(int32_t));
    identity.bytes += values.size() * sizeof(int32_t);
  }
  identity.digest = toHex(hash.finish());
  return identity;
}

StatusOr<RowPlan> rowsFor(const rt::Plan &plan, const FeatureSet &features,
                          uint64_t seed) {
  const rt::ModelInfo &model = plan.model();
  if (model.packed == 0) {
    return RowPlan::onePerRow(features);
  }
  return RowPlan::packed(features, static_cast<int>(model.maxSeqLength),
                         static_cast<int>(model.packed), seed);
}

rt::NamedInputs rowInputs(const rt::EntryInfo &entry, const RowBatch &batch) {
  rt::NamedInputs inputs;
  for (const BatchTensor &tensor : batch.tensors()) {
    if (entry.findInput(tensor.name)) {
      rt::DType dtype = tensor.isFloat ? rt::DType::F32 : rt::DType::I32;
      inputs.emplace_back(
          tensor.name, rt::ConstTensorView(dtype, tensor.shape, tensor.data()));
    }
  }
  return inputs;
}

TrainExtent TrainExtent::ofEpochs(uint64_t rows, double epochs,
                                  int64_t batchSize,
                                  int64_t accumulationSteps) {
  TrainExtent extent;
  auto drawn = std::llround(static_cast<double>(rows) * epochs);
  extent.rows = static_cast<uint64_t>(std::max<long long>(1, drawn));
  extent.microBatches =
      ceilDivide(extent.rows, static_cast<uint64_t>(batchSize));
  extent.updates = static_cast<int64_t>(ceilDivide(
      extent.microBatches, static_cast<uint64_t>(accumulationSteps)));
  return extent;
}

TrainExtent TrainExtent::ofUpdates(int64_t updates, int64_t batchSize,
                                   int64_t accumulationSteps) {
  TrainExtent extent;
  extent.updates = updates;
  extent.microBatches = static_cast<uint64_t>(updates * accumulationSteps);
  extent.rows = extent.microBatches * static_cast<uint64_t>(batchSize);
  return extent;
}

FeatureSource::FeatureSource(const rt::Plan &plan, const FeatureSet &features,
                             const RowPlan &rows, const Settings &settings)
    : plan_(plan), features_(features), rows_(rows), settings_(settings),
      tensors_(features, rows, shapeOf(plan)),
      begin_(static_cast<uint64_t>(settings.microStep)), end_(begin_),
      round_(begin_) {}

Status FeatureSource::check() const {
  const rt::EntryInfo *entry = plan_.findEntry(stepEntry);
  if (!entry) {
    return failedPrecondition(
        fmt::format("{}: no entry '{}', it cannot be trained; compile it with "
                    "--mode train",
                    plan_.path(), stepEntry));
  }
  for (const FeatureTarget &target : features_.targets()) {
    if (!entry->findInput(target.name)) {
      return failedPrecondition(fmt::format(
          "{}: entry {} has no input '{}'; the plan is of task {}",
          plan_.path(), stepEntry, target.name, plan_.model().task));
    }
  }
  bool weighs = entry->findInput(exampleWeightsName) ||
                entry->findInput(sequenceWeightsName);
  if (!weighs && settings_.extent.rows % plan_.model().batchSize != 0) {
    return failedPrecondition(fmt::format(
        "{}: entry {} takes no {}, so {} rows do not fit batches of {}; "
        "compile the plan again",
        plan_.path(), stepEntry, exampleWeightsName, settings_.extent.rows,
        plan_.model().batchSize));
  }
  return Status::okStatus();
}

void FeatureSource::drawRows(uint64_t number) {
  uint64_t size = rows_.rows(), batchSize = plan_.model().batchSize;
  uint64_t begin = number * batchSize;
  uint64_t end = std::min(begin + batchSize, settings_.extent.rows);
  drawn_.clear();
  uint64_t epoch = begin / size;
  EpochOrder order(size, settings_.seed, epoch);
  for (uint64_t at = begin; at < end; ++at) {
    if (at / size != epoch) {
      epoch = at / size;
      order = EpochOrder(size, settings_.seed, epoch);
    }
    drawn_.push_back(order.at(at % size));
  }
}

uint64_t FeatureSource::sequencesOfUpdate() {
  uint64_t sequences = 0;
  for (uint64_t number = begin_; number < end_; ++number) {
    drawRows(number);
    for (uint64_t row : drawn_) {
      sequences += rows_.features(row).size();
    }
  }
  return sequences;
}

void FeatureSource::beginUpdate() {
  auto steps = static_cast<uint64_t>(settings_.accumulationSteps) *
               static_cast<uint64_t>(settings_.workers.size);
  begin_ = round_ = end_;
  end_ = std::min(begin_ + steps, settings_.extent.microBatches);
  updateSequences_ = sequencesOfUpdate();
}

StatusOr<const MicroBatch *> FeatureSource::next() {
  if (round_ >= end_) {
    if (end_ >= settings_.extent.microBatches) {
      return static_cast<const MicroBatch *>(nullptr);
    }
    beginUpdate();
  }
  uint64_t number = round_ + static_cast<uint64_t>(settings_.workers.rank);
  round_ += static_cast<uint64_t>(settings_.workers.size);
  batch_ = MicroBatch();
  batch_.number = static_cast<int64_t>(number);
  batch_.endsUpdate = round_ >= end_;
  if (number >= end_) {
    batch_.share = 0;
    return static_cast<const MicroBatch *>(&batch_);
  }
  // Copying the tokens of a batch takes microseconds, next to milliseconds of
  // a step at least, so nothing is made ahead.
  drawRows(number);
  BERTC_RETURN_IF_ERROR(tensors_.fill(drawn_.data(), drawn_.size()));
  batch_.inputs = rowInputs(*plan_.findEntry(stepEntry), tensors_);
  batch_.examples = static_cast<int64_t>(tensors_.realRows());
  batch_.sequences = static_cast<int64_t>(tensors_.sequences().size());
  batch_.share = static_cast<double>(batch_.sequences) /
                 static_cast<double>(updateSequences_);
  return static_cast<const MicroBatch *>(&batch_);
}

} // namespace bertc
