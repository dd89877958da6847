// SPDX-License-Identifier: Apache-2.0
#include "tasks/PairFeatures.h"

#include <algorithm>

namespace bertc {

void truncatePair(size_t maxTokens, size_t *lengthA, size_t *lengthB) {
  while (*lengthA + *lengthB > maxTokens) {
    // One at a time as long as the difference lasts, then in turn.
    size_t excess = *lengthA + *lengthB - maxTokens;
    if (*lengthA > *lengthB) {
      *lengthA -= std::min(excess, *lengthA - *lengthB);
    } else if (*lengthB > *lengthA) {
      *lengthB -= std::min(excess, *lengthB - *lengthA);
    } else {
      *lengthB -= (excess + 1) / 2;
      *lengthA -= excess / 2;
    }
  }
}

PairFeatures::PairFeatures(const Vocabulary &vocabulary, int maxSequenceLength,
                           std::vector<FeatureTarget> targets)
    : cls_(vocabulary.clsId()), sep_(vocabulary.sepId()),
      maxSequenceLength_(static_cast<size_t>(std::max(maxSequenceLength, 3))),
      targets_(std::move(targets)) {}

bool PairFeatures::add(const std::vector<int32_t> &a,
                       const std::vector<int32_t> &b, int32_t label) {
  size_t lengthA = a.size(), lengthB = b.size();
  if (b.empty()) {
    lengthA = std::min(lengthA, maxSequenceLength_ - 2);
  } else {
    truncatePair(maxSequenceLength_ - 3, &lengthA, &lengthB);
  }
  auto append = [&](const std::vector<int32_t> &text, size_t length) {
    ids_.insert(ids_.end(), text.begin(),
                text.begin() + static_cast<ptrdiff_t>(length));
    ids_.push_back(sep_);
  };
  ids_.push_back(cls_);
  append(a, lengthA);
  if (!b.empty()) {
    append(b, lengthB);
  }
  sequences_.push_back(
      {ids_.size(), static_cast<uint32_t>(lengthA + 2), label});
  bool cut = lengthA < a.size() || lengthB < b.size();
  truncated_ += cut ? 1 : 0;
  return cut;
}

void PairFeatures::append(const PairFeatures &other) {
  uint64_t base = ids_.size();
  ids_.insert(ids_.end(), other.ids_.begin(), other.ids_.end());
  for (Sequence sequence : other.sequences_) {
    sequence.end += base;
    sequences_.push_back(sequence);
  }
  truncated_ += other.truncated_;
}

void PairFeatures::mapLabels(const std::vector<int32_t> &newIds) {
  for (Sequence &sequence : sequences_) {
    sequence.label = newIds[static_cast<size_t>(sequence.label)];
  }
}

uint32_t PairFeatures::length(size_t feature) const {
  return static_cast<uint32_t>(sequences_[feature].end - begin(feature));
}

void PairFeatures::write(size_t feature, int32_t *inputIds,
                         int32_t *segmentIds) const {
  const Sequence &sequence = sequences_[feature];
  auto first = ids_.begin() + static_cast<ptrdiff_t>(begin(feature));
  auto last = ids_.begin() + static_cast<ptrdiff_t>(sequence.end);
  std::copy(first, last, inputIds);
  std::fill(std::fill_n(segmentIds, sequence.firstSegment, 0),
            segmentIds + (last - first), 1);
}

int32_t PairFeatures::target(size_t feature, size_t) const {
  return sequences_[feature].label;
}

} // namespace bertc
