// SPDX-License-Identifier: Apache-2.0
//
// How much of a weight's second form is made at a time where only one is kept
// (onednn/PackedWeights.h): for those who make it, and for those who say
// beforehand what a plan will take.
#pragma once

#include <cstdint>

namespace bertc::rt {

/// Tiles: panels are turned in parts of at most this many bytes. Room for a
/// weight of BERT-Base; every further part brings the other factor into tiles
/// anew.
inline constexpr int64_t kTurnedBytes = int64_t{8} << 20;

/// Library: a larger copy is kept both ways round, since it could only be made
/// whole.
inline constexpr uint64_t kRemadeBytes = uint64_t{16} << 20;

} // namespace bertc::rt
