// SPDX-License-Identifier: Apache-2.0
//
// An entry's inputs from a safetensors file, and its outputs to one.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "io/SafeTensors.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Inputs of one entry, mapped from a file or owned. Movable.
class EntryInputs {
public:
  /// Collects all inputs of `entry`; `path` may be empty. I64 values are taken
  /// for an i32 input when they fit. See Exec.h for what is supplied.
  static StatusOr<EntryInputs> open(const rt::EntryInfo &entry,
                                    const std::string &path, uint64_t seed,
                                    bool deterministic);

  const rt::NamedInputs &inputs() const { return inputs_; }
  /// Inputs that were not in the file, "rng", ...
  const std::vector<std::string> &supplied() const { return supplied_; }

private:
  Status addFromFile(const rt::TensorInfo &input, const TensorView &tensor);
  bool supply(const rt::TensorInfo &input, uint64_t seed, bool deterministic);
  void addOwned(const rt::TensorInfo &input, std::vector<uint8_t> bytes);

  SafeTensorsFile file_;
  std::vector<std::vector<uint8_t>> owned_;
  rt::NamedInputs inputs_;
  std::vector<std::string> supplied_;
};

/// Outputs of the last run of `entry`: in place where they are dense.
StatusOr<std::vector<TensorSource>> outputSources(rt::Session &session,
                                                  const rt::EntryInfo &entry);

/// The bytes of an output, f32 or bf16, as f32; `values` has its size.
Status widenOutput(rt::DType dtype, const std::vector<uint8_t> &bytes,
                   std::vector<float> *values);

} // namespace bertc
