// SPDX-License-Identifier: Apache-2.0
#include "text/WordCounter.h"

#include <algorithm>

namespace bertc {

struct WordCounter::Sink {
  WordCounter &counter;

  void onAsciiPunctuation(uint8_t byte) { ++counter.punctuation_[byte]; }
  void onWord(const WordBuffer &word) {
    if (!word.tooLong()) {
      key.assign(word.data(), word.size());
      ++counter.counts_[key];
    }
  }

  std::string key;
};

void WordCounter::add(std::string_view text) {
  Sink sink{*this, {}};
  if (isValidUtf8(text)) {
    splitWords(*map_, text, word_, sink);
    return;
  }
  valid_.clear();
  appendValidUtf8(text, &valid_);
  splitWords(*map_, valid_, word_, sink);
}

WordCounts WordCounter::take() {
  for (size_t byte = 0; byte < 128; ++byte) {
    if (punctuation_[byte] != 0) {
      counts_[std::string(1, static_cast<char>(byte))] += punctuation_[byte];
      punctuation_[byte] = 0;
    }
  }
  WordCounts result;
  result.swap(counts_);
  return result;
}

void mergeWordCounts(const WordCounts &from, WordCounts *to) {
  for (const auto &[word, count] : from) {
    (*to)[word] += count;
  }
}

size_t pruneWordCounts(size_t maxWords, WordCounts *counts) {
  if (counts->size() <= maxWords) {
    return 0;
  }
  std::vector<uint64_t> values;
  values.reserve(counts->size());
  for (const auto &entry : *counts) {
    values.push_back(entry.second);
  }
  // The lowest count that must go; all its words do, to stay independent of
  // hash order.
  size_t excess = counts->size() - maxWords;
  std::nth_element(values.begin(),
                   values.begin() + static_cast<ptrdiff_t>(excess - 1),
                   values.end());
  uint64_t limit = values[excess - 1];
  size_t before = counts->size();
  for (auto entry = counts->begin(); entry != counts->end();) {
    entry = entry->second <= limit ? counts->erase(entry) : std::next(entry);
  }
  return before - counts->size();
}

} // namespace bertc
