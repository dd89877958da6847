// SPDX-License-Identifier: Apache-2.0
//
// Files that TensorFlow 2.21 wrote (test/interop/tensorflow_interop.py
// --write-golden test/data/io), and our writers against the same bytes.
#include "io/Checkpoint.h"
#include "io/Example.h"
#include "io/TfRecord.h"
#include "test/unit/io/TestSupport.h"

#include <gmock/gmock.h>
#include <numeric>

namespace bertc {
namespace {

using ::testing::ElementsAre;

const std::string kFolder = BERTC_TEST_DATA "/io/";

TEST(TensorFlowGolden, Checkpoint) {
  auto reader = CheckpointReader::open(kFolder + "tensorflow.ckpt");
  ASSERT_OK(reader);
  EXPECT_OK(reader->verifyAll());
  ASSERT_EQ(reader->entries().size(), 5u);
  std::vector<float> kernel(12), ramp(12);
  std::iota(ramp.begin(), ramp.end(), 0.0f);
  ASSERT_OK(reader->read("bert/pooler/dense/kernel", kernel.data(), 48));
  EXPECT_EQ(kernel, ramp);
  EXPECT_EQ(reader->find("bert/pooler/dense/kernel")->info.shape,
            (std::vector<int64_t>{3, 4}));
  int64_t step = 0;
  ASSERT_OK(reader->read("global_step", &step, 8));
  EXPECT_EQ(step, 7038);
  EXPECT_TRUE(reader->find("global_step")->info.shape.empty());
  EXPECT_EQ(reader->find("half")->info.dtype, DataType::F16);
  EXPECT_THAT(*reader->readStrings("types/strings"), ElementsAre("alpha", ""));
}

// Without the strings, which we do not write, our data file is TensorFlow's.
TEST(TensorFlowGolden, CheckpointDataBytes) {
  test::TemporaryFolder folder;
  auto reader = CheckpointReader::open(kFolder + "tensorflow.ckpt");
  ASSERT_OK(reader);
  std::vector<TensorSource> tensors;
  uint64_t bytes = 0;
  for (const CheckpointEntry &entry : reader->entries()) {
    if (entry.info.dtype != DataType::String) {
      tensors.push_back({entry.info, *reader->view(entry.info.name)});
      bytes += entry.bytes;
    }
  }
  ASSERT_OK(writeCheckpoint(folder.file("m"), tensors));
  EXPECT_EQ(test::get(checkpointDataPath(folder.file("m"))),
            test::get(checkpointDataPath(kFolder + "tensorflow.ckpt"))
                .substr(0, bytes));
}

TEST(TensorFlowGolden, Records) {
  const std::string path = kFolder + "tensorflow.tfrecord";
  test::TemporaryFolder folder;
  auto reader = TfRecordReader::open(path);
  ASSERT_OK(reader);
  auto writer = TfRecordWriter::create(folder.file("a"));
  ASSERT_OK(writer);
  for (size_t count = 0; count < 3; ++count) {
    std::string_view record;
    auto more = reader->next(&record);
    ASSERT_OK(more);
    ASSERT_TRUE(*more);
    ExampleView view;
    ASSERT_OK(view.parse(record));
    EXPECT_THAT(view.find("ids")->int64s(),
                ElementsAre(-1, static_cast<int64_t>(count), 30521));
    EXPECT_EQ(view.find("weights")->floats(), std::vector<float>(count, 0.5f));
    EXPECT_THAT(view.find("text")->byteStrings(),
                ElementsAre("record " + std::to_string(count)));
    ExampleBuilder builder;
    std::vector<int64_t> ids = view.find("ids")->int64s();
    std::vector<float> weights = view.find("weights")->floats();
    builder.setInt64("ids", ids.data(), ids.size());
    builder.setFloat("weights", weights.data(), weights.size());
    builder.setBytes("text", view.find("text")->byteStrings());
    std::string bytes;
    builder.serialize(&bytes);
    EXPECT_EQ(bytes, record);
    ASSERT_OK(writer->append(bytes));
  }
  ASSERT_OK(writer->finish());
  EXPECT_EQ(test::get(folder.file("a")), test::get(path));
}

} // namespace
} // namespace bertc
