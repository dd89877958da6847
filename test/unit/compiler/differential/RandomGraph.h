// SPDX-License-Identifier: Apache-2.0
//
// Small random graphs of the bert dialect, as text. Among single operations
// they hold the groups that fusion passes look for, some with an extra use of a
// value inside the group, so that passes meet both what they match and what
// they must leave alone.
#pragma once

#include <cstdint>
#include <string>

namespace bertc {

/// A module with weights and a function @loss, whose first result is a scalar
/// that depends smoothly on every weight almost everywhere. The same seed gives
/// the same text.
std::string randomGraph(uint64_t seed, int steps);

} // namespace bertc
