// SPDX-License-Identifier: Apache-2.0
//
// Packed copies follow their variables, whatever changes them.

#include "runtime/core/CpuFeatures.h"
#include "runtime/core/FloatProducts.h"
#include "runtime/kernels/amx/Panels.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <numeric>

namespace bertc::rt::test {
namespace {

constexpr int64_t kM = 64, kK = 48, kN = 96;

struct Options {
  bool transposed = false;
  uint64_t maxBytes = uint64_t{1} << 24;
  int64_t hint = kM;
  /// x and the packed copy are bf16.
  bool bf16 = false;
};

// Entry "main": y = x op(w) through the packed copy. Entry "grow": w += dw.
PlanBuilder packedModel(Options options = {}) {
  PlanBuilder b;
  Shape shape = options.transposed ? Shape{kN, kK} : Shape{kK, kN};
  uint32_t w = b.variable("w", shape);
  uint32_t index =
      b.packedWeight(w, options.transposed, options.hint, options.maxBytes);
  DType type = options.bf16 ? DType::BF16 : DType::F32;
  b.plan.packed_weights[index]->dtype = static_cast<plan::DType>(type);
  uint32_t packed = b.onPacked(index);
  uint32_t x = b.arena({kM, kK}, type);
  b.input("x", x);
  uint32_t y = b.arena({kM, kN});
  b.step(plan::MatmulParamsT(), {x, packed}, {y});
  b.output("y", y);
  b.nextEntry("grow");
  uint32_t plain = b.onVariable(w);
  uint32_t dw = b.arena(shape);
  b.input("dw", dw);
  b.step(plan::AssignAddParamsT(), {plain, dw}, {plain});
  return b;
}

struct Model {
  explicit Model(const PlanBuilder &b, bool transposed = false)
      : transposed(transposed), w(kK * kN), x(kM * kK) {
    StatusOr<Plan> plan = b.load();
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    session = *Session::create(*plan);
    for (size_t i = 0; i < w.size(); ++i) {
      w[i] = static_cast<float>(i % 11) - 5;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i % 7) - 3;
    }
  }

  ConstTensorView wView() const {
    return {DType::F32, transposed ? Shape{kN, kK} : Shape{kK, kN}, w.data()};
  }

  // Small integers: products and sums are exact in any order.
  void expectProduct(const std::vector<float> &weights) {
    std::vector<float> y(kM * kN);
    // The upper halves of small integers are exact.
    std::vector<uint16_t> halves;
    for (float value : x) {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      halves.push_back(static_cast<uint16_t>(bits >> 16));
    }
    ConstTensorView given{DType::F32, {kM, kK}, x.data()};
    if (bf16) {
      given = {DType::BF16, {kM, kK}, halves.data()};
    }
    Status status = session->run("main", {{"x", given}},
                                 {{"y", {DType::F32, {kM, kN}, y.data()}}});
    ASSERT_TRUE(status.ok()) << status.message();
    for (int64_t i = 0; i < kM; ++i) {
      for (int64_t j = 0; j < kN; ++j) {
        float want = 0;
        for (int64_t k = 0; k < kK; ++k) {
          int64_t at = transposed ? j * kK + k : k * kN + j;
          want += x[static_cast<size_t>(i * kK + k)] *
                  weights[static_cast<size_t>(at)];
        }
        ASSERT_EQ(y[static_cast<size_t>(i * kN + j)], want) << i << " " << j;
      }
    }
  }

