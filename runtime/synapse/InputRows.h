// SPDX-License-Identifier: Apache-2.0
//
// Inputs that are numbers of rows. A kernel of the device does not look whether
// a table has the row that it is asked for, so the host does before it sends
// the numbers.
#pragma once

#include "bertc/runtime.h"
#include "runtime/schema/plan_generated.h"

#include <vector>

namespace bertc::rt::syn {

struct InputRows {
  /// Position of the input, which is i32.
  size_t input;
  /// Rows of the smallest table that is read by it.
  int64_t rows;
};

/// Inputs of the entry that a gather takes as they are, but for their shape.
/// Numbers that are computed with first are not followed.
std::vector<InputRows> inputRows(const plan::Entry &entry,
                                 const EntryInfo &info);

/// InvalidArgument with value and place when one of `count` numbers is negative
/// or not below `rows`.
Status checkRows(const int32_t *numbers, size_t count, int64_t rows,
                 const std::string &input);

} // namespace bertc::rt::syn
