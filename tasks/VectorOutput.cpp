// SPDX-License-Identifier: Apache-2.0
#include "tasks/VectorOutput.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "io/SafeTensors.h"
#include "support/Json.h"

namespace bertc {
namespace {

/// A number that JSON has; it has none for what is not finite.
void appendNumber(float value, std::string *out) {
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  char buffer[32];
  auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  out->append(buffer, result.ptr);
}

void appendVector(const float *values, size_t hidden, std::string *out) {
  *out += '[';
  for (size_t h = 0; h < hidden; ++h) {
    if (h > 0) {
      *out += ", ";
    }
    appendNumber(values[h], out);
  }
  *out += ']';
}

} // namespace

std::string vectorJsonLine(uint64_t index, const std::string &text,
                           const float *values, size_t count, size_t hidden,
                           bool perToken) {
  std::string line =
      fmt::format("{{\"index\": {}, \"text\": {}, \"{}\": ", index,
                  jsonLine(Json(text)), perToken ? "vectors" : "vector");
  line.reserve(line.size() + count * hidden * 14);
  if (!perToken) {
    appendVector(values, hidden, &line);
    return line + "}";
  }
  line += '[';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) {
      line += ", ";
    }
    appendVector(values + i * hidden, hidden, &line);
  }
  return line + "]}";
}

Status writeVectors(const std::string &path, const VectorSet &vectors,
                    const std::string &pooling) {
  std::vector<int64_t> offsets = {0};
  for (uint32_t count : vectors.counts) {
    offsets.push_back(offsets.back() + count);
  }
  auto hidden = static_cast<int64_t>(vectors.hidden);
  if (static_cast<int64_t>(vectors.values.size()) != offsets.back() * hidden) {
    return internalError(fmt::format("{} values for {} vectors of {}",
                                     vectors.values.size(), offsets.back(),
                                     hidden));
  }
  std::vector<TensorSource> tensors;
  tensors.push_back({{vectors.perToken ? "token_embeddings" : "embeddings",
                      DataType::F32,
                      {offsets.back(), hidden}},
                     vectors.values.data()});
  if (vectors.perToken) {
    tensors.push_back(
        {{"offsets", DataType::I64, {static_cast<int64_t>(offsets.size())}},
         offsets.data()});
  }
  return writeSafeTensors(path, tensors, {{"pooling", pooling}});
}

} // namespace bertc
