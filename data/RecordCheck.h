// SPDX-License-Identifier: Apache-2.0
//
// Reads pre-training records back and checks that they make sense.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "io/Example.h"

namespace bertc {

/// The features of one pre-training record.
struct PretrainRecord {
  std::vector<int64_t> inputIds, inputMask, segmentIds;
  std::vector<int64_t> maskedPositions, maskedIds;
  std::vector<float> maskedWeights;
  int64_t nextSentenceLabel = 0;

  /// Tokens that are not padding.
  size_t length() const;
  /// Predictions with weight 1.
  size_t predictions() const;
};

/// Reads the features; an error names the one that is missing, of another type,
/// or of a length that does not fit the others.
StatusOr<PretrainRecord> readPretrainRecord(const ExampleView &example);

/// Checks what a sound record promises: ids in [0, vocabSize) (any vocabulary
/// when 0), mask ones then zeros, padding zero, segments 0 then 1, predictions
/// first and at ascending positions inside the text, label 0 or 1.
Status checkPretrainRecord(const PretrainRecord &record, int64_t vocabSize);

} // namespace bertc
