// SPDX-License-Identifier: Apache-2.0
//
// How the shapes of kernels' results follow from operands and parameters. Sizes
// are fastest-varying first, as everywhere in this dialect.
#pragma once

#include "dialects/synapse/GuidTable.h"

namespace bertc::synapse {

/// "2x3".
std::string sizesText(const Sizes &sizes);

/// A parameter that checkParams found there, as a number or list.
int64_t paramInt(const ParamMap &params, std::string_view name,
                 int64_t otherwise = 0);
double paramFloat(const ParamMap &params, std::string_view name);
bool paramBool(const ParamMap &params, std::string_view name);
std::vector<int64_t> paramList(const ParamMap &params, std::string_view name);

namespace rule {

using Rule = std::string(const NodeShapes &, std::vector<Sizes> &);

/// All operands and results have the shape of operand 0.
Rule same;
/// Sizes of 1 repeat, missing last dimensions count as 1; at least one operand
/// has the whole shape of the result.
Rule broadcast;
/// A[K,M], B[N,K], bias[N]? -> C[N,M], before transposition.
Rule gemm;
/// The same in dimensions 0 and 1; the others are equal or 1.
Rule batchGemm;
/// A, B as batchGemm, and maskA[J,M,1,..], maskB[N,J,1,..] whose product is
/// added.
Rule maskedBatchGemm;
/// The result may have any shape.
Rule any;
/// x, beta[C], gamma[C] -> y, mean and istd with size 1 in dimension 0.
Rule layerNorm;
/// x, dy, mean, istd, gamma -> dx, dbeta, dgamma.
Rule layerNormGrad;
/// All the same, and `dim` is one of the dimensions.
Rule softmax;
/// x, seed[1] -> y, mask.
Rule dropout;
/// logits[C,N], labels[N] -> loss[1], logsoftmax[C,N].
Rule crossEntropy;
/// logsoftmax[C,N], labels[N] -> dlogits[C,N].
Rule crossEntropyGrad;
/// The dimensions of the indices take the place of `axis`.
Rule gather;
/// data, indices -> one element for each index.
Rule gatherElements;
/// dy[D,...], indices[...] -> [D, numWeights].
Rule embeddingGrad;
/// data, indices, updates of the shape of the indices -> as data.
Rule scatterAdd;
/// A new dimension of size `depth` at `axis`.
Rule oneHot;
/// As many elements as there are from start to limit.
Rule range;
/// `reductionDimension` becomes 1, in every result.
Rule reduce;
/// The dimensions in `mask` become 1 or vanish; all of them give [1].
Rule reduceMany;
/// [1].
Rule scalar;
/// out[i] = in[permutation[i]].
Rule transpose;
/// As many elements.
Rule reshape;
/// Sizes of 1 and missing last dimensions repeat.
Rule repeat;
/// Sizes along `axis` add up.
Rule concat;
Rule split;
/// Starts, ends and steps by axis.
Rule slice;
/// whole, piece -> whole with the piece in its place.
Rule sliceInsert;
/// piece -> zeros around it.
Rule sliceGrad;
/// A dimension of size 1 at `axis` goes or comes.
Rule squeeze;
Rule expandDims;

} // namespace rule

} // namespace bertc::synapse
