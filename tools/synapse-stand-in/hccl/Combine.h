// SPDX-License-Identifier: Apache-2.0
//
// What a collective makes of the payloads of all ranks. Sums run in the order
// of the ranks, in f32 for f32 and bf16 (rounded once, to nearest even), so
// that every run gives the same bits.
#pragma once

#include "tools/synapse-stand-in/hccl/Wire.h"

namespace bertc::standin {

/// One rank's request with its payload.
struct Contribution {
  Request request;
  std::vector<uint8_t> payload;
};

/// What is wrong with requests that should be the same collective; empty when
/// they agree and their payloads have the sizes they must have.
std::string disagreement(const std::vector<Contribution> &all);

/// The payload of each rank's reply.
std::vector<std::vector<uint8_t>> combine(const std::vector<Contribution> &all);

} // namespace bertc::standin
