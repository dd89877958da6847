// SPDX-License-Identifier: Apache-2.0
//
// Losses against their formulas, gradients against finite differences.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>

namespace bertc::standin::testing {
namespace {

using rt::syn::CrossEntropyMode;
using rt::syn::NllLossMode;
using rt::syn::NllLossParams;
using rt::syn::SoftmaxCrossEntropyParams;

constexpr uint64_t Classes = 7, Rows = 5;

/// -log softmax(x)[label] of each row; 0 for a label that is no class.
std::vector<double> crossEntropies(const std::vector<double> &x,
                                   const Tensor &labels) {
  std::vector<double> losses;
  for (uint64_t row = 0; row < Rows; ++row) {
    double sum = 0, label = labels[row];
    for (uint64_t i = 0; i < Classes; ++i) {
      sum += std::exp(x[row * Classes + i]);
    }
    bool isClass = label >= 0 && label < Classes;
    losses.push_back(
        isClass ? std::log(sum) - x[row * Classes + uint64_t(label)] : 0);
  }
  return losses;
}

double total(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values) {
    sum += value;
  }
  return sum;
}

Shape matrix() { return {Classes, Rows}; }

std::vector<Tensor> crossEntropy(const Tensor &x, const Tensor &labels,
                                 CrossEntropyMode mode) {
  Shape loss = {mode == CrossEntropyMode::None ? Rows : 1};
  return Node("softmax_cross_entropy_fwd_f32", {x, labels},
              {Tensor(F32, loss), Tensor(F32, matrix())},
              SoftmaxCrossEntropyParams{mode, 4})
      .run();
}

TEST(LossTest, SoftmaxCrossEntropyInEachMode) {
  Tensor x = Tensor::random(F32, matrix(), -3, 3);
  Tensor labels = Tensor::of(I32, {Rows}, {0, 6, 3, -1, 7});
  std::vector<double> losses = crossEntropies(x.values(), labels);
  expectNear(crossEntropy(x, labels, CrossEntropyMode::None)[0], losses, 1e-5);
  expectNear(crossEntropy(x, labels, CrossEntropyMode::Sum)[0], {total(losses)},
             1e-5);
  expectNear(crossEntropy(x, labels, CrossEntropyMode::Mean)[0],
             {total(losses) / 4}, 1e-5);
}

TEST(LossTest, GradientOfSoftmaxCrossEntropy) {
  Tensor x = Tensor::random(F32, matrix(), -3, 3);
  Tensor labels = Tensor::random(I32, {Rows}, 0, Classes - 1.0);
  for (auto mode : {CrossEntropyMode::Sum, CrossEntropyMode::Mean}) {
    double divisor = mode == CrossEntropyMode::Mean ? 4 : 1;
    Tensor ls = crossEntropy(x, labels, mode)[1];
    Node node("softmax_cross_entropy_bwd_f32", {ls, labels},
              {Tensor(F32, matrix())}, SoftmaxCrossEntropyParams{mode, 4});
    auto loss = [&](const std::vector<double> &at) {
      return total(crossEntropies(at, labels)) / divisor;
    };
    expectNear(node.run()[0], numericalGradient(loss, x.values()), 1e-5);
  }
}

TEST(LossTest, NllAndItsGradientInEachMode) {
  Tensor logp = Tensor::random(F32, matrix(), -3, 0);
  Tensor target = Tensor::of(I32, {Rows}, {0, 2, 6, 2, 9});
  for (auto mode : {NllLossMode::Mean, NllLossMode::Sum, NllLossMode::None}) {
    NllLossParams params{mode, 2};
    // Rows 0 and 2 count: 2 is ignored, 9 is no class.
    double divisor = mode == NllLossMode::Mean ? 2 : 1;
    Shape shape = {mode == NllLossMode::None ? Rows : 1};
    Tensor loss =
        Node("nll_loss_fwd_f32", {logp, target}, {Tensor(F32, shape)}, params)
            .run()[0];
    double first = -logp[0], third = -logp[2 * Classes + 6];
    expectNear(loss,
               mode == NllLossMode::None
                   ? std::vector<double>{first, 0, third, 0, 0}
                   : std::vector<double>{(first + third) / divisor},
               1e-6);
    Tensor grad = Tensor::random(F32, shape);
    std::vector<double> expected(Classes * Rows);
    expected[0] = -grad[0] / divisor;
    expected[2 * Classes + 6] =
        -grad[mode == NllLossMode::None ? 2 : 0] / divisor;
    expectNear(Node("nll_loss_bwd_f32", {grad, target}, {Tensor(F32, matrix())},
                    params)
                   .run()[0],
               expected, 1e-6);
  }
}

TEST(LossTest, Bf16LossesAreRounded) {
  Tensor x = Tensor::random(BF16, matrix(), -3, 3);
  Tensor labels = Tensor::random(I32, {Rows}, 0, Classes - 1.0);
  auto results = Node("softmax_cross_entropy_fwd_bf16", {x, labels},
                      {Tensor(BF16, {1}), Tensor(BF16, matrix())},
                      SoftmaxCrossEntropyParams{CrossEntropyMode::Sum, 4})
                     .run();
  expectNear(results[0], {total(crossEntropies(x.values(), labels))},
             tolerance(BF16));
}

TEST(LossTest, WrongNodesAreRefused) {
  Tensor x(F32, matrix()), labels(I32, {Rows}), one(F32, {1});
  SoftmaxCrossEntropyParams mean{CrossEntropyMode::Mean, 5};
  expectRefused({
      {{"softmax_cross_entropy_fwd_f32", {x, labels}, {one, x}},
       "softmax_cross_entropy_fwd_f32: has 0 bytes of parameters, expected 8"},
      {{"softmax_cross_entropy_fwd_f32",
        {x, labels},
        {one, x},
        SoftmaxCrossEntropyParams{CrossEntropyMode::Mean, 0}},
       "softmax_cross_entropy_fwd_f32: batchSize is 0, expected at least 1"},
      {{"softmax_cross_entropy_fwd_f32",
        {x, labels},
        {one, x},
        SoftmaxCrossEntropyParams{static_cast<CrossEntropyMode>(3), 5}},
       "softmax_cross_entropy_fwd_f32: mode is 3, expected 0 to 2"},
      {{"softmax_cross_entropy_fwd_f32", {x, Tensor(I32, {4})}, {one, x}, mean},
       "softmax_cross_entropy_fwd_f32: labels has shape [4], expected [5]"},
      {{"softmax_cross_entropy_fwd_f32",
        {x, labels},
        {Tensor(F32, {5}), x},
        mean},
       "softmax_cross_entropy_fwd_f32: loss has shape [5], expected [1]"},
      {{"softmax_cross_entropy_bwd_f32",
        {Tensor(F32, {7, 5, 1}), labels},
        {x},
        mean},
       "softmax_cross_entropy_bwd_f32: logsoftmax has rank 3, expected 2"},
      {{"nll_loss_fwd_f32",
        {x, x},
        {one},
        NllLossParams{NllLossMode::Mean, -100}},
       "nll_loss_fwd_f32: target is f32, expected i32"},
      {{"nll_loss_bwd_f32",
        {x, labels},
        {x},
        NllLossParams{NllLossMode::Mean, -100}},
       "nll_loss_bwd_f32: grad has shape [7,5], expected [1]"},
  });
}

} // namespace
} // namespace bertc::standin::testing
