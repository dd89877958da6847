// SPDX-License-Identifier: Apache-2.0
#include "text/CodePointMap.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "text/UnicodeTables.h"

namespace bertc {
namespace {

constexpr uint32_t codePointCount = 0x110000;
constexpr uint32_t hangulFirst = 0xac00, hangulLast = 0xd7a3;

uint32_t packed(CodePointAction action, uint32_t payload = 0) {
  return static_cast<uint32_t>(action) | payload << 8;
}

/// Calls visit(from, to, count) for every entry of a mapping's three tables.
template <typename Visit>
void forEachMapping(const CodePointRun *runs, size_t runCount,
                    const CodePointPair *pairs, size_t pairCount,
                    const CodePointString *strings, size_t stringCount,
                    Visit visit) {
  for (size_t r = 0; r < runCount; ++r) {
    for (uint32_t i = 0; i < runs[r].count; ++i) {
      uint32_t to = runs[r].to + i * runs[r].toStep;
      visit(runs[r].first + i * runs[r].step, &to, size_t{1});
    }
  }
  for (size_t p = 0; p < pairCount; ++p) {
    visit(pairs[p].from, &pairs[p].to, size_t{1});
  }
  for (size_t s = 0; s < stringCount; ++s) {
    size_t count = strings[s].to[2] != 0 ? 3 : 2;
    visit(strings[s].from, strings[s].to, count);
  }
}

using Mapping = std::unordered_map<uint32_t, std::vector<uint32_t>>;

const Mapping &lowerCaseMapping() {
  static const Mapping mapping = [] {
    Mapping result;
    forEachMapping(lowerRuns, lowerRunsCount, lowerPairs, lowerPairsCount,
                   lowerStrings, lowerStringsCount,
                   [&](uint32_t from, const uint32_t *to, size_t count) {
                     result[from].assign(to, to + count);
                   });
    return result;
  }();
  return mapping;
}

uint8_t combiningClass(uint32_t codePoint) {
  const CodePointRange *end = combiningClassRanges + combiningClassRangesCount;
  const CodePointRange *range = std::lower_bound(
      combiningClassRanges, end, codePoint,
      [](const CodePointRange &r, uint32_t c) { return r.last < c; });
  return range != end && range->first <= codePoint
             ? static_cast<uint8_t>(range->value)
             : 0;
}

/// Leading consonant, vowel and perhaps trailing consonant of a syllable.
size_t decomposeHangul(uint32_t syllable, uint32_t *parts) {
  uint32_t index = syllable - hangulFirst;
  parts[0] = 0x1100 + index / 588;
  parts[1] = 0x1161 + index % 588 / 28;
  parts[2] = 0x11a7 + index % 28;
  return index % 28 == 0 ? 2 : 3;
}

void setRanges(std::vector<uint32_t> &flat, const CodePointRange *ranges,
               size_t count, CodePointAction ifZero, CodePointAction ifOne) {
  for (size_t r = 0; r < count; ++r) {
    std::fill(flat.begin() + ranges[r].first, flat.begin() + ranges[r].last + 1,
              packed(ranges[r].value == 0 ? ifZero : ifOne));
  }
}

} // namespace

CodePointMap::CodePointMap(const NormalizerOptions &options)
    : options_(options) {
  std::vector<uint32_t> flat = buildEntries();
  ascii_.fill(NotAscii);
  for (uint32_t c = 0; c < 0x80; ++c) {
    switch (static_cast<CodePointAction>(flat[c] & 0xff)) {
    case CodePointAction::Keep:
      ascii_[c] = static_cast<uint8_t>(c);
      break;
    case CodePointAction::Replace:
      ascii_[c] = static_cast<uint8_t>(pool_[(flat[c] >> 8) - 1].codePoints[0]);
      break;
    case CodePointAction::Space:
      ascii_[c] = AsciiSpace;
      break;
    case CodePointAction::Isolate:
      ascii_[c] = AsciiIsolate;
      break;
    default:
      ascii_[c] = AsciiDrop;
    }
  }
  compress(flat);
}

std::vector<uint32_t> CodePointMap::buildEntries() {
  std::vector<uint32_t> flat(codePointCount, packed(CodePointAction::Keep));
  setRanges(flat, punctuationRanges, punctuationRangesCount,
            CodePointAction::Isolate, CodePointAction::Isolate);
  setRanges(flat, cjkRanges, cjkRangesCount, CodePointAction::Isolate,
            CodePointAction::Isolate);
  for (const auto &[from, to] : lowerCaseMapping()) {
    buildEntry(from, flat, &from, 1);
  }
  if (options_.stripAccents) {
    forEachMapping(decompositionRuns, decompositionRunsCount,
                   decompositionPairs, decompositionPairsCount,
                   decompositionStrings, decompositionStringsCount,
                   [&](uint32_t from, const uint32_t *to, size_t count) {
                     buildEntry(from, flat, to, count);
                   });
    for (uint32_t c = hangulFirst; c <= hangulLast; ++c) {
      uint32_t parts[3];
      size_t count = decomposeHangul(c, parts);
      buildEntry(c, flat, parts, count);
    }
    for (size_t r = 0; r < combiningClassRangesCount; ++r) {
      const CodePointRange &range = combiningClassRanges[r];
      for (uint32_t c = range.first; c <= range.last; ++c) {
        buildEntry(c, flat, &c, 1);
      }
    }
    setRanges(flat, accentRanges, accentRangesCount,
              CodePointAction::DropAccent, CodePointAction::DropStarterAccent);
  }
  // Cleaning comes first of all, so it has the last word here.
  setRanges(flat, cleanRanges, cleanRangesCount, CodePointAction::Drop,
            CodePointAction::Space);
  return flat;
}

/// Enters `parts`, what is left of `codePoint` after accent stripping, in lower
/// case if asked for.
void CodePointMap::buildEntry(uint32_t codePoint, std::vector<uint32_t> &flat,
                              const uint32_t *parts, size_t count) {
  Replacement replacement;
  for (size_t i = 0; i < count; ++i) {
    uint8_t order = options_.stripAccents ? combiningClass(parts[i]) : 0;
    auto lower = lowerCaseMapping().find(parts[i]);
    if (!options_.lowerCase || lower == lowerCaseMapping().end()) {
      replacement.codePoints[replacement.count] = parts[i];
      replacement.classes[replacement.count++] = order;
      continue;
    }
    for (uint32_t c : lower->second) {
      replacement.codePoints[replacement.count++] = c;
    }
  }
  auto action = static_cast<CodePointAction>(flat[codePoint] & 0xff);
  if (replacement.count == 1 && replacement.codePoints[0] == codePoint &&
      replacement.classes[0] == 0) {
    return;
  }
  // A decomposition may end in punctuation (Greek question mark).
  bool isolate =
      action == CodePointAction::Isolate ||
      (replacement.count == 1 &&
       flat[replacement.codePoints[0]] == packed(CodePointAction::Isolate));
  flat[codePoint] =
      packed(isolate ? CodePointAction::Isolate : CodePointAction::Replace,
             static_cast<uint32_t>(pool_.size()) + 1);
  pool_.push_back(replacement);
}

void CodePointMap::compress(const std::vector<uint32_t> &flat) {
  std::map<std::vector<uint32_t>, uint16_t> known;
  // Payload 0 means "itself", so the pool's indices start at 1.
  for (uint32_t block = 0; block < codePointCount >> 8; ++block) {
    auto begin = flat.begin() + block * 256;
    // Most blocks repeat their neighbour: unassigned or private planes.
    if (block > 0 && std::equal(begin, begin + 256, begin - 256)) {
      index_.push_back(index_.back());
      continue;
    }
    std::vector<uint32_t> content(begin, begin + 256);
    auto [position, isNew] = known.try_emplace(
        std::move(content), static_cast<uint16_t>(known.size()));
    if (isNew) {
      blocks_.insert(blocks_.end(), begin, begin + 256);
    }
    index_.push_back(position->second);
  }
}

Replacement CodePointMap::replacement(uint32_t codePoint) const {
  uint32_t index = entry(codePoint) >> 8;
  if (index != 0) {
    return pool_[index - 1];
  }
  Replacement itself;
  itself.count = 1;
  itself.codePoints[0] = codePoint;
  return itself;
}

} // namespace bertc