  bool transposed;
  bool bf16 = false;
  std::unique_ptr<Session> session;
  std::vector<float> w, x;
};

TEST(PackedWeights, areMadeFromASetVariable) {
  Model m(packedModel());
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
}

TEST(PackedWeights, ofATransposedVariable) {
  Options options;
  options.transposed = true;
  Model m(packedModel(options), true);
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
}

TEST(PackedWeights, areRoundedFromAnF32VariableToBf16) {
  for (bool transposed : {false, true}) {
    Options options;
    options.transposed = transposed;
    options.bf16 = true;
    Model m(packedModel(options), transposed);
    m.bf16 = true;
    // Odd multiples of half a unit in the last place: ties go to even.
    std::vector<float> rounded = m.w;
    m.w[0] = 1.0f + 1.0f / 256;
    rounded[0] = 1.0f;
    m.w[1] = 1.0f + 3.0f / 256;
    rounded[1] = 1.0f + 4.0f / 256;
    ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
    m.expectProduct(rounded);
  }
}

// y = x w and dx = dy w^T, with so many bytes for each packed copy; bytes that
// copies take in the end.
void expectBothWays(uint64_t forwardBytes, uint64_t backwardBytes,
                    uint64_t *taken) {
  PlanBuilder b;
  constexpr int64_t kRows = 40;
  uint32_t w = b.variable("w", {kK, kN});
  uint32_t forward = b.packedWeight(w, false, kRows, forwardBytes);
  uint32_t backward = b.packedWeight(w, true, kRows, backwardBytes);
  b.plan.packed_weights[forward]->dtype = plan::DType::BF16;
  b.plan.packed_weights[backward]->dtype = plan::DType::BF16;
  uint32_t x = b.arena({kRows, kK}, DType::BF16);
  uint32_t dy = b.arena({kRows, kN}, DType::BF16);
  b.input("x", x);
  b.input("dy", dy);
  uint32_t y = b.arena({kRows, kN}), dx = b.arena({kRows, kK});
  b.step(plan::MatmulParamsT(), {x, b.onPacked(forward)}, {y});
  b.step(plan::MatmulParamsT(), {dy, b.onPacked(backward)}, {dx});
  b.output("y", y);
  b.output("dx", dx);
  StatusOr<Plan> plan = b.load();
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  auto session = *Session::create(*plan);

  auto half = [](int64_t value) {
    auto exact = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &exact, sizeof bits);
    return static_cast<uint16_t>(bits >> 16);
  };
  std::vector<float> weights(kK * kN);
  std::vector<uint16_t> xs(kRows * kK), dys(kRows * kN);
  std::generate(xs.begin(), xs.end(),
                [&, i = 0]() mutable { return half(i++ % 7 - 3); });
  std::generate(dys.begin(), dys.end(),
                [&, i = 0]() mutable { return half(i++ % 5 - 2); });
  for (int64_t round = 0; round < 2; ++round) {
    for (int64_t i = 0; i < kK * kN; ++i) {
      weights[static_cast<size_t>(i)] =
          static_cast<float>((i + 3 * round) % 11 - 5);
    }
    std::vector<float> ys(kRows * kN), dxs(kRows * kK);
    ASSERT_TRUE(
        session->setVariable("w", {DType::F32, {kK, kN}, weights.data()}).ok());
    Status status =
        session->run("main",
                     {{"x", {DType::BF16, {kRows, kK}, xs.data()}},
                      {"dy", {DType::BF16, {kRows, kN}, dys.data()}}},
                     {{"y", {DType::F32, {kRows, kN}, ys.data()}},
                      {"dx", {DType::F32, {kRows, kK}, dxs.data()}}});
    ASSERT_TRUE(status.ok()) << status.message();
    for (int64_t i = 0; i < kRows; ++i) {
      for (int64_t k = 0; k < kK; ++k) {
        int64_t want = 0;
        for (int64_t n = 0; n < kN; ++n) {
          want += ((i * kN + n) % 5 - 2) * ((k * kN + n + 3 * round) % 11 - 5);
        }
        ASSERT_EQ(dxs[static_cast<size_t>(i * kK + k)],
                  static_cast<float>(want))
            << i << " " << k;
      }
      int64_t first = 0;
      for (int64_t k = 0; k < kK; ++k) {
        first += ((i * kK + k) % 7 - 3) * ((k * kN + 3 * round) % 11 - 5);
      }
      ASSERT_EQ(ys[static_cast<size_t>(i * kN)], static_cast<float>(first));
    }
  }
  *taken = session->memory().packedWeights;
}

TEST(PackedWeights, inBf16AreKeptOneWayRound) {
  uint64_t taken = 0;
  expectBothWays(1 << 20, 1 << 20, &taken);
  // One copy in whole tiles or in what the library pads it to, or none where
  // products are formed in f32.
  EXPECT_LT(taken, 2u * 2 * kK * kN);
}

TEST(PackedWeights, inTwoLayoutsAreNoCopiesOfEachOther) {
  // Panels do not fit in what one of them has, the library's layout does.
  uint64_t panels = 2u * kernels::amx::panelHalves(kK, kN), taken = 0;
  expectBothWays(panels - 1, panels, &taken);
  expectBothWays(panels, panels - 1, &taken);
}

TEST(PackedWeights, inBf16AreMadeAgainAfterAChange) {
  Options options;
  options.bf16 = true;
  Model m(packedModel(options));
  m.bf16 = true;
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
  m.w[5] += 3;
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
}

