// SPDX-License-Identifier: Apache-2.0
#include "data/TokenStore.h"

#include <gmock/gmock.h>

#include "data/StoredText.h"
#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

using ::testing::ElementsAre;

TokenStore makeStore(const TestFolder &folder, size_t vocabSize) {
  StatusOr<TokenStore> store = TokenStore::create(folder.path(), vocabSize);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return *std::move(store);
}

void add(TokenStore &store, const std::vector<int32_t> &ids) {
  ASSERT_TRUE(store.addSentence(ids.data(), ids.size()).ok());
}

TEST(TokenStore, SentencesAndDocumentsReadBack) {
  for (size_t vocabSize : {size_t{1000}, size_t{100000}}) {
    TestFolder folder;
    TokenStore store = makeStore(folder, vocabSize);
    int32_t large = vocabSize > 65536 ? 99999 : 999;
    add(store, {1, 2, 3});
    add(store, {large});
    ASSERT_TRUE(store.endDocument(Split::Training).ok());
    add(store, {5, 6});
    ASSERT_TRUE(store.endDocument(Split::Test).ok());
    ASSERT_TRUE(store.endDocument(Split::Test).ok());
    ASSERT_TRUE(store.finish().ok());
    EXPECT_EQ(store.documentCount(Split::Training), 1U);
    EXPECT_EQ(store.documentCount(Split::Test), 1U);
    EXPECT_EQ(store.tokenCount(), 6U);
    EXPECT_EQ(store.tokenCount(Split::Test), 2U);
    std::vector<int32_t> ids;
    std::vector<uint32_t> starts;
    ASSERT_TRUE(store.readSentences(1, 2, &ids, &starts).ok());
    EXPECT_THAT(ids, ElementsAre(large, 5, 6));
    EXPECT_THAT(starts, ElementsAre(0, 1, 3));
    std::vector<StoredDocument> documents;
    ASSERT_TRUE(store.readDocuments(Split::Test, 0, 1, &documents).ok());
    EXPECT_EQ(documents[0].firstSentence, 2U);
    EXPECT_EQ(documents[0].sentences, 1U);
  }
}

TEST(TokenStore, HugeDocumentBecomesSeveralOfOneSplit) {
  TestFolder folder;
  TokenStore store = makeStore(folder, 1000);
  std::vector<int32_t> sentence(TokenStore::maxDocumentTokens / 2, 7);
  for (int i = 0; i < 5; ++i) {
    add(store, sentence);
  }
  ASSERT_TRUE(store.endDocument(Split::Test).ok());
  ASSERT_TRUE(store.finish().ok());
  EXPECT_EQ(store.documentCount(Split::Training), 0U);
  EXPECT_EQ(store.documentCount(Split::Test), 3U);
}

TEST(StoredDocumentReader, ReadsThroughItsWindowAndBack) {
  TestFolder folder;
  TokenStore store = makeStore(folder, 5000);
  add(store, {1});
  ASSERT_TRUE(store.endDocument(Split::Training).ok());
  for (int32_t i = 0; i < 3000; ++i) {
    add(store, {i, i + 1});
  }
  ASSERT_TRUE(store.endDocument(Split::Training).ok());
  ASSERT_TRUE(store.finish().ok());
  std::vector<StoredDocument> documents;
  ASSERT_TRUE(store.readDocuments(Split::Training, 0, 2, &documents).ok());
  StoredDocumentReader reader(store);
  reader.open(documents[1]);
  ASSERT_EQ(reader.size(), 3000U);
  for (size_t index : {0, 511, 512, 500, 2999, 0, 1500}) {
    std::vector<int32_t> ids;
    ASSERT_TRUE(reader.append(index, &ids).ok());
    EXPECT_EQ(ids[0], static_cast<int32_t>(index));
    EXPECT_EQ(ids.size(), 2U);
  }
}

TEST(RandomSentences, ComeFromOtherDocumentsOfTheSplit) {
  TestFolder folder;
  TokenStore store = makeStore(folder, 1000);
  for (int32_t document = 0; document < 6; ++document) {
    for (int32_t sentence = 0; sentence < 4; ++sentence) {
      add(store, {document * 10 + sentence, document * 10 + sentence});
    }
    ASSERT_TRUE(
        store.endDocument(document < 4 ? Split::Training : Split::Test).ok());
  }
  ASSERT_TRUE(store.finish().ok());
  RandomSentences others(store, Split::Training);
  Random random{4};
  for (int i = 0; i < 300; ++i) {
    std::vector<int32_t> ids;
    ASSERT_TRUE(others.append(random, 2, 3, &ids).ok());
    // Two sentences reach three tokens; fewer at the end of a document.
    EXPECT_TRUE(ids.size() == 4 || (ids.size() == 2 && ids[0] % 10 == 3));
    EXPECT_NE(ids[0] / 10, 2);
    EXPECT_LT(ids[0] / 10, 4);
  }
}

TEST(RandomSentences, OnlyDocumentIsPairedWithItself) {
  TestFolder folder;
  TokenStore store = makeStore(folder, 1000);
  add(store, {8});
  ASSERT_TRUE(store.endDocument(Split::Training).ok());
  ASSERT_TRUE(store.finish().ok());
  RandomSentences others(store, Split::Training);
  Random random{5};
  std::vector<int32_t> ids;
  ASSERT_TRUE(others.append(random, 0, 0, &ids).ok());
  EXPECT_THAT(ids, ElementsAre(8));
}

} // namespace
} // namespace bertc
