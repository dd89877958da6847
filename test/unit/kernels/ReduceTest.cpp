// SPDX-License-Identifier: Apache-2.0
//
// Reductions against f64 over every choice of axes.

#include "runtime/kernels/reduce/Reduce.h"
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {

std::vector<double> reference(ReduceKind kind, const std::vector<int64_t> &dims,
                              const Values &x, unsigned axisMask) {
  int64_t results = 1;
  int64_t terms = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    ((axisMask >> i & 1) != 0 ? terms : results) *= dims[i];
  }
  bool max = kind == ReduceKind::Max;
  std::vector<double> y(static_cast<size_t>(results), max ? -INFINITY : 0.0);
  for (size_t i = 0; i < x.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    int64_t to = 0;
    int64_t stride = 1;
    for (size_t axis = dims.size(); axis-- > 0; rest /= dims[axis]) {
      if ((axisMask >> axis & 1) == 0) {
        to += rest % dims[axis] * stride;
        stride *= dims[axis];
      }
    }
    double &slot = y[static_cast<size_t>(to)];
    slot = max ? std::max(slot, double(x[i])) : slot + double(x[i]);
  }
  if (kind == ReduceKind::Mean) {
    for (double &v : y) {
      v /= double(terms);
    }
  }
  return y;
}

Values run(ReduceKind kind, const std::vector<int64_t> &dims, Values &x,
           unsigned axisMask, DType out, size_t results) {
  std::vector<uint32_t> axes;
  for (uint32_t i = 0; i < dims.size(); ++i) {
    if ((axisMask >> i & 1) != 0) {
      axes.push_back(i);
    }
  }
  ReduceShape shape = reduceShape(dims.data(), static_cast<int>(dims.size()),
                                  axes.data(), static_cast<int>(axes.size()));
  std::vector<float> scratch(static_cast<size_t>(reduceScratch(shape)) / 4,
                             NAN);
  Values y(out, results);
  reduce(kind, shape, y.buffer(), x.buffer(), scratch.data());
  return y;
}

void checkAllAxes(const std::vector<int64_t> &dims) {
  size_t n = 1;
  for (int64_t d : dims) {
    n *= static_cast<size_t>(d);
  }
  for (unsigned mask = 0; mask < 1u << dims.size(); ++mask) {
    for (DType dtype : {DType::F32, DType::BF16}) {
      for (ReduceKind kind :
           {ReduceKind::Sum, ReduceKind::Mean, ReduceKind::Max}) {
        SCOPED_TRACE("axes " + std::to_string(mask) + " kind " +
                     std::to_string(static_cast<int>(kind)));
        Values x = randomValues(dtype, n, -1, 1);
        std::vector<double> expected = reference(kind, dims, x, mask);
        expectClose(run(kind, dims, x, mask, DType::F32, expected.size()),
                    expected, 1e-5);
      }
    }
  }
}

TEST(Reduce, AnyAxesOfAnyShape) {
  forEachTarget([] {
    checkAllAxes({});
    checkAllAxes({1});
    checkAllAxes({2501});
    checkAllAxes({7, 5});
    checkAllAxes({601, 65});
    checkAllAxes({3, 40, 17});
    checkAllAxes({20, 3, 9});
    checkAllAxes({3, 4, 5, 6});
    checkAllAxes({2, 1, 3, 1, 1100});
  });
}

TEST(Reduce, RoundsToBf16Storage) {
  Values x = randomValues(DType::BF16, 300, 0, 1);
  std::vector<double> expected = reference(ReduceKind::Sum, {300}, x, 1);
  expectClose(run(ReduceKind::Sum, {300}, x, 1, DType::BF16, 1), expected,
              1e-5);
}

TEST(Reduce, MaxKeepsNaN) {
  forEachTarget([] {
    for (std::vector<int64_t> dims :
         {std::vector<int64_t>{600}, std::vector<int64_t>{600, 1},
          std::vector<int64_t>{1, 600}}) {
      Values x(DType::F32, std::vector<float>(600, 1.0f));
      x.set(317, NAN);
      unsigned all = (1u << dims.size()) - 1;
      EXPECT_TRUE(
          std::isnan(run(ReduceKind::Max, dims, x, all, DType::F32, 1)[0]));
    }
    Values x(DType::F32, std::vector<float>(200, 1.0f));
    x.set(101, NAN);
    Values y = run(ReduceKind::Max, {100, 2}, x, 1, DType::F32, 2);
    EXPECT_EQ(y[0], 1.0f);
    EXPECT_TRUE(std::isnan(y[1]));
  });
}

TEST(Reduce, Integers) {
  std::vector<int32_t> x = {1, -7, 3, 4, 5, -6};
  std::vector<int32_t> y(2);
  const int64_t dims[] = {2, 3};
  const uint32_t axis = 1;
  ReduceShape shape = reduceShape(dims, 2, &axis, 1);
  reduce(ReduceKind::Sum, shape, {y.data(), DType::I32}, {x.data(), DType::I32},
         nullptr);
  EXPECT_EQ(y, (std::vector<int32_t>{-3, 3}));
  reduce(ReduceKind::Max, shape, {y.data(), DType::I32}, {x.data(), DType::I32},
         nullptr);
  EXPECT_EQ(y, (std::vector<int32_t>{3, 5}));
}

TEST(Reduce, SameBitsForAnyNumberOfThreads) {
  Values x = randomValues(DType::F32, 1000 * 300);
  for (unsigned mask : {1u, 2u, 3u}) {
    expectSameBitsForThreads([&] {
      size_t results = mask == 1 ? 300 : mask == 2 ? 1000 : 1;
      return run(ReduceKind::Sum, {1000, 300}, x, mask, DType::F32, results);
    });
  }
}

TEST(ArgMax, FirstOfEqualsAndNaN) {
  forEachTarget([] {
    Values x(DType::F32, {1, 5, 5, 2, /**/ -3, -1, NAN, 9, /**/ 7, 7, 7, 7});
    std::vector<int32_t> y(3);
    argMax(y.data(), x.buffer(), 3, 4);
    EXPECT_EQ(y, (std::vector<int32_t>{1, 2, 0}));
    Values half(DType::BF16, {1, 2, 4, 3});
    argMax(y.data(), half.buffer(), 1, 4);
    EXPECT_EQ(y[0], 2);
  });
}

TEST(L2Loss, HalfTheSumOfSquares) {
  forEachTarget([] {
    for (size_t n : {1u, 37u, 1025u, 200001u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        Values x = randomValues(dtype, n);
        double expected = 0;
        for (size_t i = 0; i < n; ++i) {
          expected += 0.5 * double(x[i]) * double(x[i]);
        }
        float y = l2Loss(x.buffer(), static_cast<int64_t>(n));
        EXPECT_NEAR(double(y), expected, 2e-7 * targetSlack() * expected) << n;
      }
    }
  });
}

TEST(L2Loss, SameBitsForAnyNumberOfThreads) {
  Values x = randomValues(DType::F32, 5000001);
  expectSameBitsForThreads([&] {
    return Values(DType::F32, std::vector<float>{l2Loss(x.buffer(), 5000001)});
  });
}

} // namespace
} // namespace bertc::rt::kernels
