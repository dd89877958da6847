// SPDX-License-Identifier: Apache-2.0
//
// Hugging Face folders made of weights and a configuration: what is in them,
// that they read back bit for bit, and what is refused.
#include "io/Checkpoint.h"
#include "io/Convert.h"
#include "io/HuggingFaceConfig.h"
#include "io/SafeTensors.h"
#include "io/WeightSource.h"
#include "test/unit/io/TestSupport.h"

#include <cstring>
#include <gmock/gmock.h>
#include <map>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const char *kConfig =
    R"({"vocab_size": 7, "hidden_size": 4, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 6,
        "max_position_embeddings": 5, "type_vocab_size": 2,
        "hidden_act": "gelu_tanh", "own_key": [1]})";

/// The encoder of kConfig, variable by variable, with what the tests add.
class Model {
public:
  Model() {
    const std::string layer = "bert/encoder/layer_0/";
    add("bert/embeddings/word_embeddings", {7, 4});
    add("bert/embeddings/position_embeddings", {5, 4});
    add("bert/embeddings/token_type_embeddings", {2, 4});
    addNorm("bert/embeddings/LayerNorm");
    for (const char *part :
         {"self/query", "self/key", "self/value", "output/dense"}) {
      addLinear(layer + "attention/" + part, 4, 4);
    }
    addNorm(layer + "attention/output/LayerNorm");
    addLinear(layer + "intermediate/dense", 4, 6);
    addLinear(layer + "output/dense", 6, 4);
    addNorm(layer + "output/LayerNorm");
  }
  void add(const std::string &name, std::vector<int64_t> shape) {
    std::vector<float> &values = values_[name];
    values.resize(static_cast<size_t>(*elementCount(shape)));
    for (float &value : values) {
      value = static_cast<float>(++next_) * 0.25f;
    }
    shapes_[name] = std::move(shape);
  }
  void addLinear(const std::string &name, int64_t in, int64_t out) {
    add(name + "/kernel", {in, out});
    add(name + "/bias", {out});
  }
  void addNorm(const std::string &name) {
    add(name + "/gamma", {4});
    add(name + "/beta", {4});
  }
  void addHead(const std::string &start, int64_t rows) {
    add(start + "output_weights", {rows, 4});
    add(start + "output_bias", {rows});
  }
  void addMaskedLm() {
    addLinear("cls/predictions/transform/dense", 4, 4);
    addNorm("cls/predictions/transform/LayerNorm");
    add("cls/predictions/output_bias", {7});
  }
  void remove(const std::string &name) {
    values_.erase(name);
    shapes_.erase(name);
  }

  Status write(const std::string &prefix) const {
    std::vector<TensorSource> tensors;
    for (const auto &[name, values] : values_) {
      tensors.push_back(
          {{name, DataType::F32, shapes_.at(name)}, values.data()});
    }
    return writeCheckpoint(prefix, tensors);
  }
  size_t size() const { return values_.size(); }
  const std::map<std::string, std::vector<float>> &values() const {
    return values_;
  }

private:
  std::map<std::string, std::vector<float>> values_;
  std::map<std::string, std::vector<int64_t>> shapes_;
  int next_ = 0;
};

class ConvertFolderTest : public ::testing::Test {
protected:
  ConvertFolderTest() {
    options_.config = kConfig;
    options_.configName = "bert_config.json";
    options_.vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n";
  }
  /// Writes the model as a checkpoint and converts that to `out`.
  StatusOr<ConvertReport> convert() {
    EXPECT_OK(model_.write(input_));
    return convertToFolder(input_, out_, options_);
  }
  /// Files of `out_`.
  std::vector<std::string> files() { return *listFiles(out_); }
  Json json(const std::string &name) {
    return *parseJson(test::get(out_ + "/" + name), name);
  }

  test::TemporaryFolder folder_;
  std::string input_ = folder_.file("model.ckpt"), out_ = folder_.file("out");
  Model model_;
  FolderOptions options_;
};

