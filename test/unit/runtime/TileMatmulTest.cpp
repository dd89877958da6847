// SPDX-License-Identifier: Apache-2.0
//
// Products of bf16 with packed weights, and weight gradients, through whole
// plans against loops in f64. The same tests run where oneDNN takes the steps
// and, with BERTC_EMULATE_AMX=1, where the tile kernels do; the profile tells
// which it was. Tolerance: 2e-6 of the sum of absolute products for f32
// results, 2^-7 of it for bf16.

#include "runtime/core/CpuFeatures.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <random>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint32_t kSeed = 4711;

// A matrix of bf16 or f32 in a buffer of the given strides.
struct Matrix {
  DType dtype = DType::F32;
  int64_t rows = 1, cols = 1;
  int64_t row = 1, col = 1;
  std::vector<std::byte> bytes;

  Matrix() = default;
  Matrix(DType dtype, int64_t rows, int64_t cols, bool columnMajor = false)
      : dtype(dtype), rows(rows), cols(cols), row(columnMajor ? 1 : cols),
        col(columnMajor ? rows : 1),
        bytes(static_cast<size_t>(rows * cols) * dtypeBytes(dtype)) {}

  Shape buffer() const {
    return row == 1 && col != 1 ? Shape{cols, rows} : Shape{rows, cols};
  }
  double at(int64_t i, int64_t j) const {
    auto index = static_cast<size_t>(i * row + j * col);
    uint32_t bits = 0;
    size_t size = dtypeBytes(dtype);
    std::memcpy(&bits, &bytes[index * size], size);
    bits <<= size == 2 ? 16 : 0;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return static_cast<double>(value);
  }
  // Random numbers that bf16 holds exactly.
  void fill(std::mt19937 &random) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    size_t size = dtypeBytes(dtype);
    for (size_t i = 0; i < bytes.size(); i += size) {
      float value = uniform(random);
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      bits = size == 2 ? bits >> 16 : bits & 0xffff0000u;
      std::memcpy(&bytes[i], &bits, size);
    }
  }
  ConstTensorView view() const { return {dtype, buffer(), bytes.data()}; }
};

struct Case {
  int64_t m, k, n;
  DType out = DType::BF16;
  bool transposed = false;
  bool bias = false, factor = false, residual = false, accumulate = false;
  bool sums = false;
  DType sumsType = DType::F32;
  bool columnMajorA = false, columnMajorC = false, columnMajorResidual = false;
  float scale = 1.0f;
  plan::UnaryKind activation = plan::UnaryKind::Copy;
};

// c = op(a w) as a plan of one step; w packed, or a b of its own for gradients.
class Trial {
public:
  Trial(const Case &c, bool packed)
      : c_(c), packed_(packed), a_(DType::BF16, c.m, c.k, c.columnMajorA),
        w_(packed ? DType::F32 : DType::BF16, c.k, c.n, c.transposed),
        bias_(DType::F32, 1, c.n), factor_(c.out, c.m, c.n),
        residual_(c.out, c.m, c.n, c.columnMajorResidual),
        result_(c.out, c.m, c.n, c.columnMajorC), sums_(c.sumsType, 1, c.n) {
    std::mt19937 random(kSeed);
    for (Matrix *m : {&a_, &w_, &bias_, &factor_, &residual_, &result_}) {
      m->fill(random);
    }
    before_ = result_;
  }

  /// Runs it and returns the implementation that ran.
  std::string check() {
    SCOPED_TRACE("m " + std::to_string(c_.m) + " k " + std::to_string(c_.k) +
                 " n " + std::to_string(c_.n) + ", seed " +
                 std::to_string(kSeed));
    std::string implementation;
    Status status = execute(&implementation);
    EXPECT_TRUE(status.ok()) << status.message();
    double tolerance = c_.out == DType::BF16 ? 1.0 / 128 : 2e-6;
    for (int64_t i = 0; i < c_.m; ++i) {
      for (int64_t j = 0; j < c_.n; ++j) {
        double magnitude = 1;
        double want = expected(i, j, &magnitude);
        double error = std::fabs(result_.at(i, j) - want);
        if (!(error <= tolerance * magnitude)) {
          ADD_FAILURE() << result_.at(i, j) << ", expected " << want << " at "
                        << i << ", " << j;
          return implementation;
        }
      }
    }
    if (c_.sums) {
      checkSums();
    }
    return implementation;
  }

