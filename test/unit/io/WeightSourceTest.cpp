// SPDX-License-Identifier: Apache-2.0
//
// Weights from every kind of file into the caller's buffers, and conversion
// between the kinds.
#include "io/WeightSource.h"
#include "io/Checkpoint.h"
#include "io/Convert.h"
#include "io/SafeTensors.h"
#include "test/unit/io/TestSupport.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kKernel = "bert/encoder/layer_0/attention/self/query/kernel";
const std::string kBias = "bert/encoder/layer_0/attention/self/query/bias";

/// A kernel [37, 53] and a bias [53] of distinct values, in our layout.
struct Weights {
  std::vector<float> kernel = std::vector<float>(37 * 53);
  std::vector<float> bias = std::vector<float>(53);
  Weights() {
    for (size_t i = 0; i < kernel.size(); ++i) {
      kernel[i] = static_cast<float>(i) * 0.5f;
    }
    for (size_t i = 0; i < bias.size(); ++i) {
      bias[i] = -static_cast<float>(i);
    }
  }
  /// The kernel as Hugging Face stores it, [53, 37].
  std::vector<float> turned() const {
    std::vector<float> out(kernel.size());
    for (size_t r = 0; r < 37; ++r) {
      for (size_t c = 0; c < 53; ++c) {
        out[c * 37 + r] = kernel[r * 53 + c];
      }
    }
    return out;
  }
};

class WeightSourceTest : public ::testing::Test {
protected:
  /// Opens `path` and expects the two weights in it.
  void expectWeights(const std::string &path) {
    auto source = WeightSource::open(path);
    ASSERT_OK(source);
    std::vector<float> kernel(37 * 53), bias(53);
    ASSERT_OK((*source)->readF32(
        {{kKernel, {37, 53}, kernel.data()}, {kBias, {53}, bias.data()}}));
    EXPECT_EQ(kernel, w_.kernel);
    EXPECT_EQ(bias, w_.bias);
    auto raw = (*source)->readRaw(kKernel);
    ASSERT_OK(raw);
    EXPECT_EQ(std::memcmp(raw->data(), w_.kernel.data(), raw->size()), 0);
  }

  void writeHuggingFace(const std::string &path, const std::string &start) {
    std::vector<float> turned = w_.turned();
    int64_t ids[4] = {};
    ASSERT_OK(writeSafeTensors(
        path,
        {{{start + "encoder.layer.0.attention.self.query.weight",
           DataType::F32,
           {53, 37}},
          turned.data()},
         {{start + "encoder.layer.0.attention.self.query.bias",
           DataType::F32,
           {53}},
          w_.bias.data()},
         {{start + "embeddings.position_ids", DataType::I64, {1, 4}}, ids},
         {{"something.else", DataType::F32, {53}}, w_.bias.data()}}));
  }

  Status writeOurs(const std::string &prefix) {
    return writeCheckpoint(
        prefix, {{{kKernel, DataType::F32, {37, 53}}, w_.kernel.data()},
                 {{kBias, DataType::F32, {53}}, w_.bias.data()},
                 {{kBias + "/adam_m", DataType::F32, {53}}, w_.bias.data()},
                 {{"global_step", DataType::I64, {}}, &step_}});
  }

  Weights w_;
  int64_t step_ = 77;
  test::TemporaryFolder folder_;
};

TEST_F(WeightSourceTest, ReadsHuggingFaceFilesAndFolders) {
  std::string file = folder_.file("a.safetensors");
  for (const char *start : {"", "bert."}) {
    writeHuggingFace(file, start);
    expectWeights(file);
    auto source = WeightSource::open(file);
    EXPECT_THAT((*source)->unknown(), ElementsAre("something.else"));
    EXPECT_EQ((*source)->tensors().size(), 3u);
  }
  writeHuggingFace(folder_.file("model.safetensors"), "bert.");
  expectWeights(folder_.path());
}

