// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/MatmulStep.h"

#include "runtime/onednn/ColumnSums.h"
#include "runtime/onednn/FloatMatmul.h"
#include "runtime/onednn/MatmulGroup.h"
#include "runtime/onednn/MatmulProblem.h"
#include "runtime/onednn/OneDnn.h"
#include "runtime/onednn/TileMatmul.h"

#include <unordered_map>

namespace bertc::rt {
namespace {

using dnnl::memory;
using Problem = MatmulProblem;

// Which operands go through scratch.
struct Route {
  bool copyA = false;
  bool copyB = false;
  bool copyC = false;
  bool copyResidual = false;
  /// With copyA: the copy is a times scale, which then is no post-operation.
  bool scaleA = false;
  /// b into the library's layout rather than row-major.
  bool packB = false;
  /// bf16 operands are stored as such and multiplied as f32: all of them go
  /// through scratch, a panel of rows at a time, so that what is widened is
  /// multiplied and what was multiplied is rounded while a cache has it.
  bool widen = false;
};

size_t align64(size_t bytes) { return (bytes + 63) / 64 * 64; }

class MatmulStep final : public PreparedStep {
public:
  MatmulStep(Problem problem, Route route)
      : p_(std::move(problem)), route_(route) {}

  // Creates the primitive; throws dnnl::error.
  void build();
  bool reference() const { return isReference(implementation_.c_str()); }
  size_t scratchBytes() const { return scratchBytes_; }

  Status run(const RunContext &context) override;
  const char *implementation() const override {
    return implementation_.c_str();
  }

private:
  memory::desc matrixDesc(DType dtype, int64_t rows, int64_t cols,
                          const MatrixStrides &strides, bool any) const;
  /// What the library sees of an operand that is stored as `stored`.
  DType seen(DType stored) const { return route_.widen ? DType::F32 : stored; }
  MatrixStrides scratchStrides(int64_t rows, int64_t cols,
                               const MatrixStrides &like) const;
  void bring(DType stored, int64_t rows, int64_t cols,
             const MatrixStrides &from, const void *source,
             const MatrixStrides &to, void *target, float scale = 1.0f) const;
  void bringFactor(const TensorRef &factor, int64_t rows, int64_t cols,
                   const MatrixStrides &from, int64_t firstRow,
                   const MatrixStrides &to, void *target,
                   float scale = 1.0f) const;
  float postScale() const { return route_.scaleA ? 1.0f : p_.scale; }
  dnnl::primitive_attr attributes();
  bool widensBias() const;
  void planScratch(const dnnl::matmul::primitive_desc &pd);
  void execute(std::byte *scratch);
  void executePanel(std::byte *scratch, int64_t firstRow);

