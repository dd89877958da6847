// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/TileMatmul.h"

#include "runtime/core/BlockedTensors.h"
#include "runtime/kernels/amx/Gemm.h"
#include "runtime/kernels/amx/WeightGradient.h"

namespace bertc::rt {
namespace {

using kernels::Buffer;
using kernels::amx::GemmTask;
using kernels::amx::Rows;
using kernels::amx::WeightGradientTask;

static_assert(kBlockSide == kernels::amx::kPanel);

size_t align64(size_t bytes) { return (bytes + 63) / 64 * 64; }

bool emulated() { return tileUnit() == TileUnit::Emulated; }

bool residualIsC(const MatmulProblem &p) {
  return p.residual.present && p.residual.data == p.c.data;
}

bool adds(const MatmulProblem &p) { return p.accumulate || residualIsC(p); }

GemmTask gemmTask(const MatmulProblem &p) {
  const MatmulGeometry &g = p.g;
  GemmTask task;
  task.m = g.m, task.n = g.n, task.k = g.k;
  task.a = {p.a.as<uint16_t>(), g.a.row, g.k == 1 ? 1 : g.a.col, p.a.blocked};
  task.b = static_cast<const uint16_t *>(p.packedData);
  task.turned = p.turned;
  task.c = {{p.c.data, p.out}, g.c.row, p.c.blocked};
  task.scale = p.scale;
  task.bias = {p.bias.data, p.bias.dtype};
  task.activation = static_cast<kernels::UnaryKind>(p.activation);
  if (p.factor.present) {
    task.factor = {{p.factor.data, p.out}, g.n, p.factor.blocked};
  }
  task.accumulate = p.accumulate;
  if (residualIsC(p)) {
    task.residual = task.c;
  } else if (p.residual.present) {
    task.residual = {
        {p.residual.data, p.out}, g.residual.row, p.residual.blocked};
  }
  return task;
}

bool hasRowsOfC(const MatmulProblem &p) { return p.g.c.col == 1 || p.g.n == 1; }

/// A product with a weight. C and the residual go through scratch where their
/// rows have no unit stride.
class TileGemmStep final : public PreparedStep {
public:
  TileGemmStep(const MatmulProblem &problem, int threads)
      : p_(problem), threads_(threads) {
    const MatmulGeometry &g = p_.g;
    copiesC_ = !hasRowsOfC(p_);
    bool own = p_.residual.present && !residualIsC(p_);
    copiesResidual_ = own && g.residual.col != 1 && g.n != 1;
    size_t matrix =
        align64(static_cast<size_t>(g.m * g.n) * dtypeBytes(p_.out));
    offsetC_ = align64(
        kernels::amx::gemmScratchBytes(g.m, g.n, g.k, p_.turned, threads));
    offsetResidual_ = offsetC_ + (copiesC_ ? matrix : 0);
    scratchBytes_ = offsetResidual_ + (copiesResidual_ ? matrix : 0);
  }

  size_t scratchBytes() const { return scratchBytes_; }
  const char *implementation() const override {
    return emulated() ? "amx_emulated:gemm" : "amx:gemm";
  }

  Status run(const RunContext &context) override {
    const MatmulGeometry &g = p_.g;
    MatrixStrides dense = {{}, g.n, 1};
    GemmTask task = gemmTask(p_);
    if (copiesC_) {
      void *c = context.scratch + offsetC_;
      task.c = {{c, p_.out}, g.n};
      if (adds(p_)) {
        copy(g.c, p_.c.data, dense, c);
      }
      if (residualIsC(p_)) {
        task.residual = task.c;
      }
    }
    if (copiesResidual_) {
      void *residual = context.scratch + offsetResidual_;
      copy(g.residual, p_.residual.data, dense, residual);
      task.residual = {{residual, p_.out}, g.n};
    }
    kernels::amx::gemm(task, tileUnit(), context.scratch, threads_);
    if (copiesC_) {
      copy(dense, task.c.buffer.data, g.c, p_.c.data);
    }
    return Status();
  }

private:
  void copy(const MatrixStrides &from, const void *source,
            const MatrixStrides &to, void *target) const {
    copyMatrix({}, p_.g.m, p_.g.n, dtypeBytes(p_.out), from, source, to,
               target);
  }

