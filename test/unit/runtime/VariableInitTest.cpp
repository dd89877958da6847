// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/ParallelMemory.h"
#include "runtime/core/StepHandler.h"
#include "runtime/core/Threads.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace bertc::rt {
namespace {

VariableInfo normal(const std::string &name, int64_t n) {
  VariableInfo v;
  v.name = name;
  v.shape = {n};
  v.init = InitKind::TruncatedNormal;
  v.initValue = 0.02f;
  return v;
}

std::vector<float> values(const VariableInfo &v, uint64_t seed) {
  std::vector<float> data(static_cast<size_t>(v.shape[0]));
  initialiseVariable(v, seed, data.data());
  return data;
}

// A normal cut at two deviations has deviation 0.8796; 0.003 is five standard
// errors of the estimate from a million samples.
TEST(VariableInit, truncatedNormalHasItsMomentsAndBounds) {
  std::vector<float> x = values(normal("w", 1000000), 7);
  double mean = std::accumulate(x.begin(), x.end(), 0.0) / 1e6;
  double squares = 0;
  for (float v : x) {
    ASSERT_LE(std::fabs(v), 0.04f);
    squares += static_cast<double>(v) * v;
  }
  EXPECT_NEAR(mean / 0.02, 0.0, 0.005);
  EXPECT_NEAR(std::sqrt(squares / 1e6) / 0.02, 0.8796, 0.003);
}

// Quartile of the cut normal: Phi(-2) + 0.25 * 0.9545 = 0.2614, z = -0.6391.
TEST(VariableInit, truncatedNormalHasItsQuartiles) {
  std::vector<float> x = values(normal("w", 1000000), 8);
  std::sort(x.begin(), x.end());
  EXPECT_NEAR(x[250000] / 0.02, -0.6391, 0.005);
  EXPECT_NEAR(x[500000] / 0.02, 0.0, 0.005);
  EXPECT_NEAR(x[750000] / 0.02, 0.6391, 0.005);
}

TEST(VariableInit, theSameBitsAtAnyThreadCount) {
  std::vector<float> one;
  {
    RunThreads scope(1);
    one = values(normal("w", 10007), 3);
  }
  RunThreads scope(3);
  EXPECT_EQ(one, values(normal("w", 10007), 3));
}

TEST(VariableInit, seedAndNameMatter) {
  EXPECT_NE(values(normal("a", 100), 1), values(normal("b", 100), 1));
  EXPECT_NE(values(normal("a", 100), 1), values(normal("a", 100), 2));
  EXPECT_NE(values(normal("a", 100), 1),
            values(normal("a", 100), 1 + (uint64_t{1} << 32)));
}

TEST(VariableInit, constantsOfEveryDType) {
  VariableInfo v;
  v.shape = {3};
  v.initValue = 1.0f;
  uint64_t data[3] = {};
  v.dtype = DType::F32;
  initialiseVariable(v, 0, data);
  EXPECT_EQ(reinterpret_cast<float *>(data)[2], 1.0f);
  v.dtype = DType::BF16;
  initialiseVariable(v, 0, data);
  EXPECT_EQ(reinterpret_cast<uint16_t *>(data)[2], 0x3f80);
  v.dtype = DType::I32;
  initialiseVariable(v, 0, data);
  EXPECT_EQ(reinterpret_cast<int32_t *>(data)[2], 1);
  v.dtype = DType::I64;
  initialiseVariable(v, 0, data);
  EXPECT_EQ(data[2], 1u);
  v.dtype = DType::Bool;
  initialiseVariable(v, 0, data);
  EXPECT_EQ(reinterpret_cast<uint8_t *>(data)[2], 1);
}

TEST(ParallelMemory, copiesStridedWindowsToDense) {
  float data[6] = {0, 1, 2, 3, 4, 5};
  TensorRef t;
  t.rank = 2;
  t.dims[0] = 3;
  t.dims[1] = 2;
  t.strides[0] = 1;
  t.strides[1] = 3;
  t.data = data;
  float out[6];
  copyToDense(t, out);
  EXPECT_EQ(std::vector<float>(out, out + 6),
            (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(ParallelMemory, copiesMoreThanOneChunk) {
  std::vector<char> from(3 * 1024 * 1024 + 17);
  std::iota(from.begin(), from.end(), 0);
  std::vector<char> to(from.size());
  parallelCopy(to.data(), from.data(), from.size());
  EXPECT_EQ(from, to);
}

} // namespace
} // namespace bertc::rt
