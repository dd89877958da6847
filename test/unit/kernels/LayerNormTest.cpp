// SPDX-License-Identifier: Apache-2.0
//
// Layer normalisation with dropout and residual, and its gradient, against f64.

#include "runtime/kernels/layernorm/LayerNorm.h"

#include "runtime/kernels/amx/Panels.h"
#include "test/unit/kernels/KernelTesting.h"

#include <numeric>

namespace bertc::rt::kernels {
namespace {

const int32_t kRng[4] = {3, 4, 5, 0};
constexpr float kEps = 1e-5f;

// The element whose number decides about element c of row r.
template <typename Args>
size_t droppedAs(const Args &args, size_t r, size_t c) {
  size_t row = args.dropoutRows == nullptr
                   ? r
                   : static_cast<size_t>(args.dropoutRows[r]);
  return row * static_cast<size_t>(args.columns) + c;
}

// Everything one call reads and writes.
struct Forward {
  size_t rows, columns;
  Values x, gamma, beta, residual, y, z, mean, rstd;
  bool dropout = true;

  Forward(size_t rows, size_t columns, DType dtype)
      : rows(rows), columns(columns),
        x(randomValues(dtype, rows * columns, -1, 3, 1)),
        gamma(randomValues(DType::F32, columns, 0.5f, 1.5f, 2)),
        beta(randomValues(DType::F32, columns, -1, 1, 3)),
        residual(randomValues(dtype, rows * columns, -1, 1, 4)),
        y(dtype, rows * columns), z(dtype, rows * columns),
        mean(DType::F32, rows), rstd(DType::F32, rows) {}

  LayerNormArgs args() {
    LayerNormArgs a;
    a.rows = static_cast<int64_t>(rows);
    a.columns = static_cast<int64_t>(columns);
    a.x = x.buffer();
    a.gamma = gamma.buffer();
    a.beta = beta.buffer();
    a.residual = residual.buffer();
    a.dropout = dropoutState(dropout ? 0.1f : 0.0f, 4, kRng);
    a.eps = kEps;
    a.y = y.buffer();
    a.mean = mean.f32();
    a.rstd = rstd.f32();
    a.z = z.buffer();
    return a;
  }
};

struct Expected {
  std::vector<double> z, y, mean, rstd;
};

Expected reference(const Forward &f, const LayerNormArgs &args) {
  Expected e;
  for (size_t r = 0; r < f.rows; ++r) {
    double sum = 0;
    for (size_t c = 0; c < f.columns; ++c) {
      size_t i = r * f.columns + c;
      double x = f.x[i];
      if (args.dropout.active) {
        bool keep = philox::dropoutKeeps(args.dropout.key, args.dropout.scale,
                                         droppedAs(args, r, c));
        x = keep ? x * double(args.dropout.scale.factor) : 0.0;
      }
      e.z.push_back(x + (args.residual.data == nullptr ? 0.0 : f.residual[i]));
      sum += e.z.back();
    }
    double mean = sum / double(f.columns);
    double var = 0;
    for (size_t c = 0; c < f.columns; ++c) {
      var += std::pow(e.z[r * f.columns + c] - mean, 2) / double(f.columns);
    }
    e.mean.push_back(mean);
    e.rstd.push_back(1 / std::sqrt(var + double(kEps)));
    for (size_t c = 0; c < f.columns; ++c) {
      double u = (e.z[r * f.columns + c] - mean) * e.rstd.back();
      e.y.push_back(f.gamma[c] * u + f.beta[c]);
    }
  }
  return e;
}

// z, y and rstd within the tolerances of f32 sums.
void expectForward(const Forward &f, const Expected &e) {
  expectClose(f.z, e.z, 1e-6);
  expectClose(f.y, e.y, 2e-5);
  expectClose(f.rstd, e.rstd, 1e-5);
}

TEST(LayerNorm, MatchesTheFormula) {
  forEachTarget([] {
    for (size_t columns : {1u, 5u, 64u, 768u, 1024u, 1030u, 4099u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        SCOPED_TRACE(std::to_string(columns) + " columns");
        Forward f(7, columns, dtype);
        LayerNormArgs args = f.args();
        layerNorm(args);
        Expected e = reference(f, args);
        expectForward(f, e);
        expectClose(f.mean, e.mean, 1e-6);
      }
    }
  });
}

TEST(LayerNorm, WithoutDropoutAndResidualNeedsNoZ) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      Forward f(3, 100, dtype);
      f.dropout = false;
      LayerNormArgs args = f.args();
      args.residual = Buffer();
      args.z = Buffer();
      Expected e = reference(f, args);
      args.y = f.x.buffer();
      layerNorm(args);
      expectClose(f.x, e.y, 2e-5);
    }
  });
}

