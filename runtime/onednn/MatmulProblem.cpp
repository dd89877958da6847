// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/MatmulProblem.h"

#include "runtime/onednn/PackedWeights.h"

#include <utility>

namespace bertc::rt {
namespace {

using Problem = MatmulProblem;

Status checkDTypes(const StepContext &ctx, const TensorRef &a,
                   const TensorRef &b, const TensorRef &c) {
  bool f32 =
      a.dtype == DType::F32 && b.dtype == DType::F32 && c.dtype == DType::F32;
  bool bf16 = a.dtype == DType::BF16 && b.dtype == DType::BF16 &&
              (c.dtype == DType::F32 || c.dtype == DType::BF16);
  if (!f32 && !bf16) {
    return ctx.bad("a is " + a.describe() + ", b is " + b.describe() +
                   " and c is " + c.describe() +
                   ", expected all f32, or a and b bf16");
  }
  return Status();
}

// After the shapes of a, b and c are known to fit.
Status checkExtras(const StepContext &ctx, const TensorRef &c) {
  const TensorRef &bias = ctx.input(2);
  if (bias.present) {
    BERTC_RETURN_IF_ERROR(ctx.expectShape(bias, "bias", {c.dims[c.rank - 1]}));
    BERTC_RETURN_IF_ERROR(ctx.expectDense(bias, "bias"));
    if (bias.dtype != DType::F32) {
      BERTC_RETURN_IF_ERROR(ctx.expectDType(bias, "bias", c.dtype));
    }
  }
  const TensorRef &residual = ctx.input(3);
  if (residual.present) {
    BERTC_RETURN_IF_ERROR(ctx.expectDType(residual, "residual", c.dtype));
  }
  const TensorRef &factor = ctx.input(4);
  if (factor.present) {
    BERTC_RETURN_IF_ERROR(ctx.expectDType(factor, "factor", c.dtype));
    BERTC_RETURN_IF_ERROR(ctx.expectShape(factor, "factor", c.shape()));
    BERTC_RETURN_IF_ERROR(ctx.expectDense(factor, "factor"));
    BERTC_RETURN_IF_ERROR(ctx.expectDense(c, "c, which has a factor,"));
  }
  return Status();
}

Status checkSums(const StepContext &ctx, const Problem &p) {
  if (!p.sums.present) {
    return Status();
  }
  if (p.b.storage == plan::Storage::Packed || p.b.rank != 2) {
    return ctx.bad("b is " + p.b.describe() +
                   ", expected a plain matrix, since its columns are summed");
  }
  BERTC_RETURN_IF_ERROR(ctx.expectDense(p.b, "b, whose columns are summed,"));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(p.sums, "sums", {p.b.dims[1]}));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(p.sums, "sums"));
  return p.sums.dtype == DType::F32
             ? Status()
             : ctx.expectDType(p.sums, "sums", p.b.dtype);
}

// Nothing can be done to a sum that what c held is a part of.
Status checkEpilogue(const StepContext &ctx, const Problem &p) {
  using K = plan::UnaryKind;
  K kind = p.activation;
  if (kind != K::Copy && kind != K::GeluErf && kind != K::GeluTanh &&
      kind != K::Relu && kind != K::Tanh) {
    return ctx.bad("activation is unary kind " +
                   std::to_string(static_cast<int>(kind)) +
                   ", expected a gelu, relu, tanh or none");
  }
  bool inPlace = p.residual.present && p.residual.data == p.c.data;
  if (inPlace && p.accumulate) {
    return ctx.bad("residual is c, and c is accumulated as well");
  }
  if ((inPlace || p.accumulate) && (kind != K::Copy || p.factor.present)) {
    return ctx.bad("c is added to, and has an activation or a factor as well");
  }
  return Status();
}

// Finds the packed copy of b, or the plain matrix to read in its place.
Status resolvePacked(StepContext &ctx, Problem *p) {
  if (p->b.storage != plan::Storage::Packed) {
    return Status();
  }
  if (ctx.packedWeights() == nullptr) {
    return ctx.bad("b is packed and there are no packed weights");
  }
  // A batch of a that does not fold into rows needs a b that repeats, which a
  // packed matrix cannot.
  BERTC_ASSIGN_OR_RETURN(MatmulGeometry g,
                         matmulGeometry(p->a, p->b, p->c, p->residual));
  BERTC_ASSIGN_OR_RETURN(PackedWeights::Layout layout,
                         ctx.packedWeights()->require(p->b.index));
  if (layout.usePlain || (!g.batch.empty() && p->in == DType::F32)) {
    p->b = layout.plain;
    return Status();
  }
  if (!g.batch.empty()) {
    return ctx.bad("b is packed and a is a batch that is not one matrix: " +
                   p->a.describe());
  }
  p->packed = true;
  p->packedDesc = layout.desc;
  p->packedData = layout.data;
  p->panels = layout.panels;
  p->turned = layout.turned;
  if (p->packsInRun()) {
    p->b = layout.plain;
  }
  return Status();
}

// c^T = b^T a^T when c is column-major; a bias would then go down the rows.
void preferRowMajor(Problem *p) {
  const MatmulGeometry &g = p->g;
  bool columnMajor = g.n > 1 && g.m > 1 && g.c.col != 1 && g.c.row == 1;
  if (columnMajor && !p->packed && !p->bias.present) {
    transposeProblem(p);
  }
}

StatusOr<Problem> readOperands(StepContext &ctx, Problem p) {
  p.a = ctx.input(0);
  p.b = ctx.input(1);
  p.c = ctx.output(0);
  p.bias = ctx.input(2);
  p.residual = ctx.input(3);
  p.factor = ctx.input(4);
  p.sums = ctx.output(1);
  p.in = p.a.dtype;
  p.out = p.c.dtype;
  BERTC_RETURN_IF_ERROR(checkDTypes(ctx, p.a, p.b, p.c));
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t input, size_t) { return input == 3; }));
  BERTC_RETURN_IF_ERROR(checkEpilogue(ctx, p));
  BERTC_RETURN_IF_ERROR(checkSums(ctx, p));
  BERTC_RETURN_IF_ERROR(resolvePacked(ctx, &p));
  BERTC_ASSIGN_OR_RETURN(p.g, matmulGeometry(p.a, p.b, p.c, p.residual));
  BERTC_RETURN_IF_ERROR(checkExtras(ctx, p.c));
  preferRowMajor(&p);
  return p;
}

} // namespace

void transposeProblem(MatmulProblem *p) {
  p->g = transposed(p->g);
  std::swap(p->a, p->b);
  p->swapped = !p->swapped;
}

StatusOr<MatmulProblem> readMatmul(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 5, 1, 2));
  Problem p;
  const auto &params = ctx.params<plan::MatmulParams>();
  p.scale = params.scale();
  p.accumulate = params.accumulate();
  p.activation = params.activation();
  return readOperands(ctx, std::move(p));
}

StatusOr<MatmulProblem> readPlainMatmul(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 3, 1, 1));
  return readOperands(ctx, Problem());
}

} // namespace bertc::rt
