// SPDX-License-Identifier: Apache-2.0
#include "data/TokenStore.h"

namespace bertc {

StatusOr<TokenStore> TokenStore::create(const std::string &directory,
                                        size_t vocabSize, uint64_t tableBytes) {
  TokenStore store;
  store.tableBytes_ = tableBytes;
  store.wide_ = vocabSize > 65536;
  for (TempFile *file : {&store.tokens_, &store.sentences_,
                         &store.documents_[0], &store.documents_[1]}) {
    BERTC_ASSIGN_OR_RETURN(*file, TempFile::create(directory, 1U << 20));
  }
  return store;
}

Status TokenStore::addSentence(const int32_t *ids, size_t count) {
  if (open_.sentences != 0 && open_.tokens + count > maxDocumentTokens) {
    parts_.push_back(open_);
    split_ = true;
    open_ = {};
  }
  if (open_.sentences == 0) {
    open_.firstSentence = sentenceCount_;
  }
  BERTC_RETURN_IF_ERROR(sentences_.append(&tokenCount_, sizeof(tokenCount_)));
  ++sentenceCount_;
  ++open_.sentences;
  open_.tokens += static_cast<uint32_t>(count);
  tokenCount_ += count;
  if (wide_) {
    return tokens_.append(ids, count * sizeof(int32_t));
  }
  narrow_.assign(ids, ids + count);
  return tokens_.append(narrow_.data(), count * sizeof(uint16_t));
}

Status TokenStore::endDocument(Split split) {
  if (open_.sentences != 0) {
    parts_.push_back(open_);
  }
  for (const StoredDocument &part : parts_) {
    splitTokens_[index(split)] += part.tokens;
    BERTC_RETURN_IF_ERROR(documents_[index(split)].append(&part, sizeof(part)));
  }
  parts_.clear();
  open_ = {};
  split_ = false;
  return Status();
}

Status TokenStore::finish() {
  // The end of the last sentence.
  BERTC_RETURN_IF_ERROR(sentences_.append(&tokenCount_, sizeof(tokenCount_)));
  for (TempFile *file :
       {&tokens_, &sentences_, &documents_[0], &documents_[1]}) {
    BERTC_RETURN_IF_ERROR(file->flush());
    file->shrink();
    if (file != &tokens_) {
      BERTC_RETURN_IF_ERROR(file->cache(tableBytes_));
    }
  }
  return Status();
}

Status TokenStore::readDocuments(Split split, uint64_t first, size_t count,
                                 std::vector<StoredDocument> *documents) const {
  documents->resize(count);
  return documents_[index(split)].readAt(first * sizeof(StoredDocument),
                                         documents->data(),
                                         count * sizeof(StoredDocument));
}

Status TokenStore::readSentences(uint64_t first, size_t count,
                                 std::vector<int32_t> *ids,
                                 std::vector<uint32_t> *starts) const {
  std::vector<uint64_t> offsets(count + 1);
  BERTC_RETURN_IF_ERROR(sentences_.readAt(first * sizeof(uint64_t),
                                          offsets.data(),
                                          (count + 1) * sizeof(uint64_t)));
  starts->resize(count + 1);
  for (size_t i = 0; i <= count; ++i) {
    (*starts)[i] = static_cast<uint32_t>(offsets[i] - offsets[0]);
  }
  size_t total = starts->back();
  ids->resize(total);
  if (wide_) {
    return tokens_.readAt(offsets[0] * sizeof(int32_t), ids->data(),
                          total * sizeof(int32_t));
  }
  std::vector<uint16_t> narrow(total);
  BERTC_RETURN_IF_ERROR(tokens_.readAt(
      offsets[0] * sizeof(uint16_t), narrow.data(), total * sizeof(uint16_t)));
  ids->assign(narrow.begin(), narrow.end());
  return Status();
}

} // namespace bertc
