// SPDX-License-Identifier: Apache-2.0
#include "tasks/Pooling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace bertc {

void meanPool(const float *tokens, size_t length, size_t hidden, float *out) {
  std::vector<double> sums(hidden);
  for (size_t i = 0; i < length; ++i) {
    for (size_t h = 0; h < hidden; ++h) {
      sums[h] += static_cast<double>(tokens[i * hidden + h]);
    }
  }
  for (size_t h = 0; h < hidden; ++h) {
    out[h] = static_cast<float>(sums[h] / static_cast<double>(length));
  }
}

void l2Normalize(float *vector, size_t hidden) {
  double squares = 0;
  for (size_t h = 0; h < hidden; ++h) {
    squares += static_cast<double>(vector[h]) * static_cast<double>(vector[h]);
  }
  double norm = std::max(std::sqrt(squares), 1e-12);
  for (size_t h = 0; h < hidden; ++h) {
    vector[h] = static_cast<float>(static_cast<double>(vector[h]) / norm);
  }
}

namespace {

/// Anything is better than what is not a number.
float rank(float score) {
  return std::isnan(score) ? -std::numeric_limits<float>::infinity() : score;
}

} // namespace

std::vector<ScoredToken> topTokens(const float *scores, size_t size,
                                   size_t count) {
  std::vector<int32_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  count = std::min(count, size);
  auto last = order.begin() + static_cast<ptrdiff_t>(count);
  std::partial_sort(order.begin(), last, order.end(),
                    [&](int32_t a, int32_t b) {
                      float left = rank(scores[a]), right = rank(scores[b]);
                      return left != right ? left > right : a < b;
                    });
  std::vector<ScoredToken> top;
  for (auto id = order.begin(); id != last; ++id) {
    top.push_back({*id, scores[*id]});
  }
  return top;
}

} // namespace bertc
