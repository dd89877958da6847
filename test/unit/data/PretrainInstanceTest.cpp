// SPDX-License-Identifier: Apache-2.0
#include "data/PretrainInstance.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

constexpr int32_t cls = 2, sep = 3, mask = 4, other = 990;

Vocabulary testVocabulary() {
  StatusOr<Vocabulary> vocabulary =
      Vocabulary::parse(numberedVocabulary(1000), "v");
  EXPECT_TRUE(vocabulary.ok());
  return *std::move(vocabulary);
}

class Sentences : public DocumentSentences {
public:
  explicit Sentences(std::vector<std::vector<int32_t>> sentences)
      : sentences_(std::move(sentences)) {}
  size_t size() const override { return sentences_.size(); }
  StatusOr<size_t> tokens(size_t index) override {
    return sentences_[index].size();
  }
  Status append(size_t index, std::vector<int32_t> *ids) override {
    ids->insert(ids->end(), sentences_[index].begin(), sentences_[index].end());
    return Status();
  }

private:
  std::vector<std::vector<int32_t>> sentences_;
};

/// `count` sentences of `length` tokens with ids 10, 11, 12, ...
Sentences ascending(int count, int length) {
  std::vector<std::vector<int32_t>> sentences;
  int32_t id = 10;
  for (int s = 0; s < count; ++s) {
    sentences.emplace_back();
    for (int i = 0; i < length; ++i) {
      sentences.back().push_back(id++);
    }
  }
  return Sentences(std::move(sentences));
}

/// Random sentences are made of the one token `other`.
Status fromElsewhere(Random &, size_t length, std::vector<int32_t> *ids) {
  ids->resize(ids->size() + std::max<size_t>(length, 1), other);
  return Status();
}

std::vector<PretrainInstance> makeAll(DocumentSentences &document,
                                      const InstanceOptions &options,
                                      uint64_t seed) {
  Vocabulary vocabulary = testVocabulary();
  InstanceMaker maker(vocabulary, options);
  Random random{seed};
  std::vector<PretrainInstance> instances;
  Status status = maker.make(document, random, fromElsewhere,
                             [&](const PretrainInstance &instance) {
                               instances.push_back(instance);
                               return Status();
                             });
  EXPECT_TRUE(status.ok());
  return instances;
}

/// The tokens before masking.
std::vector<int32_t> original(const PretrainInstance &instance) {
  std::vector<int32_t> ids = instance.ids;
  for (size_t i = 0; i < instance.maskedPositions.size(); ++i) {
    ids[static_cast<size_t>(instance.maskedPositions[i])] =
        instance.maskedLabels[i];
  }
  return ids;
}

TEST(PredictionCount, RoundsHalvesToEvenWithinLimits) {
  InstanceOptions options;
  EXPECT_EQ(predictionCount(128, options), 19);
  EXPECT_EQ(predictionCount(3, options), 1);
  EXPECT_EQ(predictionCount(30, options), 4); // 4.5 rounds to 4
  EXPECT_EQ(predictionCount(50, options), 8); // 7.5 rounds to 8
  EXPECT_EQ(predictionCount(512, options), 20);
}

TEST(InstanceMaker, EveryInstanceHasTheRightShape) {
  Sentences document = ascending(60, 9);
  InstanceOptions options;
  options.maxSeqLength = 64;
  options.maxPredictionsPerSeq = 8;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    for (const PretrainInstance &instance : makeAll(document, options, seed)) {
      std::vector<int32_t> ids = original(instance);
      ASSERT_LE(ids.size(), 64U);
      ASSERT_EQ(ids.front(), cls);
      ASSERT_EQ(ids.back(), sep);
      ASSERT_EQ(ids[instance.firstSegment - 1], sep);
      ASSERT_GE(instance.firstSegment, 3U);
      ASSERT_GE(ids.size(), instance.firstSegment + 2);
      ASSERT_EQ(static_cast<int>(instance.maskedPositions.size()),
                predictionCount(ids.size(), options));
      ASSERT_TRUE(std::is_sorted(instance.maskedPositions.begin(),
                                 instance.maskedPositions.end()));
      std::set<int32_t> distinct(instance.maskedPositions.begin(),
                                 instance.maskedPositions.end());
      ASSERT_EQ(distinct.size(), instance.maskedPositions.size());
      ASSERT_EQ(distinct.count(0), 0U);
      ASSERT_EQ(distinct.count(static_cast<int32_t>(instance.firstSegment) - 1),
                0U);
      ASSERT_EQ(distinct.count(static_cast<int32_t>(ids.size()) - 1), 0U);
    }
  }
}

