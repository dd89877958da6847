// SPDX-License-Identifier: Apache-2.0
//
// The collectives as messages between neighbours: rank r sends to r + 1 and
// receives from r - 1, around the ring.
//
// All-reduce of n numbers on N ranks: the data are cut into N parts. In N - 1
// steps each rank passes one part on and adds the part that comes to its own;
// then rank r has the sum of part r + 1. In N - 1 more steps the sums go round.
// Each rank sends 2 (N - 1) / N n numbers, which is the least there can be, and
// the sum of part p is formed in the order of ranks p, p + 1, ..., p - 1,
// whatever the timing. Parts are cut into messages, so that one travels while
// another is added.
#pragma once

#include "runtime/collective/Collective.h"
#include "runtime/collective/Wire.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc::rt {

/// Memory that messages pass through; kept, as it must outlive a failure.
struct RingBuffers {
  std::vector<std::vector<uint8_t>> in, out;
};

Status ringAllReduceSum(Wire &wire, RingBuffers &buffers, float *data,
                        int64_t elements, WireType type,
                        int64_t messageElements);

/// The first half of it: ringPart() of this rank gets its sum, the rest is left
/// as some partial sums.
Status ringReduceScatter(Wire &wire, RingBuffers &buffers, float *data,
                         int64_t elements, WireType type,
                         int64_t messageElements);

/// The second half: stretches byRank[r] of rank r to all ranks, as f32.
Status ringAllGather(Wire &wire, RingBuffers &buffers,
                     const std::vector<std::vector<FloatStretch>> &byRank,
                     int64_t messageElements);

/// Rank 0's bytes along the chain 0, 1, ..., N - 1, each message passed on as
/// it comes.
Status chainBroadcast(Wire &wire, uint8_t *data, size_t bytes,
                      size_t messageBytes);

/// (*values)[r] of every rank r to all ranks, or to rank 0 only. `lengths` has
/// N elements; both must outlive a failure.
Status exchangeValues(Wire &wire, std::vector<std::string> *values,
                      std::vector<uint64_t> *lengths, bool rootOnly);

} // namespace bertc::rt
