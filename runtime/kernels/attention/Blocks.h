// SPDX-License-Identifier: Apache-2.0
//
// How attention is cut: heads, and in them blocks of queries with their keys.
#pragma once

#include "runtime/kernels/attention/Attention.h"

#include <algorithm>

namespace bertc::rt::kernels {

/// Queries of a block. Their scores for 512 keys and the block's share of
/// everything else stay in the second cache.
inline constexpr int64_t kQueryBlock = 64;

/// Columns of packed matrices are a multiple of the widest vector.
inline constexpr int64_t kColumnStep = 16;

inline int64_t roundUp(int64_t n, int64_t step) {
  return (n + step - 1) / step * step;
}

/// The first of as few parts of `n` as need be to have at most `most` each, all
/// as large as each other but for one: 70 in parts of 64 are two of 35.
inline int64_t evenPart(int64_t n, int64_t most) {
  int64_t parts = (n + most - 1) / most;
  return parts == 0 ? 0 : (n + parts - 1) / parts;
}

/// One head of one batch element.
struct Head {
  int64_t batch, head;
};

/// Heads are counted through all batch elements.
inline Head headOf(const AttentionProblem &p, int64_t task) {
  return {task / p.heads, task % p.heads};
}

/// Queries [query, query + queries) and the keys [first, first + keys) that
/// all of them attend to.
struct QueryBlock {
  int64_t query, queries, first, keys;
};

/// The block that begins at `query`.
inline QueryBlock queryBlock(const AttentionProblem &p, int64_t batch,
                             int64_t query) {
  int64_t left = p.queries - query;
  if (p.ranges == nullptr) {
    return {query, evenPart(left, kQueryBlock), 0, p.keys};
  }
  const int32_t *range = p.ranges + (batch * p.queries + query) * 2;
  int64_t count = 1;
  while (count < left && range[2 * count] == range[0] &&
         range[2 * count + 1] == range[1]) {
    ++count;
  }
  return {query, evenPart(count, kQueryBlock), range[0], range[1] - range[0]};
}

/// Element offset of row `row` of one head.
inline int64_t rowOffset(const HeadTensor &t, const Head &head, int64_t row) {
  return head.batch * t.batch + head.head * t.head + row * t.row;
}

/// Elements of a tensor with `rows` rows a head.
inline int64_t elementCount(const AttentionProblem &p, int64_t rows) {
  return p.batch * p.heads * rows * p.size;
}

/// Columns of a packed row of a head.
inline int64_t headPitch(const AttentionProblem &p) {
  return roundUp(p.size, kColumnStep);
}

/// Columns of a row of scores and of transposed keys: a block may begin at any
/// key and reads whole vectors from there.
inline int64_t keyPitch(const AttentionProblem &p) {
  return roundUp(p.keys, kColumnStep) + kColumnStep;
}

/// Words for the keep masks of a row, which begin and end inside a group.
inline int64_t keepWords(const AttentionProblem &p) {
  return keyPitch(p) + 2 * philox::kGroup;
}

/// Hands out parts of a thread's scratch memory.
class ScratchFloats {
public:
  explicit ScratchFloats(float *data) : data_(data) {}
  float *take(int64_t count) {
    float *part = data_;
    data_ += roundUp(count, kColumnStep);
    return part;
  }

private:
  float *data_;
};

} // namespace bertc::rt::kernels
