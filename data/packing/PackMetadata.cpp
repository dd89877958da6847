// SPDX-License-Identifier: Apache-2.0
#include "data/packing/PackMetadata.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "data/packing/Packing.h"
#include "data/packing/Partitions.h"

namespace bertc {
namespace {

constexpr size_t listedKinds = 8;

/// The number of the kind in the reference's list of strategies, which fill a
/// pack exactly: what is left of the pack is counted to the longest.
size_t strategyNumber(const Partitions &partitions, PackKind kind,
                      int maxLength) {
  int total = 0;
  for (uint16_t length : kind.lengths) {
    total += length;
  }
  kind.lengths.back() =
      static_cast<uint16_t>(kind.lengths.back() + (maxLength - total));
  return partitions.find(kind.lengths);
}

} // namespace

std::string packMetadataPath(const std::string &folder) {
  std::string trimmed = folder;
  while (trimmed.size() > 1 && trimmed.back() == '/') {
    trimmed.pop_back();
  }
  return trimmed + "_metadata.json";
}

std::vector<PackKind> mostFrequentKinds(const PackingPlan &plan, size_t count) {
  std::vector<PackKind> kinds = plan.kinds;
  std::stable_sort(
      kinds.begin(), kinds.end(),
      [](const auto &a, const auto &b) { return a.count > b.count; });
  kinds.resize(std::min(count, kinds.size()));
  return kinds;
}

std::string packMetadataText(const PackingPlan &plan,
                             const LengthHistogram &histogram,
                             int maxSequencesPerPack) {
  PackingStatistics statistics = packingStatistics(plan, histogram);
  nlohmann::json top = nlohmann::json::array();
  if (Partitions::count(plan.maxSequenceLength, maxSequencesPerPack,
                        maxPartitions) <= maxPartitions) {
    Partitions partitions(plan.maxSequenceLength, maxSequencesPerPack);
    for (const PackKind &kind : mostFrequentKinds(plan, listedKinds)) {
      top.push_back(strategyNumber(partitions, kind, plan.maxSequenceLength));
    }
  }
  nlohmann::json root; // sorts its keys
  root["sequences_dropped"] = 0;
  root["num_strategies_utilized"] = plan.kinds.size();
  root["new_number_of_samples"] = statistics.packs;
  root["original_number_of_samples"] = statistics.sequences;
  root["compression_ratio"] = statistics.compression;
  root["expected_speedup"] = statistics.speedup;
  root["theoretical_speedup"] = statistics.theoreticalSpeedup;
  root["avg_seq_per_sample"] = statistics.sequencesPerPack;
  root["padding_tokens_original_dataset"] = statistics.paddingBefore;
  root["padding_tokens_packed_dataset"] =
      static_cast<double>(statistics.paddingAfter);
  root["packing_efficiency"] = statistics.efficiency;
  root["top_8_strategies"] = top;
  return root.dump(2) + "\n";
}

} // namespace bertc
