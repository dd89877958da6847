// SPDX-License-Identifier: Apache-2.0
//
// bf16 results: how they are rounded, and functions whose accuracy is that of
// bf16. BERTC_MAX_ISA decides how the AVX-512 copy rounds, so this runs with
// and without it.

#include "runtime/kernels/elementwise/ConvertLine.h"
#include "runtime/kernels/elementwise/Elementwise.h"
#include "runtime/kernels/loss/Loss.h"
#include "test/unit/kernels/ActivationTesting.h"

#include <functional>

namespace bertc::rt::kernels {
namespace {

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// What rounding may give: denormals may be zeros of their sign.
bool isRounded(uint16_t half, uint32_t bits) {
  bool denormal = (bits & 0x7f800000u) == 0;
  return half == floatToBf16(fromBits(bits)) ||
         (denormal && half == (bits >> 31) << 15);
}

void expectRounded(const std::vector<uint32_t> &bits) {
  std::vector<float> in(bits.size());
  std::vector<uint16_t> out(bits.size() + 1, 0x1234);
  std::memcpy(in.data(), bits.data(), 4 * bits.size());
  narrowLine(in.data(), out.data(), static_cast<int64_t>(bits.size()));
  for (size_t i = 0; i < bits.size(); ++i) {
    ASSERT_TRUE(isRounded(out[i], bits[i]))
        << "bits " << std::hex << bits[i] << " gave " << out[i];
  }
  EXPECT_EQ(out.back(), 0x1234);
}

TEST(Rounding, OfEveryUpperHalfAtItsTurningPoints) {
  forEachTarget([] {
    std::vector<uint32_t> bits;
    for (uint32_t upper = 0; upper < 65536; ++upper) {
      for (uint32_t lower : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
        bits.push_back(upper << 16 | lower);
      }
    }
    bits.pop_back(); // So that the last vector is a part.
    expectRounded(bits);
  });
}

TEST(Rounding, OfBitsFromEverywhere) {
  forEachTarget([] {
    std::vector<uint32_t> bits(10007);
    uint32_t next = 0;
    for (int round = 0; round < 1000; ++round) {
      for (uint32_t &b : bits) {
        b = next += 2654435769u;
      }
      expectRounded(bits);
    }
  });
}

// Dense, and every second element; large enough to bypass the caches.
TEST(Rounding, OfCasts) {
  forEachTarget([] {
    for (size_t n : {3u, 2051u, static_cast<unsigned>(kStreamBytes) / 4 + 5}) {
      for (int64_t step : {1, 2}) {
        for (DType from : {DType::F32, DType::BF16}) {
          DType to = from == DType::F32 ? DType::BF16 : DType::F32;
          auto count = static_cast<int64_t>(n) / step;
          OperandShape in = denseShape(from, {count});
          in.strides[0] = step;
          Values x = randomValues(from, n), y(to, static_cast<size_t>(count));
          void *data[] = {y.data(), x.data()};
          unary(UnaryKind::Cast, makeElementwise(denseShape(to, {count}), {in}),
                data);
          EXPECT_TRUE(y.guardIntact());
          for (int64_t i = 0; i < count; ++i) {
            float expected = x[static_cast<size_t>(i * step)];
            ASSERT_EQ(y[static_cast<size_t>(i)],
                      bf16ToFloat(floatToBf16(expected)));
          }
        }
      }
    }
  });
}

using Function = std::function<double(double)>;

struct Gelu {
  UnaryKind kind;
  Function value, slope;
};
const Gelu kGelus[] = {{UnaryKind::GeluErf, geluErf, geluErfSlope},
                       {UnaryKind::GeluTanh, geluTanh, geluTanhSlope}};

// Half a unit in the last place of bf16 at x.
double halfUnit(double x) {
  return std::ldexp(1.0, std::ilogb(std::fabs(x)) - 8);
}

// y is f(x) rounded to bf16 but for a sixteenth of the step; with `passesZero`
// f does so, and values close to that are exact to 1.5e-5 only.
void expectHalves(const Values &y, const Values &x, const Function &f,
                  bool passesZero = false) {
  EXPECT_TRUE(y.guardIntact());
  for (size_t i = 0; i < x.size(); ++i) {
    double expected = f(static_cast<double>(x[i]));
    double actual = static_cast<double>(y[i]);
    double limit = expected == 0 ? 0 : halfUnit(expected) * 17 / 16;
    // Factors of these are denormal.
    if (std::fabs(expected) < 4e-36) {
      limit = 4e-36;
    } else if (passesZero && std::fabs(x[i] + 0.75f) < 0.06f) {
      limit += 1.5e-5;
    }
    ASSERT_NEAR(actual, expected, limit) << "at " << x[i];
  }
}

// Every finite bf16, or as many numbers of f32.
Values denseSample(DType dtype) {
  if (dtype == DType::F32) {
    return randomValues(dtype, 100003, -14.0f, 10.0f);
  }
  std::vector<float> all;
  for (uint32_t half = 0; half < 65536; ++half) {
    float x = bf16ToFloat(static_cast<uint16_t>(half));
    bool denormal = x != 0.0f && std::fabs(x) < 1.18e-38f;
    if (std::isfinite(x) && !denormal) {
      all.push_back(x);
    }
  }
  return Values(dtype, all);
}

TEST(HalfGelu, IsThatOfEveryNumberRounded) {
  forEachTarget([] {
    for (const Gelu &gelu : kGelus) {
      for (DType dtype : {DType::BF16, DType::F32}) {
        Values x = denseSample(dtype);
        expectHalves(runUnary(gelu.kind, x, DType::BF16), x, gelu.value);
      }
    }
  });
}

// The exponential of log-softmax's gradient: where dy is zero and its sum one,
// dx = -e^y.
TEST(HalfExp, IsThatOfEveryNumberRounded) {
  forEachTarget([] {
    Values y = denseSample(DType::BF16);
    Values dy(DType::BF16, std::vector<float>(y.size(), 0.0f));
    Values dx(DType::BF16, y.size());
    size_t one = 16; // At a tiny number: 1 - e^0.
    dy.set(one, 1.0f);
    logSoftmaxGrad(dx.buffer(), dy.buffer(), y.buffer(), 1,
                   static_cast<int64_t>(y.size()));
    EXPECT_NEAR(dx[one], 0.0f, 1e-5);
    dx.set(one, -1.0f);
    for (size_t i = 0; i < y.size(); ++i) {
      if (y[i] > 88.6f) {
        ASSERT_EQ(dx[i], -INFINITY) << "at " << y[i];
        dx.set(i, -1.0f);
        y.set(i, 0.0f);
      }
    }
    expectHalves(dx, y, [](double v) { return -std::exp(v); });
  });
}

// y and slope of x, all bf16, in that order.
std::vector<Values> runBoth(UnaryKind kind, Values &x, DType out) {
  std::vector<Values> results(2, Values(out, x.size()));
  geluWithDerivative(kind, results[0].buffer(), results[1].buffer(), x.buffer(),
                     static_cast<int64_t>(x.size()));
  return results;
}

TEST(HalfGelu, HasTheDerivativeOfEveryNumberRounded) {
  forEachTarget([] {
    for (const Gelu &gelu : kGelus) {
      Values x = denseSample(DType::BF16);
      std::vector<Values> both = runBoth(gelu.kind, x, DType::BF16);
      expectHalves(both[0], x, gelu.value);
      expectHalves(both[1], x, gelu.slope, true);
    }
  });
}

TEST(HalfGelu, FarOutIsZeroOrTheArgument) {
  forEachTarget([] {
    for (const Gelu &gelu : kGelus) {
      Values x(DType::BF16,
               {-1e20f, -INFINITY, 0.0f, 1e20f, INFINITY, NAN, -NAN});
      std::vector<Values> both = runBoth(gelu.kind, x, DType::BF16);
      Values alone = runUnary(gelu.kind, x, DType::BF16);
      EXPECT_TRUE(alone.sameBits(both[0]));
      for (size_t i = 0; i < x.size(); ++i) {
        if (std::isnan(x[i])) {
          EXPECT_TRUE(std::isnan(both[0][i])) << i;
          EXPECT_TRUE(std::isnan(both[1][i])) << i;
          continue;
        }
        EXPECT_EQ(both[0][i], std::max(x[i], 0.0f)) << x[i];
        EXPECT_EQ(both[1][i], x[i] == 0  ? 0.5f
                              : x[i] > 0 ? 1.0f
                                         : 0.0f)
            << x[i];
      }
    }
  });
}

// Of f32, whole and with bf16 on one side only.
TEST(GeluWithDerivative, OfEveryMixOfTypes) {
  forEachTarget([] {
    for (const Gelu &gelu : kGelus) {
      for (int mix = 0; mix < 8; ++mix) {
        auto type = [&](int bit) {
          return (mix >> bit & 1) != 0 ? DType::BF16 : DType::F32;
        };
        for (size_t n : {1u, 33u, 2051u}) {
          Values x = randomValues(type(0), n, -6, 6);
          Values y(type(1), n), slope(type(2), n);
          geluWithDerivative(gelu.kind, y.buffer(), slope.buffer(), x.buffer(),
                             static_cast<int64_t>(n));
          std::vector<double> values, slopes;
          for (size_t i = 0; i < n; ++i) {
            values.push_back(gelu.value(static_cast<double>(x[i])));
            slopes.push_back(gelu.slope(static_cast<double>(x[i])));
          }
          expectClose(y, values, 2e-6);
          expectClose(slope, slopes, 2e-6);
        }
      }
    }
  });
}

TEST(HalfGelu, WorksInPlace) {
  forEachTarget([] {
    Values x = randomValues(DType::BF16, 20003, -3, 3);
    std::vector<Values> both = runBoth(UnaryKind::GeluErf, x, DType::BF16);
    for (size_t overwritten : {0u, 1u}) {
      Values in = x, other(DType::BF16, x.size());
      Buffer out[2] = {other.buffer(), other.buffer()};
      out[overwritten] = in.buffer();
      geluWithDerivative(UnaryKind::GeluErf, out[0], out[1], in.buffer(),
                         static_cast<int64_t>(x.size()));
      EXPECT_TRUE(in.sameBits(both[overwritten]));
      EXPECT_TRUE(other.sameBits(both[1 - overwritten]));
    }
  });
}

} // namespace
} // namespace bertc::rt::kernels
