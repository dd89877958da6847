// SPDX-License-Identifier: Apache-2.0
//
// Reads text files of any size in blocks of whole lines, so that blocks can be
// worked on in parallel. Where blocks end depends only on the files, never on
// the number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bertc/status.h"
#include "io/Files.h"

namespace bertc {

/// A piece of one file that ends at the end of a line.
struct TextBlock {
  std::string text;
  /// The first block of its file.
  bool startsFile = false;
  /// No line end within a whole block: the line was cut (at white space when
  /// there is some) and goes on in the next block.
  bool cutsLine = false;
};

/// Reads files one after another.
class TextBlockReader {
public:
  static constexpr size_t defaultBlockBytes = 4U << 20;

  /// Opens every file once to see that it can be read.
  static StatusOr<TextBlockReader> open(std::vector<std::string> paths,
                                        size_t blockBytes = defaultBlockBytes);

  /// The next block, or nothing after the last file.
  StatusOr<std::optional<TextBlock>> next();

  /// Size of all files together.
  uint64_t totalBytes() const { return totalBytes_; }

private:
  std::vector<std::string> paths_;
  size_t blockBytes_ = defaultBlockBytes;
  uint64_t totalBytes_ = 0;
  size_t nextPath_ = 0;
  InputFile file_;
  bool open_ = false;
  uint64_t offset_ = 0;
};

} // namespace bertc
