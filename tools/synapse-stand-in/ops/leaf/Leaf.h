// SPDX-License-Identifier: Apache-2.0
//
// The innermost loops, over rows of contiguous f32, compiled once for each
// instruction set from one source (Loops.inc) and chosen when the program runs.
// Every function accepts a result that is exactly one of its operands.
#pragma once

#include <cstdint>

namespace bertc::standin {

enum class Unary {
  Neg,
  Abs,
  Sqrt,
  Rsqrt,
  Exp,
  Log,
  Log2,
  Reciprocal,
  Sign,
  Erf,
  Floor,
  Sigmoid,
  Tanh,
  Relu
};

/// TanhGrad(dy, y), SigmoidGrad(dy, y), ReluGrad(dy, y or x).
enum class Binary {
  Add,
  Sub,
  Mult,
  Div,
  Max,
  Min,
  Pow,
  TanhGrad,
  SigmoidGrad,
  ReluGrad
};

/// The mean and 1 / sqrt(variance + eps) of a row.
struct RowStatistics {
  float mean, inverseDeviation;
};

/// What layer_norm_bwd knows of a row, and the sums it adds to.
struct LayerNormGradRow {
  const float *x, *dy, *gamma;
  RowStatistics statistics;
  float *dx, *dbeta, *dgamma;
};

/// A matrix to be packed for multiplyPanels: element (i, k) is at
/// data[i * stride + k * depthStride], f32 or bf16.
struct PanelSource {
  const void *data;
  bool isBf16;
  int64_t stride, depthStride;
};

struct Leaf {
  const char *name;
  /// Rows and columns of the piece of a product held in registers.
  int tileRows, tileColumns;

  /// Packs `count` x `depth` elements as panels [count / width][depth][width];
  /// the last panel is filled up with zeros.
  void (*pack)(const PanelSource &source, int64_t count, int64_t depth,
               int64_t width, float *packed);
  /// sum[i * stride + j] += sum over k of a[k * tileRows + i] *
  /// b[k * tileColumns + j], for one panel of each.
  void (*multiplyPanels)(const float *a, const float *b, int64_t depth,
                         float *sum, int64_t stride);

  void (*widen)(const uint16_t *bf16, float *y, int64_t n);
  /// To nearest even; NaN stays NaN.
  void (*narrow)(const float *x, uint16_t *bf16, int64_t n);
  void (*unary)(Unary op, const float *x, float *y, int64_t n);
  void (*binary)(Binary op, const float *a, const float *b, float *y,
                 int64_t n);

  /// y = x/2 (1 + retained); retained = tanh(sqrt(2/pi) (x + 0.044715 x^3)) or
  /// erf(x / sqrt 2).
  void (*gelu)(bool tanhForm, const float *x, float *y, float *retained,
               int64_t n);
  /// dx from what gelu retained.
  void (*geluGrad)(bool tanhForm, const float *dy, const float *x,
                   const float *retained, float *dx, int64_t n);

  float (*sum)(const float *x, int64_t n);
  float (*sumOfSquares)(const float *x, int64_t n);
  float (*maximum)(const float *x, int64_t n);
  void (*softmax)(const float *x, float *y, int64_t n);
  void (*logSoftmax)(const float *x, float *y, int64_t n);
  /// dx = y (dy - sum(y dy))
  void (*softmaxGrad)(const float *y, const float *dy, float *dx, int64_t n);
  /// dx = dy - exp(y) sum(dy)
  void (*logSoftmaxGrad)(const float *y, const float *dy, float *dx, int64_t n);
  RowStatistics (*layerNorm)(const float *x, const float *beta,
                             const float *gamma, float eps, float *y,
                             int64_t n);
  void (*layerNormGrad)(const LayerNormGradRow &row, int64_t n);

  /// mask[i] = 1 where a hash of the seed and of the element's number, 32 bits,
  /// is not below the threshold.
  void (*dropoutMask)(uint32_t seed, uint64_t first, uint32_t threshold,
                      int8_t *mask, int64_t n);
  /// y = scale * x where the mask is set, else 0.
  void (*applyMask)(const float *x, const int8_t *mask, float scale, float *y,
                    int64_t n);
};

/// For the processor this runs on.
const Leaf &leaf();

namespace baseline {
extern const Leaf table;
}
namespace avx2 {
extern const Leaf table;
}
namespace avx512 {
extern const Leaf table;
}

} // namespace bertc::standin
