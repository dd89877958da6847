// SPDX-License-Identifier: Apache-2.0
//
// Which values are kept in blocks, by made-up steps; and a layer forward and
// backward with them, against the same with every value asked for as a result,
// which has to be row by row: the same bits.

#include "runtime/core/BlockedTensors.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <list>
#include <random>

namespace bertc::rt::test {
namespace {

constexpr uint32_t kSeed = 815;

// An arena of steps that are never run.
class ChooseBlocked : public ::testing::Test {
protected:
  static constexpr LayoutChoice any(int64_t columns) {
    return {Layouts::Any, columns};
  }
  static constexpr LayoutChoice alike(int64_t columns) {
    return {Layouts::Alike, columns};
  }
  static constexpr LayoutChoice rows() { return {}; }

  // A matrix of bf16 that begins `at` elements into the arena.
  TensorRef matrix(int64_t at, int64_t rows, int64_t cols,
                   bool transposed = false) {
    TensorRef t;
    t.present = true;
    t.dtype = DType::BF16;
    t.rank = 2;
    t.dims[0] = transposed ? cols : rows;
    t.dims[1] = transposed ? rows : cols;
    t.strides[0] = transposed ? 1 : cols;
    t.strides[1] = transposed ? cols : 1;
    t.data = memory_.data() + at;
    return t;
  }

  // The same as [batch, heads, rows of each, columns of each].
  TensorRef heads(int64_t at, int64_t batch, int64_t heads, int64_t rows,
                  int64_t cols) {
    TensorRef t = matrix(at, batch * rows, heads * cols);
    const int64_t dims[] = {batch, heads, rows, cols};
    const int64_t strides[] = {rows * heads * cols, cols, heads * cols, 1};
    t.rank = 4;
    std::copy(dims, dims + 4, t.dims);
    std::copy(strides, strides + 4, t.strides);
    return t;
  }

  void make(const TensorRef &t, LayoutChoice choice) {
    steps_.push_back({{}, {t}, {{}, {choice}}});
  }
  void use(const TensorRef &t, LayoutChoice choice) {
    steps_.push_back({{t}, {}, {{choice}, {}}});
  }
  void map(const TensorRef &x, const TensorRef &y, LayoutChoice choice) {
    steps_.push_back({{x}, {y}, {{choice}, {choice}}});
  }

  // For each step whether its first input, else its output, is blocked.
  std::string chosen(const std::vector<TensorRef> &results = {}) {
    chooseBlocked(steps_, results);
    std::string text;
    for (const StepOperands &step : steps_) {
      const TensorRef &t =
          step.inputs.empty() ? step.outputs[0] : step.inputs[0];
      text += t.blocked ? 'b' : 'r';
      if (!step.inputs.empty() && !step.outputs.empty()) {
        text += step.outputs[0].blocked ? 'b' : 'r';
      }
    }
    return text;
  }