// One operand of another type than the others, and gamma and beta in bf16.
TEST(LayerNorm, MixesTypes) {
  forEachTarget([] {
    for (DType most : {DType::F32, DType::BF16}) {
      DType other = most == DType::F32 ? DType::BF16 : DType::F32;
      for (int odd = 0; odd < 5; ++odd) {
        Forward f(7, 1030, most);
        Values *all[] = {&f.x, &f.residual, &f.y, &f.z, &f.gamma};
        if (odd < 4) {
          *all[odd] = randomValues(other, f.x.size());
        } else {
          f.gamma = randomValues(DType::BF16, f.columns);
          f.beta = randomValues(DType::BF16, f.columns, -2, 2, 1);
        }
        LayerNormArgs args = f.args();
        Expected e = reference(f, args);
        layerNorm(args);
        expectForward(f, e);
      }
    }
  });
}

// z over the residual while dropout is active; y over x.
TEST(LayerNorm, WorksInPlace) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      Forward apart(5, 1100, dtype);
      layerNorm(apart.args());
      Forward f(5, 1100, dtype);
      LayerNormArgs args = f.args();
      args.z = f.residual.buffer();
      args.y = f.x.buffer();
      layerNorm(args);
      EXPECT_TRUE(f.residual.sameBits(apart.z));
      EXPECT_TRUE(f.x.sameBits(apart.y));
    }
  });
}

// A matrix of bf16 that is given by rows, in blocks or as it is.
Values laidOut(Values rows, size_t columns, bool blocked) {
  Values out = rows;
  const auto *from = static_cast<const uint16_t *>(rows.data());
  auto *to = static_cast<uint16_t *>(out.data());
  for (size_t i = 0; i < rows.size() && blocked; ++i) {
    size_t row = i / columns, col = i % columns;
    auto block = static_cast<size_t>(amx::blockOffset(
        static_cast<int64_t>(row / 32 * 32),
        static_cast<int64_t>(col / 32 * 32), static_cast<int64_t>(columns)));
    to[block + row % 32 * 32 + col % 32] = from[i];
  }
  return out;
}

std::vector<int32_t> countedDown(size_t rows) {
  std::vector<int32_t> numbers(rows);
  std::iota(numbers.rbegin(), numbers.rend(), 3);
  return numbers;
}

