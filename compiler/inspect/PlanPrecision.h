// SPDX-License-Identifier: Apache-2.0
//
// Which steps of a plan work on bf16, and which rule says so.
#pragma once

#include "runtime/core/PlanFile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Steps of one kind, types and reason, whose scopes differ in numbers only.
struct PrecisionRow {
  uint64_t steps = 0;
  /// As stepTypes() says.
  std::string types;
  std::string kind;
  /// With "*" for the numbers in it.
  std::string scope;
  std::string reason;
};

/// Float types of what a step reads and writes, e.g. "bf16+f32 -> bf16"; empty
/// when there are none.
std::string stepTypes(const plan::Entry &entry, const plan::Step &step);

/// Steps on floats in the order in which they run first.
std::vector<PrecisionRow> precisionRows(const plan::Entry &entry);

/// What products of bf16 are formed in on this CPU: "bf16", or "f32" where it
/// has no arithmetic for bf16 or none that is faster (runtime/core/Bf16Rate.h).
const char *bf16Products();

} // namespace bertc
