// SPDX-License-Identifier: Apache-2.0
//
// What Python's str does to each character; see make_answer_tables.py. Only
// PythonText.cpp reads these tables.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bertc::answer {

/// Code points first..last.
struct CharacterRange {
  uint32_t first;
  uint32_t last;
};

/// Code points first, first + step, ..., last become c + delta.
struct LowerRun {
  uint32_t first;
  uint32_t last;
  uint32_t step;
  int32_t delta;
};

extern const CharacterRange wordRanges[];
extern const size_t wordRangesCount;
extern const CharacterRange casedRanges[];
extern const size_t casedRangesCount;
extern const CharacterRange ignorableRanges[];
extern const size_t ignorableRangesCount;
extern const LowerRun lowerRuns[];
extern const size_t lowerRunsCount;

} // namespace bertc::answer