// Each of the four matrices in blocks or not, the same bits.
TEST(LayerNorm, MatricesInBlocks) {
  forEachTarget([] {
    for (size_t columns : {32u, 768u, 1024u}) {
      for (unsigned bits = 0; bits < 16; ++bits) {
        SCOPED_TRACE(std::to_string(columns) + " columns, " +
                     std::to_string(bits));
        Forward rows(96, columns, DType::BF16), f(96, columns, DType::BF16);
        std::vector<int32_t> numbers = countedDown(96);
        LayerNormArgs plain = rows.args(), args = f.args();
        args.xBlocked = (bits & 1) != 0, args.residualBlocked = (bits & 2) != 0;
        args.yBlocked = (bits & 4) != 0, args.zBlocked = (bits & 8) != 0;
        f.x = laidOut(rows.x, columns, args.xBlocked);
        f.residual = laidOut(rows.residual, columns, args.residualBlocked);
        args.x = f.x.buffer(), args.residual = f.residual.buffer();
        if (bits % 3 == 0) {
          plain.dropoutRows = args.dropoutRows = numbers.data();
        }
        layerNorm(plain);
        layerNorm(args);
        EXPECT_TRUE(f.y.sameBits(laidOut(rows.y, columns, args.yBlocked)));
        EXPECT_TRUE(f.z.sameBits(laidOut(rows.z, columns, args.zBlocked)));
        EXPECT_TRUE(f.mean.sameBits(rows.mean));
        EXPECT_TRUE(f.rstd.sameBits(rows.rstd));
        EXPECT_TRUE(f.y.guardIntact() && f.z.guardIntact());
      }
    }
  });
}

// y over x and z over the residual, all in blocks; then without the optional
// ones.
TEST(LayerNorm, BlocksInPlaceAndAlone) {
  forEachTarget([] {
    for (bool alone : {false, true}) {
      Forward rows(64, 96, DType::BF16), f(64, 96, DType::BF16);
      LayerNormArgs plain = rows.args(), args = f.args();
      f.x = laidOut(rows.x, 96, true);
      f.residual = laidOut(rows.residual, 96, true);
      args.x = args.y = f.x.buffer();
      args.residual = args.z = f.residual.buffer();
      if (alone) {
        plain.residual = plain.z = args.residual = args.z = Buffer();
      }
      args.xBlocked = args.residualBlocked = true;
      args.yBlocked = args.zBlocked = true;
      layerNorm(plain);
      layerNorm(args);
      EXPECT_TRUE(f.x.sameBits(laidOut(rows.y, 96, true)));
      EXPECT_TRUE(alone || f.residual.sameBits(laidOut(rows.z, 96, true)));
    }
  });
}

TEST(LayerNorm, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    Forward f(300, 129, DType::F32);
    layerNorm(f.args());
    return f.y;
  });
}

struct Backward {
  size_t rows, columns;
  Values dy, z, gamma, mean, rstd, dz, dx, dgamma, dbeta;
  std::vector<float> scratch;

  Backward(size_t rows, size_t columns, DType dtype)
      : rows(rows), columns(columns),
        dy(randomValues(dtype, rows * columns, -1, 1, 1)),
        z(randomValues(dtype, rows * columns, -1, 3, 2)),
        gamma(randomValues(DType::F32, columns, 0.5f, 1.5f, 3)),
        mean(randomValues(DType::F32, rows, 0.5f, 1.5f, 4)),
        rstd(randomValues(DType::F32, rows, 0.5f, 1.5f, 5)),
        dz(dtype, rows * columns), dx(dtype, rows * columns),
        dgamma(DType::F32, columns), dbeta(DType::F32, columns) {
    auto bytes = layerNormGradScratch(static_cast<int64_t>(rows),
                                      static_cast<int64_t>(columns));
    scratch.assign(static_cast<size_t>(bytes) / 4, NAN);
  }

  LayerNormGradArgs args() {
    LayerNormGradArgs a;
    a.rows = static_cast<int64_t>(rows);
    a.columns = static_cast<int64_t>(columns);
    a.dy = dy.buffer();
    a.z = z.buffer();
    a.gamma = gamma.buffer();
    a.mean = mean.f32();
    a.rstd = rstd.f32();
    a.dropout = dropoutState(0.1f, 4, kRng);
    a.dz = dz.buffer();
    a.dx = dx.buffer();
    a.dgamma = dgamma.f32();
    a.dbeta = dbeta.f32();
    a.scratch = scratch.data();
    return a;
  }
};

struct ExpectedGrad {
  std::vector<double> dz, dx, dgamma, dbeta;
};

