// SPDX-License-Identifier: Apache-2.0
#include "tasks/TextLines.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "data/Pipeline.h"
#include "io/Files.h"
#include "text/Utf8.h"

namespace bertc {
namespace {

constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";

StatusOr<std::vector<std::string>> splitLines(std::string_view text,
                                              const std::string &name) {
  if (text.substr(0, byteOrderMark.size()) == byteOrderMark) {
    text.remove_prefix(byteOrderMark.size());
  }
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t newline = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, newline - at);
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    size_t valid = validUtf8Prefix(line);
    if (valid != line.size()) {
      return corrupt(
          fmt::format("{}:{}: not valid UTF-8 at byte {} of the line", name,
                      lines.size() + 1, valid + 1));
    }
    lines.emplace_back(line);
    at = newline + 1;
  }
  return lines;
}

} // namespace

StatusOr<std::vector<std::string>> readTextLines(const std::string &path) {
  if (path == "-") {
    std::string text{std::istreambuf_iterator<char>(std::cin),
                     std::istreambuf_iterator<char>()};
    return splitLines(text, "standard input");
  }
  BERTC_ASSIGN_OR_RETURN(
      MappedFile file, MappedFile::open(path, MappedFile::Access::Sequential));
  return splitLines(file.view(), path);
}

StatusOr<PairFeatures> makeTextFeatures(const std::vector<std::string> &lines,
                                        const WordPieceTokenizer &tokenizer,
                                        int maxSequenceLength, int jobs) {
  constexpr size_t perItem = 512;
  if (maxSequenceLength < 3) {
    return invalidArgument(fmt::format(
        "sequences of {} tokens, expected at least 3", maxSequenceLength));
  }
  PairFeatures empty(tokenizer.vocabulary(), maxSequenceLength, {});
  PairFeatures all = empty;
  std::vector<WordPieceEncoder> encoders;
  // One thread for each piece of work at most: an encoder has a cache to clear.
  size_t items = (lines.size() + perItem - 1) / perItem;
  int threads = std::max(1, std::min(jobs, static_cast<int>(items)));
  for (int job = 0; job < threads; ++job) {
    encoders.emplace_back(tokenizer);
  }
  size_t next = 0;
  auto take = [&]() -> StatusOr<std::optional<size_t>> {
    size_t first = next;
    next += perItem;
    return first < lines.size() ? std::optional<size_t>(first) : std::nullopt;
  };
  auto work = [&](int worker, size_t first) -> StatusOr<PairFeatures> {
    PairFeatures part = empty;
    std::vector<int32_t> ids;
    size_t last = std::min(first + perItem, lines.size());
    for (size_t i = first; i < last; ++i) {
      ids.clear();
      encoders[static_cast<size_t>(worker)].encode(lines[i], &ids);
      part.add(ids, {}, 0);
    }
    return part;
  };
  auto consume = [&](const PairFeatures &part) {
    all.append(part);
    return Status();
  };
  BERTC_RETURN_IF_ERROR(
      (Pipeline<size_t, PairFeatures>::run(threads, take, work, consume)));
  return all;
}

std::vector<std::vector<uint32_t>> maskPositions(const FeatureSet &features,
                                                 int32_t maskId) {
  std::vector<std::vector<uint32_t>> all(features.size());
  std::vector<int32_t> ids, segments;
  for (size_t i = 0; i < features.size(); ++i) {
    ids.resize(features.length(i));
    segments.resize(ids.size());
    features.write(i, ids.data(), segments.data());
    for (size_t at = 0; at < ids.size(); ++at) {
      if (ids[at] == maskId) {
        all[i].push_back(static_cast<uint32_t>(at));
      }
    }
  }
  return all;
}

} // namespace bertc