TEST_F(WeightSourceTest, ReadsCheckpointsByPrefixIndexAndFolder) {
  ASSERT_OK(
      saveCheckpoint(folder_.path(), 5,
                     {{{kKernel, DataType::F32, {37, 53}}, w_.kernel.data()},
                      {{kBias, DataType::F32, {53}}, w_.bias.data()},
                      {{"odd/extra", DataType::F32, {53}}, w_.bias.data()}},
                     {}));
  expectWeights(folder_.path());
  expectWeights(folder_.file("model.ckpt-5"));
  expectWeights(folder_.file("model.ckpt-5.index"));
  auto source = WeightSource::open(folder_.path());
  EXPECT_THAT((*source)->unknown(), ElementsAre("odd/extra"));
}

TEST_F(WeightSourceTest, SeesDamagedCheckpoints) {
  std::string prefix = folder_.file("m");
  ASSERT_OK(writeOurs(prefix));
  std::string data = prefix + ".data-00000-of-00001", bytes = test::get(data);
  bytes[500] = static_cast<char>(bytes[500] ^ 1);
  test::put(data, bytes);
  auto source = WeightSource::open(prefix);
  ASSERT_OK(source);
  std::vector<float> kernel(37 * 53);
  EXPECT_THAT(errorOf((*source)->readF32({{kKernel, {37, 53}, kernel.data()}})),
              HasSubstr("query/kernel' in '" + data + "': the checksum"));
  EXPECT_FALSE((*source)->readRaw(kKernel).ok());
}

// Larger than one piece of the parallel copy, with rows that are no multiple
// of the band, in every float type.
TEST_F(WeightSourceTest, ConvertsAndTransposesLargeTensors) {
  const int64_t rows = 1003, cols = 777; // in the file
  std::vector<float> values(static_cast<size_t>(rows * cols));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i % 251) - 125; // exact in bf16 and f16
  }
  for (DataType type : {DataType::F32, DataType::F64, DataType::BF16}) {
    std::string stored;
    for (float value : values) {
      double wide = value;
      uint32_t bits;
      std::memcpy(&bits, &value, 4);
      uint16_t high = static_cast<uint16_t>(bits >> 16);
      const void *from = type == DataType::F64    ? static_cast<void *>(&wide)
                         : type == DataType::BF16 ? static_cast<void *>(&high)
                                                  : &value;
      stored.append(static_cast<const char *>(from), dataTypeSize(type));
    }
    std::string path = folder_.file("b.safetensors");
    ASSERT_OK(writeSafeTensors(
        path, {{{"pooler.dense.weight", type, {rows, cols}}, stored.data()}}));
    auto source = WeightSource::open(path);
    ASSERT_OK(source);
    std::vector<float> out(values.size());
    ASSERT_OK((*source)->readF32(
        {{"bert/pooler/dense/kernel", {cols, rows}, out.data()}}));
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) {
        ASSERT_EQ(out[static_cast<size_t>(c * rows + r)],
                  values[static_cast<size_t>(r * cols + c)]);
      }
    }
  }
}

TEST_F(WeightSourceTest, RequestsThatDoNotFitNameEverything) {
  std::string prefix = folder_.file("m");
  ASSERT_OK(writeOurs(prefix));
  auto source = WeightSource::open(prefix);
  ASSERT_OK(source);
  float target[64];
  EXPECT_EQ(
      errorOf((*source)->readF32(
          {{"x", {1}, target}, {"y", {1}, target}, {kBias, {53}, target}})),
      "'" + prefix + "' lacks 2 of 3 variables: 'x', 'y'");
  EXPECT_EQ(errorOf((*source)->readF32({{kBias, {54}, target}})),
            "'" + prefix + "' does not fit: '" + kBias +
                "' is [53], expected [54]");
  EXPECT_THAT(errorOf((*source)->readF32({{"global_step", {}, target}})),
              HasSubstr("is I64, expected a float type"));
}

TEST_F(WeightSourceTest, OpenErrorsSayWhatWasExpected) {
  EXPECT_THAT(errorOf(WeightSource::open(folder_.file("none"))),
              HasSubstr("expected a .safetensors file, a folder"));
  test::put(folder_.file("x.bin"), "");
  EXPECT_THAT(errorOf(WeightSource::open(folder_.file("x.bin"))),
              HasSubstr("expected a name ending in .safetensors"));
  test::TemporaryFolder empty;
  EXPECT_THAT(errorOf(WeightSource::open(empty.path())),
              HasSubstr("expected model.safetensors or"));
  test::put(empty.file("pytorch_model.bin"), "");
  EXPECT_THAT(errorOf(WeightSource::open(empty.path())),
              HasSubstr("save the model as safetensors"));
}

