// SPDX-License-Identifier: Apache-2.0
#include "text/VocabTrainer.h"

#include <map>
#include <random>

#include <gmock/gmock.h>

#include "text/Vocabulary.h"

namespace bertc {
namespace {

using ::testing::ElementsAreArray;

std::vector<std::string> train(const WordCounts &counts,
                               const VocabTrainerOptions &options) {
  StatusOr<std::vector<std::string>> tokens = trainVocabulary(counts, options);
  EXPECT_TRUE(tokens.ok()) << tokens.status().message();
  return tokens.ok() ? *tokens : std::vector<std::string>();
}

TEST(VocabTrainer, SpecialTokensThenAlphabetThenMerges) {
  VocabTrainerOptions options;
  options.vocabSize = 100;
  EXPECT_THAT(train({{"hug", 10}, {"pug", 5}, {"hugs", 5}}, options),
              ElementsAreArray({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
                                "g", "h", "p", "s", "u", "##g", "##s", "##u",
                                "##ug", "hug", "pug", "hugs"}));
}

TEST(VocabTrainer, StopsAtTheSizeAskedFor) {
  VocabTrainerOptions options;
  options.vocabSize = 14;
  EXPECT_EQ(train({{"hug", 10}, {"pug", 5}, {"hugs", 5}}, options).back(),
            "##ug");
}

TEST(VocabTrainer, RarePairsAreNotMerged) {
  VocabTrainerOptions options;
  options.minFrequency = 6;
  EXPECT_EQ(train({{"hug", 10}, {"pug", 5}}, options).back(), "hug");
}

TEST(VocabTrainer, AlphabetKeepsTheMostFrequentCharacters) {
  VocabTrainerOptions options;
  options.limitAlphabet = 2;
  EXPECT_THAT(train({{"ab", 10}, {"ac", 1}, {"zz", 1}}, options),
              ElementsAreArray({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
                                "a", "b", "##b", "ab"}));
}

TEST(VocabTrainer, SizeBelowTheAlphabetIsAnError) {
  VocabTrainerOptions options;
  options.vocabSize = 6;
  StatusOr<std::vector<std::string>> tokens =
      trainVocabulary({{"abc", 1}}, options);
  ASSERT_FALSE(tokens.ok());
  EXPECT_EQ(tokens.status().message(),
            "vocabulary size 6 cannot hold the 10 special tokens and "
            "characters of this text; raise --vocab-size or lower "
            "--limit-alphabet");
}

TEST(VocabTrainer, ProgressCanStopIt) {
  WordCounts counts;
  for (int i = 0; i < 2000; ++i) {
    counts[std::to_string(i * 7919)] = 3;
  }
  VocabTrainerOptions options;
  options.progress = [](size_t) { return false; };
  EXPECT_EQ(trainVocabulary(counts, options).status().code(),
            StatusCode::FailedPrecondition);
}

/// The same training by recounting everything before each merge.
std::vector<std::string> slowTrain(const WordCounts &counts, size_t size) {
  std::vector<std::string> tokens = specialTokenNames();
  auto idOf = [&](const std::string &token) {
    auto at = std::find(tokens.begin(), tokens.end(), token);
    if (at == tokens.end()) {
      tokens.push_back(token);
      return tokens.size() - 1;
    }
    return static_cast<size_t>(at - tokens.begin());
  };
  std::map<char, bool> letters, later;
  for (const auto &[word, count] : counts) {
    for (size_t i = 0; i < word.size(); ++i) {
      (i == 0 ? letters : later)[word[i]] = true;
      letters[word[i]] = true;
    }
  }
  for (const auto &[c, used] : letters) {
    idOf(std::string(1, c));
  }
  for (const auto &[c, used] : later) {
    idOf("##" + std::string(1, c));
  }
  std::vector<std::pair<std::vector<size_t>, uint64_t>> words;
  for (const auto &[word, count] : counts) {
    std::vector<size_t> pieces;
    for (size_t i = 0; i < word.size(); ++i) {
      pieces.push_back(idOf((i == 0 ? "" : "##") + std::string(1, word[i])));
    }
    words.emplace_back(pieces, count);
  }
  while (tokens.size() < size) {
    std::map<std::pair<size_t, size_t>, uint64_t> pairs;
    for (const auto &[pieces, count] : words) {
      for (size_t i = 0; i + 1 < pieces.size(); ++i) {
        pairs[{pieces[i], pieces[i + 1]}] += count;
      }
    }
    auto best = pairs.end();
    for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
      if (best == pairs.end() || pair->second > best->second) {
        best = pair; // pairs ascend, so the first of equals wins
      }
    }
    if (best == pairs.end() || best->second < 2) {
      break;
    }
    auto [left, right] = best->first;
    size_t merged = idOf(tokens[left] + tokens[right].substr(2));
    for (auto &[pieces, count] : words) {
      for (size_t i = 0; i + 1 < pieces.size(); ++i) {
        if (pieces[i] == left && pieces[i + 1] == right) {
          pieces[i] = merged;
          pieces.erase(pieces.begin() + static_cast<ptrdiff_t>(i + 1));
        }
      }
    }
  }
  return tokens;
}

TEST(VocabTrainer, AgreesWithRecountingBeforeEveryMerge) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    WordCounts counts;
    for (int i = 0; i < 60; ++i) {
      std::string word(1 + random() % 8, 'a');
      for (char &c : word) {
        c = static_cast<char>('a' + random() % 3);
      }
      counts[word] += 1 + random() % 5;
    }
    VocabTrainerOptions options;
    options.vocabSize = 60;
    EXPECT_EQ(train(counts, options), slowTrain(counts, 60));
  }
}

} // namespace
} // namespace bertc
