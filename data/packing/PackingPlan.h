// SPDX-License-Identifier: Apache-2.0
//
// What to pack with what: kinds of packs by the lengths in them, and how many
// packs of each kind. A plan is made from a histogram of lengths alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bertc/status.h"

namespace bertc {

/// How many sequences have each length: element L counts those of L tokens.
/// Element 0 is always 0; the last element is for S tokens.
using LengthHistogram = std::vector<uint64_t>;

/// Packs that hold sequences of the same lengths.
struct PackKind {
  /// Ascending; their sum is at most S.
  std::vector<uint16_t> lengths;
  uint64_t count = 0;
};

struct PackingPlan {
  /// S: tokens of a pack.
  int maxSequenceLength = 0;
  /// Sorted by lengths, each kind once.
  std::vector<PackKind> kinds;

  /// Packs of all kinds.
  uint64_t packs() const;
};

/// The plan with every kind of `kinds` once, in order, without empty ones.
PackingPlan makePlan(int maxSequenceLength, std::vector<PackKind> kinds);

/// Internal unless the plan packs every sequence of `histogram` exactly once,
/// at most `maxSequencesPerPack` to a pack of at most S tokens.
Status checkPlan(const PackingPlan &plan, const LengthHistogram &histogram,
                 int maxSequencesPerPack);

/// What packing brings; the reference's figures by the reference's formulas.
struct PackingStatistics {
  uint64_t sequences = 0;
  uint64_t packs = 0;
  uint64_t tokens = 0;
  /// Positions without a token, before and after.
  uint64_t paddingBefore = 0;
  uint64_t paddingAfter = 0;
  /// 1 - packs / sequences.
  double compression = 0;
  /// sequences / packs.
  double speedup = 0;
  /// S / mean length: no padding at all.
  double theoreticalSpeedup = 0;
  double sequencesPerPack = 0;
  /// Share of positions that hold tokens.
  double efficiency = 0;
};

PackingStatistics packingStatistics(const PackingPlan &plan,
                                    const LengthHistogram &histogram);

/// "3+60+65": the lengths of a kind, for people.
std::string kindText(const PackKind &kind);

} // namespace bertc
