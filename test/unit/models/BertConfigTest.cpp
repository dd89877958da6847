// SPDX-License-Identifier: Apache-2.0
//
// Good configurations are read to the value; each bad one is refused with a
// message that names the key, what was found and what was expected.

#include "models/BertConfig.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <random>

namespace bertc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

nlohmann::json good() {
  return {{"vocab_size", 100},
          {"hidden_size", 12},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 3},
          {"intermediate_size", 20},
          {"hidden_act", "gelu"},
          {"hidden_dropout_prob", 0.1},
          {"attention_probs_dropout_prob", 0.2},
          {"max_position_embeddings", 64},
          {"type_vocab_size", 2},
          {"initializer_range", 0.02}};
}

std::string errorOf(const std::string &text) {
  StatusOr<BertConfig> config = parseBertConfig(text, "x.json");
  EXPECT_FALSE(config.ok()) << text;
  EXPECT_EQ(config.status().code(), StatusCode::Corrupt);
  EXPECT_THAT(config.status().message(), StartsWith("x.json: "));
  return config.status().message();
}

/// The message when `key` has `value`.
std::string errorWith(const char *key, const nlohmann::json &value) {
  nlohmann::json json = good();
  json[key] = value;
  return errorOf(json.dump());
}

TEST(BertConfig, readsEveryKey) {
  StatusOr<BertConfig> config = parseBertConfig(good().dump(), "x.json");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->vocabSize, 100);
  EXPECT_EQ(config->hiddenSize, 12);
  EXPECT_EQ(config->numHiddenLayers, 2);
  EXPECT_EQ(config->numAttentionHeads, 3);
  EXPECT_EQ(config->headSize(), 4);
  EXPECT_EQ(config->intermediateSize, 20);
  EXPECT_EQ(config->hiddenAct, HiddenAct::Gelu);
  EXPECT_EQ(config->hiddenDropoutProb, 0.1);
  EXPECT_EQ(config->attentionProbsDropoutProb, 0.2);
  EXPECT_EQ(config->maxPositionEmbeddings, 64);
  EXPECT_EQ(config->typeVocabSize, 2);
  EXPECT_EQ(config->initializerRange, 0.02);
  EXPECT_EQ(config->layerNormEps, 1e-12);
  EXPECT_EQ(config->classifierDropout, 0.1);
  EXPECT_TRUE(config->ignoredKeys.empty());
  EXPECT_EQ(nlohmann::json::parse(config->json), good());
}

TEST(BertConfig, readsHuggingFaceKeysAndNamesTheIgnoredOnes) {
  nlohmann::json json = good();
  json["layer_norm_eps"] = 1e-5;
  json["classifier_dropout"] = nullptr;
  json["model_type"] = "bert";
  json["position_embedding_type"] = "absolute";
  json["architectures"] = {"BertModel"};
  json["use_cache"] = true;
  StatusOr<BertConfig> config = parseBertConfig(json.dump(), "x.json");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->layerNormEps, 1e-5);
  EXPECT_EQ(config->classifierDropout, 0.1);
  EXPECT_THAT(config->ignoredKeys, ElementsAre("architectures", "use_cache"));
}

TEST(BertConfig, readsEveryActivation) {
  const std::pair<const char *, const char *> cases[] = {
      {"gelu", "gelu"},           {"gelu_new", "gelu_tanh"},
      {"gelu_tanh", "gelu_tanh"}, {"gelu_pytorch_tanh", "gelu_tanh"},
      {"relu", "relu"},           {"tanh", "tanh"},
      {"linear", "linear"}};
  for (const auto &[spelled, canonical] : cases) {
    nlohmann::json json = good();
    json["hidden_act"] = spelled;
    StatusOr<BertConfig> config = parseBertConfig(json.dump(), "x.json");
    ASSERT_TRUE(config.ok()) << config.status().message();
    EXPECT_STREQ(hiddenActName(config->hiddenAct), canonical);
  }
}

TEST(BertConfig, namesEachMissingKey) {
  const nlohmann::json whole = good();
  for (const auto &item : whole.items()) {
    nlohmann::json json = good();
    json.erase(item.key());
    EXPECT_THAT(errorOf(json.dump()),
                HasSubstr("key '" + item.key() + "' is missing"));
  }
}

TEST(BertConfig, namesEachValueOfTheWrongType) {
  const nlohmann::json whole = good();
  for (const auto &item : whole.items()) {
    for (const nlohmann::json &bad :
         {nlohmann::json("bad"), nlohmann::json(true), nlohmann::json(nullptr),
          nlohmann::json::array()}) {
      EXPECT_THAT(
          errorWith(item.key().c_str(), bad),
          HasSubstr("key '" + item.key() + "' is " + bad.dump() + ", expected"))
          << item.key();
    }
  }
  EXPECT_EQ(errorWith("hidden_size", 12.5),
            "x.json: key 'hidden_size' is 12.5, expected an integer from 1 to "
            "65536");
}

