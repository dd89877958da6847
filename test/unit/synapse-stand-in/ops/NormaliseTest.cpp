// SPDX-License-Identifier: Apache-2.0
//
// Softmax, log-softmax and layer norm against their formulas; gradients
// against finite differences.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>

namespace bertc::standin::testing {
namespace {

using rt::syn::LayerNormParams;
using rt::syn::SoftmaxParams;

/// Softmax, or its logarithm, of a tensor given as numbers.
std::vector<double> softmaxOf(const Shape &shape, std::vector<double> x,
                              int dim, bool isLog) {
  uint64_t stride = 1;
  for (int d = 0; d < dim; ++d) {
    stride *= shape[d];
  }
  std::vector<double> y = x;
  for (uint64_t at = 0; at < x.size(); ++at) {
    uint64_t own = at / stride % shape[dim];
    uint64_t start = at - own * stride;
    double sum = 0;
    for (uint64_t i = 0; i < shape[dim]; ++i) {
      sum += std::exp(x[start + i * stride] - x[at]);
    }
    y[at] = isLog ? -std::log(sum) : 1 / sum;
  }
  return y;
}

TEST(NormaliseTest, SoftmaxAlongEachDimension) {
  Shape shape = {37, 3, 5};
  for (bool isLog : {false, true}) {
    for (int dim = 0; dim < 3; ++dim) {
      for (const Suffix &type : FloatSuffixes) {
        Tensor x = Tensor::random(type.dtype, shape, -8, 8);
        std::string guid = isLog ? "logsoftmax_fwd_" : "softmax_fwd_";
        Node node(guid + type.text, {x}, {Tensor(type.dtype, shape)},
                  SoftmaxParams{dim});
        expectNear(node.run()[0], softmaxOf(shape, x.values(), dim, isLog),
                   tolerance(type.dtype));
      }
    }
  }
}

TEST(NormaliseTest, SoftmaxGivesMaskedPositionsNothing) {
  Tensor x = Tensor::random(F32, {20});
  for (size_t i = 10; i < 20; ++i) {
    x.set(i, x[i] - 10000);
  }
  Tensor y = Node("softmax_fwd_f32", {x}, {Tensor(F32, {20})}, SoftmaxParams{0})
                 .run()[0];
  for (size_t i = 10; i < 20; ++i) {
    EXPECT_EQ(y[i], 0);
  }
}

TEST(NormaliseTest, GradientsOfSoftmax) {
  Shape shape = {6, 4};
  for (bool isLog : {false, true}) {
    for (int dim = 0; dim < 2; ++dim) {
      Tensor x = Tensor::random(F32, shape, -2, 2);
      Tensor dy = Tensor::random(F32, shape);
      std::string name = isLog ? "logsoftmax" : "softmax";
      Tensor y =
          Node(name + "_fwd_f32", {x}, {Tensor(F32, shape)}, SoftmaxParams{dim})
              .run()[0];
      auto loss = [&](const std::vector<double> &at) {
        double sum = 0;
        std::vector<double> result = softmaxOf(shape, at, dim, isLog);
        for (size_t i = 0; i < result.size(); ++i) {
          sum += dy[i] * result[i];
        }
        return sum;
      };
      Node node(name + "_bwd_f32", {y, dy}, {Tensor(F32, shape)},
                SoftmaxParams{dim});
      expectNear(node.run()[0], numericalGradient(loss, x.values()), 1e-5);
    }
  }
}

constexpr double Eps = 1e-3;

struct Normalised {
  std::vector<double> y, mean, istd;
};

Normalised layerNormOf(const std::vector<double> &x,
                       const std::vector<double> &beta,
                       const std::vector<double> &gamma) {
  size_t n = gamma.size();
  Normalised result;
  for (size_t row = 0; row < x.size(); row += n) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) {
      mean += x[row + i] / n;
    }
    for (size_t i = 0; i < n; ++i) {
      variance += std::pow(x[row + i] - mean, 2) / n;
    }
    double istd = 1 / std::sqrt(variance + Eps);
    for (size_t i = 0; i < n; ++i) {
      result.y.push_back((x[row + i] - mean) * istd * gamma[i] + beta[i]);
    }
    result.mean.push_back(mean);
    result.istd.push_back(istd);
  }
  return result;
}

const LayerNormParams Params{true, static_cast<float>(Eps)};

TEST(NormaliseTest, LayerNormTakesBetaBeforeGamma) {
  for (const Suffix &type : FloatSuffixes) {
    Shape shape = {50, 7, 1, 40}, rows = {1, 7, 1, 40};
    Tensor x = Tensor::random(type.dtype, shape, -2, 3);
    Tensor beta = Tensor::random(F32, {50}), gamma = Tensor::random(F32, {50});
    Node node(std::string("layer_norm_fwd_") + type.text, {x, beta, gamma},
              {Tensor(type.dtype, shape), Tensor(F32, rows), Tensor(F32, rows)},
              Params);
    auto results = node.run();
    Normalised expected =
        layerNormOf(x.values(), beta.values(), gamma.values());
    expectNear(results[0], expected.y, tolerance(type.dtype));
    expectNear(results[1], expected.mean, 1e-5);
    expectNear(results[2], expected.istd, 1e-5);
  }
}

