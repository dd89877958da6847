// SPDX-License-Identifier: Apache-2.0
#include "data/InstanceReader.h"

#include <algorithm>

#include "data/RecordCheck.h"
#include "data/packing/PackedRecord.h"

namespace bertc {
namespace {

/// Values [from, end) are all `value`.
bool allAre(const std::vector<int32_t> &values, size_t from, size_t end,
            int32_t value) {
  return std::all_of(values.begin() + static_cast<ptrdiff_t>(from),
                     values.begin() + static_cast<ptrdiff_t>(end),
                     [value](int32_t v) { return v == value; });
}

size_t leading(const std::vector<int32_t> &values, size_t end, int32_t value) {
  size_t count = 0;
  while (count < end && values[count] == value) {
    ++count;
  }
  return count;
}

} // namespace

Status InstanceReader::read(std::string_view record,
                            PretrainInstance *instance) {
  BERTC_RETURN_IF_ERROR(example_.parse(record));
  if (readFast(instance)) {
    return Status();
  }
  // Something is unusual: find out what.
  if (isPackedRecord(example_)) {
    return corrupt("the record is packed already; expected one sequence");
  }
  BERTC_ASSIGN_OR_RETURN(PretrainRecord slow, readPretrainRecord(example_));
  BERTC_RETURN_IF_ERROR(checkPretrainRecord(slow, 0));
  return corrupt("the record has token ids of more than 31 bits");
}

bool InstanceReader::readInts(const char *name, size_t count,
                              std::vector<int32_t> *out) {
  const FeatureView *feature = example_.find(name);
  out->resize(count);
  return feature != nullptr && feature->readInt32(out->data(), count).ok();
}

/// False when anything is not as in a sound record.
bool InstanceReader::readFast(PretrainInstance *instance) {
  const FeatureView *ids = example_.find("input_ids");
  const FeatureView *positions = example_.find("masked_lm_positions");
  const FeatureView *weights = example_.find("masked_lm_weights");
  if (ids == nullptr || positions == nullptr || weights == nullptr ||
      isPackedRecord(example_)) {
    return false;
  }
  size_t s = ids->size(), p = positions->size();
  weights_.resize(p);
  return readInts("input_ids", s, &ids_) && readInts("input_mask", s, &mask_) &&
         readInts("segment_ids", s, &segments_) &&
         readInts("masked_lm_positions", p, &positions_) &&
         readInts("masked_lm_ids", p, &labels_) &&
         weights->readFloat(weights_.data(), p).ok() &&
         readInts("next_sentence_labels", 1, &next_) && takeTokens(instance) &&
         takePredictions(instance);
}

bool InstanceReader::takeTokens(PretrainInstance *instance) {
  size_t length = leading(mask_, mask_.size(), 1);
  size_t first = leading(segments_, length, 0);
  instance->ids.assign(ids_.begin(),
                       ids_.begin() + static_cast<ptrdiff_t>(length));
  instance->firstSegment = static_cast<uint32_t>(first);
  instance->isRandomNext = next_[0] == 1;
  int32_t signs = 0;
  for (int32_t id : ids_) {
    signs |= id;
  }
  return length > 0 && length <= UINT16_MAX && signs >= 0 &&
         (next_[0] == 0 || next_[0] == 1) &&
         allAre(mask_, length, mask_.size(), 0) &&
         allAre(segments_, first, length, 1) &&
         allAre(segments_, length, segments_.size(), 0);
}

bool InstanceReader::takePredictions(PretrainInstance *instance) {
  instance->maskedPositions.clear();
  instance->maskedLabels.clear();
  auto last = static_cast<int32_t>(instance->ids.size()) - 1;
  size_t count = 0;
  int32_t before = 0;
  while (count < weights_.size() && weights_[count] == 1.0F) {
    int32_t position = positions_[count];
    if (position <= before || position >= last || labels_[count] < 0) {
      return false;
    }
    before = position;
    instance->maskedPositions.push_back(position);
    instance->maskedLabels.push_back(labels_[count]);
    ++count;
  }
  return std::all_of(weights_.begin() + static_cast<ptrdiff_t>(count),
                     weights_.end(), [](float w) { return w == 0.0F; }) &&
         allAre(positions_, count, positions_.size(), 0) &&
         allAre(labels_, count, labels_.size(), 0);
}

} // namespace bertc