  std::vector<StepOperands> steps_;
  std::vector<uint16_t> memory_ = std::vector<uint16_t>(1 << 16);
};

TEST_F(ChooseBlocked, aValueThatAllTakeSo) {
  make(matrix(0, 64, 96), any(96));
  use(matrix(0, 64, 96), any(96));
  use(matrix(0, 64, 96, true), any(96));
  EXPECT_EQ(chosen(), "bbb");
}

TEST_F(ChooseBlocked, aMatrixThatIsSeenAsHeads) {
  make(matrix(0, 64, 96), any(96));
  use(heads(0, 2, 3, 32, 32), any(96));
  make(heads(9000, 2, 3, 32, 32), any(96));
  use(matrix(9000, 64, 96), any(96));
  EXPECT_EQ(chosen(), "bbbb");
}

TEST_F(ChooseBlocked, notHeadsInPartsOfABlock) {
  make(heads(0, 2, 2, 32, 40), any(80));
  use(matrix(0, 64, 80), any(80));
  make(heads(9000, 1, 3, 40, 32), any(96));
  use(matrix(9000, 40, 96), any(96));
  EXPECT_EQ(chosen(), "rrrr");
}

TEST_F(ChooseBlocked, notWhenHeadsAreARowOfAWiderMatrix) {
  TensorRef wide = heads(0, 1, 2, 64, 32);
  wide.strides[2] = 128;
  make(wide, any(64));
  use(wide, any(64));
  EXPECT_EQ(chosen(), "rr");
}

TEST_F(ChooseBlocked, notWhenOneUseWantsRows) {
  make(matrix(0, 64, 96), any(96));
  use(matrix(0, 64, 96), any(96));
  use(matrix(0, 64, 96), rows());
  EXPECT_EQ(chosen(), "rrr");
}

TEST_F(ChooseBlocked, notWhenItIsAResult) {
  make(matrix(0, 64, 96), any(96));
  use(matrix(0, 64, 96), any(96));
  EXPECT_EQ(chosen({matrix(0, 64, 96)}), "rr");
}

TEST_F(ChooseBlocked, notWhatWasThereBefore) {
  use(matrix(0, 64, 96), any(96));
  map(matrix(0, 64, 96), matrix(9000, 64, 96), alike(96));
  use(matrix(9000, 64, 96), any(96));
  EXPECT_EQ(chosen(), "rrrr");
}

TEST_F(ChooseBlocked, notAPartOfABlock) {
  make(matrix(0, 63, 64), any(64));
  use(matrix(0, 63, 64), any(64));
  make(matrix(8192, 64, 65), any(65));
  use(matrix(8192, 64, 65), any(65));
  EXPECT_EQ(chosen(), "rrrr");
}

TEST_F(ChooseBlocked, notWhenOthersSeeOtherColumns) {
  make(matrix(0, 64, 96), any(96));
  use(matrix(0, 192, 32), any(32));
  EXPECT_EQ(chosen(), "rr");
}

TEST_F(ChooseBlocked, notWhenAPartIsRead) {
  make(matrix(0, 64, 96), any(96));
  use(matrix(96, 32, 96), any(96));
  EXPECT_EQ(chosen(), "rr");
}

TEST_F(ChooseBlocked, notWhenAPartIsWrittenOver) {
  make(matrix(0, 64, 96), any(96));
  make(matrix(0, 32, 96), any(96));
  use(matrix(0, 64, 96), any(96));
  EXPECT_EQ(chosen(), "rrr");
}

TEST_F(ChooseBlocked, notWhenSomeColumnsAreWrittenOver) {
  make(matrix(0, 64, 96), any(96));
  TensorRef columns = matrix(0, 64, 96);
  columns.dims[1] = 32;
  make(columns, any(32));
  use(matrix(0, 64, 96), any(96));
  EXPECT_EQ(chosen(), "rrr");
}

TEST_F(ChooseBlocked, memoryOfADeadValueIsForOthers) {
  make(matrix(0, 64, 96), any(96));
  use(matrix(0, 64, 96), any(96));
  // Half of it, and read row by row; then beside it, in blocks.
  make(matrix(64, 32, 96), rows());
  use(matrix(64, 32, 96), rows());
  make(matrix(3136, 32, 32), any(32));
  use(matrix(3136, 32, 32), any(32));
  EXPECT_EQ(chosen(), "bbrrbb");
}

TEST_F(ChooseBlocked, whatIsAlikeIsSoAltogether) {
  make(matrix(0, 64, 96), any(96));
  map(matrix(0, 64, 96), matrix(8192, 64, 96), alike(96));
  map(matrix(8192, 64, 96), matrix(8192, 64, 96), alike(96));
  use(matrix(8192, 64, 96), any(96));
  EXPECT_EQ(chosen(), "bbbbbb");
  use(matrix(8192, 64, 96), rows());
  EXPECT_EQ(chosen(), "rrrrrrr");
}

// Layer normalisation, a dense layer with gelu and one behind it that is added
// to what there is, and layer normalisation of that, forward and backward:
// through every step that takes blocks but attention.
class Layer {
public:
  /// The results y, dx, dw1, dw2; with `asked` the values between as well.
  StatusOr<std::vector<std::vector<std::byte>>> run(bool asked) {
    addSteps(asked);
    BERTC_ASSIGN_OR_RETURN(Plan plan, b_.load());
    BERTC_ASSIGN_OR_RETURN(auto session, Session::create(plan, {1}));
    std::vector<float> weights(static_cast<size_t>(kHidden * kInner));
    for (float &weight : weights) {
      weight = uniform();
    }
    for (auto [name, shape] :
         {std::pair<const char *, Shape>{"w1", {kHidden, kInner}},
          {"w2", {kInner, kHidden}},
          {"gamma", {kHidden}},
          {"beta", {kHidden}}}) {
      BERTC_RETURN_IF_ERROR(
          session->setVariable(name, {DType::F32, shape, weights.data()}));
    }
    BERTC_RETURN_IF_ERROR(session->run("main", given_, taken_));
    return std::vector<std::vector<std::byte>>(results_.begin(),
                                               results_.end());
  }

private:
  static constexpr int64_t kTokens = 64, kHidden = 64, kInner = 160;

  float uniform() {
    return std::uniform_real_distribution<float>(-1, 1)(random_);
  }
  uint32_t bf16(int64_t rows, int64_t cols) {
    return b_.arena({rows, cols}, DType::BF16);
  }
  uint32_t inner() { return bf16(kTokens, kInner); }
  uint32_t hidden() { return bf16(kTokens, kHidden); }

