// SPDX-License-Identifier: Apache-2.0
#include "tasks/RowPlan.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "data/packing/PackAssigner.h"
#include "data/packing/Packing.h"

namespace bertc {
namespace {

uint64_t countTokens(const FeatureSet &features) {
  uint64_t tokens = 0;
  for (size_t i = 0; i < features.size(); ++i) {
    tokens += features.length(i);
  }
  return tokens;
}

/// The histogram of lengths; InvalidArgument names a feature that is too long.
StatusOr<LengthHistogram> countLengths(const FeatureSet &features,
                                       int maxSequenceLength) {
  LengthHistogram histogram(static_cast<size_t>(maxSequenceLength) + 1);
  for (size_t i = 0; i < features.size(); ++i) {
    uint32_t length = features.length(i);
    if (length == 0 || length >= histogram.size()) {
      return invalidArgument(
          fmt::format("sequence {} has {} tokens, a row has {}", i, length,
                      maxSequenceLength));
    }
    ++histogram[length];
  }
  return histogram;
}

/// The faster of the two good methods where that is as good as can be, else
/// both: plans are made at every start of a run.
StatusOr<PackingPlan> planRows(const LengthHistogram &histogram, int packed) {
  BERTC_ASSIGN_OR_RETURN(
      PackingPlan greedy,
      planPacking(histogram, packed, PackingMethod::LongestFirst));
  uint64_t bound = fewestPacksPossible(histogram, packed);
  if (static_cast<double>(greedy.packs()) <=
      1.005 * static_cast<double>(bound)) {
    return greedy;
  }
  BERTC_ASSIGN_OR_RETURN(PackingPlan linear,
                         planPacking(histogram, packed, PackingMethod::Linear));
  return linear.packs() < greedy.packs() ? linear : greedy;
}

} // namespace

RowPlan RowPlan::onePerRow(const FeatureSet &features) {
  RowPlan plan;
  plan.members_.resize(features.size());
  std::iota(plan.members_.begin(), plan.members_.end(), 0);
  plan.starts_.resize(features.size() + 1);
  std::iota(plan.starts_.begin(), plan.starts_.end(), 0);
  plan.tokens_ = countTokens(features);
  return plan;
}

RowPlan RowPlan::byLength(const FeatureSet &features) {
  RowPlan plan = onePerRow(features);
  std::stable_sort(plan.members_.begin(), plan.members_.end(),
                   [&](uint32_t a, uint32_t b) {
                     return features.length(a) > features.length(b);
                   });
  return plan;
}

StatusOr<RowPlan> RowPlan::packed(const FeatureSet &features,
                                  int maxSequenceLength, int maxSequencesPerRow,
                                  uint64_t seed) {
  BERTC_ASSIGN_OR_RETURN(LengthHistogram histogram,
                         countLengths(features, maxSequenceLength));
  RowPlan plan;
  plan.packed_ = maxSequencesPerRow;
  plan.tokens_ = countTokens(features);
  if (features.size() == 0) {
    return plan;
  }
  BERTC_ASSIGN_OR_RETURN(PackingPlan packing,
                         planRows(histogram, maxSequencesPerRow));
  PackAssigner assigner(packing, seed);
  std::vector<uint64_t> packOf(features.size());
  for (size_t i = 0; i < features.size(); ++i) {
    packOf[i] = assigner.next(features.length(i));
  }
  // Packs are numbered by kind; training wants them mixed.
  KeyedPermutation order(assigner.packs(), seed);
  plan.starts_.assign(assigner.packs() + 1, 0);
  for (uint64_t &pack : packOf) {
    pack = order(pack);
    ++plan.starts_[pack + 1];
  }
  std::partial_sum(plan.starts_.begin(), plan.starts_.end(),
                   plan.starts_.begin());
  plan.members_.resize(features.size());
  std::vector<uint64_t> next(plan.starts_.begin(), plan.starts_.end() - 1);
  for (size_t i = 0; i < features.size(); ++i) {
    plan.members_[next[packOf[i]]++] = static_cast<uint32_t>(i);
  }
  return plan;
}

double RowPlan::sequencesPerRow() const {
  return rows() == 0 ? 1
                     : static_cast<double>(members_.size()) /
                           static_cast<double>(rows());
}

double RowPlan::efficiency(int maxSequenceLength) const {
  double positions = static_cast<double>(rows()) * maxSequenceLength;
  return positions == 0 ? 0 : static_cast<double>(tokens_) / positions;
}

} // namespace bertc
