// SPDX-License-Identifier: Apache-2.0
//
// Counts the normalised words of a text, for vocabulary training. One counter a
// block of text; blocks are then merged in order, so that the result does not
// depend on which thread counted what.
#pragma once

#include <string>
#include <string_view>

#include "text/VocabTrainer.h"
#include "text/WordSplitter.h"

namespace bertc {

/// Counts words of at most `maxChars` characters: longer ones are [UNK] to
/// every tokenizer, whatever the vocabulary.
class WordCounter {
public:
  explicit WordCounter(const CodePointMap &map, size_t maxChars = 200)
      : map_(&map), word_(maxChars) {}

  /// Adds the words of `text`; invalid UTF-8 is ignored.
  void add(std::string_view text);

  /// The counts so far; the counter starts anew.
  WordCounts take();

private:
  struct Sink;
  const CodePointMap *map_;
  WordBuffer word_;
  WordCounts counts_;
  uint64_t punctuation_[128] = {};
  std::string valid_;
};

/// Adds `from` to `*to`.
void mergeWordCounts(const WordCounts &from, WordCounts *to);

/// Drops the rarest words until at most `maxWords` are left: all words of the
/// lowest counts together, whatever order they came in. Returns how many went.
size_t pruneWordCounts(size_t maxWords, WordCounts *counts);

} // namespace bertc
