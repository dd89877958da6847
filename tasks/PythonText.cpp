// SPDX-License-Identifier: Apache-2.0
#include "tasks/PythonText.h"

#include <algorithm>

#include "tasks/AnswerTables.h"
#include "text/Utf8.h"

namespace bertc {
namespace {

using answer::CharacterRange;
using answer::LowerRun;

/// The last range or run that begins at or before `c`; null when none does.
template <typename Range>
const Range *lastNotAfter(const Range *ranges, size_t count, uint32_t c) {
  const Range *after = std::upper_bound(
      ranges, ranges + count, c,
      [](uint32_t value, const Range &range) { return value < range.first; });
  return after == ranges ? nullptr : after - 1;
}

bool inRanges(const CharacterRange *ranges, size_t count, uint32_t c) {
  const CharacterRange *range = lastNotAfter(ranges, count, c);
  return range != nullptr && c <= range->last;
}

uint32_t lowerOf(uint32_t c) {
  const LowerRun *run =
      lastNotAfter(answer::lowerRuns, answer::lowerRunsCount, c);
  if (run == nullptr || c > run->last || (c - run->first) % run->step != 0) {
    return c;
  }
  return static_cast<uint32_t>(static_cast<int64_t>(c) + run->delta);
}

std::vector<uint32_t> decode(std::string_view text) {
  std::vector<uint32_t> points;
  points.reserve(text.size());
  const auto *p = reinterpret_cast<const uint8_t *>(text.data());
  const uint8_t *end = p + text.size();
  while (p != end) {
    points.push_back(decodeUtf8(p));
  }
  return points;
}

bool isIgnorable(uint32_t c) {
  return inRanges(answer::ignorableRanges, answer::ignorableRangesCount, c);
}

bool isCased(uint32_t c) {
  return inRanges(answer::casedRanges, answer::casedRangesCount, c);
}

/// Whether the sigma at `at` ends a word: a letter before it and none behind,
/// with skipped characters (apostrophes, accents) between.
bool isFinalSigma(const std::vector<uint32_t> &points, size_t at) {
  size_t before = at;
  while (before > 0 && isIgnorable(points[before - 1])) {
    --before;
  }
  if (before == 0 || !isCased(points[before - 1])) {
    return false;
  }
  size_t behind = at + 1;
  while (behind < points.size() && isIgnorable(points[behind])) {
    ++behind;
  }
  return behind == points.size() || !isCased(points[behind]);
}

void appendCodePoint(uint32_t c, std::string *out) {
  char bytes[4];
  out->append(bytes, encodeUtf8(c, bytes));
}

constexpr uint32_t capitalSigma = 0x3a3, finalSigma = 0x3c2;
constexpr uint32_t dottedCapitalI = 0x130, dotAbove = 0x307;

std::string lowerBeyondAscii(std::string_view text) {
  std::vector<uint32_t> points = decode(text);
  std::string lower;
  lower.reserve(text.size() + 2);
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i] == capitalSigma && isFinalSigma(points, i)) {
      appendCodePoint(finalSigma, &lower);
    } else if (points[i] == dottedCapitalI) {
      lower.push_back('i');
      appendCodePoint(dotAbove, &lower);
    } else {
      appendCodePoint(lowerOf(points[i]), &lower);
    }
  }
  return lower;
}

} // namespace

bool isPythonSpace(uint32_t c) {
  if (c < 0x80) {
    return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
  }
  return c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

bool isPythonWordCharacter(uint32_t c) {
  if (c < 0x80) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '_';
  }
  return inRanges(answer::wordRanges, answer::wordRangesCount, c);
}

std::string pythonLower(std::string_view text) {
  auto isAscii = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
  if (!std::all_of(text.begin(), text.end(), isAscii)) {
    return lowerBeyondAscii(text);
  }
  std::string lower(text);
  for (char &c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return lower;
}

std::vector<std::string_view> pythonSplit(std::string_view text) {
  std::vector<std::string_view> words;
  const auto *begin = reinterpret_cast<const uint8_t *>(text.data());
  const uint8_t *p = begin, *end = begin + text.size(), *word = nullptr;
  auto finish = [&](const uint8_t *at) {
    if (word != nullptr) {
      words.push_back(text.substr(static_cast<size_t>(word - begin),
                                  static_cast<size_t>(at - word)));
      word = nullptr;
    }
  };
  while (p != end) {
    const uint8_t *here = p;
    if (isPythonSpace(decodeUtf8(p))) {
      finish(here);
    } else if (word == nullptr) {
      word = here;
    }
  }
  finish(end);
  return words;
}

std::string joinedWords(std::string_view text) {
  std::string joined;
  for (std::string_view word : pythonSplit(text)) {
    if (!joined.empty()) {
      joined += ' ';
    }
    joined += word;
  }
  return joined;
}

size_t characterCount(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<uint8_t>(c) & 0xc0) != 0x80;
      }));
}

} // namespace bertc