  Problem p_;
  Route route_;
  /// Rows of c that one call of the primitive makes.
  int64_t rows_ = 0;
  /// Strides that the primitive sees, after copies.
  MatrixStrides a_, b_, c_, residual_;
  dnnl::matmul primitive_;
  dnnl::reorder packB_;
  memory packFrom_, packTo_;
  std::unordered_map<int, memory> args_;
  /// Argument of the residual, 0 when there is none or it is c.
  int residualArg_ = 0;
  size_t offsetA_ = 0, offsetB_ = 0, offsetC_ = 0, offsetResidual_ = 0;
  /// Of a widened b before it is packed.
  size_t offsetPlainB_ = 0;
  size_t offsetBias_ = 0, offsetFactor_ = 0;
  /// Argument of the factor, 0 when there is none.
  int factorArg_ = 0;
  /// Argument of the bias, 0 when there is none.
  int biasArg_ = 0;
  size_t scratchBytes_ = 0;
  std::string implementation_;
};

// An axis of size 1 gets the stride it would have in a dense tensor: the
// library looks at it when it recognises layouts.
memory::desc MatmulStep::matrixDesc(DType dtype, int64_t rows, int64_t cols,
                                    const MatrixStrides &strides,
                                    bool any) const {
  memory::dims dims;
  memory::dims steps;
  for (size_t i = 0; i < p_.g.batch.size(); ++i) {
    bool repeated = strides.batch[i] == 0;
    dims.push_back(repeated ? 1 : p_.g.batch[i]);
    steps.push_back(repeated ? rows * cols : strides.batch[i]);
  }
  dims.push_back(rows);
  dims.push_back(cols);
  if (any) {
    return {dims, toDnnl(dtype), memory::format_tag::any};
  }
  int64_t row = strides.row;
  int64_t col = strides.col;
  if (cols == 1) {
    col = 1;
  }
  if (rows == 1) {
    row = cols == 1 ? 1 : col * cols;
  }
  steps.push_back(row);
  steps.push_back(col);
  return {dims, toDnnl(dtype), steps};
}

// Copy stands for none; the caller has checked the others.
void appendActivation(plan::UnaryKind kind, dnnl::post_ops *ops) {
  using A = dnnl::algorithm;
  switch (kind) {
  case plan::UnaryKind::GeluErf:
    return ops->append_eltwise(A::eltwise_gelu_erf, 0.0f, 0.0f);
  case plan::UnaryKind::GeluTanh:
    return ops->append_eltwise(A::eltwise_gelu_tanh, 0.0f, 0.0f);
  case plan::UnaryKind::Relu:
    return ops->append_eltwise(A::eltwise_relu, 0.0f, 0.0f);
  case plan::UnaryKind::Tanh:
    return ops->append_eltwise(A::eltwise_tanh, 0.0f, 0.0f);
  default:
    return;
  }
}

dnnl::primitive_attr MatmulStep::attributes() {
  dnnl::post_ops ops;
  if (postScale() != 1.0f) {
    ops.append_eltwise(dnnl::algorithm::eltwise_linear, postScale(), 0.0f);
    if (p_.bias.present) {
      // The primitive's own bias would be scaled too.
      memory::dims dims(p_.g.batch.size() + 1, 1);
      dims.push_back(p_.g.n);
      memory::dims strides(dims.size(), p_.g.n);
      strides.back() = 1;
      memory::desc bias(dims, toDnnl(seen(p_.bias.dtype)), strides);
      biasArg_ = DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len()) | DNNL_ARG_SRC_1;
      args_[biasArg_] = memory(bias, cpuEngine(), p_.bias.data);
      ops.append_binary(dnnl::algorithm::binary_add, bias);
    }
  }
  appendActivation(p_.activation, &ops);
  if (p_.factor.present) {
    memory::desc factor = matrixDesc(seen(p_.out), rows_, p_.g.n, c_, false);
    factorArg_ = DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len()) | DNNL_ARG_SRC_1;
    args_[factorArg_] = memory(factor, cpuEngine(), p_.factor.data);
    ops.append_binary(dnnl::algorithm::binary_mul, factor);
  }
  bool residualIsC = p_.residual.present && p_.residual.data == p_.c.data;
  if (p_.accumulate || residualIsC) {
    ops.append_sum(1.0f);
  }
  if (p_.residual.present && !residualIsC) {
    memory::desc residual =
        matrixDesc(seen(p_.out), rows_, p_.g.n, residual_, false);
    residualArg_ = DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len()) | DNNL_ARG_SRC_1;
    args_[residualArg_] = memory(residual, cpuEngine(), p_.residual.data);
    ops.append_binary(dnnl::algorithm::binary_add, residual);
  }
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

// Lines a multiple of a page apart compete for the same few cache sets, which
// halves the speed of a product; a cache line more between them does not.
int64_t paddedPitch(int64_t pitch) {
  constexpr int64_t kPageFloats = 1024, kLineFloats = 16;
  return pitch % kPageFloats == 0 ? pitch + kLineFloats : pitch;
}

