// SPDX-License-Identifier: Apache-2.0
//
// The engine of `bert-run convert IN OUT`: weights from a TensorFlow V2
// checkpoint to safetensors and back, under our names or Hugging Face's.
#pragma once

#include "bertc/status.h"

#include <string>
#include <vector>

namespace bertc {

struct ConvertOptions {
  /// Write Hugging Face names and layouts (safetensors output only).
  bool huggingFaceNames = false;
  /// With huggingFaceNames: leave out the leading `bert.`.
  bool bareModel = false;
  /// Drop optimizer slots, global_step and run state.
  bool weightsOnly = false;
};

struct ConvertReport {
  int64_t tensors = 0;
  int64_t bytes = 0;
  /// Input tensors with no counterpart in the output naming; not written.
  std::vector<std::string> skipped;
};

/// Converts `input` (anything WeightSource opens) to `output`: a file ending
/// in .safetensors, or else a checkpoint prefix. Element types are kept.
StatusOr<ConvertReport> convertWeights(const std::string &input,
                                       const std::string &output,
                                       const ConvertOptions &options);

} // namespace bertc