  Status execute(std::string *implementation = nullptr);

private:
  void checkSums() {
    for (int64_t j = 0; j < c_.n; ++j) {
      double want = 0;
      for (int64_t k = 0; k < c_.k; ++k) {
        want += w_.at(k, j);
      }
      double tolerance = c_.sumsType == DType::BF16 ? 1.0 / 256 : 2e-6;
      EXPECT_NEAR(sums_.at(0, j), want, tolerance * static_cast<double>(c_.k));
    }
  }

  uint32_t operand(PlanBuilder &b, const char *name, const Matrix &m) {
    uint32_t base = b.arena(m.buffer(), m.dtype);
    b.input(name, base);
    given_.push_back({name, m.view()});
    if (&m == &result_) {
      b.output("result", base);
    }
    return b.view(base, {m.rows, m.cols}, {m.row, m.col});
  }

  uint32_t right(PlanBuilder &b) {
    if (!packed_) {
      return operand(b, "b", w_);
    }
    uint32_t w = b.variable("w", w_.buffer());
    uint32_t packed = b.packedWeight(w, c_.transposed, c_.m);
    b.plan.packed_weights[packed]->dtype = plan::DType::BF16;
    return b.onPacked(packed);
  }

  double expected(int64_t i, int64_t j, double *magnitude) const {
    double sum = 0;
    for (int64_t k = 0; k < c_.k; ++k) {
      double product = a_.at(i, k) * w_.at(k, j);
      sum += product;
      *magnitude += std::fabs(product);
    }
    sum = sum * static_cast<double>(c_.scale) + (c_.bias ? bias_.at(0, j) : 0);
    if (c_.activation == plan::UnaryKind::GeluErf) {
      sum = sum / 2 * (1 + std::erf(sum / std::sqrt(2.0)));
    }
    sum *= c_.factor ? factor_.at(i, j) : 1;
    sum += c_.residual ? residual_.at(i, j) : 0;
    return sum + (c_.accumulate ? before_.at(i, j) : 0);
  }

  Case c_;
  bool packed_;
  Matrix a_, w_, bias_, factor_, residual_, result_, before_, sums_;
  NamedInputs given_;
};

Status Trial::execute(std::string *implementation) {
  PlanBuilder b;
  std::vector<uint32_t> in = {operand(b, "a", a_), right(b)};
  in.push_back(c_.bias ? b.arena({c_.n}) : kNoOperand);
  if (c_.bias) {
    b.input("bias", in.back());
    given_.push_back({"bias", {DType::F32, {c_.n}, bias_.bytes.data()}});
  }
  in.push_back(c_.residual ? operand(b, "residual", residual_) : kNoOperand);
  in.push_back(c_.factor ? operand(b, "factor", factor_) : kNoOperand);
  plan::MatmulParamsT params;
  params.scale = c_.scale;
  params.accumulate = c_.accumulate;
  params.activation = c_.activation;
  std::vector<uint32_t> out = {operand(b, "c", result_)};
  NamedOutputs taken = {
      {"result", {c_.out, result_.buffer(), result_.bytes.data()}}};
  if (c_.sums) {
    out.push_back(b.arena({c_.n}, c_.sumsType));
    b.output("sums", out.back());
    taken.push_back({"sums", {c_.sumsType, {c_.n}, sums_.bytes.data()}});
  }
  b.step(params, in, out);
  BERTC_ASSIGN_OR_RETURN(Plan plan, b.load());
  BERTC_ASSIGN_OR_RETURN(auto session, Session::create(plan, {1}));
  if (packed_) {
    BERTC_RETURN_IF_ERROR(session->setVariable("w", w_.view()));
  }
  session->setProfileHook([&](const StepEvent &event) {
    if (implementation != nullptr) {
      *implementation = event.implementation;
    }
  });
  return session->run("main", given_, taken);
}

