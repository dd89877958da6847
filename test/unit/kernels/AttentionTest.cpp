// SPDX-License-Identifier: Apache-2.0
//
// Attention and its gradient against the definition in f64: head sizes and key
// counts that fill no vector, strided heads, masks, ranges, dropout.

#include "runtime/kernels/attention/Attention.h"
#include "runtime/core/CpuFeatures.h"
#include "runtime/kernels/common/Parallel.h"
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {

using Doubles = std::vector<double>;

struct Case {
  int64_t batch, heads, queries, keys, size;
  DType dtype = DType::F32;
  bool mask = false, maskPerQuery = false, ranges = false, dropout = false;
  // Padding, masked by -10000: keys before the first and from the second on.
  std::vector<int64_t> unmasked = {};
  TileUnit tiles = TileUnit::None;
};

// One problem: q, k, v and dout as [B, rows, A, D], the layout in which
// projections leave them.
struct Problem {
  Case c;
  Values q, k, v, dout;
  Values mask;
  std::vector<int32_t> ranges;
  DropoutState dropout;
  static constexpr float kScale = 0.3f;

  explicit Problem(const Case &shape) : c(shape) {
    size_t queries = count(c.queries), keys = count(c.keys);
    q = randomValues(c.dtype, queries, -2, 2, 1);
    k = randomValues(c.dtype, keys, -2, 2, 2);
    v = randomValues(c.dtype, keys, -2, 2, 3);
    dout = randomValues(c.dtype, queries, -2, 2, 4);
    mask = randomValues(DType::F32, at(c.batch * c.queries * c.keys), -3, 0, 5);
    if (!c.unmasked.empty()) {
      for (int64_t i = 0; i < c.batch * c.queries * c.keys; ++i) {
        // Batch elements have different lengths; one has a hole.
        int64_t key = i % c.keys, b = i / (c.queries * c.keys);
        bool there = key >= c.unmasked[0] && key < c.unmasked[1] - b;
        there = there && (b != 1 || key != c.unmasked[0] + 1);
        mask.set(at(i), there ? 0.0f : -10000.0f);
      }
    }
    // Sequences of 3, 5, ... positions; the last queries have no keys.
    for (int64_t b = 0; b < c.batch; ++b) {
      int32_t first = 0, length = 3;
      for (int32_t s = 0; s < c.queries; ++s) {
        if (s == first + length) {
          first = s;
          length += 2;
        }
        int32_t end =
            std::min<int32_t>(first + length, static_cast<int32_t>(c.keys));
        bool none = s + 2 >= c.queries || first >= end;
        ranges.insert(ranges.end(), {none ? 0 : first, none ? 0 : end});
      }
    }
    if (c.dropout) {
      static const int32_t rng[4] = {7, 8, 9, 0};
      dropout = dropoutState(0.25f, 5, rng);
    }
  }

  size_t at(int64_t i) const { return static_cast<size_t>(i); }
  size_t count(int64_t rows) const {
    return at(c.batch * c.heads * rows * c.size);
  }
  // Element [b, a, row, d].
  size_t index(int64_t rows, int64_t b, int64_t a, int64_t row,
               int64_t d) const {
    return at(((b * rows + row) * c.heads + a) * c.size + d);
  }
  HeadTensor heads(Values &x, int64_t rows) const {
    int64_t row = c.heads * c.size;
    return {x.buffer(), rows * row, c.size, row};
  }

  void fill(AttentionProblem &p) {
    p.batch = c.batch;
    p.heads = c.heads;
    p.queries = c.queries;
    p.keys = c.keys;
    p.size = c.size;
    p.q = heads(q, c.queries);
    p.k = heads(k, c.keys);
    p.v = heads(v, c.keys);
    p.scale = kScale;
    p.dropout = dropout;
    p.tiles = c.tiles;
    if (c.mask) {
      p.mask = mask.f32();
      p.maskBatch = c.queries * c.keys;
      p.maskQuery = c.maskPerQuery ? c.keys : 0;
    }
    p.ranges = c.ranges ? ranges.data() : nullptr;
  }

  // What the kernels compute, by definition.
  struct Expected {
    Doubles out, lse, dq, dk, dv;
  };
  Expected expected() const;
  void head(int64_t b, int64_t a, Expected &e) const;
};

Problem::Expected Problem::expected() const {
  Expected e;
  e.out.assign(count(c.queries), 0);
  e.lse.assign(at(c.batch * c.heads * c.queries), 0);
  e.dq.assign(count(c.queries), 0);
  e.dk.assign(count(c.keys), 0);
  e.dv.assign(count(c.keys), 0);
  for (int64_t b = 0; b < c.batch; ++b) {
    for (int64_t a = 0; a < c.heads; ++a) {
      head(b, a, e);
    }
  }
  return e;
}

void Problem::head(int64_t b, int64_t a, Expected &e) const {
  for (int64_t s = 0; s < c.queries; ++s) {
    int64_t first = 0, end = c.keys;
    if (c.ranges) {
      first = ranges[at((b * c.queries + s) * 2)];
      end = ranges[at((b * c.queries + s) * 2 + 1)];
    }
    if (first == end) {
      continue;
    }
    int64_t row = (b * c.heads + a) * c.queries + s;
    Doubles terms(at(c.keys), -INFINITY), p(at(c.keys), 0), g(at(c.keys), 0);
    double sum = 0, dot = 0;
    for (int64_t t = first; t < end; ++t) {
      double score = 0;
      for (int64_t d = 0; d < c.size; ++d) {
        score += double(q[index(c.queries, b, a, s, d)]) *
                 double(k[index(c.keys, b, a, t, d)]);
        g[at(t)] += double(dout[index(c.queries, b, a, s, d)]) *
                    double(v[index(c.keys, b, a, t, d)]);
      }
      terms[at(t)] = double(kScale) * score;
      if (c.mask) {
        int64_t m = c.maskPerQuery ? s : 0;
        terms[at(t)] += double(mask[at((b * c.queries + m) * c.keys + t)]);
      }
      sum += std::exp(terms[at(t)]);
    }
    e.lse[at(row)] = std::log(sum);
    for (int64_t t = first; t < end; ++t) {
      bool keep = !dropout.active ||
                  philox::dropoutKeeps(dropout.key, dropout.scale,
                                       static_cast<uint64_t>(row * c.keys + t));
      double factor = !dropout.active ? 1
                      : keep          ? double(dropout.scale.factor)
                                      : 0;
      p[at(t)] = std::exp(terms[at(t)]) / sum;
      g[at(t)] *= factor;
      dot += g[at(t)] * p[at(t)];
      for (int64_t d = 0; d < c.size; ++d) {
        size_t i = index(c.queries, b, a, s, d), j = index(c.keys, b, a, t, d);
        e.out[i] += factor * p[at(t)] * double(v[j]);
        e.dv[j] += factor * p[at(t)] * double(dout[i]);
      }
    }
    for (int64_t t = first; t < end; ++t) {
      double dterm = double(kScale) * p[at(t)] * (g[at(t)] - dot);
      for (int64_t d = 0; d < c.size; ++d) {
        size_t i = index(c.queries, b, a, s, d), j = index(c.keys, b, a, t, d);
        e.dq[i] += dterm * double(k[j]);
        e.dk[j] += dterm * double(q[i]);
      }
    }
  }
}

struct Scratch {
  explicit Scratch(size_t each)
      : bytes(each * static_cast<size_t>(omp_get_max_threads()) + 64,
              std::byte{0xff}) {}
  std::byte *data() {
    auto p = reinterpret_cast<uintptr_t>(bytes.data());
    return bytes.data() + (64 - p % 64) % 64;
  }
  // NaN: nothing may be read that was not written.
  std::vector<std::byte> bytes;
};

Values runForward(Problem &p, Values &lse) {
  Values out(p.c.dtype, p.count(p.c.queries));
  AttentionArgs args;
  p.fill(args);
  args.out = p.heads(out, p.c.queries);
  args.lse = lse.f32();
  Scratch scratch(attentionScratchBytes(args));
  attention(args, scratch.data());
  return out;
}

struct Gradients {
  Values dq, dk, dv;
};
Gradients runBackward(Problem &p, Values &lse) {
  Gradients g{Values(p.c.dtype, p.count(p.c.queries)),
              Values(p.c.dtype, p.count(p.c.keys)),
              Values(p.c.dtype, p.count(p.c.keys))};
  AttentionGradArgs args;
  p.fill(args);
  args.dout = p.heads(p.dout, p.c.queries);
  args.lse = lse.f32();
  args.dq = p.heads(g.dq, p.c.queries);
  args.dk = p.heads(g.dk, p.c.keys);
  args.dv = p.heads(g.dv, p.c.keys);
  Scratch scratch(attentionGradScratchBytes(args));
  attentionGrad(args, scratch.data());
  return g;
}

// What tiles multiply is rounded to bf16, probabilities and their gradients
// too: 2^-9 each, in sums of products of numbers up to 2 and up to 15.
void checkOnTiles(const Case &c, TileUnit unit) {
  Problem p(c);
  p.c.tiles = unit;
  Problem::Expected e = p.expected();
  Values lse(DType::F32, e.lse.size());
  expectClose(runForward(p, lse), e.out, 1e-2);
  expectClose(lse, e.lse, 2e-5);
  Gradients g = runBackward(p, lse);
  expectClose(g.dq, e.dq, 3e-2);
  expectClose(g.dk, e.dk, 3e-2);
  expectClose(g.dv, e.dv, 3e-2);
}

void check(Problem &p) {
  Problem::Expected e = p.expected();
  Values lse(DType::F32, e.lse.size());
  // f32 sums of up to 296 products of numbers up to 4.
  expectClose(runForward(p, lse), e.out, 2e-5);
  expectClose(lse, e.lse, 2e-5);
  Gradients g = runBackward(p, lse);
  expectClose(g.dq, e.dq, 1e-4);
  expectClose(g.dk, e.dk, 1e-4);
  expectClose(g.dv, e.dv, 1e-4);
}

void check(const Case &c) {
  Problem p(c);
  check(p);
}

TEST(Attention, FollowsTheDefinition) {
  forEachTarget([] {
    check({2, 3, 5, 5, 7});
    check({1, 2, 128, 128, 64});
    check({1, 1, 70, 33, 17});
    check({2, 2, 9, 140, 16});
  });
}

TEST(Attention, Masks) {
  forEachTarget([] {
    check({2, 2, 9, 19, 8, DType::F32, true});
    check({2, 2, 9, 19, 8, DType::F32, true, true});
  });
}

Case padded(int64_t batch, int64_t queries, int64_t first, int64_t end,
            bool dropout = false) {
  Case c{batch, 2, queries, 80, 12, DType::F32, true};
  c.dropout = dropout;
  c.unmasked = {first, end};
  return c;
}

TEST(Attention, LeavesOutPadding) {
  forEachTarget([] {
    check(padded(3, 80, 0, 37));
    check(padded(3, 70, 5, 64, true));
    check(padded(2, 70, 78, 80));
  });
}

// A mask of all keys is the same for all, as if there were none; sums of -10000
// and a score keep three digits behind the point.
TEST(Attention, TakesAMaskOfAllKeysForNone) {
  forEachTarget([] {
    Problem masked(padded(1, 20, 0, 0));
    Case c = masked.c;
    c.mask = false;
    Problem::Expected e = Problem(c).expected();
    Values lse(DType::F32, e.lse.size());
    expectClose(runForward(masked, lse), e.out, 5e-3);
    Gradients g = runBackward(masked, lse);
    expectClose(g.dv, e.dv, 1e-2);
    expectClose(g.dk, e.dk, 1e-2);
  });
}

// Keys that are masked out are not read: what is there does not matter.
TEST(Attention, ReadsNoPadding) {
  forEachTarget([] {
    Problem p(padded(1, 80, 0, 37));
    Values lse(DType::F32, p.at(p.c.heads * p.c.queries));
    Values before = runForward(p, lse);
    for (int64_t i = 37 * p.c.heads * p.c.size; i < 80 * p.c.heads * p.c.size;
         ++i) {
      p.k.set(p.at(i), NAN);
      p.v.set(p.at(i), NAN);
    }
    Values after = runForward(p, lse);
    for (size_t i = 0; i < p.count(p.c.queries); ++i) {
      ASSERT_EQ(before[i], after[i]) << i;
    }
    Gradients g = runBackward(p, lse);
    for (size_t i = 0; i < p.count(p.c.keys); ++i) {
      ASSERT_TRUE(std::isfinite(g.dk[i]) && std::isfinite(g.dv[i])) << i;
    }
  });
}

TEST(Attention, LooksAtNoKeyOutsideItsRange) {
  forEachTarget([] {
    check({2, 2, 80, 80, 12, DType::F32, false, false, true});
    check({2, 1, 80, 80, 12, DType::F32, true, true, true, true});
  });
}

// Ranges of all queries of a batch element by what gives that of a query.
template <typename Range> Problem withRanges(Case c, const Range &range) {
  c.ranges = true;
  Problem p(c);
  for (int64_t i = 0; i < c.batch * c.queries; ++i) {
    auto [first, end] = range(i % c.queries);
    p.ranges[p.at(2 * i)] = static_cast<int32_t>(first);
    p.ranges[p.at(2 * i + 1)] = static_cast<int32_t>(end);
  }
  return p;
}

// Sequences in one block of queries, of which the first has more than a full
// row would, and in two; keys in between and behind them belong to nobody, and
// their gradients are zeros.
TEST(Attention, TakesSequencesOfARowWhole) {
  forEachTarget([] {
    Case c{2, 2, 520, 520, 16};
    c.dropout = true;
    Problem p = withRanges(c, [](int64_t s) -> std::pair<int64_t, int64_t> {
      return s < 171   ? std::pair{0, 171}
             : s < 471 ? std::pair{175, 471}
             : s < 500 ? std::pair{473, 500}
                       : std::pair{0, 0};
    });
    check(p);
    Values lse(DType::F32, p.at(c.batch * c.heads * c.queries));
    runForward(p, lse);
    Gradients g = runBackward(p, lse);
    for (int64_t key : {171, 174, 471, 500, 519}) {
      EXPECT_EQ(g.dk[p.index(c.keys, 1, 1, key, 3)], 0.0f) << key;
      EXPECT_EQ(g.dv[p.index(c.keys, 1, 1, key, 3)], 0.0f) << key;
    }
  });
}

// Every query has keys of its own, which others have too.
TEST(Attention, AddsUpWhereRangesOverlap) {
  forEachTarget([] {
    Problem p = withRanges({1, 2, 60, 60, 12}, [](int64_t s) {
      return std::pair{std::max<int64_t>(0, s - 9),
                       std::min<int64_t>(60, s + 3)};
    });
    check(p);
  });
}

TEST(Attention, GivesTheSameBitsOfSequencesWithAnyNumberOfThreads) {
  Case c{3, 3, 300, 300, 16};
  c.dropout = true;
  Problem p = withRanges(c, [](int64_t s) {
    return s < 171 ? std::pair{0, 171} : std::pair{171, 300};
  });
  Values lse(DType::F32, p.at(c.batch * c.heads * c.queries));
  expectSameBitsForThreads([&] { return runForward(p, lse); });
  expectSameBitsForThreads([&] { return runBackward(p, lse).dk; });
  expectSameBitsForThreads([&] { return runBackward(p, lse).dv; });
}

// A thread is told what it does next, and every head has its turn once.
TEST(Attention, KnowsTheNextHead) {
  for (int threads : {1, 2, 5}) {
    for (int64_t tasks : {1, 2, 3, 12}) {
      int before = omp_get_max_threads();
      omp_set_num_threads(threads);
      std::vector<int> runs(static_cast<size_t>(tasks));
      std::vector<int64_t> promised(16, -2);
      bool kept = true;
      parallelQueue(tasks, [&](int64_t task, int64_t next) {
        auto thread = static_cast<size_t>(omp_get_thread_num());
#pragma omp critical
        {
          ++runs[static_cast<size_t>(task)];
          kept = kept && (promised[thread] == -2 || promised[thread] == task);
          promised[thread] = next;
        }
      });
      omp_set_num_threads(before);
      EXPECT_TRUE(kept) << threads << " threads, " << tasks << " tasks";
      EXPECT_EQ(runs, std::vector<int>(runs.size(), 1));
      for (int64_t next : promised) {
        EXPECT_LT(next, 0);
      }
    }
  }
}

TEST(Attention, DropsTheElementsThatDropoutDrops) {
  forEachTarget([] {
    check({2, 3, 5, 5, 7, DType::F32, false, false, false, true});
    check({1, 2, 130, 128, 16, DType::F32, true, false, false, true});
    check({1, 1, 3, 1100, 4, DType::F32, false, false, false, true});
  });
}

TEST(Attention, ReadsAndWritesBf16) {
  forEachTarget([] {
    check({2, 2, 9, 19, 8, DType::BF16, true, false, false, true});
    check({1, 2, 40, 40, 17, DType::BF16, false, false, true});
  });
}

// Shapes that fill tiles and such that do not, every form of mask, ranges,
// padding, dropout.
const Case kTileCases[] = {
    {2, 3, 5, 5, 7, DType::BF16},
    {1, 2, 128, 128, 64, DType::BF16, true, false, false, true},
    {2, 2, 9, 140, 16, DType::BF16, true, true},
    {1, 1, 70, 33, 40, DType::BF16, false, false, false, true},
    {2, 2, 80, 80, 12, DType::BF16, false, false, true, true},
    {2, 1, 80, 80, 33, DType::BF16, true, true, true, true},
    {3, 2, 80, 80, 12, DType::BF16, true, false, false, true, {5, 64}},
    // Rows of whole groups of keep masks, ranges that begin inside a group.
    {1, 2, 75, 256, 32, DType::BF16, false, false, true, true},
    {2, 1, 75, 256, 12, DType::BF16, true, false, false, true, {37, 254}},
    // More queries than the gradient keeps, with masks of their own.
    {1, 1, 300, 130, 64, DType::BF16, true, true, false, true},
};

TEST(Attention, OnEmulatedTiles) {
  forEachTarget([] {
    for (const Case &c : kTileCases) {
      SCOPED_TRACE(&c - kTileCases);
      checkOnTiles(c, TileUnit::Emulated);
    }
  });
}

TEST(Attention, OnTheTileUnit) {
  if (tileUnit() != TileUnit::Hardware) {
    GTEST_SKIP() << "this CPU has " << isaName(detectedIsa())
                 << ", no AMX tiles";
  }
  for (const Case &c : kTileCases) {
    SCOPED_TRACE(&c - kTileCases);
    checkOnTiles(c, TileUnit::Hardware);
  }
}

// Sequences of more queries than a block of the gradient, whose sums go on;
// keys that belong to nobody, and ranges that overlap what others have left.
TEST(Attention, AddsUpSequencesOnTiles) {
  Case c{1, 2, 520, 520, 16, DType::BF16};
  c.dropout = true;
  c.tiles = TileUnit::Emulated;
  Problem p = withRanges(c, [](int64_t s) -> std::pair<int64_t, int64_t> {
    return s < 171   ? std::pair{0, 171}
           : s < 471 ? std::pair{175, 471}
           : s < 500 ? std::pair{160, 490}
                     : std::pair{0, 0};
  });
  Problem::Expected e = p.expected();
  Values lse(DType::F32, e.lse.size());
  expectClose(runForward(p, lse), e.out, 1e-2);
  Gradients g = runBackward(p, lse);
  expectClose(g.dq, e.dq, 3e-2);
  expectClose(g.dk, e.dk, 3e-2);
  expectClose(g.dv, e.dv, 3e-2);
  for (int64_t key : {490, 500, 519}) {
    EXPECT_EQ(g.dk[p.index(c.keys, 0, 1, key, 3)], 0.0f) << key;
    EXPECT_EQ(g.dv[p.index(c.keys, 0, 1, key, 3)], 0.0f) << key;
  }
}

TEST(Attention, GivesTheSameBitsOnTilesWithAnyNumberOfThreads) {
  Case c{2, 3, 70, 70, 16, DType::BF16, false, false, true, true};
  c.tiles = TileUnit::Emulated;
  Problem p(c);
  Values lse(DType::F32, p.at(c.batch * c.heads * c.queries));
  expectSameBitsForThreads([&] { return runForward(p, lse); });
  expectSameBitsForThreads([&] { return runBackward(p, lse).dk; });
}

// f32 operands stay on the vector units.
TEST(Attention, LeavesTilesToBf16) {
  Case c{1, 2, 9, 19, 8};
  c.tiles = TileUnit::Emulated;
  check(c);
}

TEST(Attention, GivesTheSameBitsWithAnyNumberOfThreads) {
  Case c{2, 3, 70, 70, 16, DType::F32, false, false, true, true};
  Problem p(c);
  Values lse(DType::F32, p.at(c.batch * c.heads * c.queries));
  expectSameBitsForThreads([&] { return runForward(p, lse); });
  expectSameBitsForThreads([&] { return runBackward(p, lse).dk; });
}

TEST(Attention, TellsRangesThatAreNone) {
  int32_t ranges[4] = {0, 3, 2, 5};
  EXPECT_TRUE(rangesAreValid(ranges, 2, 5));
  EXPECT_FALSE(rangesAreValid(ranges, 2, 4));
  ranges[2] = 6;
  EXPECT_FALSE(rangesAreValid(ranges, 2, 8));
  ranges[2] = -1;
  EXPECT_FALSE(rangesAreValid(ranges, 2, 8));
}

} // namespace
} // namespace bertc::rt::kernels
