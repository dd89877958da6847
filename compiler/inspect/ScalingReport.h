// SPDX-License-Identifier: Apache-2.0
//
// What `bertc inspect --scaling` prints, and its picture.
#pragma once

#include "compiler/inspect/Scaling.h"
#include "support/Json.h"

#include <string>
#include <vector>

namespace bertc {

struct ScalingReport {
  /// Path of the plan, and where its times come from, for people.
  std::string plan, source;
  ScalingInput input;
  std::vector<ScalingRow> rows;
};

/// Schema "bertc.scaling", version 1: what went in and a row for each number
/// of workers; seconds, bytes, bytes a second.
Json scalingJson(const ScalingReport &report);

/// The same as a table.
std::string scalingText(const ScalingReport &report);

/// Left the efficiency by workers, right what an update consists of; text in a
/// grey that reads on white and on black.
std::string scalingSvg(const ScalingReport &report);

} // namespace bertc
