// SPDX-License-Identifier: Apache-2.0
//
// Times the kernels at the sizes of one BERT-Base layer (batch 16, S 128), on
// random data. Bytes are those a kernel must at least read and write.

#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/dropout/Dropout.h"
#include "runtime/kernels/elementwise/Elementwise.h"
#include "runtime/kernels/gather/Gather.h"
#include "runtime/kernels/layernorm/LayerNorm.h"
#include "runtime/kernels/loss/Loss.h"
#include "runtime/kernels/optimizer/Optimizer.h"
#include "runtime/kernels/reduce/Reduce.h"
#include "runtime/kernels/softmax/Softmax.h"

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

namespace bertc::rt::kernels {
namespace {

constexpr int64_t kTokens = 2048;
constexpr int64_t kHidden = 768;
const int32_t kRng[4] = {1, 2, 3, 0};

std::vector<float> random(int64_t n) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<size_t>(n));
  for (float &v : values) {
    v = uniform(generator);
  }
  return values;
}

Buffer f32(std::vector<float> &v) { return {v.data(), DType::F32}; }

void setBytes(benchmark::State &state, int64_t floats) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * floats *
                          4);
}

void BM_DropoutMask(benchmark::State &state) {
  int64_t n = 1 << 14; // In L2: the generator alone.
  std::vector<float> x = random(n);
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) {
      dropout(dropoutState(0.1f, 1, kRng), f32(x), f32(x), n);
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * n * 64);
}
BENCHMARK(BM_DropoutMask)->UseRealTime();

void BM_Dropout(benchmark::State &state) {
  int64_t n = kTokens * kHidden;
  std::vector<float> x = random(n);
  std::vector<float> y(x);
  for (auto _ : state) {
    dropout(dropoutState(0.1f, 1, kRng), f32(y), f32(x), n);
  }
  setBytes(state, 2 * n);
}
BENCHMARK(BM_Dropout)->UseRealTime();

void BM_Softmax(benchmark::State &state) {
  int64_t n = 16 * 12 * 128 * 128;
  std::vector<float> x = random(n);
  std::vector<float> y(x);
  std::vector<float> d(x);
  std::vector<float> mask = random(16 * 128);
  SoftmaxArgs args;
  args.batch = 16;
  args.heads = 12;
  args.rows = 128;
  args.columns = 128;
  args.x = f32(x);
  args.mask = mask.data();
  args.maskStrides[0] = 128;
  args.scale = 0.125f;
  args.y = f32(y);
  args.dropped = f32(d);
  args.dropout = dropoutState(state.range(0) != 0 ? 0.1f : 0.0f, 1, kRng);
  for (auto _ : state) {
    softmax(args);
  }
  setBytes(state, 3 * n);
}
BENCHMARK(BM_Softmax)->Arg(0)->Arg(1)->UseRealTime();

void BM_SoftmaxGrad(benchmark::State &state) {
  int64_t n = 16 * 12 * 128 * 128;
  std::vector<float> dy = random(n);
  std::vector<float> y(dy);
  SoftmaxGradArgs args;
  args.rows = n / 128;
  args.columns = 128;
  args.dy = f32(dy);
  args.y = f32(y);
  args.dx = f32(dy);
  args.dropout = dropoutState(0.1f, 1, kRng);
  for (auto _ : state) {
    softmaxGrad(args);
  }
  setBytes(state, 3 * n);
}
BENCHMARK(BM_SoftmaxGrad)->UseRealTime();

void BM_LayerNorm(benchmark::State &state) {
  int64_t n = kTokens * kHidden;
  std::vector<float> x = random(n);
  std::vector<float> r = random(n);
  std::vector<float> y(x);
  std::vector<float> z(x);
  std::vector<float> gamma = random(kHidden);
  std::vector<float> beta = random(kHidden);
  std::vector<float> mean(kTokens);
  std::vector<float> rstd(kTokens);
  LayerNormArgs args;
  args.rows = kTokens;
  args.columns = kHidden;
  args.x = f32(x);
  args.gamma = f32(gamma);
  args.beta = f32(beta);
  args.residual = f32(r);
  args.dropout = dropoutState(0.1f, 1, kRng);
  args.eps = 1e-12f;
  args.y = f32(y);
  args.mean = mean.data();
  args.rstd = rstd.data();
  args.z = f32(z);
  for (auto _ : state) {
    layerNorm(args);
  }
  setBytes(state, 4 * n);
}
BENCHMARK(BM_LayerNorm)->UseRealTime();

