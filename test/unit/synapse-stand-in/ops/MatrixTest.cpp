// SPDX-License-Identifier: Apache-2.0
//
// Matrix products against three loops, and the rules on their operands.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include "tools/synapse-stand-in/ops/leaf/Leaf.h"

namespace bertc::standin::testing {
namespace {

using rt::syn::LinearBwdParams;
using rt::syn::synGEMMParams;

/// op(a) op(b) of the matrices in batch `batch` of the result.
std::vector<double> product(const Tensor &a, bool transposeA, const Tensor &b,
                            bool transposeB, const Shape &c) {
  std::vector<double> expected(elementCount(c));
  uint64_t depth = a.shape()[transposeA ? 1 : 0];
  for (uint64_t at = 0; at < expected.size(); ++at) {
    std::vector<uint64_t> position = coordinates(c, at);
    std::vector<uint64_t> left = position, right = position;
    double sum = 0;
    for (uint64_t k = 0; k < depth; ++k) {
      left[transposeA ? 1 : 0] = k;
      left[transposeA ? 0 : 1] = position[1];
      right[transposeB ? 0 : 1] = k;
      right[transposeB ? 1 : 0] = position[0];
      // A size of 1 inside the matrix is its only coordinate, 0, as well.
      sum += a[elementAt(a.shape(), left)] * b[elementAt(b.shape(), right)];
    }
    expected[at] = sum;
  }
  return expected;
}

TEST(MatrixTest, GemmMultipliesInEveryOrientation) {
  for (bool transposeA : {false, true}) {
    for (bool transposeB : {false, true}) {
      uint64_t n = 301, m = 163, k = 217;
      Tensor a = Tensor::random(F32, transposeA ? Shape{m, k} : Shape{k, m});
      Tensor b = Tensor::random(F32, transposeB ? Shape{k, n} : Shape{n, k});
      Node node("gemm", {a, b}, {Tensor(F32, {n, m})},
                synGEMMParams{transposeA, transposeB});
      expectNear(node.run()[0], product(a, transposeA, b, transposeB, {n, m}),
                 2e-5);
    }
  }
}

TEST(MatrixTest, GemmOfOneColumnAndOneRow) {
  Tensor a = Tensor::random(F32, {5, 1}), b = Tensor::random(F32, {1, 5});
  expectNear(Node("gemm", {a, b}, {Tensor(F32, {1, 1})}).run()[0],
             product(a, false, b, false, {1, 1}), 1e-6);
}

TEST(MatrixTest, GemmOfBf16RoundsItsResultOnce) {
  Tensor a = Tensor::random(BF16, {400, 7}), b = Tensor::random(BF16, {9, 400});
  std::vector<double> exact = product(a, false, b, false, {9, 7});
  expectNear(Node("gemm", {a, b}, {Tensor(F32, {9, 7})}).run()[0], exact, 2e-5);
  Tensor rounded = Node("gemm", {a, b}, {Tensor(BF16, {9, 7})}).run()[0];
  for (size_t i = 0; i < exact.size(); ++i) {
    double spacing = std::fabs(exact[i]) / 256 + 1e-4;
    EXPECT_NEAR(rounded[i], toBf16(exact[i]), spacing);
    EXPECT_EQ(rounded[i], toBf16(rounded[i]));
  }
}

TEST(MatrixTest, GemmAddsItsBiasToEachRow) {
  Tensor a = Tensor::random(F32, {6, 4}), b = Tensor::random(F32, {3, 6});
  Tensor bias = Tensor::random(F32, {3});
  std::vector<double> expected = product(a, false, b, false, {3, 4});
  for (size_t i = 0; i < expected.size(); ++i) {
    expected[i] += bias[i % 3];
  }
  expectNear(Node("gemm", {a, b, bias}, {Tensor(F32, {3, 4})}).run()[0],
             expected, 1e-5);
}

TEST(MatrixTest, GemmOfBf16RoundsBeforeItsBias) {
  // 256 + 1 is between two bf16 numbers and goes to 256; then 1 is added.
  Tensor a = Tensor::of(BF16, {2, 1}, {256, 1});
  Tensor b = Tensor::of(BF16, {1, 2}, {1, 1});
  Tensor bias = Tensor::of(BF16, {1}, {1});
  EXPECT_EQ(Node("gemm", {a, b, bias}, {Tensor(BF16, {1, 1})}).run()[0][0],
            256);
}

TEST(MatrixTest, GradientsOfGemmTransposeByDefault) {
  uint64_t k = 20, m = 30, n = 10;
  Tensor a = Tensor::random(F32, {k, m}), b = Tensor::random(F32, {n, k});
  Tensor dc = Tensor::random(F32, {n, m});
  expectNear(Node("gemm_dedw", {dc, a}, {Tensor(F32, {n, k})}).run()[0],
             product(a, true, dc, false, {n, k}), 1e-5);
  expectNear(Node("gemm_dedx", {dc, b}, {Tensor(F32, {k, m})}).run()[0],
             product(dc, false, b, true, {k, m}), 1e-5);
  Tensor bTransposed = Tensor::random(F32, {k, n});
  expectNear(Node("gemm_dedx", {dc, bTransposed}, {Tensor(F32, {k, m})},
                  synGEMMParams{false, false})
                 .run()[0],
             product(dc, false, bTransposed, false, {k, m}), 1e-5);
}

TEST(MatrixTest, BatchGemmRepeatsBatchDimensionsOfOne) {
  Tensor a = Tensor::random(F32, {6, 5, 3, 1});
  Tensor b = Tensor::random(F32, {4, 6, 1, 2});
  Shape c = {4, 5, 3, 2};
  expectNear(Node("batch_gemm", {a, b}, {Tensor(F32, c)}).run()[0],
             product(a, false, b, false, c), 1e-5);
}

TEST(MatrixTest, BatchGemmOfAMissingBatchDimension) {
  Tensor a = Tensor::random(F32, {6, 5, 3});
  Tensor b = Tensor::random(F32, {4, 6});
  std::vector<double> expected;
  Tensor wide = Tensor::of(F32, {4, 6, 1}, b.values());
  expectNear(Node("batch_gemm", {a, b}, {Tensor(F32, {4, 5, 3})}).run()[0],
             product(a, false, wide, false, {4, 5, 3}), 1e-5);
}

TEST(MatrixTest, GradientsOfBatchGemm) {
  Tensor a = Tensor::random(F32, {6, 5, 3, 2});
  Tensor b = Tensor::random(F32, {4, 6, 3, 2});
  Tensor dc = Tensor::random(F32, {4, 5, 3, 2});
  expectNear(
      Node("batch_gemm_dedw", {dc, a}, {Tensor(F32, {4, 6, 3, 2})}).run()[0],
      product(a, true, dc, false, {4, 6, 3, 2}), 1e-5);
  expectNear(
      Node("batch_gemm_dedx", {dc, b}, {Tensor(F32, {6, 5, 3, 2})}).run()[0],
      product(dc, false, b, true, {6, 5, 3, 2}), 1e-5);
}

TEST(MatrixTest, MaskedBatchGemmAddsTheProductOfItsMasks) {
  Tensor a = Tensor::random(F32, {8, 6, 3, 2});
  Tensor b = Tensor::random(F32, {6, 8, 3, 2});
  Tensor maskA = Tensor::random(F32, {4, 6, 1, 2});
  Tensor maskB = Tensor::random(F32, {6, 4, 1, 2});
  Shape c = {6, 6, 3, 2};
  Node node("masked_batch_gemm", {a, b, maskA, maskB}, {Tensor(F32, c)});
  std::vector<double> expected = product(a, false, b, false, c);
  std::vector<double> mask = product(maskA, false, maskB, false, c);
  for (size_t i = 0; i < expected.size(); ++i) {
    expected[i] += mask[i];
  }
  expectNear(node.run()[0], expected, 1e-5);
  EXPECT_EQ(node.check(synDeviceGaudi),
            "masked_batch_gemm: not on this device, needs Gaudi2");
}

TEST(MatrixTest, LinearAndItsGradients) {
  Tensor x = Tensor::random(F32, {5, 3, 2}), w = Tensor::random(F32, {5, 4});
  Tensor bias = Tensor::random(F32, {4}), dy = Tensor::random(F32, {4, 3, 2});
  Tensor rows = Tensor::of(F32, {5, 6}, x.values());
  Tensor dyRows = Tensor::of(F32, {4, 6}, dy.values());
  std::vector<double> expected = product(rows, false, w, true, {4, 6});
  std::vector<double> db(4);
  for (size_t i = 0; i < expected.size(); ++i) {
    expected[i] += bias[i % 4];
    db[i % 4] += dy[i];
  }
  Tensor y(F32, {4, 3, 2});
  expectNear(Node("linear_fwd_f32", {x, w, bias}, {y}).run()[0], expected,
             1e-5);
  auto grads =
      Node("linear_temp_bwd_f32", {x, dy, w},
           {Tensor(F32, {5, 3, 2}), Tensor(F32, {5, 4}), Tensor(F32, {4})},
           LinearBwdParams{true})
          .run();
  expectNear(grads[0], product(dyRows, false, w, false, {5, 6}), 1e-5);
  expectNear(grads[1], product(dyRows, true, rows, false, {5, 4}), 1e-5);
  expectNear(grads[2], db, 1e-5);
}

TEST(MatrixTest, WrongNodesAreRefused) {
  Tensor a(F32, {4, 3}), b(F32, {5, 4}), c(F32, {5, 3});
  Tensor batch(F32, {4, 3, 2}), wide(F32, {5, 4, 3});
  Tensor a4(F32, {4, 3, 2, 1}), b4(F32, {3, 4, 2, 1}), c4(F32, {3, 3, 2, 1});
  Tensor mA(F32, {7, 3, 1, 1}), mB(F32, {3, 7, 1, 1});
  Tensor x(F32, {4, 6}), w(F32, {4, 5}), y(F32, {5, 6});
  expectRefused({
      {{"gemm", {a}, {c}}, "gemm: has 1 inputs, expected 2 to 3"},
      {{"gemm", {a, b}, {c, c}}, "gemm: has 2 outputs, expected 1"},
      {{"gemm", {a, Tensor()}, {c}}, "gemm: B is absent"},
      {{"gemm", {Tensor(I32, {4, 3}), b}, {c}},
       "gemm: A is i32, expected f32 or bf16"},
      {{"gemm", {a, Tensor(BF16, {5, 4})}, {c}},
       "gemm: B is bf16, expected f32 like A"},
      {{"gemm", {batch, b}, {c}}, "gemm: A has rank 3, expected 2"},
      {{"gemm", {a, b}, {c}, 1.0f},
       "gemm: has 4 bytes of parameters, expected 2"},
      {{"gemm", {a, b}, {c}, synGEMMParams{true, false}},
       "gemm: the common dimension is 3 in A and 4 in B"},
      {{"gemm", {a, b}, {Tensor(F32, {5, 4})}},
       "gemm: C has shape [5,4], expected [5,3]"},
      {{"gemm", {a, b, Tensor(F32, {3})}, {c}},
       "gemm: bias has shape [3], expected [5]"},
      {{"gemm", {a, b, Tensor(BF16, {5})}, {c}},
       "gemm: bias is bf16, expected f32 like C"},
      {{"gemm", {a, Tensor(F32, {5, 0})}, {c}},
       "gemm: input 1 has shape [5,0], expected no dimension of size 0"},
      {{"batch_gemm", {batch, wide}, {Tensor(F32, {5, 3, 3})}},
       "batch_gemm: batch dimension 2 is 2 in A and 3 in B, expected equal "
       "sizes or 1"},
      {{"batch_gemm", {Tensor(F32, {4}), wide}, {Tensor(F32, {5, 3, 3})}},
       "batch_gemm: A has rank 1, expected 2 to 5"},
      {{"batch_gemm", {Tensor(F32, {4, 3, 1, 1, 1, 1}), wide}, {c}},
       "batch_gemm: input 0 has rank 6, expected 1 to 5"},
      {{"masked_batch_gemm", {a4, b4, mA, Tensor(F32, {3, 7, 2, 1})}, {c4}},
       "masked_batch_gemm: maskB has shape [3,7,2,1], expected [3,7,1,1]"},
      {{"masked_batch_gemm", {a4, b4, Tensor(F32, {7, 4, 1, 1}), mB}, {c4}},
       "masked_batch_gemm: the masks make [3,4], expected [3,3]"},
      {{"masked_batch_gemm", {a4, Tensor(F32, {3, 4, 1, 1}), mA, mB}, {c4}},
       "masked_batch_gemm: B has shape [3,4,1,1], expected [3,4,2,1]"},
      {{"linear_fwd_f32", {x, Tensor(F32, {3, 5})}, {y}},
       "linear_fwd_f32: w has shape [3,5], expected [4,5]"},
      {{"linear_fwd_bf16", {x, w}, {y}},
       "linear_fwd_bf16: x is f32, expected bf16"},
      {{"linear_temp_bwd_f32", {x, y, w}, {x, w}, LinearBwdParams{true}},
       "linear_temp_bwd_f32: gradBias is set and db is absent"},
      {{"linear_temp_bwd_f32",
        {x, y, w},
        {x, w, Tensor(F32, {5})},
        LinearBwdParams{false}},
       "linear_temp_bwd_f32: db is given and gradBias is not set"},
      {{"gemmm", {a, b}, {c}}, "gemmm: no such kernel"},
  });
}

TEST(MatrixTest, EveryInstructionSetComputesTheSame) {
  std::vector<float> a(200), b(200);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>(Tensor::random(F32, {1})[0]);
    b[i] = static_cast<float>(Tensor::random(F32, {1})[0]);
  }
  auto dot = [&](const Leaf &loops) {
    std::vector<float> left(loops.tileRows * a.size());
    std::vector<float> right(loops.tileColumns * b.size());
    std::vector<float> sum(loops.tileRows * loops.tileColumns);
    int64_t depth = static_cast<int64_t>(a.size());
    loops.pack({a.data(), false, depth, 1}, 1, depth, loops.tileRows,
               left.data());
    loops.pack({b.data(), false, 1, 1}, 1, depth, loops.tileColumns,
               right.data());
    loops.multiplyPanels(left.data(), right.data(), depth, sum.data(),
                         loops.tileColumns);
    return sum[0];
  };
  double expected = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    expected += double(a[i]) * b[i];
  }
  EXPECT_NEAR(dot(baseline::table), expected, 1e-5);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    EXPECT_NEAR(dot(avx2::table), expected, 1e-5);
  }
  EXPECT_NEAR(dot(leaf()), expected, 1e-5);
}

} // namespace
} // namespace bertc::standin::testing
