// SPDX-License-Identifier: Apache-2.0
//
// The bytes of parameters against the structs of the C interface, and what the
// table says of nodes beside whether they are right.

#include "dialects/synapse/GuidTable.h"
#include "runtime/synapse/KernelParams.h"

#include <gmock/gmock.h>

#include <cstring>
#include <set>

namespace bertc::synapse {
namespace {

namespace syn = rt::syn;
using testing::Optional;
using testing::SizeIs;

constexpr auto kF32 = ElementType::F32;
constexpr auto kI32 = ElementType::I32;

/// Bytes of the parameters of `guid` as the library's struct.
template <typename Struct>
Struct encoded(std::string_view guid, const ParamMap &params) {
  std::vector<uint8_t> bytes = encodeParams(findKernel(guid), params);
  Struct value{};
  EXPECT_EQ(bytes.size(), sizeof(Struct)) << guid;
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(value)));
  EXPECT_THAT(decodeParams(findKernel(guid), bytes), Optional(params)) << guid;
  return value;
}

TEST(GuidParams, Gemm) {
  for (auto guid : {"gemm", "batch_gemm", "masked_batch_gemm"}) {
    auto params = encoded<syn::synGEMMParams>(
        guid, {{"transpose_a", false}, {"transpose_b", true}});
    EXPECT_FALSE(params.transpose_a);
    EXPECT_TRUE(params.transpose_b);
    EXPECT_THAT(encodeParams(findKernel(guid), {}), SizeIs(0));
  }
}

TEST(GuidParams, Axis) {
  for (auto guid : {"concat", "split", "squeeze", "expand_dims"}) {
    EXPECT_EQ(encoded<syn::synAxisParams>(guid, {{"axis", int64_t(3)}}).axis,
              3u);
  }
}

TEST(GuidParams, Transpose) {
  auto params = encoded<syn::synTransposeParams>(
      "transpose", {{"permutation", std::vector<int64_t>{2, 0, 1}}});
  EXPECT_THAT(params.permutation, testing::ElementsAre(2, 0, 1, 0, 0));
  EXPECT_EQ(params.tensorDim, 3u);
}

TEST(GuidParams, Slice) {
  using List = std::vector<int64_t>;
  for (auto guid : {"slice", "slice_insert", "strided_slice_grad"}) {
    auto params = encoded<syn::synSliceParamsV2>(guid, {{"axes", List{1, 0}},
                                                        {"starts", List{0, 5}},
                                                        {"ends", List{3, 9}},
                                                        {"steps", List{1, 2}}});
    EXPECT_EQ(params.axes[0], 1u);
    EXPECT_EQ(params.axes[1], 0u);
    EXPECT_EQ(params.starts[1], 5u);
    EXPECT_EQ(params.ends[0], 3u);
    EXPECT_EQ(params.ends[1], 9u);
    EXPECT_EQ(params.steps[1], 2u);
    EXPECT_EQ(params.steps[2], 0u);
  }
}

TEST(GuidParams, Constants) {
  EXPECT_EQ(
      encoded<syn::ConstantParams>("constant_f32", {{"value", 0.5}}).value.f,
      0.5f);
  // The bits of an f32, of bf16 too.
  EXPECT_EQ(
      encoded<syn::ConstantParams>("constant_bf16", {{"value", -2.0}}).value.f,
      -2.0f);
  EXPECT_EQ(
      encoded<syn::ConstantParams>("constant_i32", {{"value", int64_t(-7)}})
          .value.i,
      -7);
}

TEST(GuidParams, CastsTakeARoundingOrNothing) {
  auto params = encoded<syn::CastParams>(
      "cast_f32_to_bf16",
      {{"roundMode", int64_t(syn::CastRound::NearestEven)}});
  EXPECT_EQ(params.roundMode, syn::CastRound::NearestEven);
  EXPECT_EQ(
      encoded<syn::CastParams>("cast_f32_to_i32",
                               {{"roundMode", int64_t(syn::CastRound::Zero)}})
          .roundMode,
      syn::CastRound::Zero);
  EXPECT_THAT(encodeParams(findKernel("cast_f32_to_bf16"), {}), SizeIs(0));
}

TEST(GuidParams, BinaryWithAlpha) {
  auto params = encoded<syn::BinaryWithAlphaParams>(
      "binary_with_alpha_fwd_f32",
      {{"alpha", 0.25}, {"mode", int64_t(syn::AlphaMode::Sub)}});
  EXPECT_EQ(params.alpha.f, 0.25f);
  EXPECT_EQ(params.mode, syn::AlphaMode::Sub);
}