TEST_F(WeightSourceTest, TwoTensorsOfOneVariableAreAnError) {
  std::string path = folder_.file("c.safetensors");
  ASSERT_OK(writeSafeTensors(
      path,
      {{{"pooler.dense.bias", DataType::F32, {53}}, w_.bias.data()},
       {{"bert/pooler/dense/bias", DataType::F32, {53}}, w_.bias.data()}}));
  EXPECT_THAT(errorOf(WeightSource::open(path)),
              HasSubstr("are the same variable"));
}

TEST_F(WeightSourceTest, NamesBothShapesAndTheTensorAsInTheFile) {
  std::string file = folder_.file("a.safetensors");
  writeHuggingFace(file, "");
  auto source = WeightSource::open(file);
  ASSERT_OK(source);
  float target[1];
  EXPECT_EQ(errorOf((*source)->readF32(
                {{kKernel, {37, 54}, target}, {kBias, {54}, target}})),
            "'" + file + "' does not fit: '" + kKernel +
                "' ('encoder.layer.0.attention.self.query.weight' in the "
                "file, transposed) is [37,53], expected [37,54], '" +
                kBias +
                "' ('encoder.layer.0.attention.self.query.bias' in the file) "
                "is [53], expected [54]");
}

// Files of the models of Hugging Face whose heads we know, in today's names
// and in those that older versions wrote.
TEST_F(WeightSourceTest, KnowsEveryHead) {
  const std::pair<const char *, const char *> names[] = {
      {"pooler.dense.bias", "bert/pooler/dense/bias"},
      {"bert.pooler.dense.bias", "bert/pooler/dense/bias"},
      {"embeddings.LayerNorm.gamma", "bert/embeddings/LayerNorm/gamma"},
      {"bert.encoder.layer.11.output.LayerNorm.beta",
       "bert/encoder/layer_11/output/LayerNorm/beta"},
      {"cls.predictions.bias", "cls/predictions/output_bias"},
      {"cls.predictions.transform.LayerNorm.gamma",
       "cls/predictions/transform/LayerNorm/gamma"},
      {"cls.seq_relationship.bias", "cls/seq_relationship/output_bias"},
      {"classifier.bias", "output_bias"},
      {"qa_outputs.bias", "cls/squad/output_bias"}};
  std::string path = folder_.file("head.safetensors");
  for (const auto &[theirs, ours] : names) {
    ASSERT_OK(writeSafeTensors(
        path, {{{theirs, DataType::F32, {53}}, w_.bias.data()}}));
    auto source = WeightSource::open(path);
    ASSERT_OK(source);
    EXPECT_THAT((*source)->unknown(), ElementsAre());
    std::vector<float> out(53);
    ASSERT_OK((*source)->readF32({{ours, {53}, out.data()}}));
    EXPECT_EQ(out, w_.bias);
  }
}

TEST_F(WeightSourceTest, TiedTensorsStandInOrAreUnused) {
  const std::string table = "bert/embeddings/word_embeddings",
                    decoder = "cls.predictions.decoder.weight";
  std::string path = folder_.file("tied.safetensors");
  auto write = [&](bool both, const float *tied) {
    std::vector<TensorSource> tensors = {
        {{decoder, DataType::F32, {3, 4}}, tied},
        {{"cls.predictions.decoder.bias", DataType::F32, {3}}, w_.bias.data()}};
    if (both) {
      tensors.push_back(
          {{"bert.embeddings.word_embeddings.weight", DataType::F32, {3, 4}},
           w_.kernel.data()});
    }
    ASSERT_OK(writeSafeTensors(path, tensors));
  };
  auto expectTable = [&](const std::vector<std::string> &unknown) {
    auto source = WeightSource::open(path);
    ASSERT_OK(source);
    std::vector<float> out(12), bias(3);
    ASSERT_OK((*source)->readF32(
        {{table, {3, 4}, out.data()},
         {"cls/predictions/output_bias", {3}, bias.data()}}));
    EXPECT_TRUE(std::equal(out.begin(), out.end(), w_.kernel.begin()));
    EXPECT_TRUE(std::equal(bias.begin(), bias.end(), w_.bias.begin()));
    EXPECT_EQ((*source)->unknown(), unknown);
  };
  write(false, w_.kernel.data());
  expectTable({});
  write(true, w_.kernel.data());
  expectTable({});
  write(true, w_.kernel.data() + 1);
  expectTable({decoder});
}