// Widening keeps the order of the elements: the library transposes f32 by
// itself, and lines stay contiguous on both sides.
MatrixStrides MatmulStep::scratchStrides(int64_t rows, int64_t cols,
                                         const MatrixStrides &like) const {
  if (!route_.widen) {
    return denseStrides(p_.g.batch, rows, cols, like);
  }
  MatrixStrides s = denseStridesAs(p_.g.batch, rows, cols, like);
  if (p_.g.batch.empty()) {
    int64_t &pitch = s.row == 1 && s.col != 1 ? s.col : s.row;
    pitch = paddedPitch(pitch);
  }
  return s;
}

// The largest part of m that divides it and whose operands the caches hold; all
// of m where there is a batch or no such part.
int64_t panelRows(const MatmulGeometry &g) {
  constexpr int64_t kMost = 512, kLeast = 128;
  if (!g.batch.empty() || g.m <= kMost) {
    return g.m;
  }
  for (int64_t rows = kMost; rows >= kLeast; rows -= 16) {
    if (g.m % rows == 0) {
      return rows;
    }
  }
  return g.m;
}

void MatmulStep::build() {
  const MatmulGeometry &g = p_.g;
  dnnl::engine &engine = cpuEngine();
  rows_ = route_.widen ? panelRows(g) : g.m;
  a_ = route_.copyA ? scratchStrides(rows_, g.k, g.a) : g.a;
  b_ = route_.copyB ? scratchStrides(g.k, g.n, g.b) : g.b;
  c_ = route_.copyC ? denseStrides(g.batch, rows_, g.n, g.c) : g.c;
  memory::desc a = matrixDesc(seen(p_.in), rows_, g.k, a_, false);
  memory::desc b = p_.packed
                       ? p_.packedDesc
                       : matrixDesc(seen(p_.in), g.k, g.n, b_, route_.packB);
  memory::desc c = matrixDesc(seen(p_.out), rows_, g.n, c_, false);
  residual_ = route_.copyResidual
                  ? denseStrides(g.batch, rows_, g.n, g.residual)
                  : g.residual;
  dnnl::primitive_attr attr = attributes();
  dnnl::matmul::primitive_desc pd;
  if (p_.bias.present && postScale() == 1.0f) {
    memory::dims dims(g.batch.size() + 1, 1);
    dims.push_back(g.n);
    memory::dims strides(dims.size(), g.n);
    strides.back() = 1;
    memory::desc bias(dims, toDnnl(seen(p_.bias.dtype)), strides);
    pd = {engine, a, b, bias, c, attr};
    biasArg_ = DNNL_ARG_BIAS;
    args_[biasArg_] = memory(bias, engine, p_.bias.data);
  } else {
    pd = {engine, a, b, c, attr};
  }
  implementation_ = pd.impl_info_str();
  if (reference()) {
    return;
  }
  primitive_ = dnnl::matmul(pd);
  args_[DNNL_ARG_SRC] = memory(a, engine, p_.a.data);
  args_[DNNL_ARG_WEIGHTS] =
      memory(pd.weights_desc(), engine, p_.packed ? p_.packedData : p_.b.data);
  args_[DNNL_ARG_DST] = memory(c, engine, p_.c.data);
  planScratch(pd);
}

