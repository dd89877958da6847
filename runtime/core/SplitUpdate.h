// SPDX-License-Identifier: Apache-2.0
//
// Optimizer updates shared by several sessions, each of which has a stretch of
// the weights (Session::shardOptimizer).
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc::rt {

/// Elements [begin, end).
struct ElementRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t count() const { return end - begin; }
};

/// The update of a stretch that has to know something of the others before it
/// can change the weight.
class SplitUpdate {
public:
  virtual ~SplitUpdate() = default;
  /// Does what needs no other session, and appends what they must know.
  virtual Status begin(std::string *message) = 0;
  /// Takes what all sessions have appended, this one among them.
  virtual Status take(const std::vector<std::string> &messages) = 0;
};

/// What of a weight this session updates; `begin == end` for nothing.
struct WeightShard {
  ElementRange own;
  int64_t elements = 0;

  bool isWhole() const { return own.count() == elements; }
};

} // namespace bertc::rt