TEST(NormaliseTest, GradientsOfLayerNorm) {
  Shape shape = {9, 5, 1, 4}, rows = {1, 5, 1, 4};
  Tensor x = Tensor::random(F32, shape, -2, 3), dy = Tensor::random(F32, shape);
  Tensor beta = Tensor::random(F32, {9}), gamma = Tensor::random(F32, {9});
  auto forward =
      Node("layer_norm_fwd_f32", {x, beta, gamma},
           {Tensor(F32, shape), Tensor(F32, rows), Tensor(F32, rows)}, Params)
          .run();
  auto gradients =
      Node("layer_norm_bwd_f32", {x, dy, forward[1], forward[2], gamma},
           {Tensor(F32, shape), Tensor(F32, {9}), Tensor(F32, {9})}, Params)
          .run();
  auto loss = [&](const std::vector<double> &atX,
                  const std::vector<double> &atBeta,
                  const std::vector<double> &atGamma) {
    double sum = 0;
    std::vector<double> y = layerNormOf(atX, atBeta, atGamma).y;
    for (size_t i = 0; i < y.size(); ++i) {
      sum += dy[i] * y[i];
    }
    return sum;
  };
  auto b = beta.values(), g = gamma.values(), v = x.values();
  expectNear(gradients[0],
             numericalGradient([&](auto &at) { return loss(at, b, g); }, v),
             1e-4);
  expectNear(gradients[1],
             numericalGradient([&](auto &at) { return loss(v, at, g); }, b),
             1e-5);
  expectNear(gradients[2],
             numericalGradient([&](auto &at) { return loss(v, b, at); }, g),
             1e-5);
}

TEST(NormaliseTest, LayerNormOfBf16HasFloatParameterGradients) {
  Shape shape = {64, 3, 1, 30}, rows = {1, 3, 1, 30};
  Tensor x = Tensor::random(BF16, shape), dy = Tensor::random(BF16, shape);
  Tensor mean(F32, rows), istd(F32, rows), gamma = Tensor::random(F32, {64});
  Normalised stats =
      layerNormOf(x.values(), std::vector<double>(64), gamma.values());
  mean = Tensor::of(F32, rows, stats.mean);
  istd = Tensor::of(F32, rows, stats.istd);
  auto gradients =
      Node("layer_norm_bwd_bf16", {x, dy, mean, istd, gamma},
           {Tensor(BF16, shape), Tensor(F32, {64}), Tensor(F32, {64})}, Params)
          .run();
  std::vector<double> dbeta(64);
  for (size_t i = 0; i < dy.count(); ++i) {
    dbeta[i % 64] += dy[i];
  }
  expectNear(gradients[1], dbeta, 1e-5);
}

TEST(NormaliseTest, WrongNodesAreRefused) {
  Shape shape = {8, 2, 1, 3}, rows = {1, 2, 1, 3};
  Tensor x(F32, shape), stats(F32, rows), w(F32, {8}), flat(F32, {8, 6});
  expectRefused({
      {{"softmax_fwd_f32", {x}, {x}, SoftmaxParams{4}},
       "softmax_fwd_f32: axis is 4, expected 0 to 3"},
      {{"softmax_fwd_f32", {x}, {x}, SoftmaxParams{-1}},
       "softmax_fwd_f32: axis is -1, expected 0 to 3"},
      {{"softmax_fwd_f32", {x}, {x}},
       "softmax_fwd_f32: has 0 bytes of parameters, expected 4"},
      {{"softmax_bwd_f32", {x, stats}, {x}, SoftmaxParams{0}},
       "softmax_bwd_f32: dy has shape [1,2,1,3], expected [8,2,1,3]"},
      {{"layer_norm_fwd_f32", {flat, w, w}, {flat, stats, stats}, Params},
       "layer_norm_fwd_f32: x has rank 2, expected 4"},
      {{"layer_norm_fwd_f32",
        {x, Tensor(F32, {7}), w},
        {x, stats, stats},
        Params},
       "layer_norm_fwd_f32: beta has shape [7], expected [8]"},
      {{"layer_norm_fwd_f32", {x, w, w}, {x, x, stats}, Params},
       "layer_norm_fwd_f32: mean has shape [8,2,1,3], expected [1,2,1,3]"},
      {{"layer_norm_fwd_bf16",
        {Tensor(BF16, shape), Tensor(BF16, {8}), w},
        {Tensor(BF16, shape), stats, stats},
        Params},
       "layer_norm_fwd_bf16: beta is bf16, expected f32"},
      {{"layer_norm_fwd_f32", {x, w, w}, {x, stats, stats}, true},
       "layer_norm_fwd_f32: has 1 bytes of parameters, expected 8"},
      {{"layer_norm_fwd_f32",
        {x, w, w},
        {x, stats, stats},
        LayerNormParams{true, -1}},
       "layer_norm_fwd_f32: eps is -1.000000, expected a number from 0 on"},
      {{"layer_norm_bwd_f32", {x, x, stats, stats, w}, {x, w, stats}, Params},
       "layer_norm_bwd_f32: dgamma has shape [1,2,1,3], expected [8]"},
  });
}

} // namespace
} // namespace bertc::standin::testing
