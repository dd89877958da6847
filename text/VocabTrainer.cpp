// SPDX-License-Identifier: Apache-2.0
#include "text/VocabTrainer.h"

#include <algorithm>
#include <map>
#include <queue>

#include <fmt/format.h>

#include "text/Utf8.h"
#include "text/Vocabulary.h"

namespace bertc {
namespace {

using Piece = uint32_t;
using Pair = std::pair<Piece, Piece>;

struct PairHash {
  size_t operator()(const Pair &pair) const {
    uint64_t key = static_cast<uint64_t>(pair.first) << 32 | pair.second;
    key *= 0x9e3779b97f4a7c15ULL;
    return key ^ key >> 29;
  }
};

/// How often a pair occurs now, and the words it has been seen in (some may
/// have lost it since).
struct PairState {
  int64_t count = 0;
  std::vector<uint32_t> words;
};

struct Candidate {
  int64_t count;
  Pair pair;

  /// For a queue with the most frequent, then oldest, pair on top.
  bool operator<(const Candidate &other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

std::vector<uint32_t> codePointsOf(const std::string &word) {
  std::vector<uint32_t> result;
  const auto *p = reinterpret_cast<const uint8_t *>(word.data());
  const uint8_t *end = p + word.size();
  while (p != end) {
    result.push_back(decodeUtf8(p));
  }
  return result;
}

std::string textOf(uint32_t codePoint) {
  char bytes[4];
  return std::string(bytes, encodeUtf8(codePoint, bytes));
}

class Trainer {
public:
  Trainer(const WordCounts &counts, const VocabTrainerOptions &options)
      : options_(options) {
    // Hash order must not matter: words are numbered in sorted order.
    for (const auto &entry : counts) {
      sorted_.push_back(&entry);
    }
    std::sort(sorted_.begin(), sorted_.end(),
              [](auto *a, auto *b) { return a->first < b->first; });
    for (const std::string &name : specialTokenNames()) {
      addToken(name);
    }
  }

  Status addAlphabet();
  void splitWords();
  void countPairs();
  Status merge();
  std::vector<std::string> takeTokens() { return std::move(tokens_); }

private:
  Piece addToken(const std::string &text) {
    auto [known, isNew] =
        ids_.emplace(text, static_cast<Piece>(tokens_.size()));
    if (isNew) {
      tokens_.push_back(text);
    }
    return known->second;
  }

  std::string mergedText(const Pair &pair) const {
    const std::string &right = tokens_[pair.second];
    // A piece that continues a word always carries the prefix.
    return tokens_[pair.first] + right.substr(2);
  }

  void change(const Pair &pair, int64_t by, uint32_t word);
  void mergeInWord(uint32_t word, const Pair &pair, Piece merged);

  const VocabTrainerOptions &options_;
  std::vector<const WordCounts::value_type *> sorted_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, Piece> ids_;
  /// First pieces and continuing pieces of the kept characters.
  std::map<uint32_t, Piece> firstPiece_, nextPiece_;
  /// Pieces of all words behind one another; a word only ever shrinks.
  std::vector<Piece> pieces_;
  std::vector<size_t> wordStart_;
  std::vector<uint32_t> wordLength_;
  std::vector<int64_t> wordCount_;
  std::unordered_map<Pair, PairState, PairHash> pairs_;
  std::priority_queue<Candidate> queue_;
  std::vector<Pair> touched_;
};

Status Trainer::addAlphabet() {
  std::map<uint32_t, uint64_t> frequency, continuing;
  for (const auto *entry : sorted_) {
    bool first = true;
    for (uint32_t c : codePointsOf(entry->first)) {
      frequency[c] += entry->second;
      if (!first) {
        continuing[c] += entry->second;
      }
      first = false;
    }
  }
  std::vector<std::pair<uint32_t, uint64_t>> kept(frequency.begin(),
                                                  frequency.end());
  std::stable_sort(kept.begin(), kept.end(), [](const auto &a, const auto &b) {
    return a.second > b.second;
  });
  kept.resize(std::min(kept.size(), options_.limitAlphabet));
  std::sort(kept.begin(), kept.end());
  for (const auto &[c, count] : kept) {
    firstPiece_[c] = addToken(textOf(c));
  }
  for (const auto &[c, count] : kept) {
    if (continuing.count(c) != 0) {
      nextPiece_[c] = addToken("##" + textOf(c));
    }
  }
  if (tokens_.size() > options_.vocabSize) {
    return invalidArgument(fmt::format(
        "vocabulary size {} cannot hold the {} special tokens and characters "
        "of this text; raise --vocab-size or lower --limit-alphabet",
        options_.vocabSize, tokens_.size()));
  }
  return Status();
}

void Trainer::splitWords() {
  for (const auto *entry : sorted_) {
    size_t start = pieces_.size();
    bool first = true;
    for (uint32_t c : codePointsOf(entry->first)) {
      const auto &table = first ? firstPiece_ : nextPiece_;
      auto piece = table.find(c);
      // Characters outside the alphabet are left out of the word.
      if (piece != table.end()) {
        pieces_.push_back(piece->second);
      }
      first = false;
    }
    wordStart_.push_back(start);
    wordLength_.push_back(static_cast<uint32_t>(pieces_.size() - start));
    wordCount_.push_back(static_cast<int64_t>(entry->second));
  }
  sorted_.clear();
}

void Trainer::countPairs() {
  for (uint32_t word = 0; word < wordStart_.size(); ++word) {
    const Piece *p = &pieces_[wordStart_[word]];
    for (uint32_t i = 0; i + 1 < wordLength_[word]; ++i) {
      PairState &state = pairs_[{p[i], p[i + 1]}];
      state.count += wordCount_[word];
      if (state.words.empty() || state.words.back() != word) {
        state.words.push_back(word);
      }
    }
  }
  for (const auto &[pair, state] : pairs_) {
    queue_.push({state.count, pair});
  }
}

void Trainer::change(const Pair &pair, int64_t by, uint32_t word) {
  PairState &state = pairs_[pair];
  state.count += by;
  if (by > 0) {
    if (state.words.empty() || state.words.back() != word) {
      state.words.push_back(word);
    }
    touched_.push_back(pair);
  }
}

void Trainer::mergeInWord(uint32_t word, const Pair &pair, Piece merged) {
  Piece *p = &pieces_[wordStart_[word]];
  int64_t count = wordCount_[word];
  uint32_t length = wordLength_[word];
  for (uint32_t i = 0; i + 1 < length; ++i) {
    if (p[i] != pair.first || p[i + 1] != pair.second) {
      continue;
    }
    if (i > 0) {
      change({p[i - 1], p[i]}, -count, word);
      change({p[i - 1], merged}, count, word);
    }
    if (i + 2 < length) {
      change({p[i + 1], p[i + 2]}, -count, word);
      change({merged, p[i + 2]}, count, word);
    }
    p[i] = merged;
    std::copy(p + i + 2, p + length, p + i + 1);
    --length;
  }
  wordLength_[word] = length;
}

Status Trainer::merge() {
  while (tokens_.size() < options_.vocabSize && !queue_.empty()) {
    Candidate top = queue_.top();
    queue_.pop();
    auto found = pairs_.find(top.pair);
    if (found == pairs_.end()) {
      continue;
    }
    if (found->second.count != top.count) {
      // Counts in the queue are upper bounds; put it back where it belongs.
      if (found->second.count > 0) {
        queue_.push({found->second.count, top.pair});
      }
      continue;
    }
    if (top.count < 1 ||
        top.count < static_cast<int64_t>(options_.minFrequency)) {
      break;
    }
    std::vector<uint32_t> words = std::move(found->second.words);
    pairs_.erase(found);
    Piece merged = addToken(mergedText(top.pair));
    touched_.clear();
    for (uint32_t word : words) {
      mergeInWord(word, top.pair, merged);
    }
    pairs_.erase(top.pair);
    std::sort(touched_.begin(), touched_.end());
    touched_.erase(std::unique(touched_.begin(), touched_.end()),
                   touched_.end());
    for (const Pair &pair : touched_) {
      auto state = pairs_.find(pair);
      if (state != pairs_.end() && state->second.count > 0) {
        queue_.push({state->second.count, pair});
      }
    }
    if (tokens_.size() % 256 == 0 && options_.progress &&
        !options_.progress(tokens_.size())) {
      return failedPrecondition("vocabulary training was interrupted");
    }
  }
  return Status();
}

} // namespace

StatusOr<std::vector<std::string>>
trainVocabulary(const WordCounts &counts, const VocabTrainerOptions &options) {
  Trainer trainer(counts, options);
  BERTC_RETURN_IF_ERROR(trainer.addAlphabet());
  trainer.splitWords();
  trainer.countPairs();
  BERTC_RETURN_IF_ERROR(trainer.merge());
  return trainer.takeTokens();
}

} // namespace bertc
