// SPDX-License-Identifier: Apache-2.0
//
// Softmax, log-softmax and layer norm, with their gradients.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/Lines.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

namespace bertc::standin {
namespace {

using rt::syn::LayerNormParams;
using rt::syn::SoftmaxParams;

void checkSoftmax(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x"}, {"y"});
  check.dtype({"x", "y"}, {dtype});
  check.axis(check.params<SoftmaxParams>().dim, check["x"].rank);
  check.shape({"y"}, shapeOf(check["x"]));
}

void checkSoftmaxGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"y", "dy"}, {"dx"});
  check.dtype({"y", "dy", "dx"}, {dtype});
  check.axis(check.params<SoftmaxParams>().dim, check["y"].rank);
  check.shape({"dy", "dx"}, shapeOf(check["y"]));
}

/// result = function(operands...) line by line along the axis of the node.
template <typename Function>
void mapLines(const OpCall &call, Function function) {
  const OpTensor &y = call.out[0];
  Lines lines(y, paramsOf<SoftmaxParams>(call).dim);
#pragma omp parallel if (elementCount(y) >= ParallelFrom)
  {
    std::vector<float> first(lines.length), second(lines.length);
    std::vector<float> result(lines.length);
#pragma omp for schedule(static)
    for (int64_t line = 0; line < static_cast<int64_t>(lines.count); ++line) {
      const float *a = readLine(call.in[0], lines, line, first.data());
      const float *b = call.in.size() > 1
                           ? readLine(call.in[1], lines, line, second.data())
                           : nullptr;
      float *to = lines.stride == 1
                      ? floatsToWrite(y, lines.start(line), result.data())
                      : result.data();
      function(a, b, to, static_cast<int64_t>(lines.length));
      writeLine(y, lines, line, to);
    }
  }
}

void checkLayerNormParams(Check &check) {
  auto params = check.params<LayerNormParams>();
  if (check.ok() && params.epsValid && !(params.eps >= 0)) {
    check.fail("eps is " + std::to_string(params.eps) +
               ", expected a number from 0 on");
  }
}

/// Shapes around x [C, ...]: of the statistics, and of gamma and beta.
void checkAroundNorm(Check &check, const Names &likeX) {
  if (!check.ok()) {
    return;
  }
  Shape shape = shapeOf(check["x"]);
  check.shape(likeX, shape);
  check.shape({"beta", "gamma", "dbeta", "dgamma"}, {shape[0]});
  shape[0] = 1;
  check.shape({"mean", "istd"}, shape);
}

void checkLayerNorm(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x", "beta", "gamma"}, {"y", "mean", "istd"});
  check.dtype({"x", "y"}, {dtype});
  check.dtype({"beta", "gamma", "mean", "istd"}, {F32});
  check.rank({"x"}, 4, 4);
  checkLayerNormParams(check);
  checkAroundNorm(check, {"y"});
}

void checkLayerNormGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x", "dy", "mean", "istd", "gamma"},
                 {"dx", "dbeta", "dgamma"});
  check.dtype({"x", "dy", "dx"}, {dtype});
  check.dtype({"mean", "istd", "gamma", "dbeta", "dgamma"}, {F32});
  check.rank({"x"}, 4, 4);
  checkLayerNormParams(check);
  checkAroundNorm(check, {"dy", "dx"});
}

/// When eps is not marked valid the device has a default, which is
/// unconfirmed; this one is the framework's.
float epsOf(const OpCall &call) {
  auto params = paramsOf<LayerNormParams>(call);
  return params.epsValid ? params.eps : 1e-5f;
}

const float *floats(const OpTensor &tensor) {
  return static_cast<const float *>(tensor.data);
}

