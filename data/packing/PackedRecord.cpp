// SPDX-License-Identifier: Apache-2.0
#include "data/packing/PackedRecord.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "data/RecordFeatures.h"

namespace bertc {
namespace {

size_t nonZero(const std::vector<float> &values) {
  return values.size() -
         static_cast<size_t>(std::count(values.begin(), values.end(), 0.0F));
}

template <typename T>
Status sameValues(const char *name, const std::vector<T> &found,
                  const std::vector<T> &expected) {
  auto [a, b] = std::mismatch(found.begin(), found.end(), expected.begin());
  if (a == found.end()) {
    return Status();
  }
  return corrupt(fmt::format("{}[{}] is {}; the rest of the record implies {}",
                             name, a - found.begin(), *a, *b));
}

Status checkIds(const char *name, const std::vector<int64_t> &ids,
                int64_t vocabSize) {
  int64_t end = vocabSize > 0 ? vocabSize : INT32_MAX;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= end) {
      return corrupt(
          fmt::format("{}[{}] is {}, outside the vocabulary of {} tokens", name,
                      i, ids[i], end));
    }
  }
  return Status();
}

/// Tokens [first, last) of the pack as an instance; predictions are those of
/// weight `number`, from *prediction on.
StatusOr<PretrainInstance> takeInstance(const PackedRecord &record,
                                        size_t first, size_t last,
                                        size_t number, size_t *prediction) {
  PretrainInstance instance;
  for (size_t i = first; i < last; ++i) {
    instance.ids.push_back(static_cast<int32_t>(record.inputIds[i]));
    if (record.segmentIds[i] == 0) {
      ++instance.firstSegment;
    }
  }
  instance.isRandomNext = record.nextLabels[number - 1] == 1;
  while (*prediction < record.maskedWeights.size() &&
         record.maskedWeights[*prediction] == static_cast<float>(number)) {
    int64_t position = record.maskedPositions[*prediction];
    auto begin = static_cast<int64_t>(first), end = static_cast<int64_t>(last);
    bool ascends = instance.maskedPositions.empty() ||
                   position - begin > instance.maskedPositions.back();
    if (position <= begin || position >= end - 1 || !ascends) {
      return corrupt(fmt::format(
          "masked_lm_positions[{}] is {}; expected ascending positions between "
          "[CLS] and the last [SEP] of sequence {}, tokens {} to {}",
          *prediction, position, number, first, last - 1));
    }
    instance.maskedPositions.push_back(static_cast<int32_t>(position - begin));
    instance.maskedLabels.push_back(
        static_cast<int32_t>(record.maskedIds[*prediction]));
    ++*prediction;
  }
  return instance;
}

/// Compares all features with those of a record made of `instances`.
Status checkAgainst(const PackedRecord &record,
                    const std::vector<PretrainInstance> &instances) {
  PackedShape shape;
  shape.maxSequenceLength = static_cast<int>(record.inputIds.size());
  shape.maxSequencesPerPack = static_cast<int>(record.nextPositions.size());
  shape.maxPredictionsPerSequence =
      static_cast<int>(record.maskedPositions.size()) -
      shape.maxSequencesPerPack;
  PackedEncoder encoder(shape);
  for (const PretrainInstance &instance : instances) {
    if (!encoder.add(instance)) {
      return internalError("a record has no room for its own sequences");
    }
  }
  std::string bytes;
  encoder.encode(&bytes);
  ExampleView example;
  BERTC_RETURN_IF_ERROR(example.parse(bytes));
  BERTC_ASSIGN_OR_RETURN(PackedRecord made, readPackedRecord(example));
  const auto check = [&](const char *name, auto member) {
    return sameValues(name, record.*member, made.*member);
  };
  using R = PackedRecord;
  BERTC_RETURN_IF_ERROR(check("input_mask", &R::inputMask));
  BERTC_RETURN_IF_ERROR(check("input_ids", &R::inputIds));
  BERTC_RETURN_IF_ERROR(check("segment_ids", &R::segmentIds));
  BERTC_RETURN_IF_ERROR(check("positions", &R::positions));
  BERTC_RETURN_IF_ERROR(check("masked_lm_weights", &R::maskedWeights));
  BERTC_RETURN_IF_ERROR(check("masked_lm_positions", &R::maskedPositions));
  BERTC_RETURN_IF_ERROR(check("masked_lm_ids", &R::maskedIds));
  BERTC_RETURN_IF_ERROR(check("next_sentence_weights", &R::nextWeights));
  BERTC_RETURN_IF_ERROR(check("next_sentence_positions", &R::nextPositions));
  return check("next_sentence_labels", &R::nextLabels);
}

} // namespace

