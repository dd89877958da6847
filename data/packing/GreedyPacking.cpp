// SPDX-License-Identifier: Apache-2.0
//
// Packing from long to short on the histogram: sequences of one length are
// placed together, so the time depends on S and not on their number.
#include "data/packing/Packing.h"

#include <algorithm>

namespace bertc {
namespace {

/// Packs being filled, by the room they have left.
class OpenPacks {
public:
  OpenPacks(size_t maxLength, size_t maxSequences)
      : maxSequences_(maxSequences), byRoom_(maxLength + 1) {}

  /// The fullest (or emptiest) packs with room for `length`; 0 when none.
  size_t roomFor(size_t length, bool fullest) const {
    size_t rooms = byRoom_.size();
    for (size_t i = length; i < rooms; ++i) {
      size_t room = fullest ? i : rooms - 1 - (i - length);
      if (!byRoom_[room].empty()) {
        return room;
      }
    }
    return 0;
  }

  /// Puts sequences of `length` into up to `count` packs with `room`; returns
  /// how many.
  uint64_t fill(size_t room, size_t length, uint64_t count) {
    PackKind kind = byRoom_[room].back();
    uint64_t filled = std::min(count, kind.count);
    byRoom_[room].back().count -= filled;
    if (byRoom_[room].back().count == 0) {
      byRoom_[room].pop_back();
    }
    kind.count = filled;
    add(std::move(kind), room - length, length);
    return filled;
  }

  /// Adds packs that receive a sequence of `length` and then have `room`.
  void add(PackKind kind, size_t room, size_t length) {
    kind.lengths.push_back(static_cast<uint16_t>(length));
    bool full = room == 0 || kind.lengths.size() == maxSequences_;
    (full ? closed_ : byRoom_[room]).push_back(std::move(kind));
  }

  /// All packs.
  std::vector<PackKind> take() {
    for (std::vector<PackKind> &kinds : byRoom_) {
      std::move(kinds.begin(), kinds.end(), std::back_inserter(closed_));
    }
    return std::move(closed_);
  }

private:
  size_t maxSequences_;
  std::vector<std::vector<PackKind>> byRoom_;
  std::vector<PackKind> closed_;
};

PackingPlan planGreedy(const LengthHistogram &histogram,
                       int maxSequencesPerPack, bool fullest) {
  size_t maxLength = histogram.size() - 1;
  OpenPacks open(maxLength, static_cast<size_t>(maxSequencesPerPack));
  for (size_t length = maxLength; length > 0; --length) {
    uint64_t left = histogram[length];
    while (left > 0) {
      size_t room = open.roomFor(length, fullest);
      if (room == 0) {
        open.add({{}, left}, maxLength - length, length);
        break;
      }
      left -= open.fill(room, length, left);
    }
  }
  return makePlan(static_cast<int>(maxLength), open.take());
}

} // namespace

PackingPlan planLongestFirst(const LengthHistogram &histogram,
                             int maxSequencesPerPack) {
  return planGreedy(histogram, maxSequencesPerPack, true);
}

PackingPlan planShortestFirst(const LengthHistogram &histogram,
                              int maxSequencesPerPack) {
  return planGreedy(histogram, maxSequencesPerPack, false);
}

} // namespace bertc
