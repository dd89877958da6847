// SPDX-License-Identifier: Apache-2.0
//
// The order of the data: whatever the number of threads, wherever one starts.
#include "run/BatchStream.h"

#include "test/unit/run/RecordFiles.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

using namespace bertc;
using testing::HasSubstr;

namespace {

constexpr size_t sequence = 8, predictions = 2;

BatchLayout makeLayout(uint32_t batchSize, bool exampleWeights = false) {
  auto feature = [&](const char *name, rt::DType dtype, size_t values) {
    BatchFeature result;
    result.name = name;
    result.dtype = dtype;
    result.shape = {batchSize, static_cast<int64_t>(values)};
    result.valuesPerRow = values;
    return result;
  };
  BatchLayout layout;
  layout.batchSize = batchSize;
  layout.exampleWeights = exampleWeights;
  layout.features = {feature("input_ids", rt::DType::I32, sequence),
                     feature("masked_lm_weights", rt::DType::F32, predictions),
                     feature("next_sentence_labels", rt::DType::I32, 1)};
  return layout;
}

class BatchStreamTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = test::freshFolder();
    test::writeRecords(folder_ + "/a.tfrecord", 0, 13);
    test::writeRecords(folder_ + "/b.tfrecord", 13, 10);
    auto records = RecordSet::open({folder_}, {});
    ASSERT_TRUE(records.ok()) << records.status().message();
    records_ = std::move(*records);
  }

  /// Record numbers of the next `batches` batches.
  std::vector<int32_t> draw(BatchStream::Options options, int batches,
                            uint32_t batchSize = 4) {
    BatchStream stream(records_, makeLayout(batchSize), options);
    std::vector<int32_t> numbers;
    for (int i = 0; i < batches; ++i) {
      auto batch = stream.next();
      EXPECT_TRUE(batch.ok()) << batch.status().message();
      if (!batch.ok() || !*batch) {
        break;
      }
      for (uint32_t row = 0; row < (*batch)->realRows; ++row) {
        int32_t number = 0;
        std::memcpy(&number, (*batch)->buffers[0].data() + row * sequence * 4,
                    4);
        numbers.push_back(number);
      }
    }
    return numbers;
  }

  std::string folder_;
  std::shared_ptr<const RecordSet> records_;
};

TEST_F(BatchStreamTest, orderDoesNotDependOnThreads) {
  BatchStream::Options options;
  options.seed = 99;
  options.threads = 1;
  std::vector<int32_t> expected = draw(options, 40);
  for (int threads : {2, 3, 7}) {
    for (int depth : {1, 2, 8}) {
      options.threads = threads;
      options.depth = depth;
      EXPECT_EQ(draw(options, 40), expected) << threads << " threads";
    }
  }
}

TEST_F(BatchStreamTest, everyEpochVisitsEveryRecordOnce) {
  BatchStream::Options options;
  options.seed = 5;
  // 23 records in batches of 4: epochs end inside batches.
  std::vector<int32_t> numbers = draw(options, 23);
  ASSERT_EQ(numbers.size(), 92u);
  for (size_t epoch = 0; epoch < 4; ++epoch) {
    std::set<int32_t> seen(numbers.begin() + epoch * 23,
                           numbers.begin() + (epoch + 1) * 23);
    EXPECT_EQ(seen.size(), 23u);
  }
  EXPECT_FALSE(
      std::equal(numbers.begin(), numbers.begin() + 23, numbers.begin() + 23));
}

TEST_F(BatchStreamTest, continuesInTheMiddleOfAnEpoch) {
  BatchStream::Options options;
  options.seed = 5;
  std::vector<int32_t> whole = draw(options, 20);
  options.firstExample = 4 * 7;
  std::vector<int32_t> rest = draw(options, 13);
  EXPECT_EQ(rest, std::vector<int32_t>(whole.begin() + 28, whole.end()));
}

TEST_F(BatchStreamTest, evaluationReadsInOrderAndPadsTheLastBatch) {
  BatchStream::Options options;
  options.training = false;
  std::vector<int32_t> expected(23);
  for (int32_t i = 0; i < 23; ++i) {
    expected[static_cast<size_t>(i)] = i;
  }
  EXPECT_EQ(draw(options, 100), expected);

  BatchStream stream(records_, makeLayout(16, true), options);
  ASSERT_EQ((*stream.next())->realRows, 16u);
  const Batch *last = *stream.next();
  ASSERT_EQ(last->realRows, 7u);
  std::vector<float> weights(16), masked(16 * predictions);
  std::memcpy(weights.data(), last->buffers[3].data(), 16 * 4);
  std::memcpy(masked.data(), last->buffers[1].data(), masked.size() * 4);
  for (size_t row = 0; row < 16; ++row) {
    EXPECT_EQ(weights[row], row < 7 ? 1.0f : 0.0f);
    EXPECT_EQ(masked[row * predictions], row < 7 ? 1.0f : 0.0f);
  }
  EXPECT_EQ(*stream.next(), nullptr);
}

TEST_F(BatchStreamTest, stopsAfterMaxBatches) {
  BatchStream::Options options;
  options.training = false;
  options.maxBatches = 2;
  EXPECT_EQ(draw(options, 100).size(), 8u);
}

TEST_F(BatchStreamTest, refusesRecordsOfAnotherLength) {
  rt::ModelInfo model;
  model.maxSeqLength = 16;
  model.maxPredictionsPerSeq = 2;
  BatchLayout layout = makeLayout(4);
  EXPECT_TRUE(checkRecords(*records_, layout, model).ok());
  layout.features[0].valuesPerRow = 16;
  Status status = checkRecords(*records_, layout, model);
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(status.message(),
              HasSubstr("a.tfrecord, record at offset 0: feature input_ids has "
                        "8 values, the plan takes 16; make the records with "
                        "--max-seq-length 16, or compile the plan with "
                        "--max-seq-length 8"));
}

TEST_F(BatchStreamTest, refusesRecordsWithoutAFeature) {
  BatchLayout layout = makeLayout(4);
  layout.features[0].name = "positions";
  Status status = checkRecords(*records_, layout, rt::ModelInfo());
  EXPECT_THAT(status.message(), HasSubstr("positions"));
}

TEST_F(BatchStreamTest, endsWithoutBeingDrained) {
  BatchStream::Options options;
  options.depth = 2;
  BatchStream stream(records_, makeLayout(4), options);
  EXPECT_TRUE(stream.next().ok());
}

} // namespace