TEST(GuidParams, ModelKernels) {
  for (auto guid : {"layer_norm_fwd_f32", "layer_norm_bwd_bf16"}) {
    // An eps that both f32 and f64 hold, for the way back.
    auto params = encoded<syn::LayerNormParams>(
        guid, {{"epsValid", true}, {"eps", 0x1p-40}});
    EXPECT_TRUE(params.epsValid);
    EXPECT_EQ(params.eps, 0x1p-40f);
  }
  for (auto guid : {"softmax_fwd_f32", "softmax_bwd_f32", "logsoftmax_fwd_bf16",
                    "logsoftmax_bwd_bf16"}) {
    EXPECT_EQ(encoded<syn::SoftmaxParams>(guid, {{"dim", int64_t(2)}}).dim, 2);
  }
  EXPECT_TRUE(
      encoded<syn::GeluParams>("gelu_fwd_f32", {{"approximation", true}})
          .approximation);
  EXPECT_THAT(encodeParams(findKernel("gelu_bwd_f32"), {}), SizeIs(0));
  for (auto guid : {"dropout_fwd_f32", "dropout_bwd_bf16"}) {
    auto params = encoded<syn::DropoutParams>(
        guid, {{"ratio", 0.125}, {"seed", int64_t(4000000000)}});
    EXPECT_EQ(params.ratio, 0.125f);
    EXPECT_EQ(params.seed, 4000000000u);
  }
  for (auto guid :
       {"softmax_cross_entropy_fwd_f32", "softmax_cross_entropy_bwd_f32"}) {
    auto params = encoded<syn::SoftmaxCrossEntropyParams>(
        guid, {{"mode", int64_t(syn::CrossEntropyMode::Mean)},
               {"batchSize", int64_t(64)}});
    EXPECT_EQ(params.mode, syn::CrossEntropyMode::Mean);
    EXPECT_EQ(params.batchSize, 64);
  }
}

TEST(GuidParams, Indexing) {
  for (auto guid : {"gather_fwd_f32", "gather_elements_fwd_bf16",
                    "unsorted_scatter_add_fwd_f32"}) {
    EXPECT_EQ(encoded<syn::GatherParams>(guid, {{"axis", int64_t(1)}}).axis, 1);
  }
  auto embedding = encoded<syn::EmbeddingDenseBwdParams>(
      "embedding_dense_pt_bwd_f32", {{"numWeights", int64_t(30522)},
                                     {"paddingIdx", int64_t(-1)},
                                     {"scaleGradByFreq", true}});
  EXPECT_EQ(embedding.numWeights, 30522);
  EXPECT_EQ(embedding.paddingIdx, -1);
  EXPECT_TRUE(embedding.scaleGradByFreq);
  auto oneHot =
      encoded<syn::OneHotParams>("one_hot_fwd_f32", {{"axis", int64_t(0)},
                                                     {"depth", int64_t(9)},
                                                     {"onValue", 1.0},
                                                     {"offValue", -0.5}});
  EXPECT_EQ(oneHot.axis, 0);
  EXPECT_EQ(oneHot.depth, 9);
  EXPECT_EQ(oneHot.onValue, 1.0f);
  EXPECT_EQ(oneHot.offValue, -0.5f);
  auto range = encoded<syn::RangeParams>(
      "range_i32",
      {{"start", int64_t(1)}, {"limit", int64_t(8)}, {"delta", int64_t(2)}});
  EXPECT_EQ(range.start.i, 1);
  EXPECT_EQ(range.limit.i, 8);
  EXPECT_EQ(range.delta.i, 2);
}

TEST(GuidParams, Reductions) {
  for (auto guid : {"reduce_sum_fwd_f32", "reduce_mean_fwd_f32",
                    "reduce_max_fwd_bf16", "reduce_sum_square_fwd_f32"}) {
    EXPECT_EQ(
        encoded<syn::ReduceParams>(guid, {{"reductionDimension", int64_t(2)}})
            .reductionDimension,
        2u);
  }
  for (auto guid :
       {"reduce_sum_multi_dim_fwd_f32", "reduce_mean_multi_dim_fwd_f32",
        "reduce_max_multi_dim_fwd_f32",
        "reduce_sum_square_multi_dim_fwd_f32"}) {
    auto params = encoded<syn::ReduceMultiDimParams>(
        guid, {{"mask", int64_t(5)}, {"keepDim", true}});
    EXPECT_EQ(params.mask, 5u);
    EXPECT_TRUE(params.keepDim);
  }
}

TEST(GuidParams, BytesOfAnotherStructAreRefused) {
  EXPECT_EQ(decodeParams(findKernel("softmax_fwd_f32"), {0, 0}), std::nullopt);
  EXPECT_EQ(decodeParams(findKernel("softmax_fwd_f32"), {}), std::nullopt);
}

TEST(GuidParams, Text) {
  EXPECT_EQ(paramsText({{"axis", int64_t(1)},
                        {"eps", 0.5},
                        {"keep", true},
                        {"list", std::vector<int64_t>{2, 0}}}),
            "axis = 1, eps = 0.5, keep = true, list = [2, 0]");
}

