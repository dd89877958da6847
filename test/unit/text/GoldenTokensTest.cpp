// SPDX-License-Identifier: Apache-2.0
//
// Against Hugging Face's tokenizers: ids of whole texts, and the words of every
// code point. Golden values: test/golden/make_tokenizer_golden.py.
#include "text/WordPieceTokenizer.h"

#include <gtest/gtest.h>

#include "io/Files.h"
#include "runtime/core/Sha256.h"
#include "support/Json.h"

namespace bertc {
namespace {

const std::string folder = std::string(BERTC_TEST_DATA) + "/text/";

const Json &golden() {
  static const Json document = [] {
    StatusOr<std::string> text = readFile(folder + "tokenizer-golden.json");
    StatusOr<Json> parsed =
        text.ok() ? parseJson(*text, "golden") : text.status();
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    return *parsed;
  }();
  return document;
}

std::vector<std::string> linesOf(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

void expectIds(const std::string &vocabFile, bool lowerCase,
               const Json &expected) {
  StatusOr<Vocabulary> vocabulary = Vocabulary::load(folder + vocabFile);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status().message();
  TokenizerOptions options;
  options.lowerCase = lowerCase;
  options.maxCharsPerWord = 100;
  options.matchSpecialTokens = true;
  WordPieceTokenizer tokenizer(*std::move(vocabulary), options);
  WordPieceEncoder encoder(tokenizer);
  for (const auto &[file, lines] : expected.items()) {
    StatusOr<std::string> text = readFile(folder + file);
    ASSERT_TRUE(text.ok());
    std::vector<std::string> input = linesOf(*text);
    ASSERT_EQ(input.size(), lines.size());
    for (size_t i = 0; i < input.size(); ++i) {
      std::vector<int32_t> ids;
      encoder.encode(input[i], &ids);
      EXPECT_EQ(ids, lines[i].get<std::vector<int32_t>>())
          << file << " line " << i + 1 << ": " << input[i];
    }
  }
}

TEST(GoldenTokens, UncasedTextsGiveTheSameIds) {
  expectIds("vocab.txt", true, golden()["uncased"]);
}

TEST(GoldenTokens, CasedTextsGiveTheSameIds) {
  expectIds("vocab-cased.txt", false, golden()["cased"]);
}

std::string blockHash(const CodePointMap &map,
                      const std::vector<std::string> &parts, uint32_t first,
                      uint32_t count) {
  Sha256 hash;
  for (uint32_t c = first; c < first + count; ++c) {
    if (c >= 0xd800 && c < 0xe000) {
      continue;
    }
    char encoded[4];
    std::string letter(encoded, encodeUtf8(c, encoded));
    std::string line = parts[0];
    for (size_t i = 1; i < parts.size(); ++i) {
      line += letter;
      line += parts[i];
    }
    std::string joined;
    for (const std::string &word : basicTokens(map, line)) {
      if (!joined.empty()) {
        joined += '\x1f';
      }
      joined += word;
    }
    joined += "\n";
    hash.update(joined.data(), joined.size());
  }
  return toHex(hash.finish()).substr(0, 16);
}

TEST(GoldenTokens, EveryCodePointGivesTheSameWords) {
  std::string context = golden()["context"].get<std::string>();
  // What stands around the places of the code point.
  std::vector<std::string> parts;
  for (size_t at = 0; at != std::string::npos;) {
    size_t place = context.find("{0}", at);
    parts.push_back(context.substr(at, place - at));
    at = place == std::string::npos ? place : place + 3;
  }
  uint32_t block = golden()["block"].get<uint32_t>();
  for (const Json &mode : golden()["words"]) {
    CodePointMap map({mode["lower"].get<bool>(), mode["strip"].get<bool>()});
    const Json &hashes = mode["hashes"];
    ASSERT_EQ(hashes.size() * block, 0x110000U);
    for (uint32_t i = 0; i < hashes.size(); ++i) {
      EXPECT_EQ(blockHash(map, parts, i * block, block),
                hashes[i].get<std::string>())
          << "code points from " << i * block << ", lower " << mode["lower"]
          << ", strip " << mode["strip"];
    }
  }
}

} // namespace
} // namespace bertc
