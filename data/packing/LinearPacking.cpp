// SPDX-License-Identifier: Apache-2.0
//
// Packing by the cutting-stock program: its solution rounded down, sequences
// put into the places that makes, and the few that are left packed by other
// methods.
#include "data/packing/Packing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/packing/CuttingStock.h"

namespace bertc {
namespace {

/// Different lengths that the program distinguishes; more are taken together.
constexpr int maxClasses = 1024;

/// Packs with places to fill, longest sequences first.
class PlaceFiller {
public:
  void add(std::vector<uint16_t> places, uint64_t count) {
    std::sort(places.rbegin(), places.rend());
    open_.push_back({std::move(places), {}, count});
  }

  /// Puts up to `count` sequences of `length`, none of which is longer than
  /// one before, into places; returns how many found none.
  uint64_t fill(uint16_t length, uint64_t count) {
    for (size_t i = 0; i < open_.size() && count > 0; ++i) {
      // A pack may take several of this length.
      while (count > 0 && !open_[i].places.empty() &&
             open_[i].places.front() >= length) {
        if (open_[i].count > count) {
          Pack rest = open_[i];
          rest.count -= count;
          open_[i].count = count;
          open_.push_back(std::move(rest));
        }
        count -= open_[i].count;
        open_[i].places.erase(open_[i].places.begin());
        open_[i].lengths.push_back(length);
      }
    }
    closeFull();
    return count;
  }

  std::vector<PackKind> take() {
    for (Pack &pack : open_) {
      closed_.push_back({std::move(pack.lengths), pack.count});
    }
    return std::move(closed_);
  }

private:
  struct Pack {
    /// Descending; not filled yet.
    std::vector<uint16_t> places;
    std::vector<uint16_t> lengths;
    uint64_t count;
  };

  void closeFull() {
    auto full =
        std::stable_partition(open_.begin(), open_.end(), [](const Pack &pack) {
          return !pack.places.empty();
        });
    for (auto pack = full; pack != open_.end(); ++pack) {
      closed_.push_back({std::move(pack->lengths), pack->count});
    }
    open_.erase(full, open_.end());
  }

  std::vector<Pack> open_;
  std::vector<PackKind> closed_;
};

/// The solution for lengths rounded up to multiples of `grain`.
CuttingStockSolution solveClasses(const LengthHistogram &histogram,
                                  int maxSequencesPerPack, int grain) {
  auto packLength = static_cast<int>(histogram.size()) - 1;
  std::vector<int> lengths;
  std::vector<double> counts;
  for (int length = 1; length <= packLength; ++length) {
    uint64_t count = histogram[static_cast<size_t>(length)];
    if (count == 0) {
      continue;
    }
    int rounded = std::min(packLength, (length + grain - 1) / grain * grain);
    if (lengths.empty() || lengths.back() != rounded) {
      lengths.push_back(rounded);
      counts.push_back(0);
    }
    counts.back() += static_cast<double>(count);
  }
  return solveCuttingStock(lengths, counts, packLength, maxSequencesPerPack);
}

/// The better of the two methods from long to short.
PackingPlan planLeftover(const LengthHistogram &histogram,
                         int maxSequencesPerPack) {
  PackingPlan fullest = planLongestFirst(histogram, maxSequencesPerPack);
  PackingPlan emptiest = planShortestFirst(histogram, maxSequencesPerPack);
  return emptiest.packs() < fullest.packs() ? emptiest : fullest;
}

} // namespace

PackingPlan planLinear(const LengthHistogram &histogram,
                       int maxSequencesPerPack) {
  auto packLength = static_cast<int>(histogram.size()) - 1;
  int grain = (packLength + maxClasses - 1) / maxClasses;
  CuttingStockSolution solution =
      solveClasses(histogram, maxSequencesPerPack, grain);
  PlaceFiller filler;
  for (const PatternUse &use : solution.patterns) {
    // Jitter and rounding errors must not cost a pack.
    auto packs = static_cast<uint64_t>(std::floor(use.packs + 1e-4));
    if (packs > 0) {
      filler.add(use.lengths, packs);
    }
  }
  LengthHistogram left(histogram.size());
  for (size_t length = histogram.size() - 1; length > 0; --length) {
    left[length] =
        filler.fill(static_cast<uint16_t>(length), histogram[length]);
  }
  std::vector<PackKind> kinds = filler.take();
  PackingPlan rest = planLeftover(left, maxSequencesPerPack);
  std::move(rest.kinds.begin(), rest.kinds.end(), std::back_inserter(kinds));
  return makePlan(packLength, std::move(kinds));
}

} // namespace bertc
