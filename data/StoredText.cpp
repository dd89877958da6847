// SPDX-License-Identifier: Apache-2.0
#include "data/StoredText.h"

#include <algorithm>

namespace bertc {

void StoredDocumentReader::open(const StoredDocument &document) {
  document_ = document;
  windowFirst_ = windowCount_ = 0;
}

/// Brings sentence `index` into the window.
Status StoredDocumentReader::load(size_t index) {
  if (index >= windowFirst_ && index < windowFirst_ + windowCount_) {
    return Status();
  }
  // Instances step back by part of a chunk, so keep what is before.
  windowFirst_ = index < 32 ? 0 : index - 32;
  windowCount_ =
      std::min<size_t>(windowSentences, document_.sentences - windowFirst_);
  return store_.readSentences(document_.firstSentence + windowFirst_,
                              windowCount_, &ids_, &starts_);
}

StatusOr<size_t> StoredDocumentReader::tokens(size_t index) {
  BERTC_RETURN_IF_ERROR(load(index));
  size_t at = index - windowFirst_;
  return starts_[at + 1] - starts_[at];
}

Status StoredDocumentReader::append(size_t index, std::vector<int32_t> *ids) {
  BERTC_RETURN_IF_ERROR(load(index));
  size_t at = index - windowFirst_;
  ids->insert(ids->end(), ids_.begin() + starts_[at],
              ids_.begin() + starts_[at + 1]);
  return Status();
}

Status RandomSentences::append(Random &random, uint64_t own, size_t length,
                               std::vector<int32_t> *ids) {
  uint64_t documents = store_.documentCount(split_);
  uint64_t number = own;
  for (int draw = 0; draw < 10 && number == own; ++draw) {
    number = random.below(documents);
  }
  BERTC_RETURN_IF_ERROR(store_.readDocuments(split_, number, 1, &document_));
  const StoredDocument &document = document_[0];
  uint64_t sentence = random.below(document.sentences);
  size_t wanted = ids->size() + std::max<size_t>(length, 1);
  while (ids->size() < wanted && sentence < document.sentences) {
    size_t count = std::min<uint64_t>(4, document.sentences - sentence);
    BERTC_RETURN_IF_ERROR(store_.readSentences(
        document.firstSentence + sentence, count, &ids_, &starts_));
    for (size_t i = 0; i < count && ids->size() < wanted; ++i) {
      ids->insert(ids->end(), ids_.begin() + starts_[i],
                  ids_.begin() + starts_[i + 1]);
    }
    sentence += count;
  }
  return Status();
}

} // namespace bertc