  MatmulProblem p_;
  int threads_;
  bool copiesC_, copiesResidual_;
  size_t offsetC_, offsetResidual_, scratchBytes_;
};

/// Products with weights of one a.
class TileGroupStep final : public PreparedStep {
public:
  TileGroupStep(std::vector<GemmTask> tasks, int threads)
      : tasks_(std::move(tasks)), threads_(threads) {}

  size_t scratchBytes() const {
    return kernels::amx::gemmGroupScratchBytes(tasks_.data(), count(),
                                               threads_);
  }
  const char *implementation() const override {
    return emulated() ? "amx_emulated:gemm_group" : "amx:gemm_group";
  }
  Status run(const RunContext &context) override {
    kernels::amx::gemmGroup(tasks_.data(), count(), tileUnit(), context.scratch,
                            threads_);
    return Status();
  }

private:
  int64_t count() const { return static_cast<int64_t>(tasks_.size()); }

  std::vector<GemmTask> tasks_;
  int threads_;
};

class TileGradientStep final : public PreparedStep {
public:
  /// `sums` is the second output of the step, or absent.
  TileGradientStep(const WeightGradientTask &task, const TensorRef &sums,
                   int threads)
      : task_(task), sums_(sums), threads_(threads) {
    size_t product = kernels::amx::weightGradientScratchBytes(task, threads);
    offset_ = align64(product);
    if (sums.present && sums.dtype == DType::F32) {
      task_.columnSums = sums.as<float>();
    }
  }

  size_t scratchBytes() const {
    return offset_ + (rounds() ? static_cast<size_t>(task_.n) * 4 : 0);
  }

  const char *implementation() const override {
    return emulated() ? "amx_emulated:wgrad" : "amx:wgrad";
  }
  Status run(const RunContext &context) override {
    WeightGradientTask task = task_;
    if (rounds()) {
      task.columnSums = reinterpret_cast<float *>(context.scratch + offset_);
    }
    kernels::amx::weightGradient(task, tileUnit(), context.scratch, threads_);
    if (rounds()) {
      narrowMatrix({}, 1, task.n, {{}, task.n, 1}, task.columnSums,
                   {{}, task.n, 1}, sums_.data);
    }
    return Status();
  }

private:
  bool rounds() const { return sums_.present && sums_.dtype == DType::BF16; }