void BM_LayerNormGrad(benchmark::State &state) {
  int64_t n = kTokens * kHidden;
  std::vector<float> dy = random(n);
  std::vector<float> z = random(n);
  std::vector<float> dz(n);
  std::vector<float> dx(n);
  std::vector<float> gamma = random(kHidden);
  std::vector<float> dgamma(gamma);
  std::vector<float> dbeta(gamma);
  std::vector<float> mean(kTokens, 0.0f);
  std::vector<float> rstd(kTokens, 1.0f);
  std::vector<float> scratch(
      static_cast<size_t>(layerNormGradScratch(kTokens, kHidden)) / 4);
  LayerNormGradArgs args;
  args.rows = kTokens;
  args.columns = kHidden;
  args.dy = f32(dy);
  args.z = f32(z);
  args.gamma = f32(gamma);
  args.mean = mean.data();
  args.rstd = rstd.data();
  args.dropout = dropoutState(0.1f, 1, kRng);
  args.dz = f32(dz);
  args.dx = f32(dx);
  args.dgamma = dgamma.data();
  args.dbeta = dbeta.data();
  args.scratch = scratch.data();
  for (auto _ : state) {
    layerNormGrad(args);
  }
  setBytes(state, 4 * n);
}
BENCHMARK(BM_LayerNormGrad)->UseRealTime();

void unaryBench(benchmark::State &state, UnaryKind kind) {
  int64_t n = kTokens * 4 * kHidden;
  std::vector<float> x = random(n);
  std::vector<float> y(x);
  OperandShape s = denseShape(DType::F32, {n});
  ElementwiseShape shape = makeElementwise(s, {s});
  void *data[] = {y.data(), x.data()};
  for (auto _ : state) {
    unary(kind, shape, data);
  }
  setBytes(state, 2 * n);
}
BENCHMARK_CAPTURE(unaryBench, copy, UnaryKind::Copy)->UseRealTime();
BENCHMARK_CAPTURE(unaryBench, gelu_erf, UnaryKind::GeluErf)->UseRealTime();
BENCHMARK_CAPTURE(unaryBench, gelu_tanh, UnaryKind::GeluTanh)->UseRealTime();

// What follows a weight gradient that was formed transposed.
void BM_TransposeMatrix(benchmark::State &state) {
  int64_t rows = kHidden, columns = 4 * kHidden;
  std::vector<float> x = random(rows * columns);
  std::vector<float> y(x);
  OperandShape out = denseShape(DType::F32, {rows, columns});
  OperandShape in = out;
  in.strides[0] = 1;
  in.strides[1] = rows;
  ElementwiseShape shape = makeElementwise(out, {in});
  void *data[] = {y.data(), x.data()};
  for (auto _ : state) {
    unary(UnaryKind::Copy, shape, data);
  }
  setBytes(state, 2 * rows * columns);
}
BENCHMARK(BM_TransposeMatrix)->UseRealTime();

void binaryBench(benchmark::State &state, BinaryKind kind) {
  int64_t n = kTokens * 4 * kHidden;
  std::vector<float> x = random(n);
  std::vector<float> y = random(n);
  std::vector<float> z(x);
  OperandShape s = denseShape(DType::F32, {n});
  ElementwiseShape shape = makeElementwise(s, {s, s});
  void *data[] = {z.data(), x.data(), y.data()};
  for (auto _ : state) {
    binary(kind, shape, data);
  }
  setBytes(state, 3 * n);
}
BENCHMARK_CAPTURE(binaryBench, add, BinaryKind::Add)->UseRealTime();
BENCHMARK_CAPTURE(binaryBench, gelu_erf_grad, BinaryKind::GeluErfGrad)
    ->UseRealTime();
BENCHMARK_CAPTURE(binaryBench, gelu_tanh_grad, BinaryKind::GeluTanhGrad)
    ->UseRealTime();