PackedEncoder::PackedEncoder(const PackedShape &shape)
    : ids_(static_cast<size_t>(shape.maxSequenceLength)), mask_(ids_.size()),
      segments_(ids_.size()), positions_(ids_.size()),
      maskedPositions_(static_cast<size_t>(shape.maxPredictionsPerSequence +
                                           shape.maxSequencesPerPack)),
      maskedIds_(maskedPositions_.size()),
      maskedWeights_(maskedPositions_.size()),
      nextPositions_(static_cast<size_t>(shape.maxSequencesPerPack)),
      nextLabels_(nextPositions_.size()), nextWeights_(nextPositions_.size()) {}

void PackedEncoder::clear() {
  for (std::vector<int32_t> *values :
       {&ids_, &mask_, &segments_, &positions_, &maskedPositions_, &maskedIds_,
        &nextPositions_, &nextLabels_}) {
    std::fill(values->begin(), values->end(), 0);
  }
  std::fill(maskedWeights_.begin(), maskedWeights_.end(), 0.0F);
  std::fill(nextWeights_.begin(), nextWeights_.end(), 0.0F);
  tokens_ = predictions_ = sequences_ = 0;
}

bool PackedEncoder::add(const PretrainInstance &instance) {
  size_t length = instance.ids.size(), masked = instance.maskedPositions.size();
  if (tokens_ + length > ids_.size() ||
      predictions_ + masked > maskedPositions_.size() ||
      sequences_ == nextPositions_.size()) {
    return false;
  }
  auto offset = static_cast<ptrdiff_t>(tokens_);
  auto number = static_cast<int32_t>(sequences_ + 1);
  std::copy(instance.ids.begin(), instance.ids.end(), ids_.begin() + offset);
  std::fill_n(mask_.begin() + offset, length, number);
  std::fill(segments_.begin() + offset + instance.firstSegment,
            segments_.begin() + offset + static_cast<ptrdiff_t>(length), 1);
  std::iota(positions_.begin() + offset,
            positions_.begin() + offset + static_cast<ptrdiff_t>(length), 0);
  for (size_t i = 0; i < masked; ++i) {
    maskedPositions_[predictions_ + i] =
        instance.maskedPositions[i] + static_cast<int32_t>(tokens_);
    maskedIds_[predictions_ + i] = instance.maskedLabels[i];
    maskedWeights_[predictions_ + i] = static_cast<float>(number);
  }
  nextPositions_[sequences_] = static_cast<int32_t>(tokens_);
  nextLabels_[sequences_] = instance.isRandomNext ? 1 : 0;
  nextWeights_[sequences_] = 1;
  tokens_ += length;
  predictions_ += masked;
  ++sequences_;
  return true;
}

void PackedEncoder::encode(std::string *out) {
  builder_.clear();
  const auto ints = [this](const char *name, const std::vector<int32_t> &v) {
    builder_.setInt64(name, v.data(), v.size());
  };
  const auto floats = [this](const char *name, const std::vector<float> &v) {
    builder_.setFloat(name, v.data(), v.size());
  };
  ints("input_ids", ids_);
  ints("input_mask", mask_);
  ints("masked_lm_ids", maskedIds_);
  ints("masked_lm_positions", maskedPositions_);
  floats("masked_lm_weights", maskedWeights_);
  ints("next_sentence_labels", nextLabels_);
  ints("next_sentence_positions", nextPositions_);
  floats("next_sentence_weights", nextWeights_);
  ints("positions", positions_);
  ints("segment_ids", segments_);
  builder_.serialize(out);
}