// What the profile is to say of a step that the tile kernels take if they can.
void expectRoute(const std::string &implementation, const char *kernel) {
  if (tileUnit() == TileUnit::None) {
    EXPECT_THAT(implementation, Not(HasSubstr("amx_emulated")));
  } else {
    const char *unit =
        tileUnit() == TileUnit::Emulated ? "amx_emulated:" : "amx:";
    EXPECT_EQ(implementation, unit + std::string(kernel));
  }
}

TEST(TileMatmul, everyEpilogueOfAPackedWeight) {
  for (DType out : {DType::BF16, DType::F32}) {
    for (int bits = 0; bits < 32; ++bits) {
      Case c{45, 70, 50, out};
      c.transposed = (bits & 1) != 0;
      c.bias = (bits & 2) != 0;
      c.factor = (bits & 4) != 0;
      c.residual = (bits & 8) != 0;
      if ((bits & 16) != 0) {
        c.activation = plan::UnaryKind::GeluErf;
      }
      expectRoute(Trial(c, true).check(), "gemm");
    }
    Case c{45, 70, 50, out};
    c.accumulate = true;
    expectRoute(Trial(c, true).check(), "gemm");
    c.scale = 0.25f;
    c.bias = true;
    expectRoute(Trial(c, true).check(), "gemm");
  }
}

TEST(TileMatmul, everyLayoutOfAPackedWeight) {
  for (DType out : {DType::BF16, DType::F32}) {
    for (int bits = 0; bits < 32; ++bits) {
      Case c{33, 40, 34, out};
      c.columnMajorA = (bits & 1) != 0;
      c.columnMajorC = (bits & 2) != 0;
      c.columnMajorResidual = (bits & 4) != 0;
      c.residual = (bits & 8) != 0;
      c.accumulate = (bits & 16) != 0;
      if (c.columnMajorResidual && !c.residual) {
        continue;
      }
      expectRoute(Trial(c, true).check(), "gemm");
    }
  }
}

TEST(TileMatmul, weightGradients) {
  for (DType out : {DType::BF16, DType::F32}) {
    for (int bits = 0; bits < 4; ++bits) {
      for (auto [m, k, n] :
           {std::array<int64_t, 3>{40, 70, 90}, {90, 70, 40}, {1, 33, 2}}) {
        Case c{m, k, n, out};
        c.columnMajorA = true;
        c.accumulate = (bits & 1) != 0;
        c.columnMajorC = (bits & 2) != 0;
        expectRoute(Trial(c, false).check(), "wgrad");
      }
    }
  }
}

// With the library and for a result in column order a sum of its own.
TEST(TileMatmul, sumsOfColumnsBesideTheProduct) {
  for (DType type : {DType::F32, DType::BF16}) {
    for (int64_t n : {90, 20}) {
      Case c{40, 70, n, DType::F32};
      c.columnMajorA = c.sums = true;
      c.sumsType = type;
      expectRoute(Trial(c, false).check(), "wgrad");
      c.columnMajorC = true;
      EXPECT_THAT(Trial(c, false).check(), Not(HasSubstr("wgrad")));
    }
  }
}

TEST(TileMatmul, refusesSumsThatCannotBe) {
  Case c{8, 16, 8};
  c.sums = true;
  EXPECT_THAT(Trial(c, true).execute().message(),
              HasSubstr("expected a plain matrix, since its columns"));
  c.transposed = true;
  EXPECT_THAT(Trial(c, false).execute().message(),
              HasSubstr("b, whose columns are summed,"));
}

TEST(TileMatmul, theLibraryTakesTheRest) {
  Case c{40, 70, 90};
  c.columnMajorA = true;
  c.bias = true;
  EXPECT_THAT(Trial(c, false).check(), Not(HasSubstr("amx_emulated")));
  Case plain{40, 70, 90};
  EXPECT_THAT(Trial(plain, false).check(), Not(HasSubstr("amx_emulated")));
}

} // namespace
} // namespace bertc::rt::test
