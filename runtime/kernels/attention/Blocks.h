// SPDX-License-Identifier: Apache-2.0
//
// How attention is cut: heads, and in them blocks of queries with their keys.
#pragma once

#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/attention/Attention.h"
#include "runtime/kernels/common/Parallel.h"
#include "runtime/kernels/common/Walk.h"

#include <algorithm>

namespace bertc::rt::kernels {

/// Queries of a block. Their scores for 512 keys and the block's share of
/// everything else stay in the second cache.
inline constexpr int64_t kQueryBlock = 64;

/// The same in the gradient on vectors: a head of 128 then is one block, whose
/// sums over queries are complete at once (8% at S 128, none at S 512).
inline constexpr int64_t kGradQueryBlock = 128;

/// Rows of scores that go through the softmax together: while the largest term
/// of one is found, another is at work, and four vectors are folded at once.
inline constexpr int64_t kRowsTogether = 4;

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

/// Calls fn(task, next, own) for every head, counted through all batch
/// elements: `next` as parallelQueue() says, `own` the `each` bytes of
/// `scratch` that belong to the thread.
template <typename Fn>
void forEachHead(const AttentionProblem &p, std::byte *scratch, size_t each,
                 const Fn &fn) {
  parallelQueue(p.batch * p.heads, [&](int64_t task, int64_t next) {
    fn(task, next, scratch + static_cast<size_t>(omp_get_thread_num()) * each);
  });
}

/// Keys [first, first + count).
struct KeyRange {
  int64_t first, count;
};

/// How far below the largest of its row a mask has to be for its key to have no
/// weight at all: e^-5000 is 0 in f32 and f64, and scores do not differ by what
/// is left of the -10000 that models mask with.
inline constexpr float kMaskedOut = -5000.0f;

/// The keys between the first and the last that the mask leaves to the queries
/// of a batch element; all of them where it differs between queries. So nothing
/// is computed on the padding in front of or behind a sequence. A mask that
/// takes all keys takes none, as it is the same for all.
inline KeyRange unmaskedKeys(const AttentionProblem &p, int64_t batch) {
  if (p.mask == nullptr || p.maskQuery != 0) {
    return {0, p.keys};
  }
  const float *mask = p.mask + batch * p.maskBatch;
  float top = mask[0];
  for (int64_t key = 1; key < p.keys; ++key) {
    top = mask[key] > top ? mask[key] : top;
  }
  int64_t first = 0, end = p.keys;
  while (first < end && mask[first] - top < kMaskedOut) {
    ++first;
  }
  while (end > first && mask[end - 1] - top < kMaskedOut) {
    --end;
  }
  return {first, end - first};
}

/// Queries [query, query + queries) and the keys [first, first + keys) that
/// all of them attend to.
struct QueryBlock {
  int64_t query, queries, first, keys;
};

/// The keys of a query; without ranges they are `unmasked`.
inline KeyRange keysOf(const AttentionProblem &p, const KeyRange &unmasked,
                       int64_t batch, int64_t query) {
  if (p.ranges == nullptr) {
    return unmasked;
  }
  const int32_t *range = p.ranges + (batch * p.queries + query) * 2;
  return {range[0], range[1] - range[0]};
}

/// The block of at most `most` queries that begins at `query`; without ranges
/// its keys are `unmasked`.
inline QueryBlock queryBlock(const AttentionProblem &p,
                             const KeyRange &unmasked, int64_t batch,
                             int64_t query, int64_t most = kQueryBlock) {
  int64_t left = p.queries - query;
  if (p.ranges == nullptr) {
    return {query, evenPart(left, most), unmasked.first, unmasked.count};
  }
  KeyRange keys = keysOf(p, unmasked, batch, query);
  const int32_t *range = p.ranges + (batch * p.queries + query) * 2;
  int64_t count = 1;
  while (count < left && range[2 * count] == range[0] &&
         range[2 * count + 1] == range[1]) {
    ++count;
  }
  return {query, evenPart(count, most), keys.first, keys.count};
}

/// The end of the keys that any query of a batch element attends to.
inline int64_t keysEnd(const AttentionProblem &p, const KeyRange &unmasked,
                       int64_t batch) {
  if (p.ranges == nullptr) {
    return unmasked.first + unmasked.count;
  }
  int64_t end = 0;
  for (int64_t s = 0; s < p.queries; ++s) {
    end = std::max<int64_t>(end, p.ranges[(batch * p.queries + s) * 2 + 1]);
  }
  return end;
}

/// Element offset of row `row` of one head; where that is in blocks, of its
/// first 32 columns.
inline int64_t rowOffset(const HeadTensor &t, const Head &head, int64_t row) {
  int64_t first = head.batch * t.batch, col = head.head * t.head;
  if (!t.blocked) {
    return first + col + row * t.row;
  }
  int64_t inBlock = row % amx::kPanel;
  return first + amx::blockOffset(row - inBlock, col, t.row) +
         inBlock * amx::kPanel;
}

/// Elements of a tensor with `rows` rows a head.
inline int64_t elementCount(const AttentionProblem &p, int64_t rows) {
  return p.batch * p.heads * rows * p.size;
}

/// Columns of a packed row of a head.
inline int64_t headPitch(const AttentionProblem &p) {
  return roundUp(p.size, kColumnStep);
}

/// Columns of a row of `count` numbers in a matrix of scores or of transposed
/// keys: whole vectors, and an odd number of lines, as rows an even number of
/// them apart would share too few sets of a cache.
inline int64_t linePitch(int64_t count) {
  static_assert(kColumnStep * sizeof(float) == 64);
  return roundUp(count, kColumnStep) | kColumnStep;
}

/// The same for all keys of a problem.
inline int64_t keyPitch(const AttentionProblem &p) { return linePitch(p.keys); }

/// Rows of queries that a block may have, however few keys it has.
inline int64_t mostQueries(const AttentionProblem &p) {
  return std::min(roundUp(p.queries, kColumnStep), int64_t{256});
}

/// The block that begins at `query`: at most `most` queries, or where it has
/// few keys as many as fit the memory for scores of `most` queries with all
/// keys.
inline QueryBlock fullBlock(const AttentionProblem &p, const KeyRange &unmasked,
                            int64_t batch, int64_t query, int64_t most) {
  KeyRange keys = keysOf(p, unmasked, batch, query);
  int64_t fit = most * keyPitch(p) / linePitch(keys.count);
  return queryBlock(p, unmasked, batch, query, std::min(fit, mostQueries(p)));
}

/// Rows of scores whose keep masks are made together: enough that none is read
/// while it is still on its way to the cache, and that rows which fill no group
/// share one.
inline int64_t keepRowsAtOnce(int64_t keys) {
  return std::clamp<int64_t>(kBlock / std::max<int64_t>(keys, 1), 2, 8);
}

/// Words for those masks, each row of which may begin and end inside a group.
inline int64_t keepWords(const AttentionProblem &p) {
  return std::max<int64_t>(2 * p.keys, kBlock) + 8 * 2 * philox::kGroup;
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
