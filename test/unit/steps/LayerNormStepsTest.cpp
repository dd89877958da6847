// SPDX-License-Identifier: Apache-2.0
//
// The handlers of layer normalisation: what they run and what they refuse.

#include "runtime/kernels/philox/Philox.h"
#include "test/unit/steps/StepTesting.h"

#include <cmath>

namespace bertc::rt {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int32_t>;

struct LayerNormStep : StepUnderTest<plan::LayerNormParamsT> {
  Floats x = {1, 3, 2, 6};
  Floats gamma = {1, 2};
  Floats beta = {0, 10};
  Floats residual = {0, 0, 1, 1};
  Ints rng = {1, 2, 3, 1};
  Floats y = Floats(4), mean = Floats(2), rstd = Floats(2), z = Floats(4);
  LayerNormStep() {
    params.rate = 0.1f;
    inputs = {tensor({2, 2}, x), tensor({2}, gamma), tensor({2}, beta),
              tensor({2, 2}, residual), tensor({4}, rng)};
    outputs = {tensor({2, 2}, y), tensor({2}, mean), tensor({2}, rstd),
               tensor({2, 2}, z)};
  }
};

TEST(LayerNormStep, Runs) {
  LayerNormStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.z, (Floats{1, 3, 3, 7}));
  EXPECT_EQ(s.mean, (Floats{2, 5}));
  EXPECT_EQ(s.rstd, (Floats{1, 0.5f}));
  EXPECT_EQ(s.y, (Floats{-1, 12, -1, 12}));
}

TEST(LayerNormStep, ResidualRngAndZAreOptional) {
  LayerNormStep s;
  s.inputs.resize(3);
  s.outputs.resize(3);
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.y, (Floats{-1, 12, -1, 12}));
}

TEST(LayerNormStep, RefusesMalformedOperands) {
  LayerNormStep gamma;
  gamma.inputs[1] = tensor({1}, gamma.gamma);
  EXPECT_REFUSED(gamma.prepare(), "gamma is f32 [1], expected shape [2]");
  LayerNormStep mean;
  mean.outputs[1] = tensor({1}, mean.mean);
  EXPECT_REFUSED(mean.prepare(), "mean is f32 [1], expected 2 elements");
  LayerNormStep residual;
  residual.inputs[3] = tensor({4}, residual.residual);
  EXPECT_REFUSED(residual.prepare(), "residual is f32 [4]");
  LayerNormStep eps;
  eps.params.eps = -1.0f;
  EXPECT_REFUSED(eps.prepare(), "eps is -1");
  eps.params.eps = NAN;
  EXPECT_REFUSED(eps.prepare(), "eps is nan");
  LayerNormStep alias;
  alias.outputs[1] = tensor({2}, alias.gamma);
  EXPECT_REFUSED(alias.prepare(), "output 1 overlaps input 1");
  LayerNormStep type;
  type.outputs[2] = tensor({2}, type.rng);
  EXPECT_REFUSED(type.prepare(), "rstd is i32");
  LayerNormStep scalar;
  scalar.inputs[0] = tensor({}, scalar.x);
  EXPECT_REFUSED(scalar.prepare(), "expected a last axis of at most");
  LayerNormStep wide;
  Floats row(20000);
  wide.inputs[0] = tensor({20000}, row);
  EXPECT_REFUSED(wide.prepare(), "a last axis of at most 16384");
}

// Turns dropout of half the elements on, with these numbers of the two rows.
template <typename Step> void dropHalf(Step &s, Ints &rows) {
  s.rng[3] = 0;
  s.params.rate = 0.5f;
  s.inputs.push_back(tensor({2}, rows));
}

// What is left of element i of two columns.
template <typename Step>
float halfDropped(const Step &s, const Ints &rows, size_t i, float value) {
  auto element = static_cast<uint64_t>(rows[i / 2]) * 2 + i % 2;
  bool keeps = philox::dropoutKeeps({1, 2, 3, s.params.op_id},
                                    philox::dropoutScale(0.5f), element);
  return keeps ? 2 * value : 0.0f;
}

TEST(LayerNormStep, DropsByRowNumbers) {
  LayerNormStep s;
  Ints rows = {6, 2};
  dropHalf(s, rows);
  ASSERT_TRUE(s.run().ok());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(s.z[i], halfDropped(s, rows, i, s.x[i]) + s.residual[i]) << i;
  }
}

