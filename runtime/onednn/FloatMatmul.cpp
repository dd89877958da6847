// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/FloatMatmul.h"

#include "runtime/core/FloatProducts.h"
#include "runtime/kernels/gemm/FloatGemm.h"

namespace bertc::rt {
namespace {

using kernels::FloatGemm;

class FloatMatmulStep final : public PreparedStep {
public:
  FloatMatmulStep(const FloatGemm &task, int threads)
      : task_(task), threads_(threads) {}

  const char *implementation() const override { return "avx512:gemm"; }

  Status run(const RunContext &context) override {
    kernels::floatGemm(task_, context.scratch, threads_);
    return Status();
  }

private:
  FloatGemm task_;
  int threads_;
};

bool takes(const MatmulProblem &p) {
  const MatmulGeometry &g = p.g;
  auto unit = [](const MatrixStrides &s) { return s.row == 1 || s.col == 1; };
  bool adds = p.accumulate;
  bool changes = p.scale != 1.0f || p.factor.present ||
                 p.activation != plan::UnaryKind::Copy;
  return p.in == DType::F32 && p.out == DType::F32 && !p.packed &&
         g.batch.empty() && unit(g.a) && unit(g.b) && g.c.col == 1 &&
         (!p.residual.present || g.residual.col == 1) &&
         !(adds && (changes || p.residual.present)) &&
         ownFloatProduct(g.m, g.n, g.k);
}

FloatGemm taskOf(const MatmulProblem &p) {
  const MatmulGeometry &g = p.g;
  FloatGemm task;
  task.m = g.m, task.n = g.n, task.k = g.k;
  task.a = {p.a.as<float>(), g.a.row, g.a.col};
  task.b = {p.b.as<float>(), g.b.row, g.b.col};
  task.c = p.c.as<float>();
  task.pitch = g.c.row;
  task.scale = p.scale;
  task.bias = p.bias.present ? p.bias.as<float>() : nullptr;
  task.activation = static_cast<kernels::UnaryKind>(p.activation);
  if (p.factor.present) {
    task.factor = {p.factor.as<float>(), g.n, 1};
  }
  if (p.residual.present) {
    task.residual = {p.residual.as<float>(), g.residual.row, 1};
  }
  task.accumulate = p.accumulate;
  return task;
}

} // namespace

std::unique_ptr<PreparedStep> prepareFloatMatmul(StepContext &ctx,
                                                 const MatmulProblem &problem) {
  if (!takes(problem)) {
    return nullptr;
  }
  ctx.requestScratch(
      kernels::floatGemmScratchBytes(problem.g.k, ctx.threads()));
  return std::make_unique<FloatMatmulStep>(taskOf(problem), ctx.threads());
}

} // namespace bertc::rt