TEST(GuidTable, FieldsFitTheirStructsAndNamesTheLibrary) {
  std::set<std::string_view> names;
  for (const Kernel &kernel : allKernels()) {
    EXPECT_TRUE(names.insert(kernel.name).second) << kernel.name;
    EXPECT_LE(kernel.name.size() + 5, 64u) << kernel.name;
    for (const ParamField &field : kernel.params.fields) {
      unsigned bytes = field.type == FieldType::Bool      ? 1
                       : field.type == FieldType::U64List ? 8 * field.entries
                                                          : 4 * field.entries;
      EXPECT_LE(field.offset + bytes, kernel.params.bytes)
          << kernel.name << " " << field.name;
    }
  }
}

NodeSignature product() {
  return {"gemm",
          {{{kF32, {768, 4096}}}, {{kF32, {3072, 768}}}},
          {{kF32, {3072, 4096}}},
          {}};
}

TEST(GuidTable, CostOfAProduct) {
  NodeSignature node = product();
  EXPECT_EQ(checkNode(node).text, "");
  EXPECT_EQ(flopsOf(node), 2ull * 768 * 4096 * 3072);
  EXPECT_EQ(bytesOf(node), 4ull * (768 * 4096 + 3072 * 768 + 3072 * 4096));
  node.operands[0]->sizes = {4096, 768};
  node.params["transpose_a"] = true;
  EXPECT_EQ(checkNode(node).text, "");
  EXPECT_EQ(flopsOf(node), 2ull * 768 * 4096 * 3072);
}

TEST(GuidTable, CostOfTheMaskInAProduct) {
  NodeSignature node = {"masked_batch_gemm",
                        {{{kF32, {64, 512, 16, 2}}},
                         {{kF32, {512, 64, 16, 2}}},
                         {{kF32, {13, 512, 1, 2}}},
                         {{kF32, {512, 13, 1, 2}}}},
                        {{kF32, {512, 512, 16, 2}}},
                        {}};
  EXPECT_EQ(checkNode(node).text, "");
  EXPECT_EQ(flopsOf(node), 2ull * (64 + 13) * 512 * 512 * 16 * 2);
}

TEST(GuidTable, RowsOfATableCountOnce) {
  NodeSignature node = {"gather_fwd_f32",
                        {{{kF32, {8, 1000}}}, {{kI32, {3}}}},
                        {{kF32, {8, 3}}},
                        {{"axis", int64_t(1)}}};
  EXPECT_EQ(checkNode(node).text, "");
  EXPECT_EQ(bytesOf(node), 4ull * (8 * 3 + 8 * 3 + 3));
  EXPECT_EQ(flopsOf(node), 24u);
}

TEST(GuidTable, WhatMovesNothingCostsNothing) {
  NodeSignature node = {"reshape", {{{kF32, {8, 10}}}}, {{kF32, {80}}}, {}};
  EXPECT_EQ(checkNode(node).text, "");
  EXPECT_EQ(flopsOf(node), 0u);
  EXPECT_EQ(bytesOf(node), 0u);
}

TEST(GuidTable, ResultsTakeThePlaceOfElementwiseOperandsOnly) {
  NodeSignature node = {
      "mult_fwd_f32", {{{kF32, {8, 4}}}, {{kF32, {1}}}}, {{kF32, {8, 4}}}, {}};
  EXPECT_TRUE(isElementwiseIn(node, 0));
  EXPECT_FALSE(isElementwiseIn(node, 1)); // repeats
  NodeSignature square = {
      "gemm", {{{kF32, {4, 4}}}, {{kF32, {4, 4}}}}, {{kF32, {4, 4}}}, {}};
  EXPECT_FALSE(isElementwiseIn(square, 0));
  NodeSignature compare = {"equal_fwd_f32",
                           {{{kF32, {4}}}, {{kF32, {4}}}},
                           {{ElementType::I8, {4}}},
                           {}};
  EXPECT_FALSE(isElementwiseIn(compare, 0));
}

TEST(GuidTable, Gaudi2AloneHasTheMaskedProduct) {
  EXPECT_EQ(findKernel("masked_batch_gemm").kernel->devices,
            Availability::Gaudi2Only);
  EXPECT_EQ(findKernel("batch_gemm").kernel->devices, Availability::Both);
}

TEST(GuidTable, NamesNeedTheirElementType) {
  EXPECT_EQ(findKernel("add_fwd").kernel, nullptr);
  EXPECT_EQ(findKernel("gemm_f32").kernel, nullptr);
  EXPECT_EQ(findKernel("range_i32").type, ElementType::I32);
  EXPECT_EQ(findKernel("gemm").type, std::nullopt);
}

} // namespace
} // namespace bertc::synapse