TEST_F(ConvertFolderTest, HoldsEverythingFromPretrainedWants) {
  model_.addHead("", 3);
  model_.addLinear("bert/pooler/dense", 4, 4);
  model_.add("bert/pooler/dense/kernel/adam_m", {4, 4});
  options_.lowerCase = false;
  auto report = convert();
  ASSERT_OK(report);
  EXPECT_EQ(report->architecture, "BertForSequenceClassification");
  EXPECT_EQ(report->stateTensors, 1);
  EXPECT_THAT(report->skipped, IsEmpty());
  EXPECT_THAT(files(), ElementsAre("config.json", "model.safetensors",
                                   "tokenizer_config.json", "vocab.txt"));
  Json config = json("config.json");
  EXPECT_EQ(config["model_type"], "bert");
  EXPECT_EQ(config["architectures"],
            Json::array({"BertForSequenceClassification"}));
  EXPECT_EQ(config["hidden_act"], "gelu_new");
  EXPECT_EQ(config["layer_norm_eps"], 1e-12);
  EXPECT_EQ(config["torch_dtype"], "float32");
  EXPECT_EQ(config["own_key"], Json::array({1}));
  EXPECT_EQ(config["id2label"].size(), 3u);
  EXPECT_EQ(config["label2id"]["LABEL_2"], 2);
  Json tokenizer = json("tokenizer_config.json");
  EXPECT_EQ(tokenizer["do_lower_case"], false);
  EXPECT_EQ(tokenizer["model_max_length"], 5);
  EXPECT_EQ(test::get(out_ + "/vocab.txt"), options_.vocabulary);
  // Nothing hidden is left beside it.
  EXPECT_EQ(
      std::distance(std::filesystem::directory_iterator(folder_.path()), {}),
      3);
}

TEST_F(ConvertFolderTest, ReadsBackBitForBitInShards) {
  model_.addMaskedLm();
  model_.addHead("cls/seq_relationship/", 2);
  model_.addLinear("bert/pooler/dense", 4, 4);
  for (uint64_t most : {0, 1, 100, 333, 100000}) {
    options_.maxShardBytes = most;
    out_ = folder_.file("out" + std::to_string(most));
    auto report = convert();
    ASSERT_OK(report);
    EXPECT_EQ(report->architecture, "BertForPreTraining");
    EXPECT_EQ(report->tensors, static_cast<int64_t>(model_.size()));
    if (most == 0 || most == 100000) {
      EXPECT_THAT(report->files, ElementsAre("model.safetensors"));
    } else {
      Json index = json("model.safetensors.index.json");
      EXPECT_EQ(index["weight_map"].size(), model_.size());
      EXPECT_EQ(index["metadata"]["total_size"], report->bytes);
      EXPECT_FALSE(fileExists(out_ + "/model.safetensors"));
      EXPECT_EQ(report->files.size(),
                most == 1 ? model_.size() : report->files.size());
      for (const std::string &name : report->files) {
        auto shard = SafeTensorsFile::open(out_ + "/" + name);
        ASSERT_OK(shard);
        uint64_t bytes = 0;
        for (const TensorView &tensor : shard->tensors()) {
          bytes += tensor.bytes;
        }
        EXPECT_TRUE(bytes <= most || shard->tensors().size() == 1) << name;
      }
    }
    auto source = WeightSource::open(out_);
    ASSERT_OK(source);
    EXPECT_EQ((*source)->tensors().size(), model_.size());
    for (const auto &[name, values] : model_.values()) {
      auto raw = (*source)->readRaw(name);
      ASSERT_OK(raw);
      ASSERT_EQ(raw->size(), values.size() * 4);
      EXPECT_EQ(std::memcmp(raw->data(), values.data(), raw->size()), 0);
    }
  }
}

TEST_F(ConvertFolderTest, ChoosesTheModelClass) {
  auto report = convert();
  ASSERT_OK(report);
  EXPECT_EQ(report->architecture, "BertModel");
  EXPECT_THAT(report->missing, ElementsAre("bert/pooler/dense/bias",
                                           "bert/pooler/dense/kernel"));
  auto file = SafeTensorsFile::openFolder(out_);
  ASSERT_OK(file);
  EXPECT_NE(file->find("embeddings.word_embeddings.weight"), nullptr);

  model_.addMaskedLm();
  model_.addLinear("bert/pooler/dense", 4, 4);
  out_ = folder_.file("mlm");
  report = convert();
  ASSERT_OK(report);
  EXPECT_EQ(report->architecture, "BertForMaskedLM");
  EXPECT_THAT(report->skipped, ElementsAre("bert/pooler/dense/bias",
                                           "bert/pooler/dense/kernel"));

  model_.addHead("cls/squad/", 2);
  out_ = folder_.file("both");
  EXPECT_THAT(errorOf(convert()),
              HasSubstr("no model class has these heads: masked-LM, "
                        "question-answering; choose one of BertModel, "));
  EXPECT_FALSE(directoryExists(out_));
  options_.architecture = "BertForQuestionAnswering";
  report = convert();
  ASSERT_OK(report);
  EXPECT_EQ(report->skipped.size(), 7u);
  options_.architecture = "BertForPreTraining";
  EXPECT_THAT(errorOf(convert()),
              HasSubstr("BertForPreTraining has the heads masked-LM, "
                        "next-sentence, the weights have masked-LM, "
                        "question-answering"));
  options_.architecture = "RobertaModel";
  EXPECT_THAT(errorOf(convert()), HasSubstr("unknown architecture"));
}

