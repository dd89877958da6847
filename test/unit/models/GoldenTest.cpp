// SPDX-License-Identifier: Apache-2.0
//
// Whole models through the interpreter against PyTorch in f64 (stored as f32):
// exact arithmetic within 1e-6, f32 arithmetic within 1e-5 for losses and 1e-4
// for gradients (2-norm of each tensor). Before and after fusion.

#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Rounding;
using interpret::TensorMap;

struct Setting {
  const char *name;
  Phase phase;
  Rounding rounding;
  double lossTolerance;
  double tensorTolerance;
};

void PrintTo(const Setting &setting, std::ostream *out) {
  *out << setting.name;
}

const Setting kSettings[] = {
    {"Exact", Phase::Optimizer, Rounding::None, 1e-6, 1e-6},
    {"F32", Phase::Optimizer, Rounding::AsTyped, 1e-5, 1e-4},
    {"FusedExact", Phase::Fuse, Rounding::None, 1e-6, 1e-6},
};

class Golden
    : public testing::TestWithParam<std::tuple<const char *, Setting>> {
protected:
  /// Runs an entry of the case and compares all it returns.
  void check(const std::string &entry) {
    const auto &[name, setting] = GetParam();
    GoldenCase golden(name);
    Compiler compiler(golden.options());
    Status status = compiler.import();
    ASSERT_TRUE(status.ok()) << status.message();
    status = compiler.runThrough(setting.phase);
    ASSERT_TRUE(status.ok()) << status.message();
    Interpreter interpreter(compiler.module(), setting.rounding);
    setWeights(interpreter, golden.tensors("weights"));
    StatusOr<TensorMap> found =
        interpreter.run(entry, golden.tensors(entry + ".in"));
    ASSERT_TRUE(found.ok()) << found.status().message();
    compare(*found, golden.tensors(entry + ".out"), setting);
  }

private:
  /// Some gradients are 0 but for rounding (softmax does not change when a key
  /// bias moves all scores alike); they are measured against the largest.
  void compare(TensorMap &found, const TensorMap &expected,
               const Setting &setting) {
    double largest = 0.0;
    for (const auto &[name, tensor] : expected) {
      largest = std::max(largest, normOf(tensor));
    }
    EXPECT_EQ(found.size(), expected.size());
    for (const auto &[name, tensor] : expected) {
      bool loss = tensor.rank() == 0;
      expectClose(name, found[name], tensor,
                  loss ? setting.lossTolerance : setting.tensorTolerance,
                  loss ? 0.0 : 1e-2 * setting.tensorTolerance * largest);
    }
  }
};

TEST_P(Golden, gradients) { check("gradients"); }

TEST_P(Golden, predict) { check("predict"); }

TEST_P(Golden, evaluate) { check("evaluate"); }

INSTANTIATE_TEST_SUITE_P(
    Bert, Golden,
    testing::Combine(testing::Values("gelu_padding", "gelu_tanh_odd",
                                     "one_head", "many_heads", "wide",
                                     "dropout", "classify", "squad"),
                     testing::ValuesIn(kSettings)),
    [](const auto &info) {
      return std::string(std::get<0>(info.param)) + "_" +
             std::get<1>(info.param).name;
    });

} // namespace
} // namespace bertc
