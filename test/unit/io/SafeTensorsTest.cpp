// SPDX-License-Identifier: Apache-2.0
//
// safetensors: a golden file, and every rule of the format broken once.
#include "io/SafeTensors.h"
#include "test/unit/io/TestSupport.h"

#include <cstring>
#include <gmock/gmock.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::HasSubstr;

/// Prefix, header text, and `dataBytes` bytes of data.
std::string fileOf(const std::string &header, size_t dataBytes) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char *>(&length), 8) + header +
         std::string(dataBytes, 'd');
}

class SafeTensorsTest : public ::testing::Test {
protected:
  /// The error of opening `bytes`.
  std::string openError(const std::string &bytes) {
    test::put(path_, bytes);
    auto file = SafeTensorsFile::open(path_);
    if (!file.ok()) {
      EXPECT_EQ(file.status().code(), StatusCode::Corrupt);
      EXPECT_THAT(file.status().message(), HasSubstr(path_));
    }
    return errorOf(file);
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("t.safetensors");
};

TEST_F(SafeTensorsTest, WritesGoldenBytes) {
  float weights[2] = {1.0f, -2.0f};
  int64_t step = 7;
  uint8_t flag = 1;
  ASSERT_OK(writeSafeTensors(path_,
                             {{{"b", DataType::Bool, {1}}, &flag},
                              {{"w", DataType::F32, {1, 2}}, weights},
                              {{"step", DataType::I64, {}}, &step},
                              {{"none", DataType::F32, {0, 3}}, nullptr}},
                             {{"format", "pt"}}));
  std::string header =
      R"({"__metadata__":{"format":"pt"},)"
      R"("step":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("none":{"dtype":"F32","shape":[0,3],"data_offsets":[8,8]},)"
      R"("w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},)"
      R"("b":{"dtype":"BOOL","shape":[1],"data_offsets":[16,17]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string data(17, '\0');
  std::memcpy(&data[0], &step, 8);
  std::memcpy(&data[8], weights, 8);
  data[16] = 1;
  EXPECT_EQ(test::get(path_), fileOf(header, 0) + data);

  auto file = SafeTensorsFile::open(path_);
  ASSERT_OK(file);
  EXPECT_EQ(file->tensors().size(), 4u);
  EXPECT_EQ(file->metadata().at("format"), "pt");
  const TensorView *tensor = file->find("w");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->info.shape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(tensor->bytes, 8u);
  EXPECT_EQ(std::memcmp(tensor->data, weights, 8), 0);
  EXPECT_EQ(file->find("x"), nullptr);
}

TEST_F(SafeTensorsTest, AllTypesRoundTrip) {
  std::vector<uint8_t> bytes(64, 3);
  std::vector<TensorSource> tensors;
  for (int type = 0; type <= static_cast<int>(DataType::Bool); ++type) {
    auto dtype = static_cast<DataType>(type);
    tensors.push_back({{dataTypeName(dtype), dtype, {2, 3}}, bytes.data()});
  }
  ASSERT_OK(writeSafeTensors(path_, tensors));
  auto file = SafeTensorsFile::open(path_);
  ASSERT_OK(file);
  for (const TensorSource &tensor : tensors) {
    const TensorView *found = file->find(tensor.info.name);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->info.dtype, tensor.info.dtype);
    EXPECT_EQ(found->bytes, 6 * dataTypeSize(tensor.info.dtype));
    // Aligned to its elements, as the layout promises.
    EXPECT_EQ(reinterpret_cast<uintptr_t>(found->data) %
                  dataTypeSize(tensor.info.dtype),
              0u);
  }
}

TEST_F(SafeTensorsTest, AcceptsTheEmptyFile) {
  EXPECT_EQ(openError(fileOf("{}", 0)), "no error");
  ASSERT_OK(writeSafeTensors(path_, {}));
  EXPECT_OK(SafeTensorsFile::open(path_));
}

TEST_F(SafeTensorsTest, RefusesBadHeaders) {
  EXPECT_THAT(openError("1234567"), HasSubstr("too few"));
  uint64_t huge = 100000001;
  std::string prefix(reinterpret_cast<const char *>(&huge), 8);
  EXPECT_THAT(openError(prefix + "{}"), HasSubstr("at most 100000000"));
  EXPECT_THAT(openError(fileOf("{}", 0).substr(0, 9)), HasSubstr("truncated"));
  EXPECT_THAT(openError(fileOf(" {}", 0)), HasSubstr("begin with '{'"));
  EXPECT_THAT(openError(fileOf("", 0)), HasSubstr("begin with '{'"));
  EXPECT_THAT(openError(fileOf("{", 0)),
              HasSubstr("not valid JSON: at line 1"));
  EXPECT_THAT(openError(fileOf("{}x", 0)),
              HasSubstr("not valid JSON: at line 1"));
  EXPECT_THAT(openError(fileOf(R"({"a":1})", 0)), HasSubstr("expected dtype"));
  EXPECT_THAT(openError(fileOf(R"({"__metadata__":{"a":1}})", 0)),
              HasSubstr("something else than strings"));
  std::string deep = R"({"a":)" + std::string(200000, '[');
  EXPECT_THAT(openError(fileOf(deep, 0)), HasSubstr("nested deeper than 64"));
}

