// SPDX-License-Identifier: Apache-2.0
//
// Inputs with a plan's own shapes and the content that records have, for
// measuring: ids within the vocabulary, sequences that fill their rows, masked
// positions inside them. Rows of a packed plan are packs: 1 to K sequences of
// different lengths one behind the other, and next to no padding.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "runtime/onednn/Products.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Lengths of the sequences in each row of a plan's batch, as `seed` draws
/// them; with `lengths` every row has these. InvalidArgument when they are more
/// than the plan's K, or longer together than its S.
StatusOr<rt::RowLengths> randomLengths(const rt::Plan &plan,
                                       const std::vector<int64_t> &lengths,
                                       uint64_t seed);

/// Inputs that own their bytes.
class RandomInputs {
public:
  /// For every input of `entry`; the same seed gives the same values. `rows`
  /// comes from randomLengths().
  static StatusOr<RandomInputs> make(const rt::Plan &plan,
                                     const std::string &entry,
                                     const rt::RowLengths &rows, uint64_t seed);

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
