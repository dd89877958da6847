// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

#include <cmath>

namespace bertc::interpret {
namespace {

std::string updateLine(const std::string &op, const std::string &decay) {
  return "bert." + op +
         " %0, %1, %2, %3, %4, %5 {beta1 = 0.5 : f32, beta2 = 0.75 : f32, eps "
         "= 0.25 : f32, weight_decay = " +
         decay +
         " : f32} : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, "
         "tensor<2xf32>, tensor<f32>, tensor<i32>) -> (tensor<2xf32>, "
         "tensor<2xf32>, tensor<2xf32>)";
}

TEST(Optimizer, LambFirstStepUndoesTheBias) {
  // With zero moments and t = 1, m^ = g and v^ = g^2.
  std::vector<Tensor> y = evaluate(
      updateLine("lamb_update", "0.5"),
      {floats({2}, {3, 4}), floats({2}, {0, 0}), floats({2}, {0, 0}),
       floats({2}, {0.75, -0.25}), floats({}, {0.1}), integers({}, {1})});
  // u = 0.75 / (0.75 + 0.25) + 0.5 * 3, -0.25 / 0.5 + 0.5 * 4
  double u0 = 0.75 + 1.5, u1 = -0.5 + 2;
  double ratio = 5 / std::hypot(u0, u1);
  EXPECT_THAT(y[0].values, near({3 - ratio * 0.1 * u0, 4 - ratio * 0.1 * u1}));
  EXPECT_THAT(y[1].values, near({0.375, -0.125}));
  EXPECT_THAT(y[2].values, near({0.25 * 0.5625, 0.25 * 0.0625}));
}

TEST(Optimizer, LambCorrectsByTheStep) {
  std::vector<Tensor> y =
      evaluate(updateLine("lamb_update", "0.0"),
               {floats({2}, {0, 0}), floats({2}, {1, 1}), floats({2}, {4, 4}),
                floats({2}, {1, 1}), floats({}, {1}), integers({}, {2})});
  // A zero variable: ratio 1. m = 1, v = 3.25.
  double u = (1 / 0.75) / (std::sqrt(3.25 / (1 - 0.5625)) + 0.25);
  EXPECT_THAT(y[0].values, near({-u, -u}));
}

TEST(Optimizer, LambWithNothingToDoChangesNothing) {
  std::vector<Tensor> y =
      evaluate(updateLine("lamb_update", "0.0"),
               {floats({2}, {3, 4}), floats({2}, {0, 0}), floats({2}, {0, 0}),
                floats({2}, {0, 0}), floats({}, {1}), integers({}, {1})});
  EXPECT_THAT(y[0].values, testing::ElementsAre(3, 4));
}

TEST(Optimizer, AdamwHasNoBiasCorrection) {
  for (int step : {1, 9}) {
    std::vector<Tensor> y =
        evaluate(updateLine("adamw_update", "0.5"),
                 {floats({2}, {3, 4}), floats({2}, {1, 0}), floats({2}, {0, 1}),
                  floats({2}, {2, -4}), floats({}, {0.1}),
                  integers({}, {static_cast<double>(step)})});
    EXPECT_THAT(y[1].values, near({1.5, -2}));
    EXPECT_THAT(y[2].values, near({1, 4.75}));
    EXPECT_THAT(y[0].values, near({3 - 0.1 * (1.5 / std::sqrt(1.0625) + 1.5),
                                   4 - 0.1 * (-2 / std::sqrt(4.8125) + 2)}));
  }
}

} // namespace
} // namespace bertc::interpret
