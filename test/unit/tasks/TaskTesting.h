// SPDX-License-Identifier: Apache-2.0
//
// What the tests of tasks/ share: a tokenizer over the committed vocabulary,
// files of their own, checksums as the golden files have them.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/Files.h"
#include "runtime/core/Sha256.h"
#include "support/Json.h"
#include "tasks/FeatureSet.h"
#include "test/unit/data/TestFolder.h"
#include "text/WordPieceTokenizer.h"

namespace bertc {

inline const std::string taskData = std::string(BERTC_TEST_DATA) + "/tasks/";

/// Ids of Hugging Face's tokenizers for the committed vocabularies.
inline WordPieceTokenizer testTokenizer(bool lowerCase = true,
                                        bool matchSpecialTokens = true) {
  StatusOr<Vocabulary> vocabulary =
      Vocabulary::load(std::string(BERTC_TEST_DATA) + "/text/" +
                       (lowerCase ? "vocab.txt" : "vocab-cased.txt"));
  EXPECT_TRUE(vocabulary.ok()) << vocabulary.status().message();
  TokenizerOptions options;
  options.lowerCase = lowerCase;
  options.maxCharsPerWord = 100;
  options.matchSpecialTokens = matchSpecialTokens;
  return WordPieceTokenizer(*std::move(vocabulary), options);
}

/// The first eight hexadecimal digits of a text's SHA-256.
inline std::string digest(const std::string &text) {
  return toHex(Sha256::of(text.data(), text.size())).substr(0, 8);
}

/// The same of whole numbers separated by commas.
template <typename Values> std::string digestOf(const Values &values) {
  std::string text;
  for (auto value : values) {
    text += (text.empty() ? "" : ",") + std::to_string(value);
  }
  return digest(text);
}

inline Json loadGolden(const std::string &name) {
  StatusOr<std::string> text = readFile(taskData + name);
  StatusOr<Json> parsed = text.ok() ? parseJson(*text, name) : text.status();
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return *parsed;
}

/// Ids and segments of one feature.
struct FeatureTokens {
  std::vector<int32_t> ids, segments;
};

inline FeatureTokens tokensOf(const FeatureSet &features, size_t feature) {
  FeatureTokens tokens;
  tokens.ids.resize(features.length(feature));
  tokens.segments.resize(features.length(feature));
  features.write(feature, tokens.ids.data(), tokens.segments.data());
  return tokens;
}

inline std::vector<int32_t> idsOf(const WordPieceTokenizer &tokenizer,
                                  const std::string &text) {
  std::vector<int32_t> ids;
  WordPieceEncoder(tokenizer).encode(text, &ids);
  return ids;
}

} // namespace bertc
