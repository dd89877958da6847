// SPDX-License-Identifier: Apache-2.0
//
// Records that hold several sequences: written from the instances of a pack,
// read back, and checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bertc/status.h"
#include "data/PretrainInstance.h"
#include "io/Example.h"

namespace bertc {

/// The shapes of a packed record.
struct PackedShape {
  /// S: tokens of a pack.
  int maxSequenceLength = 0;
  /// P: predictions of an unpacked sequence; a pack has room for P + K.
  int maxPredictionsPerSequence = 0;
  /// K: sequences of a pack, at most.
  int maxSequencesPerPack = 0;
};

/// Turns packs into records; one a thread. Features, int64 unless said:
/// input_ids, input_mask (1, 2, ... by sequence, 0 for padding), segment_ids,
/// positions (from 0 in each sequence) [S]; masked_lm_positions (in the pack),
/// masked_lm_ids, masked_lm_weights (float: the number of the sequence) [P+K];
/// next_sentence_positions (the first token), next_sentence_labels,
/// next_sentence_weights (float: 1) [K]. All padding is 0.
class PackedEncoder {
public:
  explicit PackedEncoder(const PackedShape &shape);

  /// Begins a pack without sequences.
  void clear();

  /// Adds a sequence behind the others; false when it does not fit.
  bool add(const PretrainInstance &instance);

  /// Appends the serialised Example to *out.
  void encode(std::string *out);

private:
  ExampleBuilder builder_;
  size_t tokens_ = 0, predictions_ = 0, sequences_ = 0;
  std::vector<int32_t> ids_, mask_, segments_, positions_;
  std::vector<int32_t> maskedPositions_, maskedIds_;
  std::vector<float> maskedWeights_;
  std::vector<int32_t> nextPositions_, nextLabels_;
  std::vector<float> nextWeights_;
};

/// The features of one packed record.
struct PackedRecord {
  std::vector<int64_t> inputIds, inputMask, segmentIds, positions;
  std::vector<int64_t> maskedPositions, maskedIds;
  std::vector<float> maskedWeights;
  std::vector<int64_t> nextPositions, nextLabels;
  std::vector<float> nextWeights;

  /// Tokens that are not padding.
  size_t length() const;
  /// Predictions that count.
  size_t predictions() const;
  /// Sequences in it.
  size_t sequences() const;
};

/// Whether the record has the features that only packed ones have.
bool isPackedRecord(const ExampleView &example);

/// Reads the features; an error names the one that is missing, of another type,
/// or of a length that does not fit the others.
StatusOr<PackedRecord> readPackedRecord(const ExampleView &example);

/// The sequences of a record as they were before packing, after checking that
/// it is what PackedEncoder makes of them; ids must be in [0, vocabSize) (any
/// when 0). Corrupt names the feature and the place.
StatusOr<std::vector<PretrainInstance>> unpackRecord(const PackedRecord &record,
                                                     int64_t vocabSize);

} // namespace bertc
