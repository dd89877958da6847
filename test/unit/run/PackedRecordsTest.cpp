// SPDX-License-Identifier: Apache-2.0
#include "run/PackedRecords.h"

#include "test/unit/run/RecordFiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

using namespace bertc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr size_t positions = 8, predictions = 2;

/// A pack of `sequences` sequences of two tokens each, and of up to `most`.
std::string makePack(int32_t sequences, int32_t most) {
  std::vector<int32_t> ids(positions, 5), mask(positions), place(positions);
  std::vector<int32_t> first(most), labels(most);
  std::vector<float> weights(most);
  for (int32_t k = 0; k < sequences; ++k) {
    mask[2 * k] = mask[2 * k + 1] = k + 1;
    place[2 * k + 1] = 1;
    first[k] = 2 * k;
    weights[k] = 1;
  }
  std::vector<int32_t> masked(predictions + most, 1);
  std::vector<float> maskedWeights(predictions + most, 1);
  ExampleBuilder builder;
  builder.setInt64("input_ids", ids.data(), ids.size());
  builder.setInt64("input_mask", mask.data(), mask.size());
  builder.setInt64("segment_ids", place.data(), place.size());
  builder.setInt64("positions", place.data(), place.size());
  builder.setInt64("masked_lm_positions", masked.data(), masked.size());
  builder.setInt64("masked_lm_ids", masked.data(), masked.size());
  builder.setFloat("masked_lm_weights", maskedWeights.data(),
                   maskedWeights.size());
  builder.setInt64("next_sentence_positions", first.data(), first.size());
  builder.setInt64("next_sentence_labels", labels.data(), labels.size());
  builder.setFloat("next_sentence_weights", weights.data(), weights.size());
  std::string bytes;
  builder.serialize(&bytes);
  return bytes;
}

/// Packs of `sizes` sequences each, of up to three.
void writePacks(const std::string &path, const std::vector<int32_t> &sizes) {
  auto writer = TfRecordWriter::create(path);
  ASSERT_TRUE(writer.ok());
  for (int32_t size : sizes) {
    ASSERT_TRUE(writer->append(makePack(size, 3)).ok());
  }
  ASSERT_TRUE(writer->finish().ok());
}

rt::ModelInfo modelOf(uint32_t packed) {
  rt::ModelInfo model;
  model.task = "pretrain";
  model.maxSeqLength = positions;
  model.maxPredictionsPerSeq = predictions;
  model.packed = packed;
  return model;
}

BatchLayout layoutOf(uint32_t batch, uint32_t packed) {
  BatchLayout layout;
  layout.batchSize = batch;
  layout.packed = packed;
  auto add = [&](const char *name, rt::DType dtype, size_t values) {
    layout.features.push_back(
        {name, dtype, {batch, static_cast<int64_t>(values)}, values});
  };
  add("input_ids", rt::DType::I32, positions);
  add("input_mask", rt::DType::I32, positions);
  add("masked_lm_ids", rt::DType::I32, predictions + packed);
  add("masked_lm_weights", rt::DType::F32, predictions + packed);
  if (packed > 0) {
    add("positions", rt::DType::I32, positions);
    add("next_sentence_positions", rt::DType::I32, packed);
    add("next_sentence_weights", rt::DType::F32, packed);
  }
  add("next_sentence_labels", rt::DType::I32, packed > 0 ? packed : 1);
  return layout;
}

class PackedRecordsTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = test::freshFolder();
    ASSERT_TRUE(makeDirectories(folder_ + "/packs").ok());
    ASSERT_TRUE(makeDirectories(folder_ + "/plain").ok());
    writePacks(folder_ + "/packs/a.tfrecord", {3, 1, 2, 2, 3});
    test::writeRecords(folder_ + "/plain/a.tfrecord", 10, 5);
  }

  std::shared_ptr<const RecordSet> open(const std::string &name) {
    auto records = RecordSet::open({folder_ + "/" + name}, {});
    EXPECT_TRUE(records.ok()) << records.status().message();
    return std::shared_ptr<const RecordSet>(std::move(*records));
  }

  Status check(const std::string &name, uint32_t planned) {
    return checkRecords(*open(name), layoutOf(2, planned), modelOf(planned));
  }

  void writeMetadata(const std::string &text) {
    ASSERT_TRUE(
        writeFileAtomically(folder_ + "/packs_metadata.json", text).ok());
  }

  std::string folder_;
};

TEST_F(PackedRecordsTest, recordsFitTheirPlan) {
  EXPECT_TRUE(check("packs", 3).ok()) << check("packs", 3).message();
  EXPECT_TRUE(check("plain", 0).ok()) << check("plain", 0).message();
}