void MatmulStep::planScratch(const dnnl::matmul::primitive_desc &pd) {
  const MatmulGeometry &g = p_.g;
  dnnl::engine &engine = cpuEngine();
  args_[DNNL_ARG_SCRATCHPAD] = memory(pd.scratchpad_desc(), engine, nullptr);
  auto reserve = [&](size_t bytes) {
    size_t at = scratchBytes_;
    scratchBytes_ += align64(bytes);
    return at;
  };
  reserve(pd.scratchpad_desc().get_size());
  if (route_.copyA) {
    offsetA_ = reserve(pd.src_desc().get_size());
    implementation_ += ",copied-a";
  }
  if (route_.packB || p_.packsInRun()) {
    DType stored = p_.packsInRun() ? DType::F32 : seen(p_.in);
    memory::desc plain = matrixDesc(stored, g.k, g.n, b_, false);
    if (route_.widen) {
      offsetPlainB_ = reserve(plain.get_size());
    }
    packFrom_ = memory(plain, engine, p_.b.data);
    packTo_ = memory(pd.weights_desc(), engine, nullptr);
    packB_ = dnnl::reorder(packFrom_, packTo_);
    offsetB_ = reserve(pd.weights_desc().get_size());
    implementation_ += ",packed-b";
  } else if (route_.copyB) {
    offsetB_ = reserve(pd.weights_desc().get_size());
    implementation_ += ",copied-b";
  }
  if (route_.copyC) {
    offsetC_ = reserve(pd.dst_desc().get_size());
    implementation_ += ",copied-c";
  }
  if (route_.copyResidual && residualArg_ != 0) {
    offsetResidual_ = reserve(args_[residualArg_].get_desc().get_size());
    implementation_ += ",copied-residual";
  }
  if (factorArg_ != 0 && route_.widen) {
    offsetFactor_ = reserve(args_[factorArg_].get_desc().get_size());
  }
  if (widensBias()) {
    offsetBias_ = reserve(static_cast<size_t>(g.n) * sizeof(float));
  }
  if (route_.widen) {
    implementation_ += ",bf16-as-f32";
  }
}

std::byte *rowOf(const TensorRef &t, const MatrixStrides &s, int64_t row) {
  return t.as<std::byte>() +
         row * s.row * static_cast<int64_t>(dtypeBytes(t.dtype));
}

/// Copies an operand to scratch, as the library is to see it.
void MatmulStep::bring(DType stored, int64_t rows, int64_t cols,
                       const MatrixStrides &from, const void *source,
                       const MatrixStrides &to, void *target,
                       float scale) const {
  if (seen(stored) != stored) {
    widenMatrix(p_.g.batch, rows, cols, from, source, to, target, scale);
  } else {
    copyMatrix(p_.g.batch, rows, cols, dtypeBytes(stored), from, source, to,
               target, scale);
  }
}

bool MatmulStep::widensBias() const {
  return p_.bias.present && seen(p_.bias.dtype) != p_.bias.dtype;
}

/// The rows of a or b from `firstRow` on. A weight may still be the f32
/// variable where the others are bf16: it is rounded as they were.
void MatmulStep::bringFactor(const TensorRef &factor, int64_t rows,
                             int64_t cols, const MatrixStrides &from,
                             int64_t firstRow, const MatrixStrides &to,
                             void *target, float scale) const {
  const std::byte *source = rowOf(factor, from, firstRow);
  if (route_.widen && factor.dtype == DType::F32) {
    roundMatrix(p_.g.batch, rows, cols, from, source, to, target, scale);
  } else {
    bring(p_.in, rows, cols, from, source, to, target, scale);
  }
}

void MatmulStep::execute(std::byte *scratch) {
  const MatmulGeometry &g = p_.g;
  args_[DNNL_ARG_SCRATCHPAD].set_data_handle(scratch);
  if (route_.packB || p_.packsInRun()) {
    if (route_.widen) {
      bringFactor(p_.b, g.k, g.n, g.b, 0, b_, scratch + offsetPlainB_);
      packFrom_.set_data_handle(scratch + offsetPlainB_);
    }
    packTo_.set_data_handle(scratch + offsetB_);
    packB_.execute(cpuStream(), packFrom_, packTo_);
    args_[DNNL_ARG_WEIGHTS].set_data_handle(scratch + offsetB_);
  } else if (route_.copyB) {
    void *b = scratch + offsetB_;
    bringFactor(p_.b, g.k, g.n, g.b, 0, b_, b);
    args_[DNNL_ARG_WEIGHTS].set_data_handle(b);
  }
  if (widensBias()) {
    void *bias = scratch + offsetBias_;
    widenMatrix({}, 1, g.n, {{}, g.n, 1}, p_.bias.data, {{}, g.n, 1}, bias);
    args_[biasArg_].set_data_handle(bias);
  }
  for (int64_t row = 0; row < g.m; row += rows_) {
    executePanel(scratch, row);
  }
}

