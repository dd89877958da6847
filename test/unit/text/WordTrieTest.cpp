// SPDX-License-Identifier: Apache-2.0
#include "text/WordTrie.h"

#include <random>

#include <gtest/gtest.h>

#include "test/unit/text/TestVocabulary.h"

namespace bertc {
namespace {

TEST(WordTrie, StartAndContinuingPiecesAreApart) {
  Vocabulary vocabulary = makeVocabulary({"in", "##in", "##ing"});
  WordTrie trie(vocabulary);
  EXPECT_EQ(trie.longest("ing", false).id, 5);
  EXPECT_EQ(trie.longest("ing", false).length, 2U);
  EXPECT_EQ(trie.longest("ing", true).id, 7);
  EXPECT_EQ(trie.longest("ing", true).length, 3U);
  EXPECT_EQ(trie.longest("xing", true).id, -1);
  EXPECT_EQ(trie.longest("", false).id, -1);
}

TEST(WordTrie, AgreesWithTryingEveryPrefix) {
  const unsigned seed = 3;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  auto letters = [&](unsigned most) {
    std::string text(1 + random() % most, 'a');
    for (char &c : text) {
      c = static_cast<char>('a' + random() % 3);
    }
    return text;
  };
  std::vector<std::string> tokens;
  for (int i = 0; i < 4000; ++i) {
    std::string token = (random() % 2 == 0 ? "##" : "") + letters(9);
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) {
      tokens.push_back(token);
    }
  }
  Vocabulary vocabulary = makeVocabulary(tokens);
  WordTrie trie(vocabulary);
  for (int round = 0; round < 5000; ++round) {
    std::string word = letters(14);
    bool continues = random() % 2 == 0;
    WordTrie::Match expected;
    for (size_t length = 1; length <= word.size(); ++length) {
      int32_t id =
          vocabulary.id((continues ? "##" : "") + word.substr(0, length));
      if (id >= 0) {
        expected = {id, length};
      }
    }
    WordTrie::Match match = trie.longest(word, continues);
    ASSERT_EQ(match.id, expected.id) << word;
    ASSERT_EQ(match.length, expected.length) << word;
  }
}

} // namespace
} // namespace bertc
