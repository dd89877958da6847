// SPDX-License-Identifier: Apache-2.0
#include "text/Vocabulary.h"

#include <random>

#include <gtest/gtest.h>

#include "io/Files.h"

namespace bertc {
namespace {

const std::string specials = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

std::string errorOf(const std::string &text) {
  StatusOr<Vocabulary> vocabulary = Vocabulary::parse(text, "v.txt");
  EXPECT_FALSE(vocabulary.ok());
  EXPECT_EQ(vocabulary.status().code(), StatusCode::Corrupt);
  return vocabulary.status().message();
}

TEST(Vocabulary, LineNumberIsTheId) {
  StatusOr<Vocabulary> v = Vocabulary::parse(specials + "the\n##s\n", "v.txt");
  ASSERT_TRUE(v.ok());
  EXPECT_EQ(v->size(), 7U);
  EXPECT_EQ(v->id("the"), 5);
  EXPECT_EQ(v->token(6), "##s");
  EXPECT_EQ(v->id("none"), -1);
  EXPECT_TRUE(v->continuesWord(6));
  EXPECT_FALSE(v->continuesWord(5));
  EXPECT_EQ(v->maskId(), 4);
}

TEST(Vocabulary, LastLineNeedsNoLineEnd) {
  StatusOr<Vocabulary> v = Vocabulary::parse(specials + "the", "v.txt");
  ASSERT_TRUE(v.ok());
  EXPECT_EQ(v->id("the"), 5);
}

TEST(Vocabulary, WindowsLineEndsAreReadWhenAllAre) {
  StatusOr<Vocabulary> v = Vocabulary::parse(
      "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nthe\r\n", "v.txt");
  ASSERT_TRUE(v.ok()) << v.status().message();
  EXPECT_EQ(v->id("the"), 5);
}

TEST(Vocabulary, MixedLineEndsAreAnError) {
  EXPECT_EQ(errorOf(specials + "the\r\n"),
            "v.txt: line 6 ends in CR LF but line 1 in LF; the file was edited "
            "by programs that disagree, make all line ends the same");
}

TEST(Vocabulary, DuplicateNamesBothLines) {
  EXPECT_EQ(errorOf(specials + "the\na\nthe\n"),
            "v.txt: line 8 repeats the token 'the' of line 6");
}

TEST(Vocabulary, EmptyLineIsAnError) {
  EXPECT_EQ(errorOf(specials + "\nthe\n"),
            "v.txt: line 6 is empty; every line is a token, the last one too");
}

TEST(Vocabulary, InvalidUtf8NamesLineAndByte) {
  EXPECT_EQ(errorOf(specials + "t\xff\n"),
            "v.txt: line 6 is not valid UTF-8 (byte 2)");
}

TEST(Vocabulary, MissingSpecialTokenIsNamed) {
  EXPECT_EQ(errorOf("[PAD]\n[UNK]\n[CLS]\n[SEP]\n"),
            "v.txt: special token [MASK] is missing from the 4 tokens of this "
            "vocabulary");
}

TEST(Vocabulary, EmptyFileIsAnError) {
  EXPECT_EQ(errorOf(""), "v.txt: the vocabulary is empty");
}

TEST(Vocabulary, MissingFileIsNotFound) {
  StatusOr<Vocabulary> v = Vocabulary::load("/no/such/vocab.txt");
  ASSERT_FALSE(v.ok());
  EXPECT_EQ(v.status().code(), StatusCode::NotFound);
}

const std::string added =
    R"([{"id":0,"content":"[PAD]"},{"id":1,"content":"[UNK]"},)"
    R"({"id":2,"content":"[CLS]"},{"id":3,"content":"[SEP]"},)"
    R"({"id":4,"content":"[MASK]"}])";

StatusOr<Vocabulary> parseJson(const std::string &words,
                               const std::string &type = "WordPiece") {
  return Vocabulary::parseTokenizerJson(R"({"added_tokens":)" + added +
                                            R"(,"model":{"type":")" + type +
                                            R"(","vocab":)" + words + "}}",
                                        "t.json");
}

TEST(Vocabulary, ReadsTheVocabularyOfATokenizerJson) {
  // Not in the order of the ids; special tokens are often in both lists.
  StatusOr<Vocabulary> v =
      parseJson(R"({"##s":6,"the":5,"[MASK]":4,"[UNK]":1})");
  ASSERT_TRUE(v.ok()) << v.status().message();
  EXPECT_EQ(v->size(), 7U);
  EXPECT_EQ(v->token(5), "the");
  EXPECT_EQ(v->token(6), "##s");
  EXPECT_EQ(v->maskId(), 4);
}

TEST(Vocabulary, RefusesOtherJson) {
  auto message = [](const StatusOr<Vocabulary> &v) {
    return v.ok() ? std::string() : v.status().message();
  };
  EXPECT_EQ(message(parseJson(R"({"the":5})", "BPE")),
            "t.json: no tokenizer.json of a WordPiece model; expected that, or "
            "a vocab.txt with one token a line");
  EXPECT_EQ(
      message(Vocabulary::parseTokenizerJson("{", "t.json")).substr(0, 25),
      "t.json: no tokenizer.json");
  EXPECT_EQ(message(parseJson(R"({"the":6})")),
            "t.json: no token of one line has the id 5, of 7 ids");
  EXPECT_EQ(message(parseJson(R"({"the":4})")),
            "t.json: tokens 'the' and '[MASK]' have the same id 4");
  EXPECT_EQ(message(parseJson(R"({"the":-1})")),
            "t.json: the id of a token is -1, expected a whole number below "
            "1048576");
}

/// `text` with one to four bytes changed, removed or inserted.
std::string mutated(std::string text, std::mt19937 &random) {
  for (unsigned i = 0; i < 1 + random() % 4; ++i) {
    size_t at = random() % text.size();
    switch (random() % 3) {
    case 0:
      text[at] = static_cast<char>(random());
      break;
    case 1:
      text.erase(at, 1 + random() % 9);
      break;
    default:
      text.insert(at, 1 + random() % 3, static_cast<char>(random()));
    }
  }
  return text;
}

TEST(Vocabulary, MutatedFilesAreReadOrRefusedNeverWorse) {
  const unsigned seed = 21;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  StatusOr<std::string> words =
      readFile(std::string(BERTC_TEST_DATA) + "/text/vocab.txt");
  ASSERT_TRUE(words.ok());
  const std::string json = R"({"added_tokens":)" + added +
                           R"(,"model":{"type":"WordPiece","vocab":)" +
                           R"({"the":5,"##s":6}}})";
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    StatusOr<Vocabulary> vocabulary =
        round % 2 == 0
            ? Vocabulary::parse(mutated(words->substr(0, 600), random), "v.txt")
            : Vocabulary::parseTokenizerJson(mutated(json, random), "v.txt");
    if (!vocabulary.ok()) {
      ++refused;
      ASSERT_EQ(vocabulary.status().code(), StatusCode::Corrupt);
      ASSERT_EQ(vocabulary.status().message().rfind("v.txt: ", 0), 0U);
    }
  }
  EXPECT_GT(refused, 1200);
}

} // namespace
} // namespace bertc
