// SPDX-License-Identifier: Apache-2.0
//
// Products and weight gradients of BERT-Base (2048 tokens) on the tile unit
// beside oneDNN, and queries, keys and values together beside one by one, hot
// (the same call again) and cold (256 MiB swept between calls), on random data:
// the unit slows down with it, zeros would flatter. Needs AMX; with
// BERTC_EMULATE_AMX=1 it runs anywhere, slowly, to see that it does.

#include "runtime/core/CpuFeatures.h"
#include "runtime/core/MemoryBlock.h"
#include "runtime/kernels/amx/Gemm.h"
#include "runtime/kernels/amx/WeightGradient.h"
#include "runtime/onednn/OneDnn.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <unordered_map>
#include <vector>

#include <omp.h>

namespace bertc::rt {
namespace {

using dnnl::memory;
using kernels::amx::GemmTask;
using kernels::amx::WeightGradientTask;
using Tag = memory::format_tag;

constexpr int64_t kTokens = 2048;

// Bytes of random bf16 or f32 numbers in (-1, 1), in huge pages.
class RandomMemory {
public:
  RandomMemory(int64_t elements, size_t size)
      : block_(*MemoryBlock::map(static_cast<size_t>(elements) * size,
                                 "benchmark")) {
    uint32_t state = 12345;
    for (int64_t i = 0; i < elements; ++i) {
      state = state * 1664525u + 1013904223u;
      float value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
      uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      bits >>= size == 2 ? 16 : 0;
      std::memcpy(block_.data() + static_cast<size_t>(i) * size, &bits, size);
    }
  }
  uint16_t *halves() { return reinterpret_cast<uint16_t *>(block_.data()); }
  float *floats() { return reinterpret_cast<float *>(block_.data()); }

private:
  MemoryBlock block_;
};

void sweepCaches() {
  static std::vector<char> lines(256 << 20);
#pragma omp parallel for
  for (size_t i = 0; i < lines.size(); i += 64) {
    ++lines[i];
  }
}

// Of one thread its processor time, which others on the machine disturb least.
double seconds() {
  timespec now = {};
  clock_gettime(omp_get_max_threads() == 1 ? CLOCK_THREAD_CPUTIME_ID
                                           : CLOCK_MONOTONIC,
                &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

// Times fn(); range 0 is K or the rows of the gradient, 1 is N, 2 is "cold".
template <typename Fn> void measure(benchmark::State &state, const Fn &fn) {
  fn();
  for (auto _ : state) {
    if (state.range(2) != 0) {
      sweepCaches();
    }
    double begin = seconds();
    fn();
    state.SetIterationTime(seconds() - begin);
  }
  double flops = 2.0 * static_cast<double>(kTokens) *
                 static_cast<double>(state.range(0)) *
                 static_cast<double>(state.range(1));
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

bool hasTiles(benchmark::State &state) {
  if (tileUnit() == TileUnit::None) {
    state.SkipWithError("no AMX here (BERTC_EMULATE_AMX=1 pretends)");
    return false;
  }
  state.SetLabel(tileUnit() == TileUnit::Emulated ? "emulated" : "");
  return true;
}

enum class Third { None, Factor, Residual };

// With b in panels, or in panels of its transpose, and perhaps a third operand
// like c.
void ownGemm(benchmark::State &state, bool turned, Third third) {
  int64_t k = state.range(0), n = state.range(1);
  if (!hasTiles(state)) {
    return;
  }
  int threads = omp_get_max_threads();
  RandomMemory a(kTokens * k, 2), w(k * n, 4), c(kTokens * n, 2);
  RandomMemory panels(kernels::amx::panelHalves(k, n), 2);
  kernels::amx::packPanels(w.floats(), k, n, panels.halves(), nullptr);
  auto scratch = *MemoryBlock::map(
      kernels::amx::gemmScratchBytes(kTokens, n, k, turned, threads),
      "scratch");
  GemmTask task;
  task.m = kTokens, task.n = n, task.k = k;
  task.a = {a.halves(), k, 1, false};
  task.b = panels.halves();
  task.turned = turned;
  task.c = {{c.halves(), DType::BF16}, n};
  RandomMemory other(third == Third::None ? 1 : kTokens * n, 2);
  if (third != Third::None) {
    (third == Third::Factor ? task.factor : task.residual) = {
        {other.halves(), DType::BF16}, n};
  }
  measure(state, [&] {
    kernels::amx::gemm(task, tileUnit(), scratch.data(), threads);
  });
}

void BM_OwnGemm(benchmark::State &state) { ownGemm(state, false, Third::None); }
void BM_OwnGemmTurned(benchmark::State &state) {
  ownGemm(state, true, Third::None);
}
void BM_OwnGemmTurnedFactor(benchmark::State &state) {
  ownGemm(state, true, Third::Factor);
}
void BM_OwnGemmTurnedResidual(benchmark::State &state) {
  ownGemm(state, true, Third::Residual);
}

// Queries, keys and values: three products of one A [2048, K], whose widths are
// together N, as a group or one by one.
void projections(benchmark::State &state, bool together) {
  int64_t k = state.range(0), n = state.range(1) / 3;
  if (!hasTiles(state)) {
    return;
  }
  int threads = omp_get_max_threads();
  RandomMemory a(kTokens * k, 2), w(k * n, 4);
  std::vector<RandomMemory> panels, results;
  std::vector<GemmTask> tasks(3);
  for (GemmTask &task : tasks) {
    panels.emplace_back(kernels::amx::panelHalves(k, n), 2);
    results.emplace_back(kTokens * n, 2);
    kernels::amx::packPanels(w.floats(), k, n, panels.back().halves(), nullptr);
    task.m = kTokens, task.n = n, task.k = k;
    task.a = {a.halves(), k, 1, false};
    task.b = panels.back().halves();
    task.c = {{results.back().halves(), DType::BF16}, n};
  }
  auto scratch = *MemoryBlock::map(
      std::max(kernels::amx::gemmGroupScratchBytes(tasks.data(), 3, threads),
               kernels::amx::gemmScratchBytes(kTokens, n, k, false, threads)),
      "scratch");
  measure(state, [&] {
    if (together) {
      kernels::amx::gemmGroup(tasks.data(), 3, tileUnit(), scratch.data(),
                              threads);
      return;
    }
    for (const GemmTask &task : tasks) {
      kernels::amx::gemm(task, tileUnit(), scratch.data(), threads);
    }
  });
}

void BM_OwnGroup(benchmark::State &state) { projections(state, true); }
void BM_OwnOneByOne(benchmark::State &state) { projections(state, false); }

// What a turned product does first. Needs no tiles.
void BM_TurnPanels(benchmark::State &state) {
  int64_t k = state.range(0), n = state.range(1);
  RandomMemory panels(kernels::amx::panelHalves(n, k), 2);
  RandomMemory turned(kernels::amx::panelHalves(k, n), 2);
  measure(state, [&] {
    kernels::amx::turnPanels(panels.halves(), k, n, 0,
                             kernels::amx::panelsOf(n), turned.halves());
  });
}

// Both sides by rows or in blocks; C is rounded to bf16, as in a training step.
void ownWeightGradient(benchmark::State &state, bool blocked) {
  int64_t m = state.range(0), n = state.range(1);
  if (!hasTiles(state)) {
    return;
  }
  int threads = omp_get_max_threads();
  RandomMemory x(kTokens * m, 2), y(kTokens * n, 2), c(m * n, 2), sums(n, 4);
  WeightGradientTask task;
  task.m = m, task.n = n, task.tokens = kTokens;
  task.x = x.halves(), task.y = y.halves();
  task.xPitch = m, task.yPitch = n;
  task.xBlocked = task.yBlocked = blocked;
  task.c = {{c.halves(), DType::BF16}, n};
  task.columnSums = sums.floats();
  auto scratch = *MemoryBlock::map(
      kernels::amx::weightGradientScratchBytes(task, threads), "scratch");
  measure(state, [&] {
    kernels::amx::weightGradient(task, tileUnit(), scratch.data(), threads);
  });
}

void BM_OwnWeightGradient(benchmark::State &state) {
  ownWeightGradient(state, false);
}
void BM_OwnWeightGradientInBlocks(benchmark::State &state) {
  ownWeightGradient(state, true);
}

// bf16 a [m, k] and b [k, n] in the given layouts, c of type `out`, added to
// with `accumulate`.
void libraryMatmul(benchmark::State &state, memory::dims sizes, Tag aTag,
                   Tag bTag, memory::data_type out, bool accumulate) {
  constexpr auto kHalf = memory::data_type::bf16;
  dnnl::post_ops ops;
  if (accumulate) {
    ops.append_sum(1.0f);
  }
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  dnnl::engine &engine = cpuEngine();
  dnnl::matmul::primitive_desc pd(engine, {{sizes[0], sizes[1]}, kHalf, aTag},
                                  {{sizes[1], sizes[2]}, kHalf, bTag},
                                  {{sizes[0], sizes[2]}, out, Tag::ab}, attr);
  state.SetLabel(pd.impl_info_str());
  std::vector<RandomMemory> blocks;
  std::unordered_map<int, memory> args;
  for (auto [arg, desc] : {std::pair(DNNL_ARG_SRC, pd.src_desc()),
                           std::pair(DNNL_ARG_WEIGHTS, pd.weights_desc()),
                           std::pair(DNNL_ARG_DST, pd.dst_desc())}) {
    size_t size = desc.get_data_type() == kHalf ? 2 : 4;
    blocks.emplace_back(static_cast<int64_t>(desc.get_size() / size), size);
    args.emplace(arg, memory(desc, engine, blocks.back().halves()));
  }
  dnnl::matmul matmul(pd);
  measure(state, [&] {
    matmul.execute(cpuStream(), args);
    cpuStream().wait();
  });
}

void BM_LibraryGemm(benchmark::State &state) {
  libraryMatmul(state, {kTokens, state.range(0), state.range(1)}, Tag::ab,
                Tag::any, memory::data_type::bf16, false);
}

void BM_LibraryWeightGradient(benchmark::State &state) {
  libraryMatmul(state, {state.range(0), kTokens, state.range(1)}, Tag::ba,
                Tag::ab, memory::data_type::f32, true);
}

void shapes(benchmark::internal::Benchmark *b) {
  b->ArgNames({"K", "N", "cold"});
  for (int64_t cold : {0, 1}) {
    for (auto [k, n] : {std::pair<int64_t, int64_t>{768, 2304},
                        {768, 768},
                        {768, 3072},
                        {3072, 768},
                        {2304, 768}}) {
      b->Args({k, n, cold});
    }
  }
  b->UseManualTime()->Unit(benchmark::kMillisecond);
}

// Of BERT-Base and BERT-Large.
void projectionShapes(benchmark::internal::Benchmark *b) {
  b->ArgNames({"K", "N", "cold"});
  for (int64_t cold : {0, 1}) {
    b->Args({768, 2304, cold})->Args({1024, 3072, cold});
  }
  b->UseManualTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK(BM_OwnGemm)->Apply(shapes);
BENCHMARK(BM_OwnGroup)->Apply(projectionShapes);
BENCHMARK(BM_OwnOneByOne)->Apply(projectionShapes);
BENCHMARK(BM_OwnGemmTurned)->Apply(shapes);
BENCHMARK(BM_OwnGemmTurnedFactor)->Apply(shapes);
BENCHMARK(BM_OwnGemmTurnedResidual)->Apply(shapes);
BENCHMARK(BM_TurnPanels)->Apply(shapes);
BENCHMARK(BM_LibraryGemm)->Apply(shapes);
BENCHMARK(BM_OwnWeightGradient)->Apply(shapes);
BENCHMARK(BM_OwnWeightGradientInBlocks)->Apply(shapes);
BENCHMARK(BM_LibraryWeightGradient)->Apply(shapes);

} // namespace
} // namespace bertc::rt

BENCHMARK_MAIN();
