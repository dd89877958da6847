// SPDX-License-Identifier: Apache-2.0
//
// Attention and its gradient on tiles with operands in blocks: the bits that
// the same operands row by row give.

#include "runtime/core/CpuFeatures.h"
#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/attention/Attention.h"
#include "test/unit/kernels/AmxTesting.h"

namespace bertc::rt::kernels {
namespace {

struct Case {
  int64_t batch, heads, queries, keys, size;
  bool mask = false, maskPerQuery = false, dropout = false;
  // Where sequences end, of queries and of keys; none for no ranges. What is
  // behind the last belongs to nobody.
  std::vector<int64_t> ends = {};
  // Keys that the mask leaves.
  int64_t unmaskedFirst = 0, unmaskedEnd = 1 << 20;
};

// Operands by number, to choose those in blocks.
enum Operand { kQ, kK, kV, kOut, kDout, kDq, kDk, kDv, kOperands };
constexpr unsigned kAll = (1u << kOperands) - 1;

class Problem {
public:
  Problem(const Case &c, TileUnit unit) : c_(c), unit_(unit) {
    for (int i = 0; i < kOperands; ++i) {
      operands_[i] =
          randomValues(DType::BF16, count(i), -2, 2, static_cast<uint32_t>(i));
    }
    mask_ = randomValues(DType::F32, at(c.batch * c.queries * c.keys), -3, 0);
    for (size_t i = 0; i < mask_.size(); ++i) {
      auto key = static_cast<int64_t>(i) % c.keys;
      if (key < c.unmaskedFirst || key >= c.unmaskedEnd) {
        mask_.set(i, -10000.0f);
      }
    }
    lse_ = Values(DType::F32, at(c.batch * c.heads * c.queries));
    for (int64_t i = 0; i < c.batch * c.queries && !c.ends.empty(); ++i) {
      int64_t first = 0, query = i % c.queries;
      auto end = c.ends.begin();
      for (; end != c.ends.end() && query >= *end; ++end) {
        first = *end;
      }
      bool none = end == c.ends.end();
      ranges_.push_back(static_cast<int32_t>(none ? 0 : first));
      ranges_.push_back(static_cast<int32_t>(none ? 0 : *end));
    }
  }

  // What both directions make, row by row: with the operands of `blocked` in
  // blocks.
  std::vector<Values> run(unsigned blocked) {
    for (int i = 0; i < kOperands; ++i) {
      stored_[i] = isIn(blocked, i) ? moved(operands_[i], true) : operands_[i];
    }
    runForward(blocked);
    runBackward(blocked);
    std::vector<Values> results = {lse_};
    for (int i : {kOut, kDq, kDk, kDv}) {
      EXPECT_TRUE(stored_[i].guardIntact());
      results.push_back(isIn(blocked, i) ? moved(stored_[i], false)
                                         : stored_[i]);
    }
    return results;
  }

private:
  static size_t at(int64_t i) { return static_cast<size_t>(i); }
  static bool isIn(unsigned blocked, int i) { return (blocked >> i & 1) != 0; }
  int64_t columns() const { return c_.heads * c_.size; }
  int64_t rowsOf(int i) const {
    bool keys = i == kK || i == kV || i == kDk || i == kDv;
    return keys ? c_.keys : c_.queries;
  }
  size_t count(int i) const { return at(c_.batch * rowsOf(i) * columns()); }

  // A matrix brought into blocks or out of them.
  Values moved(const Values &from, bool intoBlocks) const {
    Values to(DType::BF16, from.size());
    for (int64_t i = 0; i < static_cast<int64_t>(from.size()); ++i) {
      int64_t row = i / columns(), col = i % columns();
      size_t there =
          at(amx::blockOffset(row / 32 * 32, col / 32 * 32, columns()) +
             row % 32 * 32 + col % 32);
      intoBlocks ? to.set(there, from[at(i)]) : to.set(at(i), from[there]);
    }
    return to;
  }

  HeadTensor heads(unsigned blocked, int i) {
    return {stored_[i].buffer(), rowsOf(i) * columns(), c_.size, columns(),
            isIn(blocked, i)};
  }

