// SPDX-License-Identifier: Apache-2.0
//
// One vector for a sequence from those of its tokens, and the likeliest words
// of a prediction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bertc {

/// out[h] = mean of tokens[0..length)[h], summed in f64; `tokens` is
/// [length,H], length > 0. [CLS] and [SEP] count, as in sentence-transformers.
void meanPool(const float *tokens, size_t length, size_t hidden, float *out);

/// Divides a vector by its 2-norm, or by 1e-12 where that is smaller.
void l2Normalize(float *vector, size_t hidden);

struct ScoredToken {
  int32_t id = 0;
  /// The score of the row it was found in, e.g. a log-probability.
  float score = 0;
};

/// The `count` largest of scores [size], best first, the lower id first among
/// equal ones.
std::vector<ScoredToken> topTokens(const float *scores, size_t size,
                                   size_t count);

} // namespace bertc
