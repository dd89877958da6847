// SPDX-License-Identifier: Apache-2.0
//
// Attention of all heads and its gradient. A task is one head of one batch
// element: its keys and values fit in the second cache, and scores exist for
// one block of queries at a time, so that nothing of size S x T is ever written
// to memory. Letters: B batch, A heads, S query and T key positions, D the size
// of a head.
//
// Keys that no query of a block may attend to are not looked at: with ranges a
// block is a run of queries that have the same one, and a mask that is the same
// for all queries takes the padding in front of and behind what it leaves.
#pragma once

#include "runtime/core/CpuFeatures.h"
#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/dropout/Dropout.h"

#include <cstddef>

namespace bertc::rt::kernels {

/// A tensor [B,A,rows,D] whose rows are contiguous; strides in elements.
struct HeadTensor {
  Buffer buffer;
  int64_t batch = 0, head = 0, row = 0;
  /// The matrix [B rows, A D] that it is a view of lies in blocks of 32 x 32
  /// (amx/Panels.h); rows and D are multiples of 32. Only on the tile unit.
  bool blocked = false;
};

/// What both directions read.
struct AttentionProblem {
  int64_t batch = 1, heads = 1, queries = 1, keys = 1, size = 1;
  HeadTensor q, k, v;
  /// Optional f32 [B,1,1|S,T]; strides of batch and query, the last is 1.
  const float *mask = nullptr;
  int64_t maskBatch = 0, maskQuery = 0;
  /// Optional [B,S,2], {first, end} of the keys of a query.
  const int32_t *ranges = nullptr;
  float scale = 1.0f;
  DropoutState dropout;
  /// What multiplies bf16 operands; f32 ones have the vector units.
  TileUnit tiles = TileUnit::None;
};

/// out = dropout(softmax(scale q k^T + mask)) v; a query without keys gets
/// zeros. lse [B,A,S] f32, optional: log of the sum of e^terms, 0 without keys.
struct AttentionArgs : AttentionProblem {
  HeadTensor out;
  float *lse = nullptr;
};

/// Gradients of q, k and v; the probabilities are computed again from lse.
struct AttentionGradArgs : AttentionProblem {
  HeadTensor dout;
  const float *lse = nullptr;
  HeadTensor dq, dk, dv;
};

/// Whether the tile unit computes it (TileAttention.h).
inline bool runsOnTiles(const AttentionProblem &p) {
  return p.tiles != TileUnit::None && p.q.buffer.dtype == DType::BF16;
}

/// Bytes of scratch memory that one thread needs.
size_t attentionScratchBytes(const AttentionProblem &problem);
size_t attentionGradScratchBytes(const AttentionProblem &problem);

/// `scratch` has room for every thread of the team, one behind the other,
/// aligned to 64 bytes.
void attention(const AttentionArgs &args, std::byte *scratch);
void attentionGrad(const AttentionGradArgs &args, std::byte *scratch);

/// False when a range does not lie in 0 <= first <= end <= keys.
bool rangesAreValid(const int32_t *ranges, int64_t queries, int64_t keys);

} // namespace bertc::rt::kernels
