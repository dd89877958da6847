// SPDX-License-Identifier: Apache-2.0
//
// What Hugging Face's BERT tokenizer does to each Unicode code point, recorded
// from the tokenizer itself by text/make_unicode_tables.py, which says why no
// Unicode library will do. Only text/CodePointMap.cpp reads these tables.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bertc {

/// Code points first..last share `value`; its meaning is the table's.
struct CodePointRange {
  uint32_t first;
  uint32_t last;
  uint32_t value;
};

/// first, first + step, ... (`count` of them) become to, to + toStep, ...
struct CodePointRun {
  uint32_t first;
  uint32_t count;
  uint32_t step;
  uint32_t to;
  uint32_t toStep;
};

/// A code point and what replaces it.
struct CodePointPair {
  uint32_t from;
  uint32_t to;
};

/// A code point and the two or three that replace it; unused places are 0.
struct CodePointString {
  uint32_t from;
  uint32_t to[3];
};

/// Removed (0) or turned into a space (1) before anything else.
extern const CodePointRange cleanRanges[];
extern const size_t cleanRangesCount;
/// Ideographs, set apart as words of one character.
extern const CodePointRange cjkRanges[];
extern const size_t cjkRangesCount;
/// Punctuation, split off as words of one character.
extern const CodePointRange punctuationRanges[];
extern const size_t punctuationRangesCount;
/// Removed by accent stripping; 1 when the character is a starter, which ends
/// a run of characters that canonical ordering sorts.
extern const CodePointRange accentRanges[];
extern const size_t accentRangesCount;
/// Canonical combining classes (not 0) of characters that accent stripping
/// keeps.
extern const CodePointRange combiningClassRanges[];
extern const size_t combiningClassRangesCount;
/// Canonical decompositions with the accents left out; Hangul is arithmetic.
extern const CodePointRun decompositionRuns[];
extern const size_t decompositionRunsCount;
extern const CodePointPair decompositionPairs[];
extern const size_t decompositionPairsCount;
extern const CodePointString decompositionStrings[];
extern const size_t decompositionStringsCount;
/// Lower-case forms.
extern const CodePointRun lowerRuns[];
extern const size_t lowerRunsCount;
extern const CodePointPair lowerPairs[];
extern const size_t lowerPairsCount;
extern const CodePointString lowerStrings[];
extern const size_t lowerStringsCount;

} // namespace bertc
