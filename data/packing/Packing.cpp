// SPDX-License-Identifier: Apache-2.0
#include "data/packing/Packing.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "data/packing/Partitions.h"

namespace bertc {
namespace {

/// Beyond this, trying least squares for the sake of comparison takes too long.
constexpr uint64_t triedPartitions = 100000;
/// No search when this share of the packs could be saved at most.
constexpr double worthSearching = 5e-4;

uint64_t partitionsOf(const LengthHistogram &histogram,
                      int maxSequencesPerPack) {
  return Partitions::count(static_cast<int>(histogram.size()) - 1,
                           maxSequencesPerPack, maxPartitions);
}

/// The quick methods first; the slow ones when they may find something better.
PackingPlan planFewest(const LengthHistogram &histogram,
                       int maxSequencesPerPack) {
  using Plan = PackingPlan (*)(const LengthHistogram &, int);
  std::vector<Plan> plans = {planShortestFirst, planLinear};
  if (partitionsOf(histogram, maxSequencesPerPack) <= triedPartitions) {
    plans.push_back(planLeastSquares);
  }
  auto enough =
      static_cast<double>(fewestPacksPossible(histogram, maxSequencesPerPack)) *
      (1 + worthSearching);
  PackingPlan best = planLongestFirst(histogram, maxSequencesPerPack);
  for (Plan make : plans) {
    if (static_cast<double>(best.packs()) <= enough) {
      break;
    }
    PackingPlan plan = make(histogram, maxSequencesPerPack);
    if (plan.packs() < best.packs()) {
      best = std::move(plan);
    }
  }
  return best;
}

PackingPlan makeBy(PackingMethod method, const LengthHistogram &histogram,
                   int maxSequencesPerPack) {
  switch (method) {
  case PackingMethod::Fewest:
    return planFewest(histogram, maxSequencesPerPack);
  case PackingMethod::LongestFirst:
    return planLongestFirst(histogram, maxSequencesPerPack);
  case PackingMethod::ShortestFirst:
    return planShortestFirst(histogram, maxSequencesPerPack);
  case PackingMethod::LeastSquares:
    return planLeastSquares(histogram, maxSequencesPerPack);
  case PackingMethod::Linear:
    return planLinear(histogram, maxSequencesPerPack);
  }
  return {};
}

} // namespace

uint64_t fewestPacksPossible(const LengthHistogram &histogram,
                             int maxSequencesPerPack) {
  const uint64_t packLength = histogram.size() - 1;
  uint64_t tokens = 0, sequences = 0, large = 0;
  for (size_t length = 1; length < histogram.size(); ++length) {
    tokens += histogram[length] * length;
    sequences += histogram[length];
    large += 2 * length > packLength ? histogram[length] : 0;
  }
  auto perPack = static_cast<uint64_t>(maxSequencesPerPack);
  return std::max({(tokens + packLength - 1) / packLength,
                   (sequences + perPack - 1) / perPack, large});
}

StatusOr<PackingPlan> planPacking(const LengthHistogram &histogram,
                                  int maxSequencesPerPack,
                                  PackingMethod method) {
  if (histogram.size() < 2 || histogram.size() > UINT16_MAX ||
      histogram[0] != 0) {
    return invalidArgument("packing needs a histogram of lengths from 1 on");
  }
  if (maxSequencesPerPack < 1 ||
      maxSequencesPerPack > maxSequencesPerPackLimit) {
    return invalidArgument(
        fmt::format("{} sequences per pack: expected 1 to {}",
                    maxSequencesPerPack, maxSequencesPerPackLimit));
  }
  auto length = static_cast<int>(histogram.size() - 1);
  if (method == PackingMethod::LeastSquares &&
      partitionsOf(histogram, maxSequencesPerPack) > maxPartitions) {
    return invalidArgument(fmt::format(
        "least squares over packs of up to {} sequences of {} tokens would "
        "have more than {} unknowns; choose another method or fewer sequences",
        maxSequencesPerPack, length, maxPartitions));
  }
  PackingPlan plan = makeBy(method, histogram, maxSequencesPerPack);
  BERTC_RETURN_IF_ERROR(checkPlan(plan, histogram, maxSequencesPerPack));
  return plan;
}

} // namespace bertc