TEST(InstanceMaker, TrueNextContinuesAndRandomNextDoesNot) {
  Sentences document = ascending(80, 5);
  int randomNext = 0, total = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    for (const PretrainInstance &instance : makeAll(document, {}, seed)) {
      std::vector<int32_t> ids = original(instance);
      size_t first = instance.firstSegment;
      ++total;
      randomNext += instance.isRandomNext ? 1 : 0;
      if (instance.isRandomNext) {
        ASSERT_EQ(ids[first], other);
      } else if (ids.size() < 128) {
        ASSERT_EQ(ids[first], ids[first - 2] + 1) << "seed " << seed;
      }
    }
  }
  // Only the last chunk may be a lone sentence, which is always random.
  EXPECT_NEAR(static_cast<double>(randomNext) / total, 0.5, 0.08);
}

TEST(InstanceMaker, UnusedSentencesArePutBack) {
  Sentences document = ascending(40, 4);
  InstanceOptions options;
  options.shortSeqProb = 0;
  options.maxSeqLength = 43;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    std::multiset<int32_t> used;
    for (const PretrainInstance &instance : makeAll(document, options, seed)) {
      for (int32_t id : original(instance)) {
        if (id >= 10 && id != other) {
          used.insert(id);
        }
      }
    }
    // Chunks are exactly 40 tokens long, so truncation only happens to random
    // pairs and every token is used once, apart from what that cuts.
    for (int32_t id : used) {
      ASSERT_EQ(used.count(id), 1U) << "seed " << seed;
    }
    ASSERT_EQ(used.size(), 160U);
  }
}

TEST(InstanceMaker, TruncationTakesFromFrontAndBackOfTheLonger) {
  Sentences document = ascending(1, 400);
  InstanceOptions options;
  options.shortSeqProb = 0;
  options.maxSeqLength = 103;
  bool frontCut = false, backCut = false;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    PretrainInstance instance = makeAll(document, options, seed).at(0);
    std::vector<int32_t> ids = original(instance);
    ASSERT_EQ(ids.size(), 103U);
    // B was asked for no length and is one token: only A is cut.
    ASSERT_EQ(instance.firstSegment, 101U);
    frontCut = frontCut || ids[1] != 10;
    backCut = backCut || ids[instance.firstSegment - 2] != 409;
    ASSERT_EQ(ids[instance.firstSegment - 2] - ids[1], 98);
  }
  EXPECT_TRUE(frontCut);
  EXPECT_TRUE(backCut);
}

TEST(InstanceMaker, ShortTargetsAreDrawnPerDocument) {
  Sentences document = ascending(400, 2);
  InstanceOptions options;
  options.shortSeqProb = 1;
  std::set<size_t> longest;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    size_t most = 0;
    for (const PretrainInstance &instance : makeAll(document, options, seed)) {
      most = std::max(most, instance.ids.size());
    }
    longest.insert(most);
  }
  EXPECT_GT(longest.size(), 15U);
}

TEST(InstanceMaker, MasksEightyTenTen) {
  Sentences document = ascending(90, 10);
  int masked = 0, same = 0, changed = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    for (const PretrainInstance &instance : makeAll(document, {}, seed)) {
      for (size_t i = 0; i < instance.maskedPositions.size(); ++i) {
        int32_t id =
            instance.ids[static_cast<size_t>(instance.maskedPositions[i])];
        masked += id == mask ? 1 : 0;
        same += id == instance.maskedLabels[i] ? 1 : 0;
        changed += id != mask && id != instance.maskedLabels[i] ? 1 : 0;
      }
    }
  }
  double total = masked + same + changed;
  EXPECT_NEAR(masked / total, 0.8, 0.01);
  EXPECT_NEAR(same / total, 0.1, 0.01);
  EXPECT_NEAR(changed / total, 0.1, 0.01);
}

