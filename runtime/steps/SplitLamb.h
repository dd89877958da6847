// SPDX-License-Identifier: Apache-2.0
//
// LAMB of a weight of which this session updates only a stretch. Its norms are
// those of the whole weight, added in the order of an update that has it all,
// so that the bits do not depend on how it is cut.
#pragma once

#include "runtime/core/SplitUpdate.h"
#include "runtime/kernels/optimizer/Optimizer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc::rt {

/// The update of a stretch of a variable alone, for AdamW and for the halves of
/// LAMB, which add norms up.
inline kernels::OptimizerArgs stretchOf(kernels::OptimizerArgs args,
                                        ElementRange range) {
  args.elements = range.count();
  args.var += range.begin;
  args.m += range.begin;
  args.v += range.begin;
  args.gradient += range.begin;
  return args;
}

class SplitLamb final : public SplitUpdate {
public:
  /// `whole` is the update of all elements of weight number `variable`, of
  /// which this session has [own.begin, own.end); *rate and *step are read when
  /// it runs.
  SplitLamb(uint32_t variable, const kernels::OptimizerArgs &whole,
            ElementRange own, const float *rate, const int32_t *step);

  Status begin(std::string *message) override;
  Status take(const std::vector<std::string> &messages) override;
  /// Once the sums of all are known: changes the variable.
  Status finish();

private:
  kernels::OptimizerArgs stretch(ElementRange range) const;

  uint32_t variable_;
  kernels::OptimizerArgs whole_;
  ElementRange own_;
  const float *rate_;
  const int32_t *step_;
  kernels::NormSums total_;
};

} // namespace bertc::rt
