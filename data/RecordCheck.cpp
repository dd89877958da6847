// SPDX-License-Identifier: Apache-2.0
#include "data/RecordCheck.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/RecordFeatures.h"

namespace bertc {
namespace {

Status checkText(const PretrainRecord &record, int64_t vocabSize) {
  size_t length = record.length();
  for (size_t i = 0; i < record.inputIds.size(); ++i) {
    int64_t id = record.inputIds[i];
    if (id < 0 || (vocabSize > 0 && id >= vocabSize)) {
      return corrupt(fmt::format(
          "input_ids[{}] is {}, outside the vocabulary of {} tokens", i, id,
          vocabSize));
    }
    if (record.inputMask[i] != (i < length ? 1 : 0)) {
      return corrupt(fmt::format("input_mask[{}] is {}; expected ones for the "
                                 "text, then zeros",
                                 i, record.inputMask[i]));
    }
    int64_t segment = record.segmentIds[i];
    bool drops = i > 0 && i < length && segment < record.segmentIds[i - 1];
    if (segment < 0 || segment > 1 || drops || (i >= length && segment != 0)) {
      return corrupt(fmt::format("segment_ids[{}] is {}; expected zeros, ones, "
                                 "then zeros for padding",
                                 i, segment));
    }
  }
  return length == 0 ? corrupt("input_mask is all zero: the record is empty")
                     : Status();
}

Status checkPredictions(const PretrainRecord &record, int64_t vocabSize) {
  size_t predictions = record.predictions();
  auto length = static_cast<int64_t>(record.length());
  for (size_t i = 0; i < record.maskedPositions.size(); ++i) {
    if (record.maskedWeights[i] != (i < predictions ? 1.0F : 0.0F)) {
      return corrupt(fmt::format("masked_lm_weights[{}] is {}; expected ones "
                                 "for the predictions, then zeros",
                                 i, record.maskedWeights[i]));
    }
    int64_t id = record.maskedIds[i];
    if (id < 0 || (vocabSize > 0 && id >= vocabSize)) {
      return corrupt(fmt::format(
          "masked_lm_ids[{}] is {}, outside the vocabulary of {} tokens", i, id,
          vocabSize));
    }
    int64_t position = record.maskedPositions[i];
    if (i >= predictions) {
      if (position != 0 || id != 0) {
        return corrupt(fmt::format("masked_lm_positions[{}] is {} with weight "
                                   "0; expected 0",
                                   i, position));
      }
      continue;
    }
    if (position <= 0 || position >= length - 1 ||
        (i > 0 && position <= record.maskedPositions[i - 1])) {
      return corrupt(fmt::format(
          "masked_lm_positions[{}] is {}; expected ascending positions between "
          "[CLS] and the last [SEP] of {} tokens",
          i, position, length));
    }
  }
  return Status();
}

} // namespace

size_t PretrainRecord::length() const {
  return static_cast<size_t>(
      std::count(inputMask.begin(), inputMask.end(), int64_t{1}));
}

size_t PretrainRecord::predictions() const {
  return static_cast<size_t>(
      std::count(maskedWeights.begin(), maskedWeights.end(), 1.0F));
}

StatusOr<PretrainRecord> readPretrainRecord(const ExampleView &example) {
  PretrainRecord record;
  BERTC_ASSIGN_OR_RETURN(record.inputIds, readInts(example, "input_ids"));
  BERTC_ASSIGN_OR_RETURN(record.inputMask, readInts(example, "input_mask"));
  BERTC_ASSIGN_OR_RETURN(record.segmentIds, readInts(example, "segment_ids"));
  BERTC_ASSIGN_OR_RETURN(record.maskedPositions,
                         readInts(example, "masked_lm_positions"));
  BERTC_ASSIGN_OR_RETURN(record.maskedIds, readInts(example, "masked_lm_ids"));
  BERTC_ASSIGN_OR_RETURN(record.maskedWeights,
                         readFloats(example, "masked_lm_weights"));
  BERTC_ASSIGN_OR_RETURN(std::vector<int64_t> label,
                         readInts(example, "next_sentence_labels"));
  if (label.size() != 1 || label[0] < 0 || label[0] > 1) {
    return corrupt("feature next_sentence_labels: expected one value, 0 or 1");
  }
  record.nextSentenceLabel = label[0];
  BERTC_RETURN_IF_ERROR(sameTokenLengths(record));
  return record;
}

Status checkPretrainRecord(const PretrainRecord &record, int64_t vocabSize) {
  BERTC_RETURN_IF_ERROR(checkText(record, vocabSize));
  return checkPredictions(record, vocabSize);
}

} // namespace bertc
