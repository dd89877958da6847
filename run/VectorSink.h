// SPDX-License-Identifier: Apache-2.0
//
// Where encoded lines go: JSON lines as they come, or one safetensors file at
// the end. A file appears when it is whole.
#pragma once

#include "bertc/status.h"
#include "io/Files.h"
#include "tasks/VectorOutput.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bertc {

enum class VectorFormat { SafeTensors, JsonLines };

/// What a name says: .safetensors, .jsonl, or "-" for JSON lines on stdout;
/// anything else is an error.
StatusOr<VectorFormat> vectorFormat(const std::string &output);

class VectorSink {
public:
  /// `pooling` is noted in a safetensors file. Vectors have `hidden` numbers.
  static StatusOr<VectorSink> open(const std::string &output,
                                   VectorFormat format, size_t hidden,
                                   bool perToken, const std::string &pooling);

  /// The vectors of the next line, one behind the other.
  Status add(const std::string &text, const std::vector<float> &values);
  /// Writes what is left; without it there is no file.
  Status finish();

private:
  std::string output_, pooling_;
  VectorFormat format_ = VectorFormat::JsonLines;
  uint64_t next_ = 0;
  VectorSet set_;
  std::optional<AtomicFile> file_;
};

} // namespace bertc
