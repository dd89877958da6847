// SPDX-License-Identifier: Apache-2.0
#include "data/TokeniseJob.h"

#include <set>

#include <gtest/gtest.h>

#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

struct Outcome {
  TokeniseCounts counts;
  uint64_t documents = 0;
  uint64_t sentences = 0;
};

Outcome tokenise(const std::vector<std::string> &texts,
                 size_t blockBytes = TextBlockReader::defaultBlockBytes) {
  TestFolder folder;
  std::vector<std::string> paths;
  for (size_t i = 0; i < texts.size(); ++i) {
    paths.push_back(folder.write(std::to_string(i), texts[i]));
  }
  StatusOr<TextBlockReader> reader = TextBlockReader::open(paths, blockBytes);
  EXPECT_TRUE(reader.ok());
  StatusOr<Vocabulary> vocabulary =
      Vocabulary::parse("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\n", "v");
  EXPECT_TRUE(vocabulary.ok());
  WordPieceTokenizer tokenizer(*std::move(vocabulary), {});
  StatusOr<TokenStore> store = TokenStore::create(folder.path(), 8);
  EXPECT_TRUE(store.ok());
  TokeniseOptions options;
  options.jobs = 2;
  options.quiet = true;
  StatusOr<TokeniseCounts> counts =
      tokeniseFiles(*reader, tokenizer, options, &*store);
  EXPECT_TRUE(counts.ok()) << counts.status().message();
  return {*counts, store->documentCount(Split::Training),
          store->sentenceCount()};
}

TEST(TokeniseFiles, BlankLinesSeparateDocuments) {
  Outcome outcome = tokenise({"a b\nab\n\n\n \t\nb\n"});
  EXPECT_EQ(outcome.documents, 2U);
  EXPECT_EQ(outcome.sentences, 3U);
  EXPECT_EQ(outcome.counts.tokens, 5U);
}

TEST(TokeniseFiles, UnicodeSpacesAreBlankToo) {
  EXPECT_EQ(tokenise({"a\n\xe3\x80\x80\xc2\xa0\nb\n"}).documents, 2U);
}

TEST(TokeniseFiles, LineOfControlCharactersIsNoLine) {
  EXPECT_EQ(tokenise({std::string("a\n\x01\x02\nb\n")}).documents, 1U);
}

TEST(TokeniseFiles, EndOfFileEndsTheDocument) {
  EXPECT_EQ(tokenise({"a\nb", "a\n"}).documents, 2U);
  EXPECT_EQ(tokenise({"", "\n\n"}).documents, 0U);
}

TEST(TokeniseFiles, BlockEndsChangeNothing) {
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text += i % 9 == 0 ? "\n" : "a ab b\n";
  }
  Outcome whole = tokenise({text});
  Outcome parts = tokenise({text}, 40);
  EXPECT_EQ(whole.documents, parts.documents);
  EXPECT_EQ(whole.sentences, parts.sentences);
  EXPECT_EQ(whole.counts.tokens, parts.counts.tokens);
  EXPECT_EQ(parts.counts.linesCut, 0U);
}

TEST(TokeniseFiles, OddInputIsCounted) {
  Outcome outcome = tokenise({"a \xff\xfe z\n"});
  EXPECT_EQ(outcome.counts.invalidBytes, 2U);
  EXPECT_EQ(outcome.counts.unknownTokens, 1U);
  EXPECT_EQ(tokenise({"a a a a a a a a a a a a"}, 10).counts.linesCut, 2U);
}

TEST(IsTestDocument, TakesTheShareAskedForOfAnyRun) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (uint64_t first : {0, 1000, 1000000007}) {
      int held = 0;
      for (uint64_t document = first; document < first + 105; ++document) {
        held += isTestDocument(seed, document, 0.1) ? 1 : 0;
        EXPECT_FALSE(isTestDocument(seed, document, 0));
        EXPECT_TRUE(isTestDocument(seed, document, 1));
      }
      EXPECT_TRUE(held == 10 || held == 11) << held;
    }
  }
}

TEST(IsTestDocument, SeedDecidesWhich) {
  std::set<uint64_t> firsts;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    uint64_t document = 0;
    while (!isTestDocument(seed, document, 0.1)) {
      ++document;
    }
    firsts.insert(document);
  }
  EXPECT_GT(firsts.size(), 4U);
}

} // namespace
} // namespace bertc
