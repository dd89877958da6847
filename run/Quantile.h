// SPDX-License-Identifier: Apache-2.0
//
// Medians and quartiles of measured times.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace bertc {

/// The value that `fraction` of `values` lie below, one of them; 0 of none.
inline double quantile(std::vector<double> values, double fraction) {
  if (values.empty()) {
    return 0;
  }
  auto index = static_cast<size_t>(
      fraction * static_cast<double>(values.size() - 1) + 0.5);
  auto at = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

inline double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

} // namespace bertc