ExpectedGrad reference(const Backward &b, const LayerNormGradArgs &args) {
  ExpectedGrad e;
  e.dgamma.assign(b.columns, 0);
  e.dbeta.assign(b.columns, 0);
  for (size_t r = 0; r < b.rows; ++r) {
    auto u = [&](size_t c) {
      return (double(b.z[r * b.columns + c]) - b.mean[r]) * b.rstd[r];
    };
    auto g = [&](size_t c) {
      return double(b.dy[r * b.columns + c]) * b.gamma[c];
    };
    double c1 = 0;
    double c2 = 0;
    for (size_t c = 0; c < b.columns; ++c) {
      c1 += g(c) / double(b.columns);
      c2 += g(c) * u(c) / double(b.columns);
      e.dgamma[c] += b.dy[r * b.columns + c] * u(c);
      e.dbeta[c] += b.dy[r * b.columns + c];
    }
    for (size_t c = 0; c < b.columns; ++c) {
      double dz = b.rstd[r] * (g(c) - c1 - u(c) * c2);
      bool keep = philox::dropoutKeeps(args.dropout.key, args.dropout.scale,
                                       droppedAs(args, r, c));
      e.dz.push_back(dz);
      e.dx.push_back(keep ? dz * double(args.dropout.scale.factor) : 0.0);
    }
  }
  return e;
}

void expectBackward(const Backward &b, const ExpectedGrad &e) {
  expectClose(b.dz, e.dz, 1e-5);
  expectClose(b.dx, e.dx, 1e-5);
  expectClose(b.dgamma, e.dgamma, 1e-5);
  expectClose(b.dbeta, e.dbeta, 1e-5);
}

TEST(LayerNormGrad, MatchesTheFormula) {
  forEachTarget([] {
    for (size_t columns : {1u, 5u, 64u, 768u, 1030u}) {
      for (size_t rows : {1u, 8u, 150u, 700u}) {
        for (DType dtype : {DType::F32, DType::BF16}) {
          SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns));
          Backward b(rows, columns, dtype);
          LayerNormGradArgs args = b.args();
          ExpectedGrad e = reference(b, args);
          layerNormGrad(args);
          expectBackward(b, e);
        }
      }
    }
  });
}

TEST(LayerNormGrad, MatricesInBlocks) {
  forEachTarget([] {
    for (size_t columns : {32u, 768u, 1024u}) {
      for (unsigned bits = 0; bits < 16; ++bits) {
        SCOPED_TRACE(std::to_string(columns) + " columns, " +
                     std::to_string(bits));
        Backward rows(96, columns, DType::BF16), b(96, columns, DType::BF16);
        std::vector<int32_t> numbers = countedDown(96);
        LayerNormGradArgs plain = rows.args(), args = b.args();
        args.dyBlocked = (bits & 1) != 0, args.zBlocked = (bits & 2) != 0;
        args.dzBlocked = (bits & 4) != 0, args.dxBlocked = (bits & 8) != 0;
        b.dy = laidOut(rows.dy, columns, args.dyBlocked);
        b.z = laidOut(rows.z, columns, args.zBlocked);
        args.dy = b.dy.buffer(), args.z = b.z.buffer();
        if (bits % 3 == 0) {
          plain.dropoutRows = args.dropoutRows = numbers.data();
        }
        layerNormGrad(plain);
        layerNormGrad(args);
        EXPECT_TRUE(b.dz.sameBits(laidOut(rows.dz, columns, args.dzBlocked)));
        EXPECT_TRUE(b.dx.sameBits(laidOut(rows.dx, columns, args.dxBlocked)));
        EXPECT_TRUE(b.dgamma.sameBits(rows.dgamma));
        EXPECT_TRUE(b.dbeta.sameBits(rows.dbeta));
        EXPECT_TRUE(b.dz.guardIntact() && b.dx.guardIntact());
      }
    }
  });
}