void runLayerNorm(const OpCall &call) {
  const OpTensor &x = call.in[0], &y = call.out[0];
  const float *beta = floats(call.in[1]), *gamma = floats(call.in[2]);
  float *mean = static_cast<float *>(call.out[1].data);
  float *istd = static_cast<float *>(call.out[2].data);
  float eps = epsOf(call);
  uint64_t length = x.sizes[0];
  int64_t rows = static_cast<int64_t>(elementCount(x) / length);
#pragma omp parallel if (elementCount(x) >= ParallelFrom)
  {
    std::vector<float> from(length), to(length);
#pragma omp for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
      const float *values = readFloats(x, row * length, length, from.data());
      float *result = floatsToWrite(y, row * length, to.data());
      RowStatistics found = leaf().layerNorm(values, beta, gamma, eps, result,
                                             static_cast<int64_t>(length));
      writeFloats(y, row * length, length, result);
      mean[row] = found.mean;
      istd[row] = found.inverseDeviation;
    }
  }
}

void runLayerNormGrad(const OpCall &call) {
  const OpTensor &x = call.in[0], &dy = call.in[1], &dx = call.out[0];
  const float *mean = floats(call.in[2]), *istd = floats(call.in[3]);
  const float *gamma = floats(call.in[4]);
  int64_t length = static_cast<int64_t>(x.sizes[0]);
  int64_t rows = static_cast<int64_t>(elementCount(x)) / length;
  // A fixed number of parts, so that sums do not depend on the threads.
  constexpr int64_t Parts = 16;
  std::vector<float> dbeta(Parts * length), dgamma(Parts * length);
#pragma omp parallel for schedule(static) if (elementCount(x) >= ParallelFrom)
  for (int64_t part = 0; part < Parts; ++part) {
    std::vector<float> buffers(3 * length);
    for (int64_t row = rows * part / Parts; row < rows * (part + 1) / Parts;
         ++row) {
      LayerNormGradRow work;
      work.x = readFloats(x, row * length, length, buffers.data());
      work.dy = readFloats(dy, row * length, length, &buffers[length]);
      work.gamma = gamma;
      work.statistics = {mean[row], istd[row]};
      work.dx = floatsToWrite(dx, row * length, &buffers[2 * length]);
      work.dbeta = &dbeta[part * length];
      work.dgamma = &dgamma[part * length];
      leaf().layerNormGrad(work, length);
      writeFloats(dx, row * length, length, work.dx);
    }
  }
  for (int64_t part = 1; part < Parts; ++part) {
    leaf().binary(Binary::Add, dbeta.data(), &dbeta[part * length],
                  dbeta.data(), length);
    leaf().binary(Binary::Add, dgamma.data(), &dgamma[part * length],
                  dgamma.data(), length);
  }
  writeFloats(call.out[1], 0, length, dbeta.data());
  writeFloats(call.out[2], 0, length, dgamma.data());
}

} // namespace

void addNormaliseOps(OpTable &table) {
  for (const Suffix &suffix : FloatSuffixes) {
    auto dtype = suffix.dtype;
    std::string end = std::string("_") + suffix.text;
    auto forward = [dtype](Check &c) { checkSoftmax(c, dtype); };
    auto backward = [dtype](Check &c) { checkSoftmaxGrad(c, dtype); };
    table["softmax_fwd" + end] = {
        forward, [](const OpCall &call) {
          mapLines(call, [](auto *x, auto *, float *y, int64_t n) {
            leaf().softmax(x, y, n);
          });
        }};
    table["logsoftmax_fwd" + end] = {
        forward, [](const OpCall &call) {
          mapLines(call, [](auto *x, auto *, float *y, int64_t n) {
            leaf().logSoftmax(x, y, n);
          });
        }};
    table["softmax_bwd" + end] = {
        backward, [](const OpCall &call) {
          mapLines(call, [](auto *y, auto *dy, float *dx, int64_t n) {
            leaf().softmaxGrad(y, dy, dx, n);
          });
        }};
    table["logsoftmax_bwd" + end] = {
        backward, [](const OpCall &call) {
          mapLines(call, [](auto *y, auto *dy, float *dx, int64_t n) {
            leaf().logSoftmaxGrad(y, dy, dx, n);
          });
        }};
    table["layer_norm_fwd" + end] = {
        [dtype](Check &c) { checkLayerNorm(c, dtype); }, runLayerNorm};
    table["layer_norm_bwd" + end] = {
        [dtype](Check &c) { checkLayerNormGrad(c, dtype); }, runLayerNormGrad};
  }
}

} // namespace bertc::standin
