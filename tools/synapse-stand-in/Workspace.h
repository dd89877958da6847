// SPDX-License-Identifier: Apache-2.0
//
// Where tensors of the workspace lie: two share bytes only when the last use
// of the one comes before the other is made.
#pragma once

#include <cstdint>
#include <vector>

namespace bertc::standin {

/// One tensor: its bytes and the steps, both inclusive, in which it lives.
struct Lifetime {
  uint64_t bytes;
  uint32_t first, last;
  /// Filled by planWorkspace.
  uint64_t offset = 0;
};

/// Gives every lifetime an offset that is a multiple of 128, the lowest that
/// is free, in order of `first`. Returns the bytes needed.
uint64_t planWorkspace(std::vector<Lifetime> &lifetimes);

} // namespace bertc::standin
