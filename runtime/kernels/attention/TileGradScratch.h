// SPDX-License-Identifier: Apache-2.0
//
// Memory of the gradient of attention on tiles.
#pragma once

#include "runtime/kernels/attention/TileAttention.h"

#include <algorithm>

namespace bertc::rt::kernels {

/// Queries whose gradients of terms are kept for dk and dv. Sums that go on in
/// the next block are read and written again, yet more queries were slower at
/// S 512, which then leaves no room in the second cache (measured, up to 8%).
inline constexpr int64_t kTileGradQueries = 128;

/// Queries or their dout: panels of those of a block, and of the transpose of
/// the panel of queries at work.
struct TileRows {
  uint16_t *plain, *transposed;
};

/// Scratch memory of a task; wide columns unless said otherwise. Sums for dk
/// and dv have a panel of rows behind the last, as sequences end anywhere.
struct TileGradScratch {
  TileGradScratch(const AttentionProblem &p, std::byte *memory)
      : wide(padded(p.size)) {
    int64_t keys = padded(p.keys), sumRows = p.keys + amx::kPanel;
    int64_t queries = std::min(padded(p.queries), kTileGradQueries);
    ScratchParts parts(memory);
    rows = parts.take<uint16_t>(amx::kPanel * wide);
    this->keys = parts.take<uint16_t>(keys * wide);
    values = parts.take<uint16_t>(keys * wide);
    keyPanels = parts.take<uint16_t>(keys * wide);
    for (TileRows *block : {&q, &dout}) {
      block->plain = parts.take<uint16_t>(queries * wide);
      block->transposed = parts.take<uint16_t>(amx::kPanel * wide);
    }
    dropped = parts.take<uint16_t>(keys * queries);
    dterms = parts.take<uint16_t>(keys * queries);
    turned = parts.take<uint16_t>(keys * amx::kPanel);
    probabilities = parts.take<float>(keys * amx::kPanel);
    gradients = parts.take<float>(keys * amx::kPanel);
    mask = parts.take<float>(keys * (p.maskQuery == 0 ? 1 : amx::kPanel));
    shift = parts.take<float>(amx::kPanel);
    dots = parts.take<float>(amx::kPanel);
    dk = parts.take<float>(sumRows * wide);
    dv = parts.take<float>(sumRows * wide);
    keeps.halves = parts.take<uint16_t>(2 * KeepMemory::pitch(p.keys));
    keeps.marks = parts.take<uint32_t>(keys);
    keeps.words = parts.take<uint32_t>(keepWords(p));
    bytes = parts.bytes();
  }
  int64_t wide;
  size_t bytes;
  /// `rows` is a panel that could not be used where it lies.
  uint16_t *rows, *keys, *values, *keyPanels;
  TileRows q, dout;
  /// In tiles [key / 16][query / 32], of a block.
  uint16_t *dropped, *dterms;
  /// Of a panel: in tiles [query / 16][key / 32], and [keys][32].
  uint16_t *turned;
  float *probabilities, *gradients;
  /// One a key, or [keys][32] where queries have their own.
  float *mask;
  /// What is added to the terms of a query to the base 2, and what it takes
  /// from the gradients of its probabilities.
  float *shift, *dots;
  float *dk, *dv;
  KeepMemory keeps;
};

} // namespace bertc::rt::kernels
