// SPDX-License-Identifier: Apache-2.0
//
// A folder of test/golden/data/bert: how it is compiled and its tensors.
// test/golden/make_bert_golden.py says what is in it.
#pragma once

#include "compiler/driver/Compiler.h"
#include "compiler/interpret/Interpreter.h"

#include <string>

namespace bertc {

class GoldenCase {
public:
  explicit GoldenCase(const std::string &name);

  /// What flags.txt and config.json ask for.
  CompileOptions options() const;
  /// The tensors of NAME.safetensors; a failed test when it cannot be read.
  interpret::TensorMap tensors(const std::string &name) const;

private:
  std::string folder_;
};

/// Sets every variable of weights.safetensors.
void setWeights(interpret::Interpreter &interpreter,
                const interpret::TensorMap &weights);

/// |found - expected| <= rtol |expected| + atol in the 2-norm.
void expectClose(const std::string &name, const interpret::Tensor &found,
                 const interpret::Tensor &expected, double rtol, double atol);

/// The 2-norm of all elements.
double normOf(const interpret::Tensor &tensor);

} // namespace bertc
