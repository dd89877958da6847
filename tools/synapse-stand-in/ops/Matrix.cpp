// SPDX-License-Identifier: Apache-2.0
//
// gemm, its gradients, the batched forms, masked_batch_gemm, and the linear
// kernels that are products with a bias.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/OpTable.h"
#include "tools/synapse-stand-in/ops/Product.h"
#include "tools/synapse-stand-in/ops/RowAccess.h"

#include <algorithm>

namespace bertc::standin {
namespace {

using rt::syn::LinearBwdParams;
using rt::syn::synGEMMParams;

/// Which product of the two inputs a GUID forms, and what null parameters mean.
struct GemmKind {
  const char *guid;
  Names inputs;
  /// The input that is the left factor.
  int left;
  synGEMMParams defaults;
};

const GemmKind GemmKinds[] = {
    {"gemm", {"A", "B", "bias?"}, 0, {false, false}},
    // dB = A^T dC: the second input is the left factor.
    {"gemm_dedw", {"dC", "A", "bias?"}, 1, {true, false}},
    {"gemm_dedx", {"dC", "B", "bias?"}, 0, {false, true}},
};

synGEMMParams gemmParams(const OpCall &call, synGEMMParams defaults) {
  return call.params ? paramsOf<synGEMMParams>(call) : defaults;
}

/// Sizes of op(factor): its columns and rows.
uint64_t columnsOf(const OpTensor &factor, bool transposed) {
  return factor.sizes[transposed ? 1 : 0];
}
uint64_t rowsOf(const OpTensor &factor, bool transposed) {
  return factor.sizes[transposed ? 0 : 1];
}

uint64_t sizeAt(const OpTensor &tensor, int dimension) {
  return dimension < tensor.rank ? tensor.sizes[dimension] : 1;
}

/// The shape of a product; batch dimensions are equal or one of them is 1.
Shape productShape(Check &check, const std::string &a, bool transposeA,
                   const std::string &b, bool transposeB) {
  const OpTensor &left = check[a], &right = check[b];
  if (columnsOf(left, transposeA) != rowsOf(right, transposeB)) {
    check.fail("the common dimension is " +
               std::to_string(columnsOf(left, transposeA)) + " in " + a +
               " and " + std::to_string(rowsOf(right, transposeB)) + " in " +
               b);
  }
  Shape shape = {columnsOf(right, transposeB), rowsOf(left, transposeA)};
  for (int d = 2; d < std::max(left.rank, right.rank); ++d) {
    uint64_t sizeA = sizeAt(left, d), sizeB = sizeAt(right, d);
    if (sizeA != sizeB && sizeA != 1 && sizeB != 1) {
      check.fail("batch dimension " + std::to_string(d) + " is " +
                 std::to_string(sizeA) + " in " + a + " and " +
                 std::to_string(sizeB) + " in " + b +
                 ", expected equal sizes or 1");
    }
    shape.push_back(std::max(sizeA, sizeB));
  }
  return shape;
}

/// Dtypes of the factors, the result and a bias.
void checkDtypes(Check &check, const std::string &a, const std::string &b) {
  check.dtype({a, "C"}, {F32, BF16});
  check.sameDtype(b, a);
  check.sameDtype("bias", "C");
}

void checkGemm(Check &check, const GemmKind &kind, int leastRank,
               int mostRank) {
  check.operands(kind.inputs, {"C"});
  std::string first = kind.inputs[0], second = kind.inputs[1];
  checkDtypes(check, first, second);
  check.rank({first, second, "C"}, leastRank, mostRank);
  if (check.call().params) {
    check.paramsOfSize(sizeof(synGEMMParams));
  }
  if (!check.ok()) {
    return;
  }
  synGEMMParams params = gemmParams(check.call(), kind.defaults);
  Shape shape = productShape(check, kind.inputs[kind.left], params.transpose_a,
                             kind.inputs[1 - kind.left], params.transpose_b);
  check.shape({"C"}, shape);
  check.shape({"bias"}, {shape[0]});
}

void runGemm(const OpCall &call, const GemmKind &kind) {
  synGEMMParams params = gemmParams(call, kind.defaults);
  const OpTensor *bias =
      call.in.size() > 2 && call.in[2].rank > 0 ? &call.in[2] : nullptr;
  multiply({{{&call.in[kind.left], params.transpose_a},
             {&call.in[1 - kind.left], params.transpose_b}}},
           bias, call.out[0]);
}

void checkMaskedBatchGemm(Check &check) {
  check.operands({"A", "B", "maskA", "maskB"}, {"C"});
  checkDtypes(check, "A", "B");
  check.sameDtype("maskA", "A");
  check.sameDtype("maskB", "A");
  check.rank({"A", "B", "maskA", "maskB", "C"}, 4, 4);
  if (check.call().params) {
    check.paramsOfSize(sizeof(synGEMMParams));
  }
  if (!check.ok()) {
    return;
  }
  synGEMMParams params = gemmParams(check.call(), {false, false});
  Shape shape =
      productShape(check, "A", params.transpose_a, "B", params.transpose_b);
  Shape mask = productShape(check, "maskA", params.transpose_a, "maskB",
                            params.transpose_b);
  check.shape({"B"}, {check["B"].sizes[0], check["B"].sizes[1],
                      check["A"].sizes[2], check["A"].sizes[3]});
  for (const char *name : {"maskA", "maskB"}) {
    check.shape({name}, {check[name].sizes[0], check[name].sizes[1], 1,
                         check["A"].sizes[3]});
  }
  if (mask[0] != shape[0] || mask[1] != shape[1]) {
    check.fail("the masks make " + shapeName({mask[0], mask[1]}) +
               ", expected " + shapeName({shape[0], shape[1]}));
  }
  check.shape({"C"}, shape);
}

void runMaskedBatchGemm(const OpCall &call) {
  synGEMMParams params = gemmParams(call, {false, false});
  multiply(
      {{{&call.in[0], params.transpose_a}, {&call.in[1], params.transpose_b}},
       {{&call.in[2], params.transpose_a}, {&call.in[3], params.transpose_b}}},
      nullptr, call.out[0]);
}

/// The tensor as a matrix: its first size, and all others together.
OpTensor asMatrix(OpTensor tensor) {
  uint64_t rows = elementCount(tensor) / tensor.sizes[0];
  tensor.sizes[1] = rows;
  tensor.rank = 2;
  return tensor;
}

Shape withFirst(Shape shape, uint64_t first) {
  shape[0] = first;
  return shape;
}

void checkLinear(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x", "w", "bias?"}, {"y"});
  check.dtype({"x", "w", "bias", "y"}, {dtype});
  check.rank({"w"}, 2, 2);
  check.noParams();
  if (!check.ok()) {
    return;
  }
  const OpTensor &x = check["x"], &w = check["w"];
  check.shape({"w"}, {x.sizes[0], w.sizes[1]});
  check.shape({"bias"}, {w.sizes[1]});
  check.shape({"y"}, withFirst(shapeOf(x), w.sizes[1]));
}

void runLinear(const OpCall &call) {
  OpTensor x = asMatrix(call.in[0]), y = asMatrix(call.out[0]);
  const OpTensor *bias =
      call.in.size() > 2 && call.in[2].rank > 0 ? &call.in[2] : nullptr;
  multiply({{{&x, false}, {&call.in[1], true}}}, bias, y);
}

void checkLinearGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x", "dy", "w"}, {"dx", "dw", "db?"});
  check.dtype({"x", "dy", "w", "dx", "dw", "db"}, {dtype});
  check.rank({"w"}, 2, 2);
  bool gradBias = check.params<LinearBwdParams>().gradBias;
  if (!check.ok()) {
    return;
  }
  if (gradBias != check.has("db")) {
    check.fail(gradBias ? "gradBias is set and db is absent"
                        : "db is given and gradBias is not set");
  }
  const OpTensor &x = check["x"], &w = check["w"];
  check.shape({"w"}, {x.sizes[0], w.sizes[1]});
  check.shape({"dy"}, withFirst(shapeOf(x), w.sizes[1]));
  check.shape({"dx"}, shapeOf(x));
  check.shape({"dw"}, shapeOf(w));
  check.shape({"db"}, {w.sizes[1]});
}

void runLinearGrad(const OpCall &call) {
  OpTensor x = asMatrix(call.in[0]), dy = asMatrix(call.in[1]);
  OpTensor dx = asMatrix(call.out[0]);
  multiply({{{&dy, false}, {&call.in[2], false}}}, nullptr, dx);
  multiply({{{&dy, true}, {&x, false}}}, nullptr, call.out[1]);
  if (call.out.size() < 3 || call.out[2].rank == 0) {
    return;
  }
  const OpTensor &db = call.out[2];
  int64_t columns = static_cast<int64_t>(dy.sizes[0]);
  std::vector<float> total(columns, 0.0f), line(columns);
  for (uint64_t row = 0; row < dy.sizes[1]; ++row) {
    const float *from = readFloats(dy, row * columns, columns, line.data());
    leaf().binary(Binary::Add, total.data(), from, total.data(), columns);
  }
  writeFloats(db, 0, columns, total.data());
}

} // namespace

void addMatrixOps(OpTable &table) {
  for (const GemmKind &kind : GemmKinds) {
    auto run = [&kind](const OpCall &call) { runGemm(call, kind); };
    table[kind.guid] = {[&kind](Check &c) { checkGemm(c, kind, 2, 2); }, run};
    table[std::string("batch_") + kind.guid] = {
        [&kind](Check &c) { checkGemm(c, kind, 2, 5); }, run};
  }
  table["masked_batch_gemm"] = {checkMaskedBatchGemm, runMaskedBatchGemm,
                                On::Gaudi2AndLater};
  for (const Suffix &suffix : FloatSuffixes) {
    auto dtype = suffix.dtype;
    table[std::string("linear_fwd_") + suffix.text] = {
        [dtype](Check &c) { checkLinear(c, dtype); }, runLinear};
    table[std::string("linear_temp_bwd_") + suffix.text] = {
        [dtype](Check &c) { checkLinearGrad(c, dtype); }, runLinearGrad};
  }
}

} // namespace bertc::standin
