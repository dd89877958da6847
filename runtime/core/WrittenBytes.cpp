// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/WrittenBytes.h"

#include <algorithm>

namespace bertc::rt {
namespace {

// Windows in more pieces than this count as one piece from first to last byte:
// it keeps the work on a hostile plan bounded, and no compiled plan has them.
constexpr uint64_t kMaxRuns = uint64_t{1} << 18;

// Calls fn(begin, end) for each run until it returns false.
template <typename Fn> bool forEachRun(const ByteWindow &window, Fn fn) {
  std::vector<int64_t> at(window.axes.size(), 0);
  uint64_t begin = window.offset;
  while (true) {
    if (!fn(begin, begin + window.runBytes)) {
      return false;
    }
    size_t axis = window.axes.size();
    while (axis > 0) {
      --axis;
      begin += window.axes[axis].stride;
      if (++at[axis] < window.axes[axis].count) {
        break;
      }
      begin -= window.axes[axis].stride *
               static_cast<uint64_t>(window.axes[axis].count);
      at[axis] = 0;
      if (axis == 0) {
        return true;
      }
    }
    if (window.axes.empty()) {
      return true;
    }
  }
}

} // namespace

void WrittenBytes::add(const ByteWindow &window) {
  if (window.runs > kMaxRuns) {
    addRange(window.offset, window.offset + window.extent);
    return;
  }
  forEachRun(window, [&](uint64_t begin, uint64_t end) {
    addRange(begin, end);
    return true;
  });
}

bool WrittenBytes::contains(const ByteWindow &window) const {
  if (containsRange(window.offset, window.offset + window.extent)) {
    return true;
  }
  if (window.runs > kMaxRuns) {
    return false;
  }
  return forEachRun(window, [&](uint64_t begin, uint64_t end) {
    return containsRange(begin, end);
  });
}

void WrittenBytes::addRange(uint64_t begin, uint64_t end) {
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin()) {
    auto before = std::prev(next);
    if (before->second >= end) {
      return;
    }
    if (before->second >= begin) {
      begin = before->first;
      next = before;
    }
  }
  while (next != ranges_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace_hint(next, begin, end);
}

bool WrittenBytes::containsRange(uint64_t begin, uint64_t end) const {
  auto next = ranges_.upper_bound(begin);
  if (next == ranges_.begin()) {
    return false;
  }
  return std::prev(next)->second >= end;
}

} // namespace bertc::rt
