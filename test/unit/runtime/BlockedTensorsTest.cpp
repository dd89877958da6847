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

// A dense layer with gelu and one behind it, forward and backward, through
// every step that takes blocks. `asked`: the values between are results too.
Status runLayer(bool asked, std::vector<std::vector<std::byte>> *results) {
  constexpr int64_t kTokens = 64, kHidden = 64, kInner = 160;
  PlanBuilder b;
  NamedInputs given;
  NamedOutputs taken;
  std::mt19937 random(kSeed);
  std::vector<std::vector<std::byte>> data(4);
  results->assign(10, {});
  size_t numGiven = 0, numTaken = 0;
  auto bf16 = [&](int64_t rows, int64_t cols) {
    return b.arena({rows, cols}, DType::BF16);
  };
  auto input = [&](const char *name, int64_t rows, int64_t cols) {
    std::vector<std::byte> &bytes = data[numGiven++];
    bytes.resize(static_cast<size_t>(rows * cols) * 2);
    for (size_t i = 0; i < bytes.size(); i += 2) {
      float value = std::uniform_real_distribution<float>(-1, 1)(random);
      std::memcpy(&bytes[i], reinterpret_cast<std::byte *>(&value) + 2, 2);
    }
    uint32_t t = bf16(rows, cols);
    b.input(name, t);
    given.push_back({name, {DType::BF16, {rows, cols}, bytes.data()}});
    return t;
  };
  auto result = [&](const char *name, uint32_t t, int64_t rows, int64_t cols) {
    std::vector<std::byte> &bytes = (*results)[numTaken++];
    bytes.resize(static_cast<size_t>(rows * cols) * 2);
    b.output(name, t);
    taken.push_back({name, {DType::BF16, {rows, cols}, bytes.data()}});
  };
  auto packed = [&](uint32_t variable, bool transposed) {
    uint32_t index = b.packedWeight(variable, transposed, kTokens);
    b.plan.packed_weights[index]->dtype = plan::DType::BF16;
    return b.onPacked(index);
  };
  auto byColumns = [&](uint32_t t, int64_t rows, int64_t cols) {
    return b.view(t, {cols, rows}, {1, cols});
  };

  uint32_t x = input("x", kTokens, kHidden), dy = input("dy", kTokens, kHidden);
  uint32_t w1 = b.variable("w1", {kHidden, kInner});
  uint32_t w2 = b.variable("w2", {kInner, kHidden});
  uint32_t h = bf16(kTokens, kInner), again = bf16(kTokens, kInner);
  uint32_t g = bf16(kTokens, kInner), d = bf16(kTokens, kInner);
  uint32_t y = bf16(kTokens, kHidden), dh = bf16(kTokens, kInner);
  uint32_t dx = bf16(kTokens, kHidden);
  uint32_t dw1 = bf16(kHidden, kInner), dw2 = bf16(kInner, kHidden);
  b.step(plan::MatmulParamsT(), {x, packed(w1, false)}, {h});
  plan::UnaryParamsT gelu;
  gelu.kind = plan::UnaryKind::GeluErf;
  b.step(gelu, {h}, {g});
  b.step(plan::MatmulParamsT(), {g, packed(w2, false), kNoOperand, x}, {y});
  b.step(plan::GeluWithDerivativeParamsT(), {h}, {again, d});
  b.step(plan::MatmulParamsT(),
         {dy, packed(w2, true), kNoOperand, kNoOperand, d}, {dh});
  b.step(plan::MatmulParamsT(), {byColumns(again, kTokens, kInner), dy}, {dw2});
  b.step(plan::MatmulParamsT(), {dh, packed(w1, true), kNoOperand, dy}, {dx});
  b.step(plan::MatmulParamsT(), {byColumns(x, kTokens, kHidden), dh}, {dw1});
  result("y", y, kTokens, kHidden);
  result("dx", dx, kTokens, kHidden);
  result("dw1", dw1, kHidden, kInner);
  result("dw2", dw2, kInner, kHidden);
  if (asked) {
    result("h", h, kTokens, kInner);
    result("g", g, kTokens, kInner);
    result("again", again, kTokens, kInner);
    result("d", d, kTokens, kInner);
    result("dh", dh, kTokens, kInner);
  }
  BERTC_ASSIGN_OR_RETURN(Plan plan, b.load());
  BERTC_ASSIGN_OR_RETURN(auto session, Session::create(plan, {1}));
  std::vector<float> weights(static_cast<size_t>(kHidden * kInner));
  for (float &weight : weights) {
    weight = std::uniform_real_distribution<float>(-1, 1)(random);
  }
  BERTC_RETURN_IF_ERROR(session->setVariable(
      "w1", {DType::F32, {kHidden, kInner}, weights.data()}));
  BERTC_RETURN_IF_ERROR(session->setVariable(
      "w2", {DType::F32, {kInner, kHidden}, weights.data()}));
  return session->run("main", given, taken);
}

TEST(BlockedTensors, aLayerHasTheBitsItHasRowByRow) {
  std::vector<std::vector<std::byte>> blocked, rows;
  Status first = runLayer(false, &blocked), second = runLayer(true, &rows);
  ASSERT_TRUE(first.ok()) << first.message();
  ASSERT_TRUE(second.ok()) << second.message();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(blocked[i] == rows[i]) << "result " << i << ", seed " << kSeed;
    EXPECT_FALSE(std::all_of(rows[i].begin(), rows[i].end(),
                             [](std::byte v) { return v == std::byte{0}; }))
        << "result " << i;
  }
}

} // namespace
} // namespace bertc::rt::test