  uint32_t input(const char *name) {
    std::vector<std::byte> &bytes = inputs_.emplace_back(kTokens * kHidden * 2);
    for (size_t i = 0; i < bytes.size(); i += 2) {
      float value = uniform();
      std::memcpy(&bytes[i], reinterpret_cast<std::byte *>(&value) + 2, 2);
    }
    uint32_t t = bf16(kTokens, kHidden);
    b_.input(name, t);
    given_.push_back({name, {DType::BF16, {kTokens, kHidden}, bytes.data()}});
    return t;
  }
  void result(const std::string &name, uint32_t t, int64_t rows, int64_t cols) {
    std::vector<std::byte> &bytes =
        results_.emplace_back(static_cast<size_t>(rows * cols) * 2);
    b_.output(name, t);
    taken_.push_back({name, {DType::BF16, {rows, cols}, bytes.data()}});
  }
  uint32_t packed(uint32_t variable, bool transposed) {
    uint32_t index = b_.packedWeight(variable, transposed, kTokens);
    b_.plan.packed_weights[index]->dtype = plan::DType::BF16;
    return b_.onPacked(index);
  }
  uint32_t byColumns(uint32_t t, int64_t cols) {
    return b_.view(t, {cols, kTokens}, {1, cols});
  }
  void multiply(std::vector<uint32_t> operands, uint32_t c) {
    b_.step(plan::MatmulParamsT(), std::move(operands), {c});
  }

  // The statistics of a normalisation.
  struct Statistics {
    uint32_t mean, rstd;
  };
  Statistics normalise(uint32_t x, uint32_t y) {
    Statistics s = {b_.arena({kTokens}), b_.arena({kTokens})};
    plan::LayerNormParamsT params;
    params.eps = 1e-5f;
    b_.step(params, {x, gamma_, beta_}, {y, s.mean, s.rstd});
    return s;
  }

  void addSteps(bool asked) {
    uint32_t x = input("x"), dy = input("dy");
    uint32_t w1 = b_.variable("w1", {kHidden, kInner});
    uint32_t w2 = b_.variable("w2", {kInner, kHidden});
    gamma_ = b_.onVariable(b_.variable("gamma", {kHidden}));
    beta_ = b_.onVariable(b_.variable("beta", {kHidden}));
    uint32_t n = hidden(), v = hidden(), dz = hidden();
    uint32_t h = inner(), g = inner(), again = inner(), d = inner();
    uint32_t dh = inner(), y = hidden(), dx = hidden();
    uint32_t dw1 = bf16(kHidden, kInner), dw2 = bf16(kInner, kHidden);
    normalise(x, n);
    normalise(x, v);
    multiply({n, packed(w1, false)}, h);
    plan::UnaryParamsT gelu;
    gelu.kind = plan::UnaryKind::GeluErf;
    b_.step(gelu, {h}, {g});
    multiply({g, packed(w2, false), kNoOperand, v}, v);
    Statistics s = normalise(v, y);
    b_.step(plan::LayerNormGradParamsT(), {dy, v, gamma_, s.mean, s.rstd},
            {dz, b_.arena({kHidden}), b_.arena({kHidden})});
    b_.step(plan::GeluWithDerivativeParamsT(), {h}, {again, d});
    multiply({dz, packed(w2, true), kNoOperand, kNoOperand, d}, dh);
    multiply({byColumns(again, kInner), dz}, dw2);
    multiply({dh, packed(w1, true), kNoOperand, dz}, dx);
    multiply({byColumns(n, kHidden), dh}, dw1);
    result("y", y, kTokens, kHidden);
    result("dx", dx, kTokens, kHidden);
    result("dw1", dw1, kHidden, kInner);
    result("dw2", dw2, kInner, kHidden);
    for (uint32_t t : {h, g, again, d, dh}) {
      if (asked) {
        result("value " + std::to_string(t), t, kTokens, kInner);
      }
    }
    for (uint32_t t : {n, v, dz}) {
      if (asked) {
        result("value " + std::to_string(t), t, kTokens, kHidden);
      }
    }
  }

  PlanBuilder b_;
  uint32_t gamma_ = 0, beta_ = 0;
  std::mt19937 random_{kSeed};
  /// In lists, where they stay when others are added.
  std::list<std::vector<std::byte>> inputs_, results_;
  NamedInputs given_;
  NamedOutputs taken_;
};

TEST(BlockedTensors, aLayerHasTheBitsItHasRowByRow) {
  auto blocked = Layer().run(false), rows = Layer().run(true);
  ASSERT_TRUE(blocked.ok()) << blocked.status().message();
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE((*blocked)[i] == (*rows)[i])
        << "result " << i << ", seed " << kSeed;
    EXPECT_TRUE(std::any_of((*rows)[i].begin(), (*rows)[i].end(),
                            [](std::byte v) { return v != std::byte{0}; }))
        << "result " << i;
  }
}

} // namespace
} // namespace bertc::rt::test
