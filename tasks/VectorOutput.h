// SPDX-License-Identifier: Apache-2.0
//
// Vectors out: JSON lines for scripts, safetensors for everything else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bertc/status.h"

namespace bertc {

/// Vectors of sequences: one each, or one for each token.
struct VectorSet {
  size_t hidden = 0;
  /// One vector a token rather than one a sequence.
  bool perToken = false;
  /// Vectors of each sequence; all 1 unless perToken.
  std::vector<uint32_t> counts;
  /// [sum of counts, hidden].
  std::vector<float> values;
};

/// One object a line, without a newline at the end: {"index": i, "text": t,
/// "vector": [...]}, per token "vectors": [[...], ...]. `values` are count *
/// hidden numbers, printed as short as they can be read back exactly.
std::string vectorJsonLine(uint64_t index, const std::string &text,
                           const float *values, size_t count, size_t hidden,
                           bool perToken);

/// "embeddings" f32 [N,H]; per token "token_embeddings" f32 [T,H] and "offsets"
/// i64 [N+1]: sequence i has rows offsets[i] to offsets[i+1]. `pooling` is
/// noted in the metadata.
Status writeVectors(const std::string &path, const VectorSet &vectors,
                    const std::string &pooling);

} // namespace bertc
