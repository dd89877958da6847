// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bertc inspect --scaling`, and what they make of a plan.
#pragma once

#include "compiler/inspect/ScalingReport.h"
#include "runtime/core/PlanFile.h"
#include "support/Cli.h"

#include <optional>
#include <string>
#include <vector>

namespace bertc {

struct ScalingFlags {
  bool wanted = false;
  std::vector<int64_t> workers = {1, 2, 4, 8, 16, 32};
  std::string measured, measuredFullHost, plot;
  std::vector<std::string> links;
  std::optional<double> stepTime, updateTime;
  std::optional<int64_t> accumulation;
  int64_t ranksPerHost = 1;
  /// GB/s and microseconds.
  std::optional<double> linkBandwidth, linkLatency, hostBandwidth, hostLatency;
  double sumBandwidth = 0, spread = 0;
  std::string algorithm;
  bool shardOptimizer = false;
  /// Where not given, as the plan was compiled.
  std::optional<int64_t> buckets;
  std::optional<double> overlap;
  std::optional<std::string> precision;
  bool postAccumulation = true;
  CLI::Option *postAccumulationOption = nullptr;
};

/// Adds --scaling and, in a group of their own, the flags that need it.
void addScalingFlags(CLI::App &command, ScalingFlags &flags);

/// The model for a plan. Errors: of the flags, of the files that they name, and
/// FailedPrecondition for a plan that has no accumulators.
StatusOr<ScalingReport> scalingOf(const rt::PlanFile &file,
                                  const ScalingFlags &flags);

} // namespace bertc
