// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/Products.h"

#include "runtime/core/PlanFile.h"
#include "runtime/core/StepHandler.h"
#include "runtime/onednn/MatmulGeometry.h"
#include "runtime/onednn/OneDnn.h"

#include <map>
#include <tuple>

namespace bertc::rt {
namespace {

using Operands = flatbuffers::Vector<uint32_t>;

bool has(const Operands &list, uint32_t i) {
  return i < list.size() && list.Get(i) != kNoOperand;
}

TensorRef operand(const plan::Entry &entry, const Operands &list, uint32_t i) {
  return describeTensor(*entry.tensors()->Get(list.Get(i)));
}

// The type a product runs in: f32 where the library does not multiply bf16.
DType multiplied(DType stored) {
  return multipliesBf16() ? stored : DType::F32;
}

char order(const MatrixStrides &s) {
  return s.col == 1 ? 'n' : s.row == 1 ? 't' : 's';
}

std::string layoutOf(const MatmulGeometry &g, const TensorRef &b) {
  std::string text(1, order(g.a));
  text += b.storage == plan::Storage::Packed ? 'p' : order(g.b);
  if (order(g.c) != 'n') {
    text += '>';
    text += order(g.c);
  }
  return text;
}

std::string epilogueOf(const plan::Step &step) {
  const auto &params = *step.params_as_MatmulParams();
  std::string text;
  auto add = [&](bool when, const std::string &what) {
    if (when) {
      text += (text.empty() ? "" : "+") + what;
    }
  };
  const Operands &inputs = *step.inputs();
  add(params.scale() != 1.0f, "scale");
  add(has(inputs, 2), "bias");
  if (params.activation() != plan::UnaryKind::Copy) {
    std::string name = plan::EnumNameUnaryKind(params.activation());
    add(true, name == "GeluErf"    ? "gelu_erf"
              : name == "GeluTanh" ? "gelu_tanh"
              : name == "Relu"     ? "relu"
                                   : "tanh");
  }
  add(has(inputs, 4), "factor");
  bool inPlace = has(inputs, 3) && inputs.Get(3) == step.outputs()->Get(0);
  add(has(inputs, 3), inPlace ? "residual in place" : "residual");
  add(params.accumulate(), "accumulate");
  add(has(*step.outputs(), 1), "column sums");
  return text;
}

/// Output `i`, of inputs 0 and 1 + i.
StatusOr<StepProducts> productOf(const plan::Entry &entry,
                                 const plan::Step &step, uint32_t i) {
  const Operands &inputs = *step.inputs();
  if (!has(inputs, 0) || !has(inputs, 1 + i) || !has(*step.outputs(), i)) {
    return corrupt("a Matmul step lacks an operand");
  }
  TensorRef a = operand(entry, inputs, 0);
  TensorRef b = operand(entry, inputs, 1 + i);
  TensorRef c = operand(entry, *step.outputs(), i);
  BERTC_ASSIGN_OR_RETURN(MatmulGeometry g,
                         matmulGeometry(a, b, c, TensorRef()));
  GemmShape shape{g.batchCount(),
                  g.m,
                  g.k,
                  g.n,
                  multiplied(a.dtype),
                  multipliesBf16() ? c.dtype : DType::F32};
  return StepProducts{{shape}, layoutOf(g, b), ""};
}

StatusOr<StepProducts> productOfMatmul(const plan::Entry &entry,
                                       const plan::Step &step) {
  BERTC_ASSIGN_OR_RETURN(StepProducts product, productOf(entry, step, 0));
  product.epilogue = epilogueOf(step);
  return product;
}

/// The layout is that of the first.
StatusOr<StepProducts> productsOfGroup(const plan::Entry &entry,
                                       const plan::Step &step) {
  BERTC_ASSIGN_OR_RETURN(StepProducts products, productOf(entry, step, 0));
  uint32_t count = step.outputs()->size();
  for (uint32_t i = 1; i < count; ++i) {
    BERTC_ASSIGN_OR_RETURN(StepProducts next, productOf(entry, step, i));
    products.shapes.push_back(next.shapes.front());
  }
  products.epilogue = has(*step.inputs(), 1 + count) ? "bias" : "";
  return products;
}

// Heads over all sequences of one length.
std::map<int64_t, int64_t> headsByLength(const RowLengths &rows,
                                         int64_t heads) {
  std::map<int64_t, int64_t> counts;
  for (const std::vector<int64_t> &row : rows) {
    for (int64_t length : row) {
      counts[length] += heads;
    }
  }
  return counts;
}

void addAttention(int64_t heads, int64_t s, int64_t t, int64_t d, DType type,
                  bool gradient, std::vector<GemmShape> *shapes) {
  shapes->push_back({heads, s, d, t, type, type});
  shapes->push_back({heads, s, t, d, type, type});
  if (gradient) {
    shapes->insert(shapes->end(), 2, {heads, t, s, d, type, type});
  }
}

StatusOr<StepProducts> productsOfAttention(const plan::Entry &entry,
                                           const plan::Step &step,
                                           const RowLengths &rows) {
  bool gradient = step.params_type() == plan::Params::AttentionGradParams;
  uint32_t first = gradient ? 1 : 0;
  if (!has(*step.inputs(), first) || !has(*step.inputs(), first + 1)) {
    return corrupt("an attention step lacks an operand");
  }
  TensorRef q = operand(entry, *step.inputs(), first);
  TensorRef k = operand(entry, *step.inputs(), first + 1);
  if (q.rank != 4 || k.rank != 4) {
    return corrupt("q is " + q.describe() + " and k " + k.describe() +
                   ", expected four axes");
  }
  float rate = gradient ? step.params_as_AttentionGradParams()->rate()
                        : step.params_as_AttentionParams()->rate();
  uint32_t ranges = gradient ? 7 : 5;
  StepProducts result;
  int64_t d = q.dims[3];
  DType type = multiplied(q.dtype);
  if (has(*step.inputs(), ranges) && !rows.empty()) {
    for (auto [length, heads] : headsByLength(rows, q.dims[1])) {
      addAttention(heads, length, length, d, type, gradient, &result.shapes);
    }
  } else {
    addAttention(q.dims[0] * q.dims[1], q.dims[2], k.dims[2], d, type, gradient,
                 &result.shapes);
  }
  result.layout = "heads";
  result.epilogue = rate > 0 ? "softmax+dropout" : "softmax";
  result.epilogue += has(*step.inputs(), ranges) ? "+ranges" : "";
  return result;
}

} // namespace

bool GemmShape::operator<(const GemmShape &o) const {
  return std::tie(batch, m, k, n, in, out) <
         std::tie(o.batch, o.m, o.k, o.n, o.in, o.out);
}

bool GemmShape::operator==(const GemmShape &o) const {
  return !(*this < o) && !(o < *this);
}

double GemmShape::flops() const {
  return 2.0 * static_cast<double>(batch) * static_cast<double>(m) *
         static_cast<double>(k) * static_cast<double>(n);
}

std::string GemmShape::describe() const {
  std::string text = batch > 1 ? std::to_string(batch) + "*" : "";
  text += std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
  if (in != DType::F32 || out != DType::F32) {
    text += std::string(" ") + dtypeName(in);
    text += in == out ? "" : std::string(">") + dtypeName(out);
  }
  return text;
}

double StepProducts::flops() const {
  double total = 0;
  for (const GemmShape &shape : shapes) {
    total += shape.flops();
  }
  return total;
}

StatusOr<StepProducts> productsOfStep(const plan::Entry &entry,
                                      const plan::Step &step,
                                      const RowLengths &rows) {
  switch (step.params_type()) {
  case plan::Params::MatmulParams:
    return productOfMatmul(entry, step);
  case plan::Params::MatmulGroupParams:
    return productsOfGroup(entry, step);
  case plan::Params::AttentionParams:
  case plan::Params::AttentionGradParams:
    return productsOfAttention(entry, step, rows);
  default:
    return StepProducts();
  }
}

} // namespace bertc::rt
