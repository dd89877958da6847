// SPDX-License-Identifier: Apache-2.0
//
// Times attention with the 12 heads of a BERT-Base layer on 4096 tokens, heads
// where the projections leave them. Arguments: positions of a row, sequences in
// a row (0: no ranges, -1: half of a row is padding, by its mask), dropout,
// bf16, which goes to the tile unit where there is one; the label says where.
// GFLOP/s are those of the pairs of query and key that have to be looked at.

#include "hwy/aligned_allocator.h"
#include "runtime/kernels/attention/Attention.h"

#include <benchmark/benchmark.h>

#include <omp.h>

#include <algorithm>
#include <random>
#include <vector>

namespace bertc::rt::kernels {
namespace {

constexpr int64_t kTokens = 4096;
constexpr int64_t kHeads = 12;
constexpr int64_t kSize = 64;
constexpr size_t kElements = kTokens * kHeads * kSize;
const int32_t kRng[4] = {1, 2, 3, 0};

struct Tensors {
  explicit Tensors(bool halves) : dtype(halves ? DType::BF16 : DType::F32) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    for (auto &t : tensors) {
      t = hwy::AllocateAligned<float>(kElements);
      for (size_t i = 0; i < kElements; ++i) {
        float &x = t[i];
        x = normal(generator);
        if (halves) {
          // Two random numbers of bf16 in the place of one.
          uint32_t bits;
          __builtin_memcpy(&bits, &x, 4);
          bits = (bits & 0xffff0000u) | bits >> 16;
          __builtin_memcpy(&x, &bits, 4);
        }
      }
    }
  }
  HeadTensor heads(int i, int64_t positions) {
    int64_t row = kHeads * kSize;
    return {{tensors[i].get(), dtype}, positions * row, kSize, row};
  }
  DType dtype;
  // q, k, v, out and their gradients.
  hwy::AlignedFreeUniquePtr<float[]> tensors[8];
};

struct Setup {
  explicit Setup(const benchmark::State &state)
      : positions(state.range(0)), packed(state.range(1)),
        tensors(state.range(3) != 0) {
    p.batch = kTokens / positions;
    p.heads = kHeads;
    p.queries = p.keys = positions;
    p.size = kSize;
    p.q = tensors.heads(0, positions);
    p.k = tensors.heads(1, positions);
    p.v = tensors.heads(2, positions);
    p.scale = 0.125f;
    p.tiles = tileUnit();
    p.dropout = dropoutState(state.range(2) != 0 ? 0.1f : 0.0f, 1, kRng);
    lse.resize(static_cast<size_t>(kTokens * kHeads));
    makeRanges();
  }

  // Sequences of equal length, but for rounding.
  void makeRanges() {
    int64_t all = packed > 0 ? packed : 1;
    for (int64_t row = 0; row < p.batch; ++row) {
      for (int64_t i = 0; i < all; ++i) {
        int64_t first = i * positions / all, end = (i + 1) * positions / all;
        pairs += static_cast<double>((end - first) * (end - first));
        for (int64_t s = first; s < end; ++s) {
          ranges.push_back(static_cast<int32_t>(first));
          ranges.push_back(static_cast<int32_t>(end));
        }
      }
    }
    p.ranges = packed > 0 ? ranges.data() : nullptr;
    if (packed < 0) {
      mask.assign(static_cast<size_t>(positions), 0.0f);
      std::fill(mask.begin() + positions / 2, mask.end(), -10000.0f);
      p.mask = mask.data();
      pairs /= 2;
    }
  }

  template <typename Args> Args args() {
    Args a;
    static_cast<AttentionProblem &>(a) = p;
    return a;
  }

  // `products` of size pairs x D a head.
  void report(benchmark::State &state, int products) const {
    double flops = 2.0 * products * pairs * static_cast<double>(kHeads * kSize);
    state.SetLabel(!runsOnTiles(p)                 ? "vectors"
                   : p.tiles == TileUnit::Hardware ? "tiles"
                                                   : "emulated tiles");
    state.counters["GFLOP/s"] = benchmark::Counter(
        flops * 1e-9 * static_cast<double>(state.iterations()),
        benchmark::Counter::kIsRate);
  }

  int64_t positions, packed;
  Tensors tensors;
  AttentionProblem p;
  std::vector<float> lse, mask;
  std::vector<int32_t> ranges;
  double pairs = 0;
};

std::vector<std::byte> scratchOf(size_t each) {
  return std::vector<std::byte>(
      each * static_cast<size_t>(omp_get_max_threads()) + 64);
}

std::byte *aligned(std::vector<std::byte> &bytes) {
  auto p = reinterpret_cast<uintptr_t>(bytes.data());
  return bytes.data() + (64 - p % 64) % 64;
}

void BM_Attention(benchmark::State &state) {
  Setup s(state);
  auto args = s.args<AttentionArgs>();
  args.out = s.tensors.heads(3, s.positions);
  args.lse = s.lse.data();
  std::vector<std::byte> scratch = scratchOf(attentionScratchBytes(args));
  for (auto _ : state) {
    attention(args, aligned(scratch));
  }
  s.report(state, 2);
}

void BM_AttentionGrad(benchmark::State &state) {
  Setup s(state);
  auto forward = s.args<AttentionArgs>();
  forward.out = s.tensors.heads(3, s.positions);
  forward.lse = s.lse.data();
  std::vector<std::byte> scratch = scratchOf(attentionScratchBytes(forward));
  attention(forward, aligned(scratch));
  auto args = s.args<AttentionGradArgs>();
  args.dout = s.tensors.heads(4, s.positions);
  args.lse = s.lse.data();
  args.dq = s.tensors.heads(5, s.positions);
  args.dk = s.tensors.heads(6, s.positions);
  args.dv = s.tensors.heads(7, s.positions);
  scratch = scratchOf(attentionGradScratchBytes(args));
  for (auto _ : state) {
    attentionGrad(args, aligned(scratch));
  }
  s.report(state, 5);
}

void cases(benchmark::internal::Benchmark *b) {
  b->ArgNames({"S", "packed", "dropout", "bf16"});
  for (int64_t halves : {0, 1}) {
    for (int64_t dropout : {0, 1}) {
      b->Args({128, 0, dropout, halves});
      b->Args({512, -1, dropout, halves});
      b->Args({512, 0, dropout, halves});
      b->Args({512, 1, dropout, halves});
      b->Args({512, 3, dropout, halves});
    }
  }
  b->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK(BM_Attention)->Apply(cases);
BENCHMARK(BM_AttentionGrad)->Apply(cases);

} // namespace
} // namespace bertc::rt::kernels