  WeightGradientTask task_;
  TensorRef sums_;
  int threads_;
  size_t offset_;
};

/// a^T b, nothing done to it but adding it to c.
bool isWeightGradient(const MatmulProblem &p) {
  const MatmulGeometry &g = p.g;
  auto unit = [](int64_t stride, int64_t size) {
    return stride == 1 || size == 1;
  };
  return p.in == DType::BF16 && !p.packed && g.batch.empty() &&
         unit(g.a.row, g.m) && unit(g.b.col, g.n) && unit(g.c.col, g.n) &&
         p.scale == 1.0f && p.activation == plan::UnaryKind::Copy &&
         !p.bias.present && !p.factor.present &&
         (!p.residual.present || residualIsC(p)) &&
         !(p.sums.present && p.swapped);
}

WeightGradientTask gradientTask(const MatmulProblem &p) {
  WeightGradientTask task;
  task.m = p.g.m, task.n = p.g.n, task.tokens = p.g.k;
  task.x = p.a.as<uint16_t>();
  task.y = p.b.as<uint16_t>();
  task.xPitch = p.g.a.col;
  task.yPitch = p.g.b.row;
  task.xBlocked = p.a.blocked;
  task.yBlocked = p.b.blocked;
  task.c = {{p.c.data, p.out}, p.g.c.row};
  task.accumulate = adds(p);
  return task;
}

bool isGradientOnTiles(const MatmulProblem &p) {
  return tileUnit() != TileUnit::None && isWeightGradient(p);
}

bool hasRowsOf(const MatrixStrides &s, int64_t cols) {
  return s.row == cols && s.col == 1;
}

LayoutChoice anyIf(bool fits, int64_t columns) {
  return {fits ? Layouts::Any : Layouts::Rows, columns};
}

// Of a, b, bias, residual, factor and of c.
StepLayouts weightLayouts(const MatmulProblem &p) {
  const MatmulGeometry &g = p.g;
  bool whole = p.out == DType::BF16 && !p.accumulate &&
               !(p.factor.present && p.residual.present);
  LayoutChoice rows, c = anyIf(whole && hasRowsOf(g.c, g.n), g.n);
  StepLayouts layouts;
  layouts.inputs = {anyIf(hasRowsOf(g.a, g.k), g.k), rows, rows,
                    anyIf(whole && hasRowsOf(g.residual, g.n), g.n), c};
  layouts.outputs = {c};
  if (residualIsC(p) && c.layouts == Layouts::Any) {
    // One matrix, before and after.
    layouts.inputs[3].layouts = layouts.outputs[0].layouts = Layouts::Alike;
  }
  return layouts;
}

// Of a, which lies by tokens, and b.
StepLayouts gradientLayouts(const MatmulProblem &p) {
  const MatmulGeometry &g = p.g;
  StepLayouts layouts;
  layouts.inputs = {anyIf(g.a.col == g.m && g.a.row == 1, g.m),
                    anyIf(hasRowsOf(g.b, g.n), g.n)};
  return layouts;
}

} // namespace

StepLayouts matmulLayouts(StepContext &ctx) {
  StatusOr<MatmulProblem> problem = readMatmul(ctx);
  if (!problem.ok() || problem->swapped) {
    return StepLayouts();
  }
  if (problem->panels) {
    return weightLayouts(*problem);
  }
  return isGradientOnTiles(*problem) ? gradientLayouts(*problem)
                                     : StepLayouts();
}

StepLayouts matmulGroupLayouts(const std::vector<MatmulProblem> &problems) {
  StepLayouts layouts;
  LayoutChoice a;
  for (const MatmulProblem &p : problems) {
    if (!p.panels || p.swapped) {
      return StepLayouts();
    }
    StepLayouts one = weightLayouts(p);
    bool first = layouts.outputs.empty();
    a = first || one.inputs[0].layouts == Layouts::Rows ? one.inputs[0] : a;
    layouts.outputs.push_back(one.outputs[0]);
  }
  layouts.inputs = {a};
  return layouts;
}

std::unique_ptr<PreparedStep> prepareTileMatmul(StepContext &ctx,
                                                const MatmulProblem &problem) {
  if (problem.panels) {
    auto step = std::make_unique<TileGemmStep>(problem, ctx.threads());
    ctx.requestScratch(step->scratchBytes());
    return step;
  }
  if (!isGradientOnTiles(problem)) {
    return nullptr;
  }
  auto step = std::make_unique<TileGradientStep>(gradientTask(problem),
                                                 problem.sums, ctx.threads());
  ctx.requestScratch(step->scratchBytes());
  return step;
}

std::unique_ptr<PreparedStep>
prepareTileGroup(StepContext &ctx, const std::vector<MatmulProblem> &problems) {
  std::vector<GemmTask> tasks;
  for (const MatmulProblem &p : problems) {
    if (!p.panels || p.turned || !hasRowsOfC(p)) {
      return nullptr;
    }
    tasks.push_back(gemmTask(p));
    const GemmTask &first = tasks.front(), &task = tasks.back();
    if (task.m != first.m || task.a.row != first.a.row ||
        task.a.col != first.a.col) {
      return nullptr; // axes merged otherwise for the sake of c
    }
  }
  auto step = std::make_unique<TileGroupStep>(std::move(tasks), ctx.threads());
  ctx.requestScratch(step->scratchBytes());
  return step;
}

} // namespace bertc::rt
