// SPDX-License-Identifier: Apache-2.0
//
// From pieces back to the text they were made from: the tokenizer lowers case
// and strips accents, but the answer should read as the context does. Both are
// aligned character by character with the spaces left out.
#include <algorithm>

#include "tasks/SquadPredictions.h"

namespace bertc {
namespace {

/// Byte offsets of the characters that are no space.
std::vector<size_t> withoutSpaces(std::string_view text) {
  std::vector<size_t> offsets;
  for (size_t i = 0; i < text.size(); ++i) {
    bool begins = (static_cast<uint8_t>(text[i]) & 0xc0) != 0x80;
    if (begins && text[i] != ' ') {
      offsets.push_back(i);
    }
  }
  return offsets;
}

/// How many characters begin before byte `offset`.
size_t charactersBefore(const std::vector<size_t> &offsets, size_t offset) {
  auto found = std::lower_bound(offsets.begin(), offsets.end(), offset);
  return static_cast<size_t>(found - offsets.begin());
}

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words) {
    text += text.empty() ? "" : " ";
    text += word;
  }
  return text;
}

} // namespace

std::string recoverText(const CodePointMap &map, std::string_view predicted,
                        const std::string &original) {
  std::string tokenised = joined(basicTokens(map, original));
  size_t start = tokenised.find(predicted);
  if (start == std::string::npos || predicted.empty()) {
    return original;
  }
  std::vector<size_t> from = withoutSpaces(tokenised);
  std::vector<size_t> to = withoutSpaces(original);
  if (from.size() != to.size()) {
    return original;
  }
  // A prediction neither begins nor ends with a space, so both ends are
  // characters; the last is the one before that at the end's offset.
  size_t first = charactersBefore(from, start);
  size_t behind = charactersBefore(from, start + predicted.size());
  size_t begin = to[first];
  size_t end = behind == to.size() ? original.size() : to[behind];
  // What follows the last character up to the next one is spaces.
  while (end > begin && original[end - 1] == ' ') {
    --end;
  }
  return original.substr(begin, end - begin);
}

} // namespace bertc
