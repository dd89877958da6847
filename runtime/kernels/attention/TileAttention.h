// SPDX-License-Identifier: Apache-2.0
//
// Attention in bf16 on the tile unit. Operands of a head are brought into tiles
// in the second cache; products are summed in f32, and so is everything under
// the softmax, whose results are rounded to bf16 to be multiplied again. Keys
// are packed for one range of them at a time, so that tiles begin where a
// sequence begins and no product is made outside.
//
// The gradient computes the scores transposed, keys by queries: probabilities
// and their gradients then are what dv and dk multiply from the left, and only
// the one for dq has to be turned.
#pragma once

#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/attention/Blocks.h"

namespace bertc::rt::kernels {

size_t tileAttentionScratchBytes(const AttentionProblem &problem);
size_t tileAttentionGradScratchBytes(const AttentionProblem &problem);
void tileAttention(const AttentionArgs &args, std::byte *scratch);
void tileAttentionGrad(const AttentionGradArgs &args, std::byte *scratch);

/// Rows and columns are padded to whole panels of 32.
inline int64_t padded(int64_t n) { return roundUp(n, amx::kPanel); }

/// Memory for the keep bits of a panel of queries in the gradient.
struct KeepMemory {
  /// Words of each half, for so many keys that begin and end inside a group.
  static int64_t pitch(int64_t keys) {
    return roundUp(keys, philox::kGroup) + philox::kGroup;
  }
  uint16_t *halves; // [2][pitch(keys)]
  uint32_t *marks;  // [padded(keys)]
  uint32_t *words;  // keepWords()
};

/// Hands out parts of a thread's scratch memory, aligned to 64 bytes; counts
/// only when there is none.
class ScratchParts {
public:
  explicit ScratchParts(std::byte *data) : data_(data) {}
  template <typename T> T *take(int64_t count) {
    auto *part =
        reinterpret_cast<T *>(data_ == nullptr ? nullptr : data_ + bytes_);
    bytes_ += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return part;
  }
  size_t bytes() const { return bytes_; }

private:
  std::byte *data_;
  size_t bytes_ = 0;
};

} // namespace bertc::rt::kernels
