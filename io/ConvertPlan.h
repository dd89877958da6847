// SPDX-License-Identifier: Apache-2.0
//
// What becomes of each tensor in a conversion. Internal to io/.
#pragma once

#include "io/Convert.h"
#include "io/SafeTensors.h"
#include "io/WeightSource.h"

namespace bertc {

/// What becomes of one input tensor.
struct ConvertPlan {
  /// Lives in the source.
  const TensorInfo *input = nullptr;
  TensorInfo output;
  bool transposed = false;
};

/// Plans for all tensors of the source that the output can have; the others
/// go to the report.
std::vector<ConvertPlan> makeConvertPlans(const WeightSource &source,
                                          const ConvertOptions &options,
                                          ConvertReport *report);

/// Writes the tensors to one safetensors file, adding to report->bytes.
Status writeAsSafeTensors(const WeightSource &source,
                          const std::vector<ConvertPlan> &plans,
                          const std::string &output, bool huggingFace,
                          ConvertReport *report);

} // namespace bertc
