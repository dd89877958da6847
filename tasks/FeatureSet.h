// SPDX-License-Identifier: Apache-2.0
//
// Sequences of tokens by number, with what a task asks of each: the common form
// of everything that is fine-tuned on or predicted. RowPlan says which of them
// share a row of a batch, RowBatch makes the tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// A number that a task asks of a sequence: an input of the plan's entries.
struct FeatureTarget {
  /// Name of the input, e.g. "label_ids", "start_positions".
  std::string name;
  /// It counts tokens from the first of the sequence (or is a class).
  bool isPosition = false;
};

/// Immutable once made, so that any number of threads may read it.
class FeatureSet {
public:
  virtual ~FeatureSet() = default;

  /// Sequences.
  virtual size_t size() const = 0;

  /// Tokens of a sequence, [CLS] and [SEP] included: 2 to S.
  virtual uint32_t length(size_t feature) const = 0;

  /// Writes length(feature) token ids and as many segment numbers (0 or 1).
  virtual void write(size_t feature, int32_t *inputIds,
                     int32_t *segmentIds) const = 0;

  /// What is asked of each sequence; empty for plain text.
  virtual const std::vector<FeatureTarget> &targets() const = 0;

  /// The value of targets()[which].
  virtual int32_t target(size_t feature, size_t which) const = 0;
};

} // namespace bertc
