// SPDX-License-Identifier: Apache-2.0
//
// Parameter structs of the nodes that bertc puts into a SynapseAI graph: those
// of the graph compiler (gemm, transpose, slice...) and those of the TPC
// kernels, byte for byte. `axis` and `dim` count from the fastest-varying
// dimension. A node's GUID is named above its struct.
#pragma once

#include "runtime/synapse/AbiTypes.h"

namespace bertc::rt::syn {

// ---- graph compiler -------------------------------------------------------

/// gemm, batch_gemm, masked_batch_gemm and their gradients.
struct synGEMMParams {
  bool transpose_a;
  bool transpose_b;
};
BERTC_ABI_SIZE(synGEMMParams, 2);
BERTC_ABI_AT(synGEMMParams, transpose_a, 0);
BERTC_ABI_AT(synGEMMParams, transpose_b, 1);

/// concat, split, expand_dims, squeeze, flatten.
struct synAxisParams {
  unsigned axis;
};
BERTC_ABI_SIZE(synAxisParams, 4);

/// transpose up to rank 5: out.sizes[i] = in.sizes[permutation[i]].
struct synTransposeParams {
  uint32_t permutation[5];
  uint32_t tensorDim;
};
BERTC_ABI_SIZE(synTransposeParams, 24);
BERTC_ABI_AT(synTransposeParams, permutation, 0);
BERTC_ABI_AT(synTransposeParams, tensorDim, 20);

/// transpose of any rank.
struct synTransposeParamsNDims {
  uint32_t tensorDim;
  uint32_t permutation[HABANA_DIM_MAX];
};
BERTC_ABI_SIZE(synTransposeParamsNDims, 104);
BERTC_ABI_AT(synTransposeParamsNDims, tensorDim, 0);
BERTC_ABI_AT(synTransposeParamsNDims, permutation, 4);

/// slice, slice_insert, strided_slice_grad. An entry with axis, start and end
/// all 0 says nothing.
struct synSliceParamsV2 {
  uint32_t axes[HABANA_DIM_MAX];
  uint64_t starts[HABANA_DIM_MAX];
  uint64_t ends[HABANA_DIM_MAX];
  uint64_t steps[HABANA_DIM_MAX];
};
BERTC_ABI_SIZE(synSliceParamsV2, 704);
BERTC_ABI_AT(synSliceParamsV2, axes, 0);
BERTC_ABI_AT(synSliceParamsV2, starts, 104);
BERTC_ABI_AT(synSliceParamsV2, ends, 304);
BERTC_ABI_AT(synSliceParamsV2, steps, 504);

/// strided_view, strided_insert; in elements.
struct synStridedOpParams {
  uint64_t baseOffset;
  uint64_t strides[HABANA_DIM_MAX];
};
BERTC_ABI_SIZE(synStridedOpParams, 208);
BERTC_ABI_AT(synStridedOpParams, baseOffset, 0);
BERTC_ABI_AT(synStridedOpParams, strides, 8);

// ---- elementwise ----------------------------------------------------------

/// 4 bytes that are a float or an int, by the kernel's dtype.
union FloatOrInt {
  float f;
  int32_t i;
};
BERTC_ABI_SIZE(FloatOrInt, 4);

/// constant_{f32,bf16,i32}: float bits for f32 and bf16.
struct ConstantParams {
  FloatOrInt value;
};
BERTC_ABI_SIZE(ConstantParams, 4);

/// constant_i64.
struct ConstantI64Params {
  uint32_t low, high;
};
BERTC_ABI_SIZE(ConstantI64Params, 8);
BERTC_ABI_AT(ConstantI64Params, high, 4);

enum class CastRound : int32_t {
  NearestEven = 0,
  Down = 1,
  Up = 2,
  Stochastic = 3,
  Zero = 4,
  Default = 5,
  HalfAway = 6,
  StochasticFlush = 8,
};

/// cast_{src}_to_{dst}; may be left out.
struct CastParams {
  CastRound roundMode;
};
BERTC_ABI_SIZE(CastParams, 4);

enum class AlphaMode : int32_t {
  Add = 0,
  Sub = 1,
  RSub = 2,
  CMul = 3,
  CDiv = 4
};

/// binary_with_alpha_fwd.
struct BinaryWithAlphaParams {
  FloatOrInt alpha;
  AlphaMode mode;
};
BERTC_ABI_SIZE(BinaryWithAlphaParams, 8);
BERTC_ABI_AT(BinaryWithAlphaParams, mode, 4);

/// gelu_fwd: true is the tanh form, false erf.
struct GeluParams {
  bool approximation;
};
BERTC_ABI_SIZE(GeluParams, 1);

// ---- normalisation, softmax, dropout, losses ------------------------------

/// layer_norm_fwd, layer_norm_bwd.
struct LayerNormParams {
  bool epsValid;
  float eps;
};
BERTC_ABI_SIZE(LayerNormParams, 8);
BERTC_ABI_AT(LayerNormParams, epsValid, 0);
BERTC_ABI_AT(LayerNormParams, eps, 4);

/// softmax_fwd, softmax_bwd, logsoftmax_fwd, logsoftmax_bwd.
struct SoftmaxParams {
  int32_t dim;
};
BERTC_ABI_SIZE(SoftmaxParams, 4);

/// scaled_masked_softmax_fwd.
struct ScaledMaskedSoftmaxParams {
  float scale;
};
BERTC_ABI_SIZE(ScaledMaskedSoftmaxParams, 4);

/// scaled_masked_triangular_softmax_fwd.
struct TriangularSoftmaxParams {
  float inverseScale;
  uint32_t groupedBatchSize;
  uint32_t useMax;
  uint32_t expMode;
};
BERTC_ABI_SIZE(TriangularSoftmaxParams, 16);
BERTC_ABI_AT(TriangularSoftmaxParams, groupedBatchSize, 4);
BERTC_ABI_AT(TriangularSoftmaxParams, useMax, 8);
BERTC_ABI_AT(TriangularSoftmaxParams, expMode, 12);

/// dropout_fwd, dropout_bwd. `ratio` is the probability to drop; `seed` is 0
/// when a seed tensor is given.
struct DropoutParams {
  float ratio;
  uint32_t seed;
};
BERTC_ABI_SIZE(DropoutParams, 8);
BERTC_ABI_AT(DropoutParams, ratio, 0);
BERTC_ABI_AT(DropoutParams, seed, 4);

/// sdpa_fwd, sdpa_bwd.
struct SdpaParams {
  float scale;
  bool causal;
  struct {
    float ratio;
    uint32_t seed;
    bool disableMaskOut;
  } dropout;
  bool inference;
};
BERTC_ABI_SIZE(SdpaParams, 24);
BERTC_ABI_AT(SdpaParams, causal, 4);
BERTC_ABI_AT(SdpaParams, dropout.ratio, 8);
BERTC_ABI_AT(SdpaParams, dropout.seed, 12);
BERTC_ABI_AT(SdpaParams, dropout.disableMaskOut, 16);
BERTC_ABI_AT(SdpaParams, inference, 20);

enum class CrossEntropyMode : int32_t { Sum = 0, Mean = 1, None = 2 };

/// softmax_cross_entropy_fwd, softmax_cross_entropy_bwd.
struct SoftmaxCrossEntropyParams {
  CrossEntropyMode mode;
  int32_t batchSize;
};
BERTC_ABI_SIZE(SoftmaxCrossEntropyParams, 8);
BERTC_ABI_AT(SoftmaxCrossEntropyParams, batchSize, 4);

enum class NllLossMode : int32_t { Mean = 0, Sum = 1, None = 2 };

/// nll_loss_fwd, nll_loss_bwd.
struct NllLossParams {
  NllLossMode mode;
  int32_t ignoreIndex;
};
BERTC_ABI_SIZE(NllLossParams, 8);
BERTC_ABI_AT(NllLossParams, ignoreIndex, 4);

// ---- gather and scatter ---------------------------------------------------

/// gather_fwd, gather_elements_fwd, scatter_add_fwd, unsorted_scatter_add_fwd.
struct GatherParams {
  int32_t axis;
};
BERTC_ABI_SIZE(GatherParams, 4);

/// gather_fwd with leading dimensions shared by data and indices.
struct GatherParamsV2 {
  int32_t axis;
  int32_t batchDims;
};
BERTC_ABI_SIZE(GatherParamsV2, 8);
BERTC_ABI_AT(GatherParamsV2, batchDims, 4);

/// embedding_dense_pt_bwd.
struct EmbeddingDenseBwdParams {
  int32_t numWeights;
  int32_t paddingIdx;
  bool scaleGradByFreq;
};
BERTC_ABI_SIZE(EmbeddingDenseBwdParams, 12);
BERTC_ABI_AT(EmbeddingDenseBwdParams, paddingIdx, 4);
BERTC_ABI_AT(EmbeddingDenseBwdParams, scaleGradByFreq, 8);

/// unsorted_segment_sum_fwd.
struct SegmentSumParams {
  int32_t numSegments;
};
BERTC_ABI_SIZE(SegmentSumParams, 4);

// ---- reductions, indices, random numbers ----------------------------------

/// reduce_{sum,mean,sum_square,max}_fwd.
struct ReduceParams {
  uint32_t reductionDimension;
};
BERTC_ABI_SIZE(ReduceParams, 4);

/// reduce_*_multi_dim_fwd: one bit a dimension, none set reduces all to [1].
struct ReduceMultiDimParams {
  uint32_t mask;
  bool keepDim;
};
BERTC_ABI_SIZE(ReduceMultiDimParams, 8);
BERTC_ABI_AT(ReduceMultiDimParams, keepDim, 4);

/// one_hot_fwd; axis 0 makes a new fastest dimension.
struct OneHotParams {
  int32_t axis;
  int32_t depth;
  float onValue;
  float offValue;
};
BERTC_ABI_SIZE(OneHotParams, 16);
BERTC_ABI_AT(OneHotParams, depth, 4);
BERTC_ABI_AT(OneHotParams, onValue, 8);
BERTC_ABI_AT(OneHotParams, offValue, 12);

/// range_{i32,f32}.
struct RangeParams {
  FloatOrInt start, limit, delta;
};
BERTC_ABI_SIZE(RangeParams, 12);
BERTC_ABI_AT(RangeParams, limit, 4);
BERTC_ABI_AT(RangeParams, delta, 8);

/// cumsum_fwd.
struct CumsumParams {
  int32_t axis;
  int32_t exclusive;
  int32_t reverse;
};
BERTC_ABI_SIZE(CumsumParams, 12);
BERTC_ABI_AT(CumsumParams, exclusive, 4);
BERTC_ABI_AT(CumsumParams, reverse, 8);

/// random_uniform_fwd.
struct RandomUniformParams {
  float low, high;
  uint32_t seed;
};
BERTC_ABI_SIZE(RandomUniformParams, 12);
BERTC_ABI_AT(RandomUniformParams, high, 4);
BERTC_ABI_AT(RandomUniformParams, seed, 8);

/// linear_temp_bwd: whether the gradient of the bias is wanted.
struct LinearBwdParams {
  bool gradBias;
};
BERTC_ABI_SIZE(LinearBwdParams, 1);

} // namespace bertc::rt::syn