TEST(BertConfig, namesImpossibleValues) {
  EXPECT_EQ(errorWith("hidden_size", 13),
            "x.json: key 'hidden_size' is 13, expected a multiple of "
            "num_attention_heads, which is 3");
  EXPECT_EQ(errorWith("vocab_size", 4),
            "x.json: key 'vocab_size' is 4, expected an integer from 5 to "
            "2147483647");
  EXPECT_EQ(errorWith("num_hidden_layers", 0),
            "x.json: key 'num_hidden_layers' is 0, expected an integer from 1 "
            "to 1024");
  EXPECT_THAT(errorWith("intermediate_size", -4), HasSubstr("is -4, expected"));
  EXPECT_THAT(errorWith("vocab_size", 18446744073709551615ull),
              HasSubstr("is 18446744073709551615, expected"));
  EXPECT_EQ(errorWith("hidden_dropout_prob", 1.0),
            "x.json: key 'hidden_dropout_prob' is 1.0, expected a number in "
            "[0, 1)");
  EXPECT_THAT(errorWith("attention_probs_dropout_prob", -0.1),
              HasSubstr("is -0.1, expected a number in [0, 1)"));
  EXPECT_EQ(errorWith("layer_norm_eps", 0),
            "x.json: key 'layer_norm_eps' is 0, expected a number in (0, 1)");
  EXPECT_EQ(errorWith("hidden_act", "swish"),
            "x.json: key 'hidden_act' is \"swish\", expected one of gelu, "
            "gelu_new, gelu_pytorch_tanh, gelu_tanh, linear, relu, tanh");
}

TEST(BertConfig, refusesModelsOfAnotherKind) {
  EXPECT_EQ(errorWith("model_type", "roberta"),
            "x.json: key 'model_type' is \"roberta\", expected \"bert\"");
  EXPECT_EQ(errorWith("position_embedding_type", "relative_key"),
            "x.json: key 'position_embedding_type' is \"relative_key\", "
            "expected \"absolute\"");
  EXPECT_THAT(errorWith("is_decoder", true), HasSubstr("expected false"));
}

TEST(BertConfig, saysWhereJsonIsBroken) {
  EXPECT_THAT(errorOf("{\n \"vocab_size\": 3,,\n}"), HasSubstr("line 2"));
  EXPECT_THAT(errorOf(""), HasSubstr("expected a JSON object"));
  EXPECT_THAT(errorOf("[1]"), HasSubstr("found [1]"));
  EXPECT_THAT(errorOf("{\"vocab_size\": 1e999}"), HasSubstr("overflow"));
  EXPECT_EQ(errorOf("{\"a\": 1, \"a\": 2}"), "x.json: key 'a' is given twice");
}

TEST(BertConfig, survivesDamagedText) {
  const unsigned seed = 20240611;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string whole = good().dump();
  for (int i = 0; i < 3000; ++i) {
    std::string text = whole;
    if (i % 2 == 0) {
      text.resize(random() % text.size());
    } else {
      for (int flips = 1 + random() % 4; flips > 0; --flips) {
        text[random() % text.size()] ^= 1 << (random() % 8);
      }
    }
    StatusOr<BertConfig> config = parseBertConfig(text, "x.json");
    if (!config.ok()) {
      EXPECT_THAT(config.status().message(), StartsWith("x.json: "));
    }
  }
}

TEST(BertConfig, checksTheSequenceLength) {
  StatusOr<BertConfig> config = parseBertConfig(good().dump(), "x.json");
  ASSERT_TRUE(config.ok());
  EXPECT_TRUE(checkSequenceLength(*config, 1).ok());
  EXPECT_TRUE(checkSequenceLength(*config, 64).ok());
  EXPECT_EQ(checkSequenceLength(*config, 65).message(),
            "max_seq_length is 65, expected 1 to 64, the key "
            "'max_position_embeddings' of the configuration");
  EXPECT_FALSE(checkSequenceLength(*config, 0).ok());
}

TEST(BertConfig, shippedConfigurationsAreGood) {
  const std::string folder = BERTC_SOURCE_DIR "/models/configs/";
  StatusOr<BertConfig> base = loadBertConfig(folder + "bert_base.json");
  ASSERT_TRUE(base.ok()) << base.status().message();
  EXPECT_EQ(base->hiddenSize, 768);
  StatusOr<BertConfig> large = loadBertConfig(folder + "bert_large.json");
  ASSERT_TRUE(large.ok()) << large.status().message();
  EXPECT_EQ(large->numHiddenLayers, 24);
  EXPECT_TRUE(loadBertConfig(folder + "bert_tiny.json").ok());
  EXPECT_EQ(loadBertConfig(folder + "none.json").status().code(),
            StatusCode::NotFound);
}

} // namespace
} // namespace bertc
