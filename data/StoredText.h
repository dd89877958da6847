// SPDX-License-Identifier: Apache-2.0
//
// Reading a TokenStore while making instances: one document through a window
// of bounded size, and sentences at random places of other documents.
#pragma once

#include <vector>

#include "data/PretrainInstance.h"
#include "data/TokenStore.h"

namespace bertc {

/// Sentences of one stored document. open() moves it to another document.
class StoredDocumentReader : public DocumentSentences {
public:
  explicit StoredDocumentReader(const TokenStore &store) : store_(store) {}

  void open(const StoredDocument &document);
  size_t size() const override { return document_.sentences; }
  StatusOr<size_t> tokens(size_t index) override;
  Status append(size_t index, std::vector<int32_t> *ids) override;

private:
  static constexpr size_t windowSentences = 512;

  Status load(size_t index);

  const TokenStore &store_;
  StoredDocument document_;
  /// Sentences [windowFirst_, windowFirst_ + windowCount_) are in memory.
  size_t windowFirst_ = 0;
  size_t windowCount_ = 0;
  std::vector<int32_t> ids_;
  std::vector<uint32_t> starts_;
};

/// Draws the B of a random pair from the documents of one split.
class RandomSentences {
public:
  RandomSentences(const TokenStore &store, Split split)
      : store_(store), split_(split) {}

  /// Up to ten draws for a document other than number `own`, as in the
  /// reference; a corpus of one document pairs it with itself.
  Status append(Random &random, uint64_t own, size_t length,
                std::vector<int32_t> *ids);

private:
  const TokenStore &store_;
  Split split_;
  std::vector<StoredDocument> document_;
  std::vector<int32_t> ids_;
  std::vector<uint32_t> starts_;
};

} // namespace bertc
