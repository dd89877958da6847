// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tests share: random buffers of any float storage, runs under
// every instruction set and several numbers of threads, comparison of results.
#pragma once

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/common/Bf16.h"
#include "runtime/kernels/common/Operand.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <omp.h>

#include "hwy/highway.h"
#include "hwy/targets.h"

namespace bertc::rt::kernels {

/// The seed of every random test; shown when one fails.
inline constexpr uint32_t kSeed = 20240517;

/// How much wider tolerances are for the instruction set under test: the plain
/// one sums in a single lane and rounds products before it adds them.
inline double &targetSlack() {
  static double slack = 1.0;
  return slack;
}

/// Calls fn() under each compiled instruction set this CPU has, with the name
/// in the failure message.
template <typename Fn> void forEachTarget(const Fn &fn) {
  for (int64_t target :
       {static_cast<int64_t>(HWY_AVX3), static_cast<int64_t>(HWY_AVX2),
        static_cast<int64_t>(HWY_STATIC_TARGET)}) {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
    if (target != HWY_STATIC_TARGET &&
        (hwy::SupportedTargets() & target) == 0) {
      continue;
    }
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
    targetSlack() = target == HWY_STATIC_TARGET ? 40.0 : 1.0;
    SCOPED_TRACE(std::string("target ") + hwy::TargetName(target) + ", seed " +
                 std::to_string(kSeed));
    fn();
  }
  targetSlack() = 1.0;
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

/// Numbers in storage of one type, seen as f32.
class Values {
public:
  Values() = default;
  Values(DType dtype, size_t n) : dtype_(dtype) { resize(n); }
  Values(DType dtype, const std::vector<float> &values) : dtype_(dtype) {
    resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      set(i, values[i]);
    }
  }

  size_t size() const { return n_; }
  DType dtype() const { return dtype_; }
  /// With room after the last element that must stay untouched.
  Buffer buffer() { return {bytes_.data(), dtype_}; }
  void *data() { return bytes_.data(); }
  float *f32() { return reinterpret_cast<float *>(bytes_.data()); }

  float operator[](size_t i) const {
    if (dtype_ == DType::F32) {
      float value;
      std::memcpy(&value, bytes_.data() + 4 * i, 4);
      return value;
    }
    uint16_t half;
    std::memcpy(&half, bytes_.data() + 2 * i, 2);
    return bf16ToFloat(half);
  }
  void set(size_t i, float value) {
    if (dtype_ == DType::F32) {
      std::memcpy(bytes_.data() + 4 * i, &value, 4);
      return;
    }
    uint16_t half = floatToBf16(value);
    std::memcpy(bytes_.data() + 2 * i, &half, 2);
  }
  /// True while nothing was written behind the last element.
  bool guardIntact() const {
    for (size_t i = bytes_.size() - kGuard; i < bytes_.size(); ++i) {
      if (bytes_[i] != kGuardByte) {
        return false;
      }
    }
    return true;
  }
  bool sameBits(const Values &other) const { return bytes_ == other.bytes_; }

private:
  static constexpr size_t kGuard = 64;
  static constexpr uint8_t kGuardByte = 0xa5;
  void resize(size_t n) {
    n_ = n;
    bytes_.assign(n * static_cast<size_t>(elementBytes(dtype_)) + kGuard,
                  kGuardByte);
  }
  DType dtype_ = DType::F32;
  size_t n_ = 0;
  std::vector<uint8_t> bytes_;
};

/// n numbers uniform in [low, high).
inline Values randomValues(DType dtype, size_t n, float low = -2.0f,
                           float high = 2.0f, uint32_t salt = 0) {
  std::mt19937 generator(kSeed + salt);
  std::uniform_real_distribution<float> uniform(low, high);
  Values values(dtype, n);
  for (size_t i = 0; i < n; ++i) {
    values.set(i, uniform(generator));
  }
  return values;
}

/// What storage of this type may lose: bf16 has 8 significant bits.
inline double storageError(DType dtype) {
  return dtype == DType::BF16 ? 1.0 / 256 : 0.0;
}

/// Each |actual - expected| <= tolerance * max(|expected|, floor), wider by
/// what bf16 storage loses.
inline void expectClose(const Values &actual,
                        const std::vector<double> &expected, double tolerance,
                        double floor = 1.0) {
  ASSERT_EQ(actual.size(), expected.size());
  EXPECT_TRUE(actual.guardIntact());
  tolerance = tolerance * targetSlack() + storageError(actual.dtype());
  for (size_t i = 0; i < expected.size(); ++i) {
    double limit = tolerance * std::max(std::fabs(expected[i]), floor);
    ASSERT_NEAR(static_cast<double>(actual[i]), expected[i], limit)
        << "element " << i << " of " << expected.size();
  }
}

/// Runs make() with 1, 2 and 3 threads and expects the same bits.
template <typename Fn> void expectSameBitsForThreads(const Fn &make) {
  int before = omp_get_max_threads();
  omp_set_num_threads(1);
  Values first = make();
  for (int threads : {2, 3}) {
    omp_set_num_threads(threads);
    EXPECT_TRUE(make().sameBits(first)) << threads << " threads";
  }
  omp_set_num_threads(before);
}

} // namespace bertc::rt::kernels