TEST_F(WeightSourceTest, ReadsShardsByTheirIndex) {
  writeHuggingFace(folder_.file("part.safetensors"), "");
  std::string index = folder_.file("model.safetensors.index.json");
  test::put(index, R"({"weight_map":{"something.else":"part.safetensors"}})");
  expectWeights(index);
  expectWeights(folder_.path());
}

TEST_F(WeightSourceTest, ConvertsRoundTheCircle) {
  std::string prefix = folder_.file("m"), ours = folder_.file("o.safetensors"),
              theirs = folder_.file("h.safetensors"), back = folder_.file("r");
  ASSERT_OK(writeOurs(prefix));
  auto report = convertWeights(prefix, ours, {});
  ASSERT_OK(report);
  EXPECT_EQ(report->tensors, 4);
  EXPECT_THAT(report->skipped, ElementsAre());
  expectWeights(ours);
  ConvertOptions toTheirs;
  toTheirs.huggingFaceNames = true;
  report = convertWeights(ours, theirs, toTheirs);
  ASSERT_OK(report);
  EXPECT_EQ(report->tensors, 2);
  EXPECT_THAT(report->skipped, ElementsAre());
  EXPECT_EQ(report->stateTensors, 2);
  expectWeights(theirs);
  auto file = SafeTensorsFile::open(theirs);
  ASSERT_OK(file);
  const TensorView *kernel =
      file->find("bert.encoder.layer.0.attention.self.query.weight");
  ASSERT_NE(kernel, nullptr);
  EXPECT_EQ(kernel->info.shape, (std::vector<int64_t>{53, 37}));
  EXPECT_EQ(std::memcmp(kernel->data, w_.turned().data(), kernel->bytes), 0);
  EXPECT_EQ(file->metadata().at("format"), "pt");
  ASSERT_OK(convertWeights(theirs, back, {}));
  expectWeights(back);
  ConvertOptions lean;
  lean.weightsOnly = true;
  report = convertWeights(ours, folder_.file("lean"), lean);
  ASSERT_OK(report);
  EXPECT_EQ(report->tensors, 2);
  // All states, bit for bit.
  ASSERT_OK(convertWeights(ours, back, {}));
  auto reader = CheckpointReader::open(back);
  ASSERT_OK(reader);
  int64_t step = 0;
  ASSERT_OK(reader->read("global_step", &step, 8));
  EXPECT_EQ(step, 77);
}

TEST_F(WeightSourceTest, ConvertRefusesHuggingFaceCheckpoints) {
  ConvertOptions options;
  options.huggingFaceNames = true;
  EXPECT_THAT(errorOf(convertWeights("in", "out", options)),
              HasSubstr("need an output ending in .safetensors"));
}

TEST(ConvertToF32, HalfPrecisionIsExact) {
  const std::pair<uint16_t, float> cases[] = {
      {0x0000, 0.0f},     {0x8000, -0.0f},    {0x3c00, 1.0f},
      {0xc000, -2.0f},    {0x0001, 0x1p-24f}, {0x83ff, -0x1.ff8p-15f},
      {0x7bff, 65504.0f}, {0x7c00, INFINITY}, {0x3555, 0x1.554p-2f}};
  for (const auto &[half, expected] : cases) {
    float out = -1;
    ASSERT_OK(convertToF32(DataType::F16, &half, &out, 1));
    EXPECT_EQ(out, expected);
    EXPECT_EQ(std::signbit(out), std::signbit(expected));
  }
  uint16_t nan = 0x7e00;
  float out = 0;
  ASSERT_OK(convertToF32(DataType::F16, &nan, &out, 1));
  EXPECT_TRUE(std::isnan(out));
  EXPECT_FALSE(convertToF32(DataType::I32, &out, &out, 1).ok());
}

} // namespace
} // namespace bertc
