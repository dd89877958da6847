// SPDX-License-Identifier: Apache-2.0
#include "text/WordPieceTokenizer.h"

#include <random>

#include <gmock/gmock.h>

#include "test/unit/text/TestVocabulary.h"

namespace bertc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int32_t pad = 0, unknown = 1, mask = 4;

std::vector<int32_t> encode(const std::vector<std::string> &tokens,
                            const std::string &text,
                            const TokenizerOptions &options = {}) {
  WordPieceTokenizer tokenizer(makeVocabulary(tokens), options);
  WordPieceEncoder encoder(tokenizer);
  std::vector<int32_t> ids;
  encoder.encode(text, &ids);
  return ids;
}

TEST(WordPieceTokenizer, LongestPieceFirst) {
  EXPECT_THAT(encode({"un", "##aff", "##able", "una", "##ffable"}, "unaffable"),
              ElementsAre(8, 9));
}

TEST(WordPieceTokenizer, WordThatCannotBeCutIsUnknownAsAWhole) {
  EXPECT_THAT(encode({"un", "##aff"}, "unaffxyz un"), ElementsAre(unknown, 5));
}

TEST(WordPieceTokenizer, GreedyChoiceIsNotUndone) {
  // "abc" + "##d" fails although "ab" + "##cd" would fit.
  EXPECT_THAT(encode({"ab", "abc", "##cd"}, "abcd"), ElementsAre(unknown));
}

TEST(WordPieceTokenizer, PunctuationIsSplitOff) {
  EXPECT_THAT(encode({"a", "b", "-", "."}, "a-b."), ElementsAre(5, 7, 6, 8));
  EXPECT_THAT(encode({"a"}, "a!"), ElementsAre(5, unknown));
}

TEST(WordPieceTokenizer, CasedKeepsCaseAndAccents) {
  TokenizerOptions cased;
  cased.lowerCase = false;
  EXPECT_THAT(encode({"a", "A", "\xc3\xa9"}, "A a \xc3\xa9", cased),
              ElementsAre(6, 5, 7));
}

TEST(WordPieceTokenizer, AccentStrippingCanBeSetApart) {
  TokenizerOptions options;
  options.stripAccents = 0;
  EXPECT_THAT(encode({"\xc3\xa9", "e"}, "\xc3\x89", options), ElementsAre(5));
  options.stripAccents = -1;
  EXPECT_THAT(encode({"\xc3\xa9", "e"}, "\xc3\x89", options), ElementsAre(6));
}

TEST(WordPieceTokenizer, MaxCharsPerWordIsInclusive) {
  for (size_t limit : {size_t{100}, size_t{200}}) {
    TokenizerOptions options;
    options.maxCharsPerWord = limit;
    std::vector<std::string> tokens = {"a", "##a"};
    EXPECT_EQ(encode(tokens, std::string(limit, 'a'), options).size(), limit);
    EXPECT_THAT(encode(tokens, std::string(limit + 1, 'a'), options),
                ElementsAre(unknown));
    // The count is of characters after normalisation, not of bytes.
    std::string accented;
    for (size_t i = 0; i < limit; ++i) {
      accented += "a\xcc\x81";
    }
    EXPECT_EQ(encode(tokens, accented, options).size(), limit);
    EXPECT_THAT(encode(tokens, accented + "\xc3\xa1", options),
                ElementsAre(unknown));
  }
}

TEST(WordPieceTokenizer, HugeWordIsUnknownAndTheNextOneIsNot) {
  EXPECT_THAT(encode({"b"}, std::string(5000000, 'a') + " b"),
              ElementsAre(unknown, 5));
}

TEST(WordPieceTokenizer, SpecialTokensInTextAreAnOption) {
  TokenizerOptions options;
  EXPECT_EQ(encode({"[", "]", "mask"}, "[MASK]"),
            (std::vector<int32_t>{5, 7, 6}));
  options.matchSpecialTokens = true;
  EXPECT_THAT(
      encode({"[", "]", "mask", "a"}, "a[MASK]a [[PAD]] [mask]", options),
      ElementsAre(8, mask, 8, 5, pad, 6, 5, 7, 6));
}

TEST(WordPieceTokenizer, InvalidUtf8IsIgnored) {
  EXPECT_THAT(encode({"ab"}, "a\xff"
                             "b"),
              ElementsAre(5));
  EXPECT_THAT(encode({"ab"}, "\xff\xfe"), IsEmpty());
}

TEST(WordPieceTokenizer, EmptyAndBlankTextsGiveNothing) {
  EXPECT_THAT(encode({"a"}, ""), IsEmpty());
  EXPECT_THAT(encode({"a"}, " \t\xe3\x80\x80"), IsEmpty());
}

TEST(WordPieceTokenizer, CacheNeverChangesTheAnswer) {
  const unsigned seed = 11;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  WordPieceTokenizer tokenizer(
      makeVocabulary({"a", "b", "ab", "##a", "##b", "##ab", "##ba", "\xc3\xa9",
                      "##\xc3\xa9"}),
      {});
  WordPieceEncoder warm(tokenizer);
  for (int round = 0; round < 50000; ++round) {
    std::string word;
    for (unsigned i = 0; i < 1 + random() % 40; ++i) {
      word += random() % 64 == 0 ? "x" : random() % 2 == 0 ? "a" : "b";
    }
    std::vector<int32_t> ids, expected;
    warm.encode(word, &ids);
    tokenizer.encodeWord(word, &expected);
    ASSERT_EQ(ids, expected) << word;
  }
}

TEST(WordPieceTokenizer, AnyBytesGiveIdsOfTheVocabulary) {
  const unsigned seed = 17;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  TokenizerOptions options;
  options.matchSpecialTokens = true;
  options.maxCharsPerWord = 5;
  WordPieceTokenizer tokenizer(
      makeVocabulary({"a", "##a", "\xf0\x9d\x85\xa5", "##e"}), options);
  WordPieceEncoder encoder(tokenizer);
  // Pieces of what the code treats apart: marks that are sorted, Hangul,
  // ideographs, controls, half sequences.
  static const char *const parts[] = {"a",
                                      "\xc3\xa9",
                                      "\xf0\x9d\x85\xad",
                                      "\xf0\x9d\x85\xa5",
                                      " ",
                                      "\xea\xb0\x81",
                                      "\xe4\xb8\xad",
                                      "[MASK]",
                                      "[",
                                      ".",
                                      "\xe0\xad\x96",
                                      "\xf0\x9d\x85\xa0",
                                      "\xe2",
                                      "\xff",
                                      "\x01",
                                      "\xcc\x81"};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (unsigned i = 0; i < random() % 30; ++i) {
      text += random() % 8 == 0 ? std::string(1, static_cast<char>(random()))
                                : parts[random() % std::size(parts)];
    }
    std::vector<int32_t> ids;
    encoder.encode(text, &ids);
    ASSERT_LE(ids.size(), text.size());
    for (int32_t id : ids) {
      ASSERT_GE(id, 0);
      ASSERT_LT(id, static_cast<int32_t>(tokenizer.vocabulary().size()));
    }
  }
}

TEST(BasicTokens, WordsAreNormalisedAndUnlimited) {
  CodePointMap map({true, true});
  EXPECT_THAT(basicTokens(map, "H\xc3\xa9llo, W\xc3\xb6rld\xff!"),
              ElementsAre("hello", ",", "world", "!"));
  EXPECT_EQ(basicTokens(map, std::string(1000, 'X'))[0],
            std::string(1000, 'x'));
}

} // namespace
} // namespace bertc