  void fill(AttentionProblem &p, unsigned blocked) {
    static const int32_t rng[4] = {7, 8, 9, 0};
    p.batch = c_.batch;
    p.heads = c_.heads;
    p.queries = c_.queries;
    p.keys = c_.keys;
    p.size = c_.size;
    p.q = heads(blocked, kQ);
    p.k = heads(blocked, kK);
    p.v = heads(blocked, kV);
    p.scale = 0.3f;
    p.tiles = unit_;
    if (c_.dropout) {
      p.dropout = dropoutState(0.25f, 5, rng);
    }
    if (c_.mask) {
      p.mask = mask_.f32();
      p.maskBatch = c_.queries * c_.keys;
      p.maskQuery = c_.maskPerQuery ? c_.keys : 0;
    }
    p.ranges = ranges_.empty() ? nullptr : ranges_.data();
  }
  static amx::AlignedBytes scratchOf(size_t each) {
    return amx::AlignedBytes(each * at(omp_get_max_threads()));
  }

  void runForward(unsigned blocked) {
    AttentionArgs args;
    fill(args, blocked);
    args.out = heads(blocked, kOut);
    args.lse = lse_.f32();
    amx::AlignedBytes scratch = scratchOf(attentionScratchBytes(args));
    attention(args, scratch.data());
    EXPECT_TRUE(scratch.guardIntact());
  }
  void runBackward(unsigned blocked) {
    AttentionGradArgs args;
    fill(args, blocked);
    args.dout = heads(blocked, kDout);
    args.lse = lse_.f32();
    args.dq = heads(blocked, kDq);
    args.dk = heads(blocked, kDk);
    args.dv = heads(blocked, kDv);
    amx::AlignedBytes scratch = scratchOf(attentionGradScratchBytes(args));
    attentionGrad(args, scratch.data());
    EXPECT_TRUE(scratch.guardIntact());
  }

  Case c_;
  TileUnit unit_;
  Values operands_[kOperands], stored_[kOperands], mask_, lse_;
  std::vector<int32_t> ranges_;
};

void check(const Case &c, TileUnit unit) {
  Problem problem(c, unit);
  std::vector<Values> expected = problem.run(0);
  // All; and one after the other beside operands that are row by row.
  std::vector<unsigned> choices = {kAll};
  for (int i = 0; i < kOperands; ++i) {
    choices.push_back(1u << i);
  }
  for (unsigned blocked : choices) {
    std::vector<Values> found = problem.run(blocked);
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_TRUE(found[i].sameBits(expected[i]))
          << "result " << i << ", operands in blocks " << blocked << ", seed "
          << kSeed;
    }
  }
}

const Case kCases[] = {
    {2, 2, 64, 64, 64},
    {1, 1, 32, 96, 32, true, false, true},
    {2, 3, 96, 32, 32, true, true},
    // More queries than the gradient keeps.
    {1, 2, 160, 64, 64, true, false, true},
    // Keys that are used begin and end inside a row of blocks.
    {2, 2, 64, 96, 64, true, false, true, {}, 5, 70},
    // Sequences that begin inside one, or one behind the other; some rows that
    // belong to none.
    {2, 2, 160, 160, 64, false, false, true, {33, 34, 97, 150}},
    {1, 2, 128, 128, 32, true, true, false, {7, 77}},
    {1, 2, 320, 320, 32, false, false, true, {171, 300}},
};

TEST(AttentionBlocks, OnEmulatedTiles) {
  forEachTarget([] {
    for (const Case &c : kCases) {
      SCOPED_TRACE(&c - kCases);
      check(c, TileUnit::Emulated);
    }
  });
}

TEST(AttentionBlocks, OnTheTileUnit) {
  if (tileUnit() != TileUnit::Hardware) {
    GTEST_SKIP() << "this CPU has " << isaName(detectedIsa())
                 << ", no AMX tiles";
  }
  for (const Case &c : kCases) {
    SCOPED_TRACE(&c - kCases);
    check(c, TileUnit::Hardware);
  }
}

TEST(AttentionBlocks, GivesTheSameBitsWithAnyNumberOfThreads) {
  Problem problem({2, 3, 96, 96, 32, false, false, true, {40, 90}},
                  TileUnit::Emulated);
  for (size_t result : {1, 2, 3, 4}) {
    expectSameBitsForThreads([&] { return problem.run(kAll)[result]; });
  }
}

} // namespace
} // namespace bertc::rt::kernels
