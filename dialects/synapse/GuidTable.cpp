// SPDX-License-Identifier: Apache-2.0
//
// The rows. What SynapseAI's headers and graphs of real models confirm, and
// what is inferred only (`unconfirmed`), is as docs/gaudi.md says.

#include "dialects/synapse/GuidTable.h"

#include "dialects/synapse/ShapeRules.h"

#include <unordered_map>

namespace bertc::synapse {

std::string_view elementTypeName(ElementType type) {
  constexpr std::string_view kNames[] = {"f32", "bf16", "i32", "i8"};
  return kNames[static_cast<int>(type)];
}

int64_t elementTypeBytes(ElementType type) {
  constexpr int64_t kBytes[] = {4, 2, 4, 1};
  return kBytes[static_cast<int>(type)];
}

namespace {

using Rows = std::vector<Kernel>;

constexpr double kMost = 2147483647;

ParamStruct none() { return {}; }

ParamStruct gemmParams() {
  return {{{"transpose_a", FieldType::Bool, 0, false},
           {"transpose_b", FieldType::Bool, 1, false}},
          2,
          true};
}

/// A single number, at offset 0.
ParamStruct oneField(std::string_view name, FieldType type, double least = 0,
                     double most = kMost) {
  return {{{name, type, 0, true, least, most}}, 4};
}

ParamStruct axisParams() { return oneField("axis", FieldType::U32); }

ParamStruct roundMode() {
  return {{{"roundMode", FieldType::I32, 0, true, 0, 8}}, 4, true};
}

ParamStruct layerNormParams() {
  return {{{"epsValid", FieldType::Bool, 0},
           {"eps", FieldType::F32, 4, true, 0, 1}},
          8};
}

ParamStruct dropoutParams() {
  return {{{"ratio", FieldType::F32, 0, true, 0, 0.9999},
           {"seed", FieldType::U32, 4, false, 0, 4294967295.0}},
          8};
}

/// Mode 2, a loss for each row, has results of another shape.
ParamStruct crossEntropyParams() {
  return {{{"mode", FieldType::I32, 0, true, 0, 1},
           {"batchSize", FieldType::I32, 4, true, 0, kMost}},
          8};
}

ParamStruct geluParams() {
  return {{{"approximation", FieldType::Bool, 0}}, 1};
}

ParamStruct embeddingParams() {
  return {{{"numWeights", FieldType::I32, 0, true, 1, kMost},
           {"paddingIdx", FieldType::I32, 4, true, -1, kMost},
           {"scaleGradByFreq", FieldType::Bool, 8, false}},
          12};
}

ParamStruct oneHotParams() {
  return {{{"axis", FieldType::I32, 0, true, 0, 4},
           {"depth", FieldType::I32, 4, true, 1, kMost},
           {"onValue", FieldType::F32, 8},
           {"offValue", FieldType::F32, 12}},
          16};
}

ParamStruct rangeParams() {
  return {{{"start", FieldType::FloatOrInt, 0},
           {"limit", FieldType::FloatOrInt, 4},
           {"delta", FieldType::FloatOrInt, 8}},
          12};
}

ParamStruct reduceManyParams() {
  return {{{"mask", FieldType::U32, 0, true, 0, 31},
           {"keepDim", FieldType::Bool, 4}},
          8};
}

ParamStruct alphaParams() {
  return {{{"alpha", FieldType::FloatOrInt, 0},
           {"mode", FieldType::I32, 4, true, 0, 4}},
          8};
}

ParamStruct transposeParams() {
  return {{{"permutation", FieldType::U32List, 0, true, 0, 4, 5},
           {"tensorDim", FieldType::ListLength, 20, false}},
          24};
}

ParamStruct sliceParams() {
  return {{{"axes", FieldType::U32List, 0, true, 0, 4, 25},
           {"starts", FieldType::U64List, 104, true, 0, kMost, 25},
           {"ends", FieldType::U64List, 304, true, 0, kMost, 25},
           {"steps", FieldType::U64List, 504, true, 1, kMost, 25}},
          704};
}

/// Products, on the matrix engine.
void addProducts(Rows &rows) {
  rows.push_back({"gemm", "", "EEE?", "W", rule::gemm, gemmParams(),
                  Engine::Matrix, 2, 2});
  rows.push_back({"batch_gemm", "", "EE", "W", rule::batchGemm, gemmParams(),
                  Engine::Matrix, 2, 5});
  rows.push_back({"masked_batch_gemm", "", "EEEE", "W", rule::maskedBatchGemm,
                  gemmParams(), Engine::Matrix, 4, 4,
                  Availability::Gaudi2Only});
}

void addElementwise(Rows &rows) {
  for (std::string_view name :
       {"add_fwd", "sub_fwd", "mult_fwd", "max_fwd", "min_fwd"}) {
    rows.push_back({name, "fbi", "TT", "T", rule::broadcast, none(),
                    Engine::Vector, 1, 5, Availability::Both, "i32"});
  }
  for (std::string_view name : {"div_fwd", "pow_fwd"}) {
    rows.push_back({name, "fb", "TT", "T", rule::broadcast, none()});
  }
  rows.push_back({"binary_with_alpha_fwd", "fb", "TT", "T", rule::broadcast,
                  alphaParams()});
  for (std::string_view name :
       {"neg_fwd", "abs_fwd", "sqrt_fwd", "rsqrt_fwd", "exp_fwd", "log_fwd",
        "log2_fwd", "reciprocal_fwd", "sign_fwd", "erf_fwd", "floor_fwd",
        "sigmoid_fwd", "tanh_fwd"}) {
    rows.push_back({name, "fb", "T", "T", rule::same, none()});
  }
  rows.push_back({"tanh_bwd", "fb", "TT", "T", rule::same, none(),
                  Engine::Vector, 1, 5, Availability::Both,
                  "order of the operands"});
  rows.push_back({"clamp_pt_fwd", "fb", "TT?T?", "T", rule::broadcast, none()});
  for (std::string_view name : {"equal_fwd", "less_fwd", "less_equal_fwd",
                                "greater_fwd", "greater_equal_fwd"}) {
    rows.push_back({name, "fbi", "TT", "c", rule::broadcast, none(),
                    Engine::Vector, 1, 5, Availability::Both, "i32"});
  }
  rows.push_back({"where_fwd", "fbi", "cTT", "T", rule::broadcast, none(),
                  Engine::Vector, 1, 5, Availability::Both, "i32"});
  rows.push_back({"not_fwd", "c", "T", "T", rule::same, none()});
  rows.push_back({"and", "c", "TT", "T", rule::broadcast, none()});
  rows.push_back({"isfinite_fwd", "fb", "T", "c", rule::same, none()});
  rows.push_back({"constant", "fbi", "", "T", rule::any,
                  oneField("value", FieldType::FloatOrInt, -3.5e38, 3.5e38)});
  rows.push_back({"memset", "", "", "A", rule::any, none()});
  struct Cast {
    std::string_view name, from, to;
  };
  for (const Cast &cast : {Cast{"cast_f32_to_bf16", "f", "b"},
                           {"cast_bf16_to_f32", "b", "f"},
                           {"cast_i32_to_f32", "i", "f"},
                           {"cast_f32_to_i32", "f", "i"},
                           {"cast_i8_to_f32", "c", "f"},
                           {"cast_i8_to_bf16", "c", "b"},
                           {"cast_i32_to_bf16", "i", "b"}}) {
    rows.push_back(
        {cast.name, "", cast.from, cast.to, rule::same, roundMode()});
  }
}

void addModelKernels(Rows &rows) {
  rows.push_back({"layer_norm_fwd", "fb", "Tff", "Tff", rule::layerNorm,
                  layerNormParams(), Engine::Vector, 4, 4});
  rows.push_back({"layer_norm_bwd", "fb", "TTfff", "Tff", rule::layerNormGrad,
                  layerNormParams(), Engine::Vector, 4, 4});
  for (std::string_view name : {"softmax_fwd", "logsoftmax_fwd"}) {
    rows.push_back({name, "fb", "T", "T", rule::softmax,
                    oneField("dim", FieldType::I32, 0, 4)});
  }
  for (std::string_view name : {"softmax_bwd", "logsoftmax_bwd"}) {
    rows.push_back({name, "fb", "TT", "T", rule::softmax,
                    oneField("dim", FieldType::I32, 0, 4)});
  }
  rows.push_back({"gelu_fwd", "fb", "T", "TT", rule::same, geluParams(),
                  Engine::Vector, 1, 5, Availability::Both,
                  "content of the second result in erf mode; how close the "
                  "tanh mode is to its formula"});
  ParamStruct geluGrad = geluParams();
  geluGrad.optional = true;
  rows.push_back({"gelu_bwd", "fb", "TTT", "T", rule::same, geluGrad});
  rows.push_back({"dropout_fwd", "fb", "Ti", "Tc", rule::dropout,
                  dropoutParams(), Engine::Vector, 1, 5, Availability::Both,
                  "which elements a seed drops"});
  rows.push_back({"dropout_bwd", "fb", "Tc", "T", rule::same, dropoutParams()});
  rows.push_back({"softmax_cross_entropy_fwd", "fb", "Ti", "TT",
                  rule::crossEntropy, crossEntropyParams(), Engine::Vector, 2,
                  2, Availability::Both, "labels to be ignored"});
  rows.push_back({"softmax_cross_entropy_bwd", "fb", "Ti", "T",
                  rule::crossEntropyGrad, crossEntropyParams(), Engine::Vector,
                  2, 2, Availability::Both, "labels to be ignored"});
}

void addIndexing(Rows &rows) {
  rows.push_back({"gather_fwd", "fb", "Ti", "T", rule::gather,
                  oneField("axis", FieldType::I32, 0, 4)});
  rows.push_back({"gather_elements_fwd", "fb", "Ti", "T", rule::gatherElements,
                  oneField("axis", FieldType::I32, 0, 4)});
  rows.push_back({"embedding_dense_pt_bwd", "fb", "Ti", "T",
                  rule::embeddingGrad, embeddingParams(), Engine::Vector, 2});
  rows.push_back({"unsorted_scatter_add_fwd", "f", "TiT", "T", rule::scatterAdd,
                  oneField("axis", FieldType::I32, 0, 4), Engine::Vector, 1, 5,
                  Availability::Gaudi2Only, "that Gaudi does not have it"});
  rows.push_back({"one_hot_fwd", "f", "i", "T", rule::oneHot, oneHotParams(),
                  Engine::Vector, 1, 4});
  rows.push_back({"range", "if", "", "T", rule::range, rangeParams(),
                  Engine::Vector, 1, 1});
}

void addReductions(Rows &rows) {
  for (std::string_view name :
       {"reduce_sum_fwd", "reduce_mean_fwd", "reduce_sum_square_fwd"}) {
    rows.push_back({name, "fb", "T", "T", rule::reduce,
                    oneField("reductionDimension", FieldType::U32, 0, 4)});
  }
  rows.push_back({"reduce_max_fwd", "fb", "T", "Ti", rule::reduce,
                  oneField("reductionDimension", FieldType::U32, 0, 4)});
  for (std::string_view name :
       {"reduce_sum_multi_dim_fwd", "reduce_mean_multi_dim_fwd",
        "reduce_sum_square_multi_dim_fwd"}) {
    rows.push_back(
        {name, "fb", "T", "T", rule::reduceMany, reduceManyParams()});
  }
  rows.push_back({"reduce_max_multi_dim_fwd", "fb", "T", "T", rule::reduceMany,
                  reduceManyParams(), Engine::Vector, 1, 5, Availability::Both,
                  "that there is no second result"});
  rows.push_back({"frobenius_norm_fwd", "", "E", "E", rule::scalar, none(),
                  Engine::Vector, 2});
}

/// What the graph compiler does itself, of any element type.
void addShapes(Rows &rows) {
  rows.push_back({"transpose", "", "A", "A", rule::transpose, transposeParams(),
                  Engine::Move});
  rows.push_back(
      {"reshape", "", "A", "A", rule::reshape, none(), Engine::Nothing});
  for (std::string_view name : {"identity", "memcpy"}) {
    rows.push_back({name, "", "A", "A", rule::same, none(), Engine::Move});
  }
  rows.push_back(
      {"broadcast", "", "A", "A", rule::repeat, none(), Engine::Move});
  rows.push_back(
      {"concat", "", "A+", "A", rule::concat, axisParams(), Engine::Move});
  rows.push_back(
      {"split", "", "A", "A+", rule::split, axisParams(), Engine::Move});
  rows.push_back(
      {"slice", "", "A", "A", rule::slice, sliceParams(), Engine::Move});
  rows.push_back({"slice_insert", "", "AA", "A", rule::sliceInsert,
                  sliceParams(), Engine::Move});
  rows.push_back({"strided_slice_grad", "", "A", "A", rule::sliceGrad,
                  sliceParams(), Engine::Move});
  rows.push_back(
      {"squeeze", "", "A", "A", rule::squeeze, axisParams(), Engine::Nothing});
  rows.push_back({"expand_dims", "", "A", "A", rule::expandDims, axisParams(),
                  Engine::Nothing, 1, 4});
}

} // namespace

const std::vector<Kernel> &allKernels() {
  static const std::vector<Kernel> rows = [] {
    Rows made;
    addProducts(made);
    addElementwise(made);
    addModelKernels(made);
    addIndexing(made);
    addReductions(made);
    addShapes(made);
    return made;
  }();
  return rows;
}

/// Element type of a letter that stands for one.
static ElementType typeOfLetter(char letter) {
  return letter == 'f'   ? ElementType::F32
         : letter == 'b' ? ElementType::BF16
         : letter == 'i' ? ElementType::I32
                         : ElementType::I8;
}

KernelOf findKernel(std::string_view guid) {
  static const std::unordered_map<std::string, KernelOf> byGuid = [] {
    std::unordered_map<std::string, KernelOf> made;
    for (const Kernel &kernel : allKernels()) {
      if (kernel.types.empty()) {
        made[std::string(kernel.name)] = {&kernel, std::nullopt};
      }
      for (char letter : kernel.types) {
        ElementType type = typeOfLetter(letter);
        made[std::string(kernel.name) + "_" +
             std::string(elementTypeName(type))] = {&kernel, type};
      }
    }
    return made;
  }();
  auto found = byGuid.find(std::string(guid));
  return found == byGuid.end() ? KernelOf() : found->second;
}

} // namespace bertc::synapse