void MatmulStep::executePanel(std::byte *scratch, int64_t firstRow) {
  const MatmulGeometry &g = p_.g;
  std::byte *toC = rowOf(p_.c, g.c, firstRow);
  if (route_.copyA) {
    void *a = scratch + offsetA_;
    bringFactor(p_.a, rows_, g.k, g.a, firstRow, a_, a,
                route_.scaleA ? p_.scale : 1.0f);
    args_[DNNL_ARG_SRC].set_data_handle(a);
  }
  void *c = route_.copyC ? scratch + offsetC_ : toC;
  if (route_.copyC && (p_.accumulate || p_.residual.data == p_.c.data)) {
    bring(p_.out, rows_, g.n, g.c, toC, c_, c);
  }
  args_[DNNL_ARG_DST].set_data_handle(c);
  if (residualArg_ != 0) {
    std::byte *from = rowOf(p_.residual, g.residual, firstRow);
    void *residual = route_.copyResidual ? scratch + offsetResidual_ : from;
    if (route_.copyResidual) {
      bring(p_.out, rows_, g.n, g.residual, from, residual_, residual);
    }
    args_[residualArg_].set_data_handle(residual);
  }
  if (factorArg_ != 0) {
    std::byte *from = rowOf(p_.factor, g.c, firstRow);
    void *factor = route_.widen ? scratch + offsetFactor_ : from;
    if (route_.widen) {
      bring(p_.out, rows_, g.n, g.c, from, c_, factor);
    }
    args_[factorArg_].set_data_handle(factor);
  }
  primitive_.execute(cpuStream(), args_);
  cpuStream().wait();
  if (route_.copyC && route_.widen && p_.out == DType::BF16) {
    narrowMatrix(g.batch, rows_, g.n, c_, c, g.c, toC);
  } else if (route_.copyC) {
    copyMatrix(g.batch, rows_, g.n, dtypeBytes(p_.out), c_, c, g.c, toC);
  }
}

Status MatmulStep::run(const RunContext &context) {
  return callDnnl("matmul", [&] {
    execute(context.scratch);
    return Status();
  });
}

bool hasUnitStride(int64_t rows, int64_t cols, const MatrixStrides &s) {
  return rows == 1 || cols == 1 || s.row == 1 || s.col == 1;
}

// Rows a multiple of a page apart compete for the same few cache sets. Only
// worth a pass over b when b is used for many rows of a.
bool packsB(const Problem &p) {
  constexpr int64_t kPage = 4096;
  constexpr int64_t kManyRows = 256;
  const MatmulGeometry &g = p.g;
  int64_t pitch = g.b.row * static_cast<int64_t>(dtypeBytes(p.in));
  return !p.packed && g.batch.empty() && g.b.col == 1 && pitch % kPage == 0 &&
         g.k > 1 && g.m >= kManyRows;
}

// The library copies a plain b once a call, so for every panel of a. Not worth
// the memory where b is an embedding table.
bool packsWidenedB(const Problem &p) {
  constexpr int64_t kMostElements = int64_t{1} << 23;
  const MatmulGeometry &g = p.g;
  return g.batch.empty() && panelRows(g) < g.m && g.k * g.n <= kMostElements;
}

