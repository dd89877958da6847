// SPDX-License-Identifier: Apache-2.0
#include "data/packing/PackedRecord.h"

#include <gmock/gmock.h>

namespace bertc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PretrainInstance first() {
  PretrainInstance instance;
  instance.ids = {2, 50, 3, 51, 3};
  instance.firstSegment = 3;
  instance.isRandomNext = true;
  instance.maskedPositions = {1, 3};
  instance.maskedLabels = {60, 61};
  return instance;
}

PretrainInstance second() {
  PretrainInstance instance;
  instance.ids = {2, 52, 53, 3};
  instance.firstSegment = 4;
  instance.maskedPositions = {2};
  instance.maskedLabels = {62};
  return instance;
}

constexpr PackedShape shape = {12, 4, 3};

PackedRecord sample() {
  PackedEncoder encoder(shape);
  EXPECT_TRUE(encoder.add(first()));
  EXPECT_TRUE(encoder.add(second()));
  std::string bytes;
  encoder.encode(&bytes);
  ExampleView example;
  EXPECT_TRUE(example.parse(bytes).ok());
  EXPECT_TRUE(isPackedRecord(example));
  StatusOr<PackedRecord> record = readPackedRecord(example);
  EXPECT_TRUE(record.ok()) << record.status().message();
  return *record;
}

TEST(PackedRecord, HoldsSequencesAsTheReferencePacksThem) {
  PackedRecord r = sample();
  EXPECT_THAT(r.inputIds, ElementsAre(2, 50, 3, 51, 3, 2, 52, 53, 3, 0, 0, 0));
  EXPECT_THAT(r.inputMask, ElementsAre(1, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0));
  EXPECT_THAT(r.segmentIds, ElementsAre(0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(r.positions, ElementsAre(0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 0, 0));
  EXPECT_THAT(r.maskedPositions, ElementsAre(1, 3, 7, 0, 0, 0, 0));
  EXPECT_THAT(r.maskedIds, ElementsAre(60, 61, 62, 0, 0, 0, 0));
  EXPECT_THAT(r.maskedWeights, ElementsAre(1, 1, 2, 0, 0, 0, 0));
  EXPECT_THAT(r.nextPositions, ElementsAre(0, 5, 0));
  EXPECT_THAT(r.nextLabels, ElementsAre(1, 0, 0));
  EXPECT_THAT(r.nextWeights, ElementsAre(1, 1, 0));
  EXPECT_EQ(r.length(), 9U);
  EXPECT_EQ(r.predictions(), 3U);
  EXPECT_EQ(r.sequences(), 2U);
}

TEST(PackedRecord, GivesTheSequencesBack) {
  StatusOr<std::vector<PretrainInstance>> back = unpackRecord(sample(), 100);
  ASSERT_TRUE(back.ok()) << back.status().message();
  ASSERT_EQ(back->size(), 2U);
  const PretrainInstance expected[] = {first(), second()};
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*back)[i].ids, expected[i].ids);
    EXPECT_EQ((*back)[i].firstSegment, expected[i].firstSegment);
    EXPECT_EQ((*back)[i].isRandomNext, expected[i].isRandomNext);
    EXPECT_EQ((*back)[i].maskedPositions, expected[i].maskedPositions);
    EXPECT_EQ((*back)[i].maskedLabels, expected[i].maskedLabels);
  }
}

TEST(PackedRecord, EncoderRefusesWhatDoesNotFit) {
  PackedEncoder encoder({9, 0, 2});
  EXPECT_TRUE(encoder.add(first()));
  EXPECT_FALSE(encoder.add(second())); // a third prediction
  PretrainInstance plain = second();
  plain.maskedPositions.clear();
  plain.maskedLabels.clear();
  EXPECT_TRUE(encoder.add(plain));
  EXPECT_FALSE(encoder.add(plain)); // a third sequence, and ten tokens
  encoder.clear();
  EXPECT_TRUE(encoder.add(first()));
  EXPECT_FALSE(encoder.add(first()));
}

TEST(PackedRecord, EveryChangedValueIsFound) {
  const PackedRecord good = sample();
  int changes = 0;
  const auto expectFound = [&](const PackedRecord &bad, size_t at) {
    StatusOr<std::vector<PretrainInstance>> result = unpackRecord(bad, 100);
    EXPECT_EQ(result.status().code(), StatusCode::Corrupt) << at;
    ++changes;
  };
  for (auto member : {&PackedRecord::inputMask, &PackedRecord::segmentIds,
                      &PackedRecord::positions, &PackedRecord::maskedPositions,
                      &PackedRecord::nextPositions}) {
    for (size_t i = 0; i < (good.*member).size(); ++i) {
      PackedRecord bad = good;
      (bad.*member)[i] += 5;
      expectFound(bad, i);
    }
  }
  for (auto member :
       {&PackedRecord::maskedWeights, &PackedRecord::nextWeights}) {
    for (size_t i = 0; i < (good.*member).size(); ++i) {
      PackedRecord bad = good;
      (bad.*member)[i] += 0.5F;
      expectFound(bad, i);
    }
  }
  for (int64_t value : {-1, 100}) {
    PackedRecord bad = good;
    bad.inputIds[1] = value;
    expectFound(bad, 1);
    bad = good;
    bad.maskedIds[1] = value;
    expectFound(bad, 1);
    bad = good;
    bad.nextLabels[1] = value;
    expectFound(bad, 1);
  }
  PackedRecord padded = good;
  padded.inputIds[11] = 7;
  expectFound(padded, 11);
  EXPECT_EQ(changes, 63);
}

TEST(PackedRecord, MessagesNameFeatureAndPlace) {
  PackedRecord bad = sample();
  bad.positions[7] = 9;
  EXPECT_EQ(unpackRecord(bad, 0).status().message(),
            "positions[7] is 9; the rest of the record implies 2");
  bad = sample();
  bad.inputMask[0] = 3;
  EXPECT_THAT(unpackRecord(bad, 0).status().message(),
              HasSubstr("input_mask[0] is 3"));
  bad = sample();
  std::fill(bad.inputMask.begin(), bad.inputMask.end(), 0);
  EXPECT_THAT(unpackRecord(bad, 0).status().message(), HasSubstr("empty"));
}

} // namespace
} // namespace bertc
