// SPDX-License-Identifier: Apache-2.0
//
// Trains a WordPiece vocabulary the way Hugging Face's BertWordPieceTrainer
// does: start from single characters and merge the most frequent pair of
// neighbouring pieces again and again. Every tie is broken by a fixed rule, so
// the same text gives the same vocabulary, on any machine and with any number
// of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bertc/status.h"

namespace bertc {

/// How often each normalised word occurs.
using WordCounts = std::unordered_map<std::string, uint64_t>;

/// What to train. The defaults are Hugging Face's.
struct VocabTrainerOptions {
  /// Tokens to make, special ones included.
  size_t vocabSize = 30000;
  /// A pair less frequent than this is never merged.
  uint64_t minFrequency = 2;
  /// Keep only so many different characters, the most frequent ones.
  size_t limitAlphabet = 1000;
  /// Called now and then with the number of tokens so far; returning false
  /// stops the training.
  std::function<bool(size_t)> progress;
};

/// The tokens in order: special tokens, characters by code point, characters
/// that continue a word ("##x") by code point, then merges in the order they
/// were made. Ties: the pair made of older pieces first; equally frequent
/// characters, the lower code point first.
///
/// Fewer tokens than asked for come back when the text has no more pairs.
/// Errors: InvalidArgument when vocabSize cannot hold the alphabet;
/// FailedPrecondition when `progress` stopped it.
StatusOr<std::vector<std::string>>
trainVocabulary(const WordCounts &counts, const VocabTrainerOptions &options);

} // namespace bertc
