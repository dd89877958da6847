// SPDX-License-Identifier: Apache-2.0
//
// Times the kernels between the products of a bf16 training step at the sizes
// of BERT-Base (batch 16, S 128), on random data. Bytes are those a kernel must
// at least read and write.

#include "runtime/kernels/common/Bf16.h"
#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/elementwise/Elementwise.h"
#include "runtime/kernels/layernorm/LayerNorm.h"
#include "runtime/kernels/loss/Loss.h"
#include "runtime/kernels/optimizer/Optimizer.h"
#include "runtime/kernels/reduce/Reduce.h"

#include <benchmark/benchmark.h>

#include <new>
#include <random>
#include <utility>
#include <vector>

namespace bertc::rt::kernels {
namespace {

constexpr int64_t kTokens = 2048;
constexpr int64_t kHidden = 768;
const int32_t kRng[4] = {1, 2, 3, 0};

// Tensors of a plan begin at cache lines.
template <typename T> struct LineAllocator {
  using value_type = T;
  LineAllocator() = default;
  template <typename U> LineAllocator(const LineAllocator<U> &) {}
  T *allocate(size_t n) {
    return static_cast<T *>(
        ::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T *p, size_t) { ::operator delete(p, std::align_val_t(64)); }
  bool operator==(const LineAllocator &) const { return true; }
  bool operator!=(const LineAllocator &) const { return false; }
};

using Halves = std::vector<uint16_t, LineAllocator<uint16_t>>;

Halves random(int64_t n, float deviation = 1.0f) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(0, deviation);
  Halves values(static_cast<size_t>(n));
  for (uint16_t &v : values) {
    v = floatToBf16(normal(generator));
  }
  return values;
}

Buffer bf16(Halves &v) { return {v.data(), DType::BF16}; }

void setBytes(benchmark::State &state, int64_t halves) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * halves *
                          2);
}

void halvesGeluWithDerivative(benchmark::State &state, UnaryKind kind) {
  int64_t n = kTokens * 4 * kHidden;
  Halves x = random(n), y(x), slope(x);
  for (auto _ : state) {
    geluWithDerivative(kind, bf16(y), bf16(slope), bf16(x), n);
  }
  setBytes(state, 3 * n);
}
BENCHMARK_CAPTURE(halvesGeluWithDerivative, erf, UnaryKind::GeluErf)
    ->UseRealTime();
BENCHMARK_CAPTURE(halvesGeluWithDerivative, tanh, UnaryKind::GeluTanh)
    ->UseRealTime();

void halvesUnary(benchmark::State &state, UnaryKind kind) {
  int64_t n = kTokens * 4 * kHidden;
  Halves x = random(n), y(x);
  OperandShape s = denseShape(DType::BF16, {n});
  ElementwiseShape shape = makeElementwise(s, {s});
  void *data[] = {y.data(), x.data()};
  for (auto _ : state) {
    unary(kind, shape, data);
  }
  setBytes(state, 2 * n);
}
BENCHMARK_CAPTURE(halvesUnary, gelu_erf, UnaryKind::GeluErf)->UseRealTime();
BENCHMARK_CAPTURE(halvesUnary, gelu_tanh, UnaryKind::GeluTanh)->UseRealTime();
BENCHMARK_CAPTURE(halvesUnary, neg, UnaryKind::Neg)->UseRealTime();

void halvesBinary(benchmark::State &state, BinaryKind kind) {
  int64_t n = kTokens * 4 * kHidden;
  Halves x = random(n), y(x), z(x);
  OperandShape s = denseShape(DType::BF16, {n});
  ElementwiseShape shape = makeElementwise(s, {s, s});
  void *data[] = {z.data(), x.data(), y.data()};
  for (auto _ : state) {
    binary(kind, shape, data);
  }
  setBytes(state, 3 * n);
}
BENCHMARK_CAPTURE(halvesBinary, mul, BinaryKind::Mul)->UseRealTime();

void BM_HalvesLayerNorm(benchmark::State &state) {
  int64_t n = kTokens * kHidden;
  Halves x = random(n), r = random(n), y(x), z(x);
  std::vector<float> gamma(kHidden, 1.5f), beta(kHidden, 0.5f);
  std::vector<float> mean(kTokens), rstd(kTokens);
  LayerNormArgs args;
  args.rows = kTokens;
  args.columns = kHidden;
  args.x = bf16(x);
  args.gamma = {gamma.data(), DType::F32};
  args.beta = {beta.data(), DType::F32};
  args.residual = bf16(r);
  args.dropout = dropoutState(state.range(0) != 0 ? 0.1f : 0.0f, 1, kRng);
  args.eps = 1e-12f;
  args.y = bf16(y);
  args.mean = mean.data();
  args.rstd = rstd.data();
  args.z = bf16(z);
  args.xBlocked = args.residualBlocked = state.range(1) != 0;
  args.yBlocked = args.zBlocked = state.range(1) != 0;
  for (auto _ : state) {
    layerNorm(args);
  }
  setBytes(state, 4 * n);
}
// With dropout, in blocks.
BENCHMARK(BM_HalvesLayerNorm)->ArgsProduct({{0, 1}, {0, 1}})->UseRealTime();

