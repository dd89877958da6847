// SPDX-License-Identifier: Apache-2.0
#include "data/RecordCheck.h"

#include <gtest/gtest.h>

namespace bertc {
namespace {

/// [CLS] a [SEP] b c [SEP] and two of padding; b and c are predicted.
PretrainRecord soundRecord() {
  PretrainRecord record;
  record.inputIds = {2, 10, 3, 4, 12, 3, 0, 0};
  record.inputMask = {1, 1, 1, 1, 1, 1, 0, 0};
  record.segmentIds = {0, 0, 0, 1, 1, 1, 0, 0};
  record.maskedPositions = {3, 4, 0};
  record.maskedIds = {11, 12, 0};
  record.maskedWeights = {1, 1, 0};
  return record;
}

std::string problem(const PretrainRecord &record) {
  Status status = checkPretrainRecord(record, 20);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::Corrupt);
  return status.message();
}

TEST(CheckPretrainRecord, SoundRecordPasses) {
  EXPECT_TRUE(checkPretrainRecord(soundRecord(), 20).ok());
  EXPECT_TRUE(checkPretrainRecord(soundRecord(), 0).ok());
}

TEST(CheckPretrainRecord, IdsMustBeInTheVocabulary) {
  PretrainRecord record = soundRecord();
  record.inputIds[1] = 20;
  EXPECT_EQ(problem(record),
            "input_ids[1] is 20, outside the vocabulary of 20 tokens");
  record = soundRecord();
  record.maskedIds[0] = -1;
  EXPECT_EQ(problem(record),
            "masked_lm_ids[0] is -1, outside the vocabulary of 20 tokens");
}

TEST(CheckPretrainRecord, MaskIsOnesThenZeros) {
  PretrainRecord record = soundRecord();
  record.inputMask = {1, 1, 0, 1, 1, 1, 1, 0};
  EXPECT_EQ(problem(record), "input_mask[2] is 0; expected ones for the text, "
                             "then zeros");
  record.inputMask.assign(8, 0);
  record.segmentIds.assign(8, 0);
  EXPECT_EQ(problem(record), "input_mask is all zero: the record is empty");
}

TEST(CheckPretrainRecord, SegmentsNeverFallWithinTheText) {
  PretrainRecord record = soundRecord();
  record.segmentIds[4] = 0;
  EXPECT_EQ(problem(record), "segment_ids[4] is 0; expected zeros, ones, then "
                             "zeros for padding");
  record = soundRecord();
  record.segmentIds[7] = 1;
  EXPECT_EQ(problem(record), "segment_ids[7] is 1; expected zeros, ones, then "
                             "zeros for padding");
}

TEST(CheckPretrainRecord, PositionsAscendInsideTheText) {
  for (int64_t position : {0, 5, 6, 3, 9}) {
    PretrainRecord record = soundRecord();
    record.maskedPositions[1] = position;
    EXPECT_EQ(problem(record),
              "masked_lm_positions[1] is " + std::to_string(position) +
                  "; expected ascending positions between [CLS] and the last "
                  "[SEP] of 6 tokens");
  }
}

TEST(CheckPretrainRecord, WeightsAreOnesThenZeros) {
  PretrainRecord record = soundRecord();
  record.maskedWeights = {1, 0.5F, 0};
  EXPECT_EQ(problem(record), "masked_lm_weights[1] is 0.5; expected ones for "
                             "the predictions, then zeros");
  record = soundRecord();
  record.maskedPositions[2] = 4;
  EXPECT_EQ(problem(record),
            "masked_lm_positions[2] is 4 with weight 0; expected 0");
}

class ReadPretrainRecord : public ::testing::Test {
protected:
  void SetUp() override {
    const int64_t eight[8] = {}, two[2] = {}, one = 0;
    const float weights[2] = {};
    builder_.setInt64("input_ids", eight, 8);
    builder_.setInt64("input_mask", eight, 8);
    builder_.setInt64("segment_ids", eight, 8);
    builder_.setInt64("masked_lm_positions", two, 2);
    builder_.setInt64("masked_lm_ids", two, 2);
    builder_.setFloat("masked_lm_weights", weights, 2);
    builder_.setInt64("next_sentence_labels", &one, 1);
  }

  Status read() {
    std::string bytes;
    builder_.serialize(&bytes);
    ExampleView example;
    EXPECT_TRUE(example.parse(bytes).ok());
    StatusOr<PretrainRecord> record = readPretrainRecord(example);
    return record.ok() ? Status() : record.status();
  }

  ExampleBuilder builder_;
};

TEST_F(ReadPretrainRecord, ReadsAllFeatures) { EXPECT_TRUE(read().ok()); }

TEST_F(ReadPretrainRecord, LengthsMustAgree) {
  const int64_t seven[7] = {};
  builder_.setInt64("segment_ids", seven, 7);
  EXPECT_EQ(read().message(),
            "feature segment_ids has 7 values but input_ids has 8");
}

TEST_F(ReadPretrainRecord, TypesMustAgree) {
  const float wrong[8] = {};
  builder_.setFloat("input_mask", wrong, 8);
  EXPECT_EQ(read().message(),
            "feature input_mask: expected int64 values, found float");
}

TEST_F(ReadPretrainRecord, LabelIsZeroOrOne) {
  const int64_t two = 2;
  builder_.setInt64("next_sentence_labels", &two, 1);
  EXPECT_EQ(read().message(),
            "feature next_sentence_labels: expected one value, 0 or 1");
}

} // namespace
} // namespace bertc