size_t PackedRecord::length() const {
  return inputMask.size() -
         static_cast<size_t>(std::count(inputMask.begin(), inputMask.end(), 0));
}

size_t PackedRecord::predictions() const { return nonZero(maskedWeights); }

size_t PackedRecord::sequences() const { return nonZero(nextWeights); }

bool isPackedRecord(const ExampleView &example) {
  return example.find("next_sentence_positions") != nullptr;
}

StatusOr<PackedRecord> readPackedRecord(const ExampleView &example) {
  PackedRecord record;
  const auto ints = [&](const char *name, std::vector<int64_t> *out) -> Status {
    BERTC_ASSIGN_OR_RETURN(*out, readInts(example, name));
    return Status();
  };
  BERTC_RETURN_IF_ERROR(ints("input_ids", &record.inputIds));
  BERTC_RETURN_IF_ERROR(ints("input_mask", &record.inputMask));
  BERTC_RETURN_IF_ERROR(ints("segment_ids", &record.segmentIds));
  BERTC_RETURN_IF_ERROR(ints("positions", &record.positions));
  BERTC_RETURN_IF_ERROR(ints("masked_lm_positions", &record.maskedPositions));
  BERTC_RETURN_IF_ERROR(ints("masked_lm_ids", &record.maskedIds));
  BERTC_ASSIGN_OR_RETURN(record.maskedWeights,
                         readFloats(example, "masked_lm_weights"));
  BERTC_RETURN_IF_ERROR(ints("next_sentence_positions", &record.nextPositions));
  BERTC_RETURN_IF_ERROR(ints("next_sentence_labels", &record.nextLabels));
  BERTC_ASSIGN_OR_RETURN(record.nextWeights,
                         readFloats(example, "next_sentence_weights"));
  size_t s = record.inputIds.size(), p = record.maskedPositions.size();
  size_t k = record.nextPositions.size();
  BERTC_RETURN_IF_ERROR(sameTokenLengths(record));
  BERTC_RETURN_IF_ERROR(
      sameLength("positions", record.positions.size(), "input_ids", s));
  BERTC_RETURN_IF_ERROR(sameLength("next_sentence_labels",
                                   record.nextLabels.size(),
                                   "next_sentence_positions", k));
  BERTC_RETURN_IF_ERROR(sameLength("next_sentence_weights",
                                   record.nextWeights.size(),
                                   "next_sentence_positions", k));
  if (p < k) {
    return corrupt(fmt::format("masked_lm_positions has {} values, less than "
                               "the {} sequences of a pack",
                               p, k));
  }
  return record;
}

StatusOr<std::vector<PretrainInstance>> unpackRecord(const PackedRecord &record,
                                                     int64_t vocabSize) {
  BERTC_RETURN_IF_ERROR(checkIds("input_ids", record.inputIds, vocabSize));
  BERTC_RETURN_IF_ERROR(checkIds("masked_lm_ids", record.maskedIds, vocabSize));
  std::vector<PretrainInstance> instances;
  size_t at = 0, prediction = 0;
  while (at < record.inputMask.size() && record.inputMask[at] != 0) {
    size_t number = instances.size() + 1, last = at;
    while (last < record.inputMask.size() &&
           record.inputMask[last] == static_cast<int64_t>(number)) {
      ++last;
    }
    if (last == at || number > record.nextPositions.size()) {
      return corrupt(fmt::format("input_mask[{}] is {}; expected 1, 2, ... up "
                                 "to {} by sequence, then zeros",
                                 at, record.inputMask[at],
                                 record.nextPositions.size()));
    }
    BERTC_ASSIGN_OR_RETURN(PretrainInstance instance,
                           takeInstance(record, at, last, number, &prediction));
    instances.push_back(std::move(instance));
    at = last;
  }
  if (instances.empty()) {
    return corrupt("input_mask is all zero: the record is empty");
  }
  BERTC_RETURN_IF_ERROR(checkAgainst(record, instances));
  return instances;
}

} // namespace bertc
