// SPDX-License-Identifier: Apache-2.0
//
// Inputs with a plan's own shapes and plausible content, for measuring: ids
// within the vocabulary, positions within the sequence, no padding; packs hold
// K sequences of equal length.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Inputs that own their bytes.
class RandomInputs {
public:
  /// For every input of `entry`; the same seed gives the same values.
  static StatusOr<RandomInputs> make(const rt::Plan &plan,
                                     const std::string &entry, uint64_t seed);

  /// Views to hand to Session::run; valid while this object lives.
  rt::NamedInputs inputs() const;

private:
  struct Tensor {
    rt::TensorInfo info;
    std::vector<uint8_t> bytes;
  };
  std::vector<Tensor> tensors_;
};

} // namespace bertc