Route firstRoute(const Problem &p) {
  Route route;
  const MatmulGeometry &g = p.g;
  route.copyA = !hasUnitStride(g.m, g.k, g.a);
  route.copyB = !p.packed && !hasUnitStride(g.k, g.n, g.b);
  route.copyC = g.c.col != 1 && g.n != 1;
  route.copyResidual = p.residual.present && g.residual.col != 1 && g.n != 1;
  route.packB = !route.copyB && packsB(p);
  return route;
}

// c^T = b^T a^T reads a b of packsB() along its rows; c is then copied from
// scratch, which is less to move than b where c is the smaller one. That is the
// weight gradient of a narrow layer before a wide one.
void preferSmallCopy(Problem *p) {
  const MatmulGeometry &g = p->g;
  bool plainC = !p->accumulate && !p->bias.present && !p->residual.present &&
                !p->factor.present && p->activation == plan::UnaryKind::Copy;
  bool f32 = p->in == DType::F32;
  if (f32 && plainC && packsB(*p) && g.m < g.k && g.a.row == 1) {
    transposeProblem(p);
  }
}

StatusOr<std::unique_ptr<PreparedStep>> buildBest(const Problem &problem) {
  // Last resort: everything dense, and a scaled on the way, since not every
  // implementation scales before it accumulates.
  Route all;
  all.copyA = all.copyC = true;
  all.copyB = !problem.packed;
  all.copyResidual = problem.residual.present;
  all.scaleA = problem.in == DType::F32 && problem.scale != 1.0f;
  std::vector<Route> routes = {firstRoute(problem), all};
  if (problem.in == DType::BF16 && !multipliesBf16()) {
    Route widened = all;
    widened.widen = true;
    widened.scaleA = problem.scale != 1.0f;
    widened.packB = packsWidenedB(problem);
    if (problem.out == DType::F32) {
      widened.copyC = firstRoute(problem).copyC;
      widened.copyResidual = firstRoute(problem).copyResidual;
    }
    routes = {widened};
  }
  for (const Route &route : routes) {
    auto step = std::make_unique<MatmulStep>(problem, route);
    step->build();
    if (!step->reference()) {
      return std::unique_ptr<PreparedStep>(std::move(step));
    }
  }
  return failedPrecondition(
      "oneDNN has no optimised matmul for these dtypes on this CPU: a " +
      problem.a.describe() + ", b " + problem.b.describe());
}

} // namespace

StatusOr<std::unique_ptr<PreparedStep>> prepareMatmul(StepContext &ctx) {
  BERTC_ASSIGN_OR_RETURN(Problem p, readMatmul(ctx));
  return prepareProduct(ctx, std::move(p));
}

StatusOr<std::unique_ptr<PreparedStep>> prepareProduct(StepContext &ctx,
                                                       MatmulProblem p) {
  std::unique_ptr<PreparedStep> step = prepareTileMatmul(ctx, p);
  if (step != nullptr) {
    return step;
  }
  if (p.a.blocked || p.b.blocked || p.c.blocked) {
    return internalError("an operand is in blocks, which only kernels for the "
                         "tile unit read");
  }
  step = prepareFloatMatmul(ctx, p);
  if (step != nullptr) {
    return p.sums.present ? withColumnSums(ctx, std::move(step))
                          : std::move(step);
  }
  preferSmallCopy(&p);
  BERTC_RETURN_IF_ERROR(callDnnl("matmul", [&]() -> Status {
    BERTC_ASSIGN_OR_RETURN(step, buildBest(p));
    return Status();
  }));
  ctx.requestScratch(static_cast<MatmulStep *>(step.get())->scratchBytes());
  return p.sums.present ? withColumnSums(ctx, std::move(step))
                        : std::move(step);
}

void registerMatmulSteps(StepRegistry &registry) {
  registry.add(plan::Params::MatmulParams, "Matmul", prepareMatmul,
               matmulLayouts);
  registry.add(plan::Params::MatmulGroupParams, "MatmulGroup",
               prepareMatmulGroup, layoutsOfMatmulGroup);
}

} // namespace bertc::rt
