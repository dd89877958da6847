// SPDX-License-Identifier: Apache-2.0
#include "data/packing/Packing.h"

#include <fmt/format.h>

#include "data/packing/Partitions.h"

namespace bertc {
namespace {

PackingPlan makeBy(PackingMethod method, const LengthHistogram &histogram,
                   int maxSequencesPerPack) {
  switch (method) {
  case PackingMethod::LongestFirst:
    return planLongestFirst(histogram, maxSequencesPerPack);
  case PackingMethod::ShortestFirst:
    return planShortestFirst(histogram, maxSequencesPerPack);
  case PackingMethod::LeastSquares:
    return planLeastSquares(histogram, maxSequencesPerPack);
  }
  return {};
}

} // namespace

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
      Partitions::count(length, maxSequencesPerPack, maxPartitions) >
          maxPartitions) {
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