TEST(PackedWeights, areMadeFromABoundVariable) {
  Model m(packedModel());
  ASSERT_TRUE(m.session->bindVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
}

TEST(PackedWeights, areMadeAgainAfterEveryChange) {
  Model m(packedModel());
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
  // By an entry.
  ASSERT_TRUE(
      m.session->run("grow", {{"dw", {DType::F32, {kK, kN}, m.w.data()}}}, {})
          .ok());
  std::vector<float> twice = m.w;
  for (float &v : twice) {
    v *= 2;
  }
  m.expectProduct(twice);
  // In place.
  StatusOr<TensorView> view = m.session->mutableVariable("w");
  ASSERT_TRUE(view.ok());
  std::copy(m.w.begin(), m.w.end(), view->as<float>());
  m.expectProduct(m.w);
  // By a binding, and by setting anew.
  ASSERT_TRUE(
      m.session->bindVariable("w", {DType::F32, {kK, kN}, twice.data()}).ok());
  m.expectProduct(twice);
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
  // By initialisation.
  ASSERT_TRUE(m.session->initialise(3).ok());
  m.expectProduct(std::vector<float>(m.w.size(), 0.0f));
}

TEST(PackedWeights, fallBackToPlainWhenTheBytesAreTooFew) {
  Options options;
  options.maxBytes = 64;
  Model m(packedModel(options));
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
  EXPECT_EQ(m.session->memory().packedWeights, 0u);
}

TEST(PackedWeights, areLeftOutOnRequest) {
  SessionOptions options;
  options.packWeights = false;
  Model m(packedModel());
  m.session = *Session::create(m.session->plan(), options);
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
  EXPECT_EQ(m.session->memory().packedWeights, 0u);
}

TEST(PackedWeights, serveAnotherNumberOfRowsThanTheHint) {
  Options options;
  options.hint = 4096;
  Model m(packedModel(options));
  ASSERT_TRUE(m.session->setVariable("w", m.wView()).ok());
  m.expectProduct(m.w);
}

TEST(PackedWeights, areNotMadeForOurOwnKernels) {
  for (int64_t rows : {int64_t{8}, int64_t{256}}) {
    PlanBuilder b;
    Shape shape{256, 512};
    uint32_t w = b.variable("w", shape);
    uint32_t packed = b.onPacked(b.packedWeight(w, false, rows, 1 << 24));
    uint32_t x = b.arena({rows, 256});
    b.input("x", x);
    uint32_t y = b.arena({rows, 512});
    b.step(plan::MatmulParamsT(), {x, packed}, {y});
    b.output("y", y);
    StatusOr<Plan> plan = b.load();
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    auto session = *Session::create(*plan);
    std::vector<float> weights(256 * 512, 1.0f);
    std::vector<float> in(static_cast<size_t>(rows) * 256, 2.0f);
    std::vector<float> out(static_cast<size_t>(rows) * 512);
    ASSERT_TRUE(
        session->setVariable("w", {DType::F32, shape, weights.data()}).ok());
    ASSERT_TRUE(session
                    ->run("main", {{"x", {DType::F32, {rows, 256}, in.data()}}},
                          {{"y", {DType::F32, {rows, 512}, out.data()}}})
                    .ok());
    EXPECT_EQ(out.back(), 512.0f);
    bool own = ownFloatProduct(rows, 512, 256);
    EXPECT_EQ(own, rows == 256 && usableIsa() >= Isa::Avx512);
    if (own) {
      EXPECT_EQ(session->memory().packedWeights, 0u);
    } else if (usableIsa() >= Isa::Avx512) {
      EXPECT_GT(session->memory().packedWeights, 0u);
    }
  }
}

TEST(PackedWeights, areReadPlainByAnEntryThatWritesTheVariable) {
  PlanBuilder b = packedModel();
  b.nextEntry("both");
  uint32_t plain = b.onVariable(0);
  uint32_t packed = b.onPacked(0);
  uint32_t x = b.arena({kM, kK});
  uint32_t dw = b.arena({kK, kN});
  uint32_t y = b.arena({kM, kN});
  b.input("x", x);
  b.input("dw", dw);
  b.step(plan::AssignAddParamsT(), {plain, dw}, {plain});
  b.step(plan::MatmulParamsT(), {x, packed}, {y});
  b.output("y", y);
  Model m(b);
  std::vector<float> ones(kM * kK, 1.0f);
  std::vector<float> dwData(kK * kN, 2.0f);
  std::vector<float> yData(kM * kN);
  Status status =
      m.session->run("both",
                     {{"x", {DType::F32, {kM, kK}, ones.data()}},
                      {"dw", {DType::F32, {kK, kN}, dwData.data()}}},
                     {{"y", {DType::F32, {kM, kN}, yData.data()}}});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(yData[5], 2.0f * kK);
}

} // namespace
} // namespace bertc::rt::test