void BM_HalvesLayerNormGrad(benchmark::State &state) {
  int64_t n = kTokens * kHidden;
  Halves dy = random(n), z = random(n), dz(dy), dx(dy);
  std::vector<float> gamma(kHidden, 1.5f), dgamma(gamma), dbeta(gamma);
  std::vector<float> mean(kTokens, 0.0f), rstd(kTokens, 1.0f);
  std::vector<float> scratch(
      static_cast<size_t>(layerNormGradScratch(kTokens, kHidden)) / 4);
  LayerNormGradArgs args;
  args.rows = kTokens;
  args.columns = kHidden;
  args.dy = bf16(dy);
  args.z = bf16(z);
  args.gamma = {gamma.data(), DType::F32};
  args.mean = mean.data();
  args.rstd = rstd.data();
  args.dropout = dropoutState(state.range(0) != 0 ? 0.1f : 0.0f, 1, kRng);
  args.dz = bf16(dz);
  args.dx = bf16(dx);
  args.dgamma = dgamma.data();
  args.dbeta = dbeta.data();
  args.scratch = scratch.data();
  args.dyBlocked = args.zBlocked = state.range(1) != 0;
  args.dzBlocked = args.dxBlocked = state.range(1) != 0;
  for (auto _ : state) {
    layerNormGrad(args);
  }
  setBytes(state, 4 * n);
}
BENCHMARK(BM_HalvesLayerNormGrad)->ArgsProduct({{0, 1}, {0, 1}})->UseRealTime();

constexpr int64_t kPredicted = 320, kVocabulary = 30522;

void BM_HalvesLogSoftmax(benchmark::State &state) {
  Halves x = random(kPredicted * kVocabulary), y(x);
  for (auto _ : state) {
    logSoftmax(bf16(y), bf16(x), kPredicted, kVocabulary);
  }
  setBytes(state, 2 * kPredicted * kVocabulary);
}
BENCHMARK(BM_HalvesLogSoftmax)->UseRealTime();

void BM_HalvesLogSoftmaxGrad(benchmark::State &state) {
  Halves dy = random(kPredicted * kVocabulary), y(dy), dx(dy);
  for (uint16_t &v : y) {
    v |= 0x8000; // Logarithms of probabilities are negative.
  }
  for (auto _ : state) {
    logSoftmaxGrad(bf16(dx), bf16(dy), bf16(y), kPredicted, kVocabulary);
  }
  setBytes(state, 3 * kPredicted * kVocabulary);
}
BENCHMARK(BM_HalvesLogSoftmaxGrad)->UseRealTime();

// More than caches hold, as the gradients of all variables.
constexpr int64_t kMany = 60000000;

void BM_HalvesL2Loss(benchmark::State &state) {
  Halves x(kMany, 0x3f81);
  for (auto _ : state) {
    benchmark::DoNotOptimize(l2Loss(bf16(x), kMany));
  }
  setBytes(state, kMany);
}
BENCHMARK(BM_HalvesL2Loss)->UseRealTime();

// To bf16, and back.
void BM_HalvesCast(benchmark::State &state) {
  Halves x(kMany, 0x3f81);
  std::vector<float, LineAllocator<float>> y(kMany);
  OperandShape half = denseShape(DType::BF16, {kMany});
  OperandShape whole = denseShape(DType::F32, {kMany});
  bool narrows = state.range(0) == 0;
  ElementwiseShape shape =
      narrows ? makeElementwise(half, {whole}) : makeElementwise(whole, {half});
  void *data[] = {x.data(), y.data()};
  if (!narrows) {
    std::swap(data[0], data[1]);
  }
  for (auto _ : state) {
    unary(UnaryKind::Cast, shape, data);
  }
  setBytes(state, 3 * kMany);
}
BENCHMARK(BM_HalvesCast)->Arg(0)->Arg(1)->UseRealTime();

void BM_HalvesAssignAdd(benchmark::State &state) {
  Halves x(kMany, 0x3f81);
  std::vector<float, LineAllocator<float>> sum(kMany);
  ElementwiseShape shape = makeElementwise(denseShape(DType::F32, {kMany}),
                                           {denseShape(DType::BF16, {kMany})});
  void *data[] = {sum.data(), x.data()};
  for (auto _ : state) {
    assignAdd(0.5f, shape, data);
  }
  setBytes(state, 5 * kMany);
}
BENCHMARK(BM_HalvesAssignAdd)->UseRealTime();

} // namespace
} // namespace bertc::rt::kernels
