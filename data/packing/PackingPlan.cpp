// SPDX-License-Identifier: Apache-2.0
#include "data/packing/PackingPlan.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bertc {

uint64_t PackingPlan::packs() const {
  uint64_t sum = 0;
  for (const PackKind &kind : kinds) {
    sum += kind.count;
  }
  return sum;
}

PackingPlan makePlan(int maxSequenceLength, std::vector<PackKind> kinds) {
  for (PackKind &kind : kinds) {
    std::sort(kind.lengths.begin(), kind.lengths.end());
  }
  std::sort(kinds.begin(), kinds.end(),
            [](const auto &a, const auto &b) { return a.lengths < b.lengths; });
  PackingPlan plan;
  plan.maxSequenceLength = maxSequenceLength;
  for (PackKind &kind : kinds) {
    if (kind.count == 0 || kind.lengths.empty()) {
      continue;
    }
    if (!plan.kinds.empty() && plan.kinds.back().lengths == kind.lengths) {
      plan.kinds.back().count += kind.count;
    } else {
      plan.kinds.push_back(std::move(kind));
    }
  }
  return plan;
}

Status checkPlan(const PackingPlan &plan, const LengthHistogram &histogram,
                 int maxSequencesPerPack) {
  LengthHistogram packed(histogram.size());
  for (const PackKind &kind : plan.kinds) {
    int total = 0;
    for (uint16_t length : kind.lengths) {
      if (length == 0 || length >= packed.size()) {
        return internalError(
            fmt::format("packing plan: {} is no length", length));
      }
      packed[length] += kind.count;
      total += length;
    }
    if (total > plan.maxSequenceLength ||
        kind.lengths.size() > static_cast<size_t>(maxSequencesPerPack)) {
      return internalError("packing plan: a pack of " + kindText(kind) +
                           " is too large");
    }
  }
  for (size_t length = 0; length < packed.size(); ++length) {
    if (packed[length] != histogram[length]) {
      return internalError(fmt::format(
          "packing plan: {} sequences of {} tokens are packed, expected {}",
          packed[length], length, histogram[length]));
    }
  }
  return Status();
}

PackingStatistics packingStatistics(const PackingPlan &plan,
                                    const LengthHistogram &histogram) {
  PackingStatistics result;
  for (size_t length = 0; length < histogram.size(); ++length) {
    result.sequences += histogram[length];
    result.tokens += histogram[length] * length;
  }
  result.packs = plan.packs();
  auto width = static_cast<uint64_t>(plan.maxSequenceLength);
  result.paddingBefore = result.sequences * width - result.tokens;
  result.paddingAfter = result.packs * width - result.tokens;
  if (result.sequences == 0) {
    return result;
  }
  auto sequences = static_cast<double>(result.sequences);
  auto packs = static_cast<double>(result.packs);
  auto tokens = static_cast<double>(result.tokens);
  result.compression = 1 - packs / sequences;
  result.speedup = sequences / packs;
  result.theoreticalSpeedup = static_cast<double>(width) * sequences / tokens;
  result.sequencesPerPack = sequences / packs;
  result.efficiency = tokens / (packs * static_cast<double>(width));
  return result;
}

std::string kindText(const PackKind &kind) {
  return fmt::format("{}", fmt::join(kind.lengths, "+"));
}

} // namespace bertc