TEST(LayerNormStep, RefusesRowNumbersThatDoNotFit) {
  LayerNormStep s;
  Ints rows = {6, 2, 1};
  s.inputs.push_back(tensor({3}, rows));
  EXPECT_REFUSED(s.prepare(), "rows is i32 [3], expected 2 elements");
  s.inputs[5] = tensor({2}, s.mean);
  EXPECT_REFUSED(s.prepare(), "rows is f32 [2], expected i32");
  s.inputs[5] = tensor({2}, rows);
  s.inputs[4] = TensorRef();
  EXPECT_REFUSED(s.prepare(), "rows are i32 [2], expected an rng with them");
}

struct LayerNormGradStep : StepUnderTest<plan::LayerNormGradParamsT> {
  Floats dy = {1, 0, 0, 1};
  Floats z = {1, 3, 3, 7};
  Floats gamma = {1, 1};
  Floats mean = {2, 5};
  Floats rstd = {1, 0.5f};
  Ints rng = {1, 2, 3, 1};
  Floats dz = Floats(4), dgamma = Floats(2), dbeta = Floats(2), dx = Floats(4);
  LayerNormGradStep() {
    params.rate = 0.1f;
    inputs = {tensor({2, 2}, dy),   tensor({2, 2}, z), tensor({2}, gamma),
              tensor({2, 1}, mean), tensor({2}, rstd), tensor({4}, rng)};
    outputs = {tensor({2, 2}, dz), tensor({2}, dgamma), tensor({2}, dbeta),
               tensor({2, 2}, dx)};
  }
};

TEST(LayerNormGradStep, Runs) {
  LayerNormGradStep s;
  ASSERT_TRUE(s.run().ok());
  // Two columns and no eps: u = -1, 1, so dz is 0 exactly.
  EXPECT_EQ(s.dz, Floats(4, 0.0f));
  EXPECT_EQ(s.dx, s.dz);
  EXPECT_EQ(s.dgamma, (Floats{-1, 1}));
  EXPECT_EQ(s.dbeta, (Floats{1, 1}));
}

TEST(LayerNormGradStep, DropsByRowNumbers) {
  LayerNormGradStep s;
  // With its own mean the gradient of two columns is 0.
  s.mean = {-1, 0};
  Ints rows = {6, 2};
  dropHalf(s, rows);
  ASSERT_TRUE(s.run().ok());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NE(s.dz[i], 0.0f);
    EXPECT_EQ(s.dx[i], halfDropped(s, rows, i, s.dz[i])) << i;
  }
  s.inputs[6] = tensor({2}, s.mean);
  EXPECT_REFUSED(s.prepare(), "rows is f32 [2], expected i32");
}

TEST(LayerNormGradStep, RefusesMalformedOperands) {
  LayerNormGradStep s;
  s.outputs.pop_back();
  EXPECT_REFUSED(s.prepare(), "the output dx is missing");
  LayerNormGradStep z;
  z.inputs[1] = tensor({4}, z.z);
  EXPECT_REFUSED(z.prepare(), "z is f32 [4]");
  LayerNormGradStep rstd;
  rstd.inputs[4] = tensor({2}, rstd.rng);
  EXPECT_REFUSED(rstd.prepare(), "rstd is i32");
  LayerNormGradStep dgamma;
  dgamma.outputs[1] = tensor({1}, dgamma.dgamma);
  EXPECT_REFUSED(dgamma.prepare(), "dgamma is f32 [1], expected 2 elements");
  LayerNormGradStep alias;
  alias.outputs[3] = alias.outputs[0];
  EXPECT_REFUSED(alias.prepare(), "output 3 overlaps output 0");
  LayerNormGradStep few;
  few.inputs.resize(4);
  EXPECT_REFUSED(few.prepare(), "4 inputs");
}

using Halves = std::vector<uint16_t>;

TensorRef halves(Halves &data) { return tensor(DType::BF16, {32, 64}, data); }

