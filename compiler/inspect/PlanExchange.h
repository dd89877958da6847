// SPDX-License-Identifier: Apache-2.0
//
// What reports say about the exchange of gradients that a plan was compiled
// for.
#pragma once

#include "runtime/core/PlanFile.h"
#include "support/Json.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// One bucket of accumulators.
struct BucketRow {
  /// Bytes of its variables and of what aligns them, in memory, and of what
  /// each rank sends of it in one exchange.
  uint64_t bytes = 0;
  uint64_t sent = 0;
  std::vector<std::string> variables;
  /// The entry and step that send it, and the share of the entry's operations
  /// that is left then; -1 where no step does. An entry without a step sends
  /// it before its graphs; no entry, no name.
  std::string entry;
  int64_t step = -1;
  double workLeft = 0;
};

/// The buckets in order. A ring of N ranks sends 2 (N - 1) / N of a bucket.
std::vector<BucketRow> bucketRows(const plan::Plan &plan);

/// A section of the text report; empty for a plan for one worker.
std::string exchangeText(const plan::Plan &plan);
/// The same for tools; null for a plan for one worker.
Json exchangeJson(const plan::Plan &plan);

} // namespace bertc