TEST_F(SafeTensorsTest, RefusesBadEntries) {
  auto entry = [](const char *dtype, const char *shape, const char *range) {
    return std::string(R"({"a":{"dtype":")") + dtype + R"(","shape":)" + shape +
           R"(,"data_offsets":)" + range + "}}";
  };
  EXPECT_EQ(openError(fileOf(entry("F32", "[2]", "[0,8]"), 8)), "no error");
  struct Case {
    const char *dtype, *shape, *range, *message;
  };
  const Case cases[] = {
      {"F33", "[2]", "[0,8]", "unknown dtype 'F33'"},
      {"F32", "[-2]", "[0,8]", "the shape is not"},
      {"F32", "[2.0]", "[0,8]", "the shape is not"},
      {"F32", "2", "[0,8]", "the shape is not"},
      {"F32", "[18446744073709551615]", "[0,8]", "the shape is not"},
      {"F32", "[4294967296,4294967296]", "[0,8]", "too many elements"},
      {"F64", "[2305843009213693951]", "[0,8]", "too many elements"},
      {"F32", "[2]", "[8,0]", "data_offsets is not"},
      {"F32", "[2]", "[0,4,8]", "data_offsets is not"},
      {"F32", "[2]", "[-8,0]", "data_offsets is not"},
      {"F32", "[2]", "[0,9]", "needs 8 bytes, its data_offsets span 9"},
      {"F32", "[3]", "[0,12]", "ends at 12, but the file has 8"},
      {"F32", "[1]", "[0,4]", "cover 4 of 8 bytes"},
      {"F32", "[1]", "[4,8]", "begins at 4, expected 0 (a hole)"},
  };
  for (const Case &c : cases) {
    EXPECT_THAT(openError(fileOf(entry(c.dtype, c.shape, c.range), 8)),
                HasSubstr(c.message));
  }
}

TEST_F(SafeTensorsTest, RefusesOverlapsAndDuplicates) {
  auto one = [](const char *name, const char *range) {
    return std::string("\"") + name +
           R"(":{"dtype":"U8","shape":[4],"data_offsets":)" + range + "}";
  };
  std::string a = one("a", "[0,4]");
  EXPECT_EQ(openError(fileOf("{" + a + "," + one("b", "[4,8]") + "}", 8)),
            "no error");
  EXPECT_THAT(openError(fileOf("{" + a + "," + one("b", "[2,6]") + "}", 6)),
              HasSubstr("an overlap"));
  EXPECT_THAT(openError(fileOf("{" + a + "," + one("a", "[4,8]") + "}", 8)),
              HasSubstr("key \"a\" appears twice"));
}

TEST_F(SafeTensorsTest, EveryTruncationIsAnError) {
  float weights[3] = {1, 2, 3};
  ASSERT_OK(writeSafeTensors(path_, {{{"w", DataType::F32, {3}}, weights},
                                     {{"v", DataType::F32, {3}}, weights}}));
  std::string bytes = test::get(path_);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(openError(bytes.substr(0, length)), "no error") << length;
  }
  EXPECT_THAT(openError(bytes + "x"), HasSubstr("cover"));
}

TEST_F(SafeTensorsTest, MutationsNeverCrash) {
  test::Seeded random(10);
  float weights[3] = {1, 2, 3};
  ASSERT_OK(writeSafeTensors(path_,
                             {{{"w", DataType::F32, {3}}, weights},
                              {{"v", DataType::I16, {1, 2}}, weights}},
                             {{"k", "v"}}));
  std::string bytes = test::get(path_);
  for (int i = 0; i < 10000; ++i) {
    test::put(path_, test::mutate(bytes, random));
    auto file = SafeTensorsFile::open(path_);
    if (!file.ok()) {
      continue;
    }
    uint64_t sum = 0; // touch all that it claims to have
    for (const TensorView &tensor : file->tensors()) {
      for (uint64_t b = 0; b < tensor.bytes; ++b) {
        sum += tensor.data[b];
      }
    }
    EXPECT_LT(sum, 1u << 20);
  }
}

