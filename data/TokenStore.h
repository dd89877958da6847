// SPDX-License-Identifier: Apache-2.0
//
// Tokenised documents on disk: what `bert-data pretrain` keeps between reading
// the text and making instances, so that memory does not grow with the corpus.
// Three nameless temporary files: token ids (2 bytes each when the vocabulary
// allows), the first token of every sentence, and the documents of each split.
#pragma once

#include <cstdint>
#include <vector>

#include "bertc/status.h"
#include "data/TempFile.h"

namespace bertc {

/// Training text and held-out text.
enum class Split : uint8_t { Training, Test };

/// A run of sentences.
struct StoredDocument {
  uint64_t firstSentence = 0;
  uint32_t sentences = 0;
  uint32_t tokens = 0;
};

/// Written by one thread, then read by many.
class TokenStore {
public:
  /// A document of more tokens is stored as several, to bound the memory and
  /// the work that one takes.
  static constexpr uint32_t maxDocumentTokens = 1U << 18;

  /// `vocabSize` decides how wide an id is on disk; each of the tables of
  /// sentences and documents stays in memory when it fits `tableBytes`.
  static StatusOr<TokenStore> create(const std::string &directory,
                                     size_t vocabSize, uint64_t tableBytes = 0);

  /// Adds a sentence (of at least one token) to the present document.
  Status addSentence(const int32_t *ids, size_t count);

  /// Ends the present document; nothing happens when it is empty.
  Status endDocument(Split split);

  /// Whether the present document has sentences.
  bool documentOpen() const { return open_.sentences != 0 || split_; }

  /// Ends writing.
  Status finish();

  uint64_t tokenCount() const { return tokenCount_; }
  uint64_t tokenCount(Split split) const { return splitTokens_[index(split)]; }
  uint64_t sentenceCount() const { return sentenceCount_; }
  /// Stored documents of a split.
  uint64_t documentCount(Split split) const {
    return documents_[index(split)].size() / sizeof(StoredDocument);
  }

  /// Reads `count` documents from `first` on.
  Status readDocuments(Split split, uint64_t first, size_t count,
                       std::vector<StoredDocument> *documents) const;

  /// Reads `count` sentences from `first` on: their ids one after another, and
  /// where each begins (count + 1 offsets into *ids).
  Status readSentences(uint64_t first, size_t count, std::vector<int32_t> *ids,
                       std::vector<uint32_t> *starts) const;

private:
  static size_t index(Split split) { return static_cast<size_t>(split); }
  Status endPart(Split split);

  TempFile tokens_;
  TempFile sentences_;
  TempFile documents_[2];
  bool wide_ = false;
  uint64_t tableBytes_ = 0;
  uint64_t tokenCount_ = 0;
  uint64_t sentenceCount_ = 0;
  uint64_t splitTokens_[2] = {0, 0};
  StoredDocument open_;
  /// Parts of the present document that are complete already.
  std::vector<StoredDocument> parts_;
  bool split_ = false;
  std::vector<uint16_t> narrow_;
};

} // namespace bertc