TEST(InstanceMaker, WholeWordMaskingTakesAllPiecesOrNone) {
  Sentences document = ascending(40, 12);
  InstanceOptions options;
  options.wholeWordMask = true;
  Vocabulary vocabulary = testVocabulary();
  int words = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    for (const PretrainInstance &instance : makeAll(document, options, seed)) {
      std::vector<int32_t> ids = original(instance);
      std::set<int32_t> masked(instance.maskedPositions.begin(),
                               instance.maskedPositions.end());
      for (size_t i = 2; i + 1 < ids.size(); ++i) {
        // A piece after the start of a segment belongs to the word before it.
        if (i == instance.firstSegment || i + 1 == instance.firstSegment ||
            !vocabulary.continuesWord(ids[i])) {
          continue;
        }
        ++words;
        ASSERT_EQ(masked.count(static_cast<int32_t>(i)),
                  masked.count(static_cast<int32_t>(i) - 1))
            << "seed " << seed << " position " << i;
      }
      ASSERT_LE(static_cast<int>(masked.size()),
                predictionCount(ids.size(), options));
    }
  }
  EXPECT_GT(words, 1000);
}

TEST(InstanceMaker, EveryTokenIsMaskedEquallyOften) {
  // One instance of 3 + 40 tokens a seed; 6 of 40 tokens are predicted.
  InstanceOptions options;
  options.maxSeqLength = 43;
  options.shortSeqProb = 0;
  std::map<int32_t, int> counts;
  constexpr int rounds = 4000;
  for (int seed = 0; seed < rounds; ++seed) {
    Sentences document = ascending(2, 20);
    for (const PretrainInstance &instance :
         makeAll(document, options, static_cast<uint64_t>(seed))) {
      if (instance.isRandomNext) {
        continue;
      }
      for (int32_t label : instance.maskedLabels) {
        ++counts[label];
      }
    }
  }
  ASSERT_EQ(counts.size(), 40U);
  // About 300 each (half of the rounds have a true next sentence); five
  // standard deviations.
  for (const auto &[id, count] : counts) {
    EXPECT_NEAR(count, rounds / 2 * 6 / 40.0, 90) << id;
  }
}

TEST(InstanceMaker, TruncationTakesFromBothEndsOfBoth) {
  InstanceOptions options;
  options.maxSeqLength = 63;
  options.shortSeqProb = 0;
  int front = 0, back = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Sentences document = ascending(2, 50);
    for (const PretrainInstance &instance : makeAll(document, options, seed)) {
      std::vector<int32_t> ids = original(instance);
      // A is the first sentence, ids 10..59, cut to half of what fits.
      if (instance.isRandomNext || ids[1] > 59) {
        continue;
      }
      size_t length = instance.firstSegment - 2;
      ASSERT_EQ(length, 30U) << seed;
      ASSERT_EQ(ids[length], ids[1] + 29) << seed;
      front += ids[1] - 10;
      back += 59 - ids[length];
    }
  }
  EXPECT_GT(front, 500);
  EXPECT_NEAR(static_cast<double>(front) / back, 1, 0.1);
}

TEST(InstanceMaker, ErrorsOfTheTextArePassedOn) {
  class Broken : public DocumentSentences {
  public:
    size_t size() const override { return 1; }
    StatusOr<size_t> tokens(size_t) override { return size_t{5}; }
    Status append(size_t, std::vector<int32_t> *) override {
      return ioError("disk gone");
    }
  } document;
  Vocabulary vocabulary = testVocabulary();
  InstanceMaker maker(vocabulary, {});
  Random random{1};
  EXPECT_EQ(maker
                .make(document, random, fromElsewhere,
                      [](const PretrainInstance &) { return Status(); })
                .message(),
            "disk gone");
}

} // namespace
} // namespace bertc
