// SPDX-License-Identifier: Apache-2.0
//
// [CLS] a [SEP] and [CLS] a [SEP] b [SEP] from the ids of one text or two, cut
// to a length as the reference cuts them.
#pragma once

#include <cstdint>
#include <vector>

#include "tasks/FeatureSet.h"
#include "text/Vocabulary.h"

namespace bertc {

/// Takes tokens from the end of the longer of two texts (of b when they are
/// equally long) until both together have at most `maxTokens`: the reference's
/// _truncate_seq_pair. Lengths only.
void truncatePair(size_t maxTokens, size_t *lengthA, size_t *lengthB);

/// Sequences of one or two texts; 4 bytes a token. Build it, then only read.
class PairFeatures : public FeatureSet {
public:
  /// `targets` has at most one entry: the label's.
  PairFeatures(const Vocabulary &vocabulary, int maxSequenceLength,
               std::vector<FeatureTarget> targets);

  /// Adds [CLS] a [SEP], and b [SEP] unless b is empty. Returns whether tokens
  /// had to be left out.
  bool add(const std::vector<int32_t> &a, const std::vector<int32_t> &b,
           int32_t label);

  /// Adds all of `other`, made with the same arguments.
  void append(const PairFeatures &other);

  void setLabel(size_t feature, int32_t label) {
    sequences_[feature].label = label;
  }

  /// Changes labels: each becomes newIds[label].
  void mapLabels(const std::vector<int32_t> &newIds);

  size_t size() const override { return sequences_.size(); }
  uint32_t length(size_t feature) const override;
  void write(size_t feature, int32_t *inputIds,
             int32_t *segmentIds) const override;
  const std::vector<FeatureTarget> &targets() const override {
    return targets_;
  }
  int32_t target(size_t feature, size_t which) const override;

  /// Sequences that tokens were left out of.
  uint64_t truncated() const { return truncated_; }
  uint64_t tokens() const { return ids_.size(); }

private:
  struct Sequence {
    uint64_t end;
    /// Tokens of segment 0.
    uint32_t firstSegment;
    int32_t label;
  };
  uint64_t begin(size_t feature) const {
    return feature == 0 ? 0 : sequences_[feature - 1].end;
  }

  int32_t cls_, sep_;
  size_t maxSequenceLength_;
  std::vector<FeatureTarget> targets_;
  std::vector<int32_t> ids_;
  std::vector<Sequence> sequences_;
  uint64_t truncated_ = 0;
};

} // namespace bertc
