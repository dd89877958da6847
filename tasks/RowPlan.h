// SPDX-License-Identifier: Apache-2.0
//
// Which sequences share a row of a batch: one a row, or up to K packed one
// behind the other by the strategies of data/packing.
//
//   BERTC_ASSIGN_OR_RETURN(RowPlan plan, RowPlan::packed(features, 128, 3, 1));
//   for (uint64_t row : order) ... plan.features(row) ...
#pragma once

#include <cstdint>
#include <vector>

#include "bertc/status.h"
#include "tasks/FeatureSet.h"

namespace bertc {

/// Numbers of features, as a range.
struct FeatureRange {
  const uint32_t *first = nullptr;
  const uint32_t *last = nullptr;

  const uint32_t *begin() const { return first; }
  const uint32_t *end() const { return last; }
  size_t size() const { return static_cast<size_t>(last - first); }
};

class RowPlan {
public:
  /// Row i is feature i.
  static RowPlan onePerRow(const FeatureSet &features);

  /// One a row, from long to short (equal lengths in order), so that rows of a
  /// batch are about equally long.
  static RowPlan byLength(const FeatureSet &features);

  /// Packs of at most `maxSequencesPerRow` (K) sequences and
  /// `maxSequenceLength` (S) tokens. `seed` chooses what is packed with what
  /// and the order of the packs; the same seed gives the same plan. Errors: a
  /// feature longer than S, K outside [1, 16].
  static StatusOr<RowPlan> packed(const FeatureSet &features,
                                  int maxSequenceLength, int maxSequencesPerRow,
                                  uint64_t seed);

  size_t rows() const { return starts_.size() - 1; }
  /// Features of a row in their order.
  FeatureRange features(size_t row) const {
    return {members_.data() + starts_[row], members_.data() + starts_[row + 1]};
  }
  /// K, 0 when not packed.
  int maxSequencesPerRow() const { return packed_; }
  /// Sequences of an average row; 1 when not packed (or empty).
  double sequencesPerRow() const;
  /// Share of rows() * S positions that hold tokens.
  double efficiency(int maxSequenceLength) const;

private:
  std::vector<uint32_t> members_;
  std::vector<uint64_t> starts_ = {0};
  int packed_ = 0;
  uint64_t tokens_ = 0;
};

} // namespace bertc