// Row numbers in any order, beyond the number of rows, one of them twice.
TEST(LayerNorm, DropsRowsAsThoseOfOtherNumbers) {
  const std::vector<int32_t> rows = {40, 3, 0, 40, 7, 1 << 24, 9};
  forEachTarget([&] {
    for (size_t columns : {5u, 200u, 768u, 1030u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        SCOPED_TRACE(std::to_string(columns) + " columns");
        Forward f(rows.size(), columns, dtype);
        LayerNormArgs args = f.args();
        args.dropoutRows = rows.data();
        Expected e = reference(f, args);
        layerNorm(args);
        expectClose(f.z, e.z, 1e-6);
        expectClose(f.y, e.y, 2e-5);
        Backward b(rows.size(), columns, dtype);
        LayerNormGradArgs grad = b.args();
        grad.dropoutRows = rows.data();
        ExpectedGrad g = reference(b, grad);
        layerNormGrad(grad);
        expectClose(b.dz, g.dz, 1e-5);
        expectClose(b.dx, g.dx, 1e-5);
      }
    }
  });
}

// Rows enough for outputs that bypass the caches.
TEST(LayerNorm, LargeOutputs) {
  forEachTarget([] {
    size_t rows = kStreamBytes / 4 / 1000 + 1;
    Forward f(rows, 1000, DType::F32);
    LayerNormArgs args = f.args();
    layerNorm(args);
    Expected e = reference(f, args);
    expectClose(f.z, e.z, 1e-6);
    expectClose(f.y, e.y, 2e-5);
    Backward b(rows, 1000, DType::F32);
    LayerNormGradArgs grad = b.args();
    ExpectedGrad g = reference(b, grad);
    layerNormGrad(grad);
    expectClose(b.dz, g.dz, 1e-5);
    expectClose(b.dx, g.dx, 1e-5);
  });
}

TEST(LayerNormGrad, WorksInPlace) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      Backward apart(20, 1100, dtype);
      layerNormGrad(apart.args());
      Backward b(20, 1100, dtype);
      LayerNormGradArgs args = b.args();
      args.dz = b.z.buffer();
      args.dx = b.dy.buffer();
      layerNormGrad(args);
      EXPECT_TRUE(b.z.sameBits(apart.dz));
      EXPECT_TRUE(b.dy.sameBits(apart.dx));
    }
  });
}

TEST(LayerNormGrad, InactiveDropoutCopiesAndDxIsOptional) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      Backward b(10, 70, dtype);
      LayerNormGradArgs args = b.args();
      args.dropout = DropoutState();
      layerNormGrad(args);
      EXPECT_TRUE(b.dx.sameBits(b.dz));
      Backward without(10, 70, dtype);
      args = without.args();
      args.dx = Buffer();
      layerNormGrad(args);
      EXPECT_TRUE(without.dz.sameBits(b.dz));
    }
  });
}

TEST(LayerNormGrad, MixesTypes) {
  forEachTarget([] {
    for (DType most : {DType::F32, DType::BF16}) {
      DType other = most == DType::F32 ? DType::BF16 : DType::F32;
      for (int odd = 0; odd < 5; ++odd) {
        Backward b(20, 1030, most);
        Values *all[] = {&b.dy, &b.z, &b.dz, &b.dx, &b.gamma};
        *all[odd] = odd < 4 ? randomValues(other, b.dy.size())
                            : randomValues(DType::BF16, b.columns);
        LayerNormGradArgs args = b.args();
        ExpectedGrad e = reference(b, args);
        layerNormGrad(args);
        expectBackward(b, e);
      }
    }
  });
}

TEST(LayerNormGrad, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    Backward b(333, 129, DType::F32);
    layerNormGrad(b.args());
    return b.dgamma;
  });
  expectSameBitsForThreads([] {
    Backward b(333, 129, DType::BF16);
    layerNormGrad(b.args());
    return b.dgamma;
  });
}

} // namespace
} // namespace bertc::rt::kernels
