// SPDX-License-Identifier: Apache-2.0
#include "data/TextBlocks.h"

namespace bertc {
namespace {

/// Where to cut a block without a line end: behind the last white space, else
/// before the last UTF-8 sequence, which may be incomplete.
size_t cutWithinLine(const std::string &text) {
  size_t space = text.find_last_of(" \t");
  if (space != std::string::npos) {
    return space + 1;
  }
  size_t cut = text.size() - 1;
  while (cut > text.size() - 4 && (text[cut] & 0xc0) == 0x80) {
    --cut;
  }
  return cut;
}

} // namespace

StatusOr<TextBlockReader> TextBlockReader::open(std::vector<std::string> paths,
                                                size_t blockBytes) {
  TextBlockReader reader;
  for (const std::string &path : paths) {
    BERTC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
    reader.totalBytes_ += file.size();
  }
  reader.paths_ = std::move(paths);
  reader.blockBytes_ = blockBytes;
  return reader;
}

StatusOr<std::optional<TextBlock>> TextBlockReader::next() {
  while (!open_ || offset_ >= file_.size()) {
    if (nextPath_ == paths_.size()) {
      return std::optional<TextBlock>();
    }
    BERTC_ASSIGN_OR_RETURN(file_, InputFile::open(paths_[nextPath_++]));
    open_ = true;
    offset_ = 0;
  }
  TextBlock block;
  block.startsFile = offset_ == 0;
  block.text.resize(blockBytes_);
  BERTC_ASSIGN_OR_RETURN(size_t bytes,
                         file_.readAt(offset_, block.text.data(), blockBytes_));
  if (bytes == 0) {
    return ioError(file_.path() + ": the file became shorter while it was "
                                  "being read");
  }
  block.text.resize(bytes);
  if (offset_ + bytes < file_.size()) {
    size_t newline = block.text.rfind('\n');
    block.cutsLine = newline == std::string::npos;
    block.text.resize(block.cutsLine ? cutWithinLine(block.text) : newline + 1);
  }
  offset_ += block.text.size();
  return std::optional<TextBlock>(std::move(block));
}

} // namespace bertc