void BM_ColumnSums(benchmark::State &state) {
  int64_t columns = state.range(0);
  std::vector<float> x = random(kTokens * columns);
  std::vector<float> y(static_cast<size_t>(columns));
  const int64_t dims[] = {kTokens, columns};
  const uint32_t axis = 0;
  ReduceShape shape = reduceShape(dims, 2, &axis, 1);
  std::vector<float> scratch(static_cast<size_t>(reduceScratch(shape)) / 4);
  for (auto _ : state) {
    reduce(ReduceKind::Sum, shape, f32(y), f32(x), scratch.data());
  }
  setBytes(state, kTokens * columns);
}
BENCHMARK(BM_ColumnSums)->Arg(kHidden)->Arg(4 * kHidden)->UseRealTime();

// [B,S,A,D] to [B,A,S,D], and to [B,A,D,S].
void BM_Transpose(benchmark::State &state) {
  int64_t n = kTokens * kHidden;
  std::vector<float> x = random(n);
  std::vector<float> y(x);
  OperandShape view = denseShape(DType::F32, {16, 12, 128, 64});
  view.strides[0] = 128 * kHidden;
  view.strides[1] = 64;
  view.strides[2] = kHidden;
  OperandShape out = denseShape(DType::F32, {16, 12, 128, 64});
  if (state.range(0) != 0) {
    std::swap(view.dims[2], view.dims[3]);
    std::swap(view.strides[2], view.strides[3]);
    out = denseShape(DType::F32, {16, 12, 64, 128});
  }
  ElementwiseShape shape = makeElementwise(out, {view});
  void *data[] = {y.data(), x.data()};
  for (auto _ : state) {
    unary(UnaryKind::Copy, shape, data);
  }
  setBytes(state, 2 * n);
}
BENCHMARK(BM_Transpose)->Arg(0)->Arg(1)->UseRealTime();

void BM_LogSoftmax(benchmark::State &state) {
  std::vector<float> x = random(320 * 30522);
  std::vector<float> y(x);
  for (auto _ : state) {
    logSoftmax(f32(y), f32(x), 320, 30522);
  }
  setBytes(state, 2 * 320 * 30522);
}
BENCHMARK(BM_LogSoftmax)->UseRealTime();

void BM_LogSoftmaxGrad(benchmark::State &state) {
  std::vector<float> x = random(320 * 30522);
  std::vector<float> y(x);
  for (auto _ : state) {
    logSoftmaxGrad(f32(y), f32(x), f32(x), 320, 30522);
  }
  setBytes(state, 2 * 320 * 30522);
}
BENCHMARK(BM_LogSoftmaxGrad)->UseRealTime();

void BM_GatherGrad(benchmark::State &state) {
  std::vector<float> dy = random(kTokens * kHidden);
  std::vector<float> dtable(30522 * kHidden);
  std::mt19937 generator(1);
  std::vector<int32_t> indices(kTokens);
  for (int32_t &i : indices) {
    i = static_cast<int32_t>(generator() % 30522);
  }
  GatherShape shape{1, 30522, kTokens, kHidden};
  for (auto _ : state) {
    Status status = gatherGrad(shape, dtable.data(), f32(dy), indices.data());
    benchmark::DoNotOptimize(status);
  }
  setBytes(state, 30522 * kHidden);
}
BENCHMARK(BM_GatherGrad)->UseRealTime();

void optimizerBench(benchmark::State &state,
                    void (*update)(const OptimizerArgs &)) {
  int64_t n = state.range(0);
  std::vector<float> w = random(n);
  std::vector<float> m(w);
  std::vector<float> v(static_cast<size_t>(n), 0.5f);
  std::vector<float> g(w);
  OptimizerArgs args;
  args.elements = n;
  args.var = w.data();
  args.m = m.data();
  args.v = v.data();
  args.gradient = g.data();
  args.learningRate = 1e-4f;
  for (auto _ : state) {
    update(args);
  }
  setBytes(state, 8 * n);
}
BENCHMARK_CAPTURE(optimizerBench, lamb, lamb)
    ->Arg(768 * 3072)
    ->Arg(30522 * 768)
    ->UseRealTime();
BENCHMARK_CAPTURE(optimizerBench, adamw, adamW)
    ->Arg(30522 * 768)
    ->UseRealTime();

void BM_L2Loss(benchmark::State &state) {
  std::vector<float> x = random(30522 * 768);
  for (auto _ : state) {
    benchmark::DoNotOptimize(l2Loss(f32(x), 30522 * 768));
  }
  setBytes(state, 30522 * 768);
}
BENCHMARK(BM_L2Loss)->UseRealTime();

} // namespace
} // namespace bertc::rt::kernels

BENCHMARK_MAIN();
