// SPDX-License-Identifier: Apache-2.0
//
// Small vocabularies for tests.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "text/Vocabulary.h"

namespace bertc {

/// The special tokens (ids 0 to 4) followed by `tokens`.
inline Vocabulary makeVocabulary(const std::vector<std::string> &tokens) {
  std::string text;
  for (const std::string &name : specialTokenNames()) {
    text += name + "\n";
  }
  for (const std::string &token : tokens) {
    text += token + "\n";
  }
  StatusOr<Vocabulary> vocabulary = Vocabulary::parse(text, "test");
  EXPECT_TRUE(vocabulary.ok()) << vocabulary.status().message();
  return *std::move(vocabulary);
}

} // namespace bertc
