// SPDX-License-Identifier: Apache-2.0
//
// One reader that takes keys out of the JSON object one by one; what is left
// at the end is reported as ignored. The first problem ends the reading.

#include "models/BertConfig.h"

#include "io/Files.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <utility>

namespace bertc {
namespace {

using Json = nlohmann::json;

const std::pair<const char *, HiddenAct> kActivations[] = {
    {"gelu", HiddenAct::Gelu},
    {"gelu_new", HiddenAct::GeluTanh},
    {"gelu_pytorch_tanh", HiddenAct::GeluTanh},
    {"gelu_tanh", HiddenAct::GeluTanh},
    {"linear", HiddenAct::Linear},
    {"relu", HiddenAct::Relu},
    {"tanh", HiddenAct::Tanh},
};

/// A JSON value as it is shown in a message; long ones are cut.
std::string show(const Json &value) {
  std::string text = value.dump(-1, ' ', true);
  if (text.size() > 60) {
    text = text.substr(0, 57) + "...";
  }
  return text;
}

/// Takes keys out of one JSON object and remembers the first error.
class Reader {
public:
  Reader(Json object, std::string where)
      : object_(std::move(object)), where_(std::move(where)) {}

  void integer(const char *key, int64_t least, int64_t most, int64_t &out) {
    const Json *value = take(key, /*required=*/true);
    if (!value) {
      return;
    }
    bool fits = value->is_number_integer() &&
                (!value->is_number_unsigned() ||
                 value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
    if (!fits || value->get<int64_t>() < least ||
        value->get<int64_t>() > most) {
      fail(key, *value, fmt::format("an integer from {} to {}", least, most));
      return;
    }
    out = value->get<int64_t>();
  }

  /// A number in [least, below), or in (0, below) when `positive`.
  void real(const char *key, double below, bool positive, bool required,
            double &out) {
    const Json *value = take(key, required);
    if (!value || (!required && value->is_null())) {
      return;
    }
    double number = value->is_number() ? value->get<double>() : -1.0;
    if (!(number < below) || number < 0.0 || (positive && number == 0.0)) {
      fail(key, *value,
           fmt::format("a number in {}0, {})", positive ? "(" : "[", below));
      return;
    }
    out = number;
  }

  void activation(const char *key, HiddenAct &out) {
    const Json *value = take(key, /*required=*/true);
    if (!value) {
      return;
    }
    std::string known;
    for (const auto &[name, act] : kActivations) {
      if (value->is_string() && value->get_ref<const std::string &>() == name) {
        out = act;
        return;
      }
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    fail(key, *value, "one of " + known);
  }

  /// A key that may be absent or null but, when it is there, must have this
  /// value: anything else is a model that bertc does not build.
  void fixed(const char *key, const Json &expected) {
    const Json *value = take(key, /*required=*/false);
    if (value && !value->is_null() && *value != expected) {
      fail(key, *value, show(expected));
    }
  }

  void fail(std::string_view key, const Json &found,
            const std::string &expected) {
    if (status_.ok()) {
      status_ = corrupt(fmt::format("{}: key '{}' is {}, expected {}", where_,
                                    key, show(found), expected));
    }
  }

  const Status &status() const { return status_; }

  /// Keys nobody asked for.
  std::vector<std::string> rest() const {
    std::vector<std::string> keys;
    for (const auto &item : object_.items()) {
      if (!taken_.count(item.key())) {
        keys.push_back(item.key());
      }
    }
    return keys;
  }

private:
  const Json *take(const char *key, bool required) {
    taken_.insert(key);
    auto found = object_.find(key);
    if (found != object_.end()) {
      return &*found;
    }
    if (required && status_.ok()) {
      status_ = corrupt(fmt::format(
          "{}: key '{}' is missing; a bert_config.json or a Hugging Face "
          "config.json of a BERT model has it",
          where_, key));
    }
    return nullptr;
  }

  Json object_;
  std::string where_;
  std::set<std::string> taken_;
  Status status_;
};

/// Parses text into a JSON object, refusing keys given twice.
StatusOr<Json> parseObject(std::string_view text, const std::string &where) {
  std::set<std::string> seen;
  std::string twice;
  auto watch = [&](int depth, Json::parse_event_t event, Json &parsed) {
    if (event == Json::parse_event_t::key && depth == 1 &&
        !seen.insert(parsed.get<std::string>()).second) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  Json object;
  try {
    object = Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::exception &error) {
    // "[json.exception.NAME.NUMBER] words": the words are what helps.
    std::string words = error.what();
    size_t bracket = words.find("] ");
    words = bracket == std::string::npos ? words : words.substr(bracket + 2);
    return corrupt(fmt::format("{}: expected a JSON object: {}", where, words));
  }
  if (!object.is_object()) {
    return corrupt(fmt::format("{}: expected a JSON object, found {}", where,
                               show(object)));
  }
  if (!twice.empty()) {
    return corrupt(fmt::format("{}: key '{}' is given twice", where, twice));
  }
  return object;
}

void readSizes(Reader &reader, BertConfig &config) {
  constexpr int64_t kMaxIndex = INT32_MAX;
  // [PAD] [UNK] [CLS] [SEP] [MASK] are in every vocabulary.
  reader.integer("vocab_size", 5, kMaxIndex, config.vocabSize);
  reader.integer("hidden_size", 1, 1 << 16, config.hiddenSize);
  reader.integer("num_hidden_layers", 1, 1 << 10, config.numHiddenLayers);
  reader.integer("num_attention_heads", 1, 1 << 16, config.numAttentionHeads);
  reader.integer("intermediate_size", 1, 1 << 20, config.intermediateSize);
  reader.integer("max_position_embeddings", 1, 1 << 20,
                 config.maxPositionEmbeddings);
  reader.integer("type_vocab_size", 1, 1 << 16, config.typeVocabSize);
}

void readTheRest(Reader &reader, BertConfig &config) {
  reader.activation("hidden_act", config.hiddenAct);
  reader.real("hidden_dropout_prob", 1.0, false, true,
              config.hiddenDropoutProb);
  reader.real("attention_probs_dropout_prob", 1.0, false, true,
              config.attentionProbsDropoutProb);
  reader.real("classifier_dropout", 1.0, false, false,
              config.classifierDropout);
  reader.real("initializer_range", 1e3, false, true, config.initializerRange);
  reader.real("layer_norm_eps", 1.0, true, false, config.layerNormEps);
  reader.fixed("model_type", "bert");
  reader.fixed("position_embedding_type", "absolute");
  reader.fixed("is_decoder", false);
  reader.fixed("add_cross_attention", false);
  reader.fixed("tie_word_embeddings", true);
}

} // namespace

const char *hiddenActName(HiddenAct act) {
  switch (act) {
  case HiddenAct::Gelu:
    return "gelu";
  case HiddenAct::GeluTanh:
    return "gelu_tanh";
  case HiddenAct::Relu:
    return "relu";
  case HiddenAct::Tanh:
    return "tanh";
  case HiddenAct::Linear:
    return "linear";
  }
  return "unknown";
}

StatusOr<BertConfig> parseBertConfig(std::string_view text,
                                     const std::string &where) {
  BERTC_ASSIGN_OR_RETURN(Json object, parseObject(text, where));
  BertConfig config;
  config.json = object.dump();
  Reader reader(std::move(object), where);
  readSizes(reader, config);
  readTheRest(reader, config);
  if (reader.status().ok() &&
      config.hiddenSize % config.numAttentionHeads != 0) {
    reader.fail("hidden_size", config.hiddenSize,
                fmt::format("a multiple of num_attention_heads, which is {}",
                            config.numAttentionHeads));
  }
  if (!reader.status().ok()) {
    return reader.status();
  }
  config.ignoredKeys = reader.rest();
  return config;
}

StatusOr<BertConfig> loadBertConfig(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1 << 20));
  return parseBertConfig(text, path);
}

Status checkSequenceLength(const BertConfig &config, int64_t maxSeqLength) {
  if (maxSeqLength >= 1 && maxSeqLength <= config.maxPositionEmbeddings) {
    return Status::okStatus();
  }
  return invalidArgument(
      fmt::format("max_seq_length is {}, expected 1 to {}, the key "
                  "'max_position_embeddings' of the configuration",
                  maxSeqLength, config.maxPositionEmbeddings));
}

} // namespace bertc