TEST_F(PackedRecordsTest, refusesWhatDoesNotFitWithBothValues) {
  EXPECT_THAT(check("packs", 0).message(),
              HasSubstr("a.tfrecord, record at offset 0: records are packed, "
                        "up to 3 sequences each, the plan was compiled without "
                        "--packed; compile it with --packed 3"));
  EXPECT_THAT(check("packs", 2).message(),
              HasSubstr("records are packed, up to 3 sequences each, the plan "
                        "was compiled with --packed 2"));
  EXPECT_THAT(check("plain", 3).message(),
              HasSubstr("records are not packed, the plan was compiled with "
                        "--packed 3; pack them with bert-data pack"));
  EXPECT_EQ(check("plain", 3).code(), StatusCode::FailedPrecondition);
}

TEST_F(PackedRecordsTest, namesTheFlagBehindTheLengthOfPredictions) {
  BatchLayout layout = layoutOf(2, 3);
  layout.features[2].valuesPerRow = 7 + 3;
  rt::ModelInfo model = modelOf(3);
  model.maxPredictionsPerSeq = 7;
  EXPECT_THAT(checkRecords(*open("packs"), layout, model).message(),
              HasSubstr("feature masked_lm_ids has 5 values, the plan takes "
                        "10; make the records with --max-predictions-per-seq "
                        "7, or compile the plan with "
                        "--max-predictions-per-seq 2"));
}

TEST_F(PackedRecordsTest, batchesCountSequences) {
  BatchStream::Options options;
  options.training = false;
  BatchStream stream(open("packs"), layoutOf(2, 3), options);
  std::vector<uint32_t> counts;
  for (;;) {
    const Batch *batch = *stream.next();
    if (!batch) {
      break;
    }
    counts.push_back(batch->sequences);
  }
  EXPECT_THAT(counts, ElementsAre(4, 4, 3));
}

TEST_F(PackedRecordsTest, plainRecordsBecomePacksOfOne) {
  BatchLayout layout = layoutOf(4, 3);
  layout.plainRecords = true;
  std::shared_ptr<const RecordSet> records = open("plain");
  Status status = checkRecords(*records, layout, modelOf(3));
  ASSERT_TRUE(status.ok()) << status.message();
  BatchStream::Options options;
  options.training = false;
  BatchStream stream(records, layout, options);
  const Batch *batch = *stream.next();
  EXPECT_EQ(batch->sequences, 4u);
  auto integers = [&](size_t feature, size_t count) {
    std::vector<int32_t> values(count);
    std::memcpy(values.data(), batch->buffers[feature].data(), 4 * count);
    return values;
  };
  auto floats = [&](size_t feature, size_t count) {
    std::vector<float> values(count);
    std::memcpy(values.data(), batch->buffers[feature].data(), 4 * count);
    return values;
  };
  EXPECT_THAT(integers(0, 2), ElementsAre(10, 5));
  EXPECT_THAT(integers(2, 5), ElementsAre(6, 6, 0, 0, 0));
  EXPECT_THAT(floats(3, 5), ElementsAre(1, 1, 0, 0, 0));
  EXPECT_THAT(integers(4, 8), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(integers(5, 3), ElementsAre(0, 0, 0));
  EXPECT_THAT(floats(6, 6), ElementsAre(1, 0, 0, 1, 0, 0));
  EXPECT_THAT(integers(7, 6), ElementsAre(0, 0, 0, 1, 0, 0));
}

TEST_F(PackedRecordsTest, metadataSaysHowManySequencesToExpect) {
  std::string source;
  writeMetadata(R"({"avg_seq_per_sample": 1.75})");
  StatusOr<double> expected =
      expectedSequences({folder_ + "/packs/"}, *open("packs"), &source);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  EXPECT_EQ(*expected, 1.75);
  EXPECT_EQ(source, folder_ + "/packs_metadata.json");
}

TEST_F(PackedRecordsTest, withoutMetadataSequencesAreCounted) {
  std::string source;
  StatusOr<double> expected =
      expectedSequences({folder_ + "/packs"}, *open("packs"), &source);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  EXPECT_DOUBLE_EQ(*expected, 11.0 / 5.0);
  EXPECT_THAT(source, HasSubstr("counted in 5 records"));
}

TEST_F(PackedRecordsTest, refusesMetadataThatCannotBe) {
  std::string source;
  for (const char *text : {"{}", "[1]", R"({"avg_seq_per_sample": "2"})",
                           R"({"avg_seq_per_sample": 0.5})"}) {
    writeMetadata(text);
    StatusOr<double> expected =
        expectedSequences({folder_ + "/packs"}, *open("packs"), &source);
    EXPECT_EQ(expected.status().code(), StatusCode::Corrupt) << text;
    EXPECT_THAT(expected.status().message(), HasSubstr("avg_seq_per_sample"));
  }
}

TEST(PackedAccumulation, roundsAsTheReferenceDoes) {
  EXPECT_EQ(packedAccumulationSteps(1024, 1.2), 853);
  EXPECT_EQ(packedAccumulationSteps(4096, 2.0), 2048);
  // Ties to even.
  EXPECT_EQ(packedAccumulationSteps(5, 2.0), 2);
  EXPECT_EQ(packedAccumulationSteps(7, 2.0), 4);
  EXPECT_EQ(packedAccumulationSteps(1, 2.9), 1);
}

} // namespace
