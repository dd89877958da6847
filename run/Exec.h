// SPDX-License-Identifier: Apache-2.0
//
// `bert-run exec`: one entry of a plan on named tensors from a safetensors
// file, results to another one or compared with expected values.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/DeviceOptions.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

struct ExecOptions {
  std::string plan;
  std::string entry;
  /// safetensors file with the entry's inputs; empty when it needs none.
  std::string input;
  /// Anything io/WeightSource.h opens; empty: random weights from `seed`.
  std::string weights;
  /// safetensors file to write the outputs to; empty: not written.
  std::string output;
  /// safetensors file to write all variables to after the last run.
  std::string saveWeights;
  int repeat = 1;
  /// Chrome trace of the last repetition.
  std::string profile;
  /// safetensors file of outputs to compare with.
  std::string expectedOutput;
  double atol = 1e-5;
  double rtol = 1e-5;
  bool deterministic = false;
  uint64_t seed = 12345;
  int threads = 0;
  DeviceOptions device;
  bool quiet = false;
};

/// Largest difference between an output and what was expected.
struct Comparison {
  std::string name;
  double maxAbsolute = 0;
  double maxRelative = 0;
  /// |found - expected| / |expected|, 2-norms.
  double normRelative = 0;
  /// Elements beyond atol + rtol * |expected|.
  int64_t mismatches = 0;
  int64_t elements = 0;
};

struct ExecResult {
  /// Of each repetition.
  std::vector<double> milliseconds;
  std::vector<Comparison> comparisons;
  int64_t mismatches = 0;
};

/// Runs the entry. Inputs that the file does not have are supplied where their
/// value is plain (rng from seed, loss_scale 1, example_weights 1); any other
/// that is missing, extra, or of another shape or type is an error naming both
/// sides.
StatusOr<ExecResult> exec(const ExecOptions &options);

} // namespace bertc