TEST(LayerNormLayouts, TakesMatricesOfBf16) {
  Halves x(2048), residual(2048), y(2048), z(2048);
  LayerNormStep s;
  s.inputs[0] = halves(x);
  s.inputs[3] = halves(residual);
  s.outputs[0] = halves(y);
  s.outputs[3] = halves(z);
  EXPECT_EQ(textOf(s.layouts().inputs), "b64 r r b64 r");
  EXPECT_EQ(textOf(s.layouts().outputs), "b64 r r b64");
  s.inputs[3] = missing();
  s.outputs[3] = missing();
  EXPECT_EQ(textOf(s.layouts().inputs), "b64 r r r r");
  EXPECT_EQ(textOf(s.layouts().outputs), "b64 r r r");
  LayerNormGradStep gradient;
  gradient.inputs[0] = halves(x);
  gradient.inputs[1] = halves(z);
  gradient.outputs[0] = halves(y);
  gradient.outputs[3] = halves(residual);
  EXPECT_EQ(textOf(gradient.layouts().inputs).substr(0, 7), "b64 b64");
  EXPECT_EQ(textOf(gradient.layouts().outputs), "b64 r r b64");
}

// The matrix of 32 x 64 by rows that `data` is in blocks.
Halves rowsOf(const Halves &data) {
  Halves rows(data.size());
  for (size_t i = 0; i < data.size(); ++i) {
    rows[i / 1024 * 32 + i / 32 % 32 * 64 + i % 32] = data[i];
  }
  return rows;
}

// 0.5, 1, 2, ... over and over, with either sign.
Halves powersOfTwo(size_t step) {
  Halves values(2048);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<uint16_t>(0x3f00 + i * step % 7 * 0x80 +
                                      i * step % 3 / 2 * 0x8000);
  }
  return values;
}

struct WideLayerNormStep : LayerNormStep {
  Halves hx = powersOfTwo(5), hr = powersOfTwo(3), hy = Halves(2048),
         hz = Halves(2048);
  WideLayerNormStep() {
    gamma.assign(64, 1.5f);
    beta.assign(64, 0.25f);
    mean.resize(32);
    rstd.resize(32);
    inputs = {halves(hx), tensor({64}, gamma), tensor({64}, beta), halves(hr),
              tensor({4}, rng)};
    outputs = {halves(hy), tensor({32}, mean), tensor({32}, rstd), halves(hz)};
  }
};

// y in blocks takes the place of x by rows, z by rows that of the residual,
// which is in blocks.
TEST(LayerNormStep, InPlaceInAnotherLayout) {
  WideLayerNormStep s, plain;
  plain.hr = rowsOf(s.hr);
  plain.inputs[3] = halves(plain.hr);
  ASSERT_TRUE(plain.run().ok());
  s.outputs[0] = halves(s.hx);
  s.outputs[3] = halves(s.hr);
  s.inputs[3].blocked = true;
  s.outputs[0].blocked = true;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(rowsOf(s.hx), plain.hy);
  EXPECT_EQ(s.hr, plain.hz);
}

TEST(LayerNormLayouts, TakesRowsWhereOneIsF32) {
  Halves x(2048), residual(2048), y(2048);
  Floats z(2048);
  LayerNormStep s;
  s.inputs[0] = halves(x);
  s.inputs[3] = halves(residual);
  s.outputs[0] = halves(y);
  s.outputs[3] = tensor({32, 64}, z);
  EXPECT_EQ(textOf(s.layouts().inputs), "");
  EXPECT_EQ(textOf(s.layouts().outputs), "");
}

TEST(LayerNormGradStep, InPlaceInAnotherLayout) {
  Halves dy = powersOfTwo(5), z = powersOfTwo(3), dz(2048), dx(2048);
  Floats gamma(64, 1.5f), mean(32, 0.5f), rstd(32, 2.0f), dgamma(64), dbeta(64);
  auto set = [&](LayerNormGradStep &s, Halves &first, Halves &last) {
    s.inputs = {halves(dy),         halves(z),          tensor({64}, gamma),
                tensor({32}, mean), tensor({32}, rstd), s.inputs[5]};
    s.outputs = {halves(first), tensor({64}, dgamma), tensor({64}, dbeta),
                 halves(last)};
  };
  LayerNormGradStep plain;
  set(plain, dz, dx);
  ASSERT_TRUE(plain.run().ok());
  Floats sums = dgamma;
  LayerNormGradStep s;
  set(s, z, dy);
  s.outputs[0].blocked = s.outputs[3].blocked = true;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(rowsOf(z), dz);
  EXPECT_EQ(rowsOf(dy), dx);
  EXPECT_EQ(dgamma, sums);
}

} // namespace
} // namespace bertc::rt