TEST_F(SafeTensorsTest, WriterHoldsItsCallerToTheAnnouncement) {
  auto writer =
      SafeTensorsWriter::create(path_, {{"a", DataType::F32, {2}}}, {});
  ASSERT_OK(writer);
  float values[2] = {1, 2};
  EXPECT_THAT(errorOf(writer->write("b", values, 8)),
              HasSubstr("was not announced"));
  EXPECT_THAT(errorOf(writer->write("a", values, 4)),
              HasSubstr("was not announced"));
  EXPECT_THAT(errorOf(writer->commit()), HasSubstr("was not written"));
  EXPECT_THAT(errorOf(SafeTensorsWriter::create(
                  path_, {{"a", DataType::F32, {}}, {"a", DataType::F32, {}}})),
              HasSubstr("used twice"));
  EXPECT_THAT(
      errorOf(SafeTensorsWriter::create(path_, {{"a", DataType::F32, {-1}}})),
      HasSubstr("negative dimension"));
}

class ShardsTest : public SafeTensorsTest {
protected:
  void SetUp() override {
    ASSERT_OK(writeSafeTensors(folder_.file("s1"),
                               {{{"a", DataType::F32, {}}, &a_},
                                {{"none", DataType::F32, {0}}, &a_}}));
    ASSERT_OK(writeSafeTensors(folder_.file("s2"),
                               {{{"b", DataType::F32, {}}, &b_}}));
    map(R"({"a":"s1","b":"s2"})");
  }
  void map(const std::string &json) {
    test::put(index_, R"({"weight_map":)" + json + "}");
  }
  std::string error() {
    return errorOf(SafeTensorsFile::openFolder(folder_.path()));
  }

  float a_ = 1, b_ = 2;
  std::string index_ = folder_.file("model.safetensors.index.json");
};

TEST_F(ShardsTest, OpenAsFolderOrByTheIndex) {
  for (const std::string &path : {folder_.path(), index_}) {
    auto file = path == index_ ? SafeTensorsFile::open(path)
                               : SafeTensorsFile::openFolder(path);
    ASSERT_OK(file);
    EXPECT_EQ(file->tensors().size(), 3u);
    EXPECT_EQ(std::memcmp(file->find("b")->data, &b_, 4), 0);
    EXPECT_NE(file->find("none"), nullptr); // though the index leaves it out
  }
}

TEST_F(ShardsTest, ErrorsNameTensorAndShards) {
  map(R"({"a":"s1","c":"s2"})");
  EXPECT_EQ(error(), "'" + index_ +
                         "': tensor 'c' is not in 's2', the shard named for "
                         "it");
  map(R"({"a":"s2","b":"s2","none":"s1"})");
  EXPECT_EQ(error(), "'" + index_ +
                         "': tensor 'a' is not in 's2', the shard named for "
                         "it, but in '" +
                         folder_.file("s1") + "'");
  map(R"({"a":"s1","b":"s3"})");
  EXPECT_EQ(error(), "'" + index_ +
                         "': its shard 's3' is missing, expected it in the "
                         "same folder");
  test::put(folder_.file("s2"), test::get(folder_.file("s1")));
  map(R"({"a":"s1","b":"s2"})");
  EXPECT_THAT(error(),
              HasSubstr("tensor 'a' is in two shards, '" + folder_.file("s1") +
                        "' and '" + folder_.file("s2") + "'"));
  test::put(folder_.file("s2"), "short");
  EXPECT_THAT(error(), HasSubstr("'" + folder_.file("s2") + "': has 5 bytes"));
}

TEST_F(ShardsTest, NamesStayInTheFolder) {
  for (const char *bad : {"../s1", "/s1", "..", ""}) {
    map(std::string(R"({"a":")") + bad + "\"}");
    EXPECT_THAT(error(), HasSubstr("not mapped to a file name"));
  }
  test::put(index_, R"({"weight_map":["s1"]})");
  EXPECT_THAT(error(), HasSubstr("expected an object 'weight_map'"));
}

TEST_F(ShardsTest, MutatedIndexesAreReadOrRefused) {
  test::Seeded random(31);
  const std::string index = test::get(index_);
  for (int round = 0; round < 1000; ++round) {
    test::put(index_, test::mutate(index, random));
    auto file = SafeTensorsFile::openFolder(folder_.path());
    if (!file.ok()) {
      ASSERT_THAT(file.status().message(), HasSubstr(index_));
    }
  }
}

TEST_F(ShardsTest, FoldersWithoutSafetensors) {
  ASSERT_OK(removeFile(index_));
  EXPECT_EQ(SafeTensorsFile::openFolder(folder_.path()).status().code(),
            StatusCode::NotFound);
  test::put(folder_.file("pytorch_model.bin"), "");
  EXPECT_THAT(error(), HasSubstr("save the model as safetensors"));
}

} // namespace
} // namespace bertc