TEST_F(ConvertFolderTest, RefusesWeightsOfAnotherModel) {
  std::string config = kConfig;
  config.replace(config.find("\"hidden_size\": 4"), 16, "\"hidden_size\": 8");
  options_.config = config;
  EXPECT_EQ(errorOf(convert()),
            input_ + ": tensor 'bert/embeddings/LayerNorm/beta' is [4], the "
                     "configuration 'bert_config.json' makes it [8]");
  options_.config = kConfig;
  model_.addNorm("bert/encoder/layer_1/output/LayerNorm");
  EXPECT_THAT(errorOf(convert()),
              HasSubstr("'bert/encoder/layer_1/output/LayerNorm/beta' does not "
                        "belong to the model of 'bert_config.json' with 1 "
                        "layers"));
  model_ = Model();
  model_.remove("bert/encoder/layer_0/output/dense/bias");
  EXPECT_THAT(errorOf(convert()),
              HasSubstr("lack 'bert/encoder/layer_0/output/dense/bias' [4], "
                        "which a BertModel of 'bert_config.json' has"));
  model_ = Model();
  for (const auto &[bad, message] : std::map<std::string, std::string>{
           {"{", "bert_config.json"},
           {"{}", "\"vocab_size\" is missing"},
           {R"({"vocab_size": -7})", "'vocab_size' is -7"}}) {
    options_.config = bad;
    EXPECT_THAT(errorOf(convert()), HasSubstr(message));
  }
  std::string other = kConfig;
  other.replace(other.find("\"own_key\": [1]"), 14,
                R"("model_type": "roberta")");
  options_.config = other;
  EXPECT_THAT(errorOf(convert()),
              HasSubstr("model_type is \"roberta\", expected \"bert\""));
  EXPECT_FALSE(directoryExists(out_));
}

TEST_F(ConvertFolderTest, MutatedConfigurationsAreTakenOrRefused) {
  test::Seeded random(32);
  ASSERT_OK(model_.write(input_));
  for (int round = 0; round < 500; ++round) {
    options_.config = test::mutate(kConfig, random);
    auto report = convertToFolder(input_, out_, options_);
    if (report.ok()) {
      ASSERT_OK(parseJson(test::get(out_ + "/config.json"), "written"));
    }
    std::filesystem::remove_all(out_);
  }
}

TEST_F(ConvertFolderTest, NeverWritesIntoAFolderThatIsUsed) {
  ASSERT_OK(makeDirectories(out_));
  ASSERT_OK(convert()); // an empty one is fine
  std::string before = test::get(out_ + "/config.json");
  EXPECT_THAT(errorOf(convert()), HasSubstr("is no empty folder"));
  EXPECT_EQ(test::get(out_ + "/config.json"), before);
  EXPECT_THAT(errorOf(convertWeights(input_, out_, {})),
              HasSubstr("is a folder, expected a name ending in"));
}

TEST_F(ConvertFolderTest, TakesOverATokenizer) {
  test::put(folder_.file("tokenizer_config.json"), "{\"a\": 1}");
  test::put(folder_.file("tokenizer.json"), "{}");
  options_.tokenizerFiles = {folder_.file("tokenizer_config.json"),
                             folder_.file("tokenizer.json")};
  ASSERT_OK(convert());
  EXPECT_EQ(test::get(out_ + "/tokenizer_config.json"), "{\"a\": 1}");
  EXPECT_EQ(test::get(out_ + "/tokenizer.json"), "{}");
}

TEST(HuggingFaceConfigTest, KeepsLabelsThatFit) {
  Json config = {{"id2label", {{"0", "no"}, {"1", "yes"}}},
                 {"label2id", {{"no", 0}, {"yes", 1}}},
                 {"num_labels", 2}};
  auto with = [&](int64_t classes, std::vector<std::string> labels = {}) {
    return huggingFaceConfig(config, "c", "BertForSequenceClassification",
                             {{"output_weights", DataType::BF16, {classes, 4}}},
                             labels);
  };
  EXPECT_EQ((*with(2))["id2label"]["1"], "yes");
  EXPECT_EQ((*with(3))["id2label"]["1"], "LABEL_1");
  EXPECT_FALSE(with(2)->contains("num_labels"));
  EXPECT_EQ((*with(2, {"a", "b"}))["id2label"]["1"], "b");
  EXPECT_EQ((*with(2, {"a", "b"}))["label2id"]["b"], 1);
  EXPECT_EQ(errorOf(with(3, {"a", "b"})),
            "2 labels for a classifier of 3 classes");
  EXPECT_EQ((*with(2))["torch_dtype"], "bfloat16");
}

} // namespace
} // namespace bertc
