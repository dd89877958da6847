// SPDX-License-Identifier: Apache-2.0
//
// Numbers computed from a plan that several reports show.
#pragma once

#include "runtime/core/PlanFile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Work of all steps of one kind.
struct KindStatistics {
  std::string kind;
  uint64_t steps = 0;
  uint64_t flops = 0;
  /// Bytes of all operands, each counted once per step.
  uint64_t bytes = 0;
};

/// A tensor's window of the arena and the steps that need it.
struct ArenaInterval {
  uint32_t tensor = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  /// Positions of the first and last step that touch it; inputs begin at 0,
  /// outputs end at the number of steps.
  uint32_t first = 0;
  uint32_t last = 0;
  /// Scope of the step that writes it first, or the name of the input.
  std::string scope;
};

/// Kind of a step as plans are read by people: "Matmul", "Unary copy", ....
std::string stepKind(const plan::Step &step);

/// Bytes of a tensor's elements.
uint64_t tensorBytes(const plan::Tensor &tensor);

/// Bytes of all operands of a step.
uint64_t stepBytes(const plan::Entry &entry, const plan::Step &step);

/// Steps by kind, most operations first, then most bytes.
std::vector<KindStatistics> kindStatistics(const plan::Entry &entry);

/// Every tensor of the arena, views included, largest first.
std::vector<ArenaInterval> arenaMap(const plan::Entry &entry);

/// Sum of all packed weights' bytes.
uint64_t packedBytes(const plan::Plan &plan);

} // namespace bertc
