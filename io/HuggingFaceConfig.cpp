// SPDX-License-Identifier: Apache-2.0
//
// A table of the model classes, and a table of the shapes of every variable in
// the letters of a configuration.
#include "io/HuggingFaceConfig.h"
#include "io/PlainNames.h"

#include <algorithm>
#include <map>
#include <set>

namespace bertc {
namespace {

const std::string kClassifier = "output_weights";

/// The parts a model class has beside the encoder.
struct Architecture {
  const char *name;
  std::set<std::string> heads;
  bool pooler;
};

const std::vector<Architecture> &architectures() {
  static const std::vector<Architecture> all = {
      {"BertModel", {}, true},
      {"BertForPreTraining", {"masked-LM", "next-sentence"}, true},
      {"BertForMaskedLM", {"masked-LM"}, false},
      {"BertForNextSentencePrediction", {"next-sentence"}, true},
      {"BertForSequenceClassification", {"classifier"}, true},
      {"BertForQuestionAnswering", {"question-answering"}, false}};
  return all;
}

const Architecture *findArchitecture(const std::string &name) {
  for (const Architecture &architecture : architectures()) {
    if (name == architecture.name) {
      return &architecture;
    }
  }
  return nullptr;
}

bool startsWith(const std::string &text, const char *start) {
  return text.rfind(start, 0) == 0;
}

/// The head a variable belongs to; empty for encoder and pooler.
std::string headOf(const std::string &name) {
  if (startsWith(name, "cls/predictions/")) {
    return "masked-LM";
  }
  if (startsWith(name, "cls/seq_relationship/")) {
    return "next-sentence";
  }
  if (startsWith(name, "cls/squad/")) {
    return "question-answering";
  }
  return name == kClassifier || name == "output_bias" ? "classifier" : "";
}

bool isPooler(const std::string &name) {
  return startsWith(name, "bert/pooler/");
}

std::string joined(const std::set<std::string> &words) {
  std::string text;
  for (const std::string &word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text.empty() ? "none" : text;
}

std::string knownArchitectures() {
  std::string text;
  for (const Architecture &architecture : architectures()) {
    text += (text.empty() ? "" : ", ") + std::string(architecture.name);
  }
  return text;
}

using Shapes = std::map<std::string, std::vector<int64_t>>;

void addLinear(Shapes *shapes, const std::string &name, int64_t in,
               int64_t out) {
  (*shapes)[name + "/kernel"] = {in, out};
  (*shapes)[name + "/bias"] = {out};
}

void addNorm(Shapes *shapes, const std::string &name, int64_t width) {
  (*shapes)[name + "/gamma"] = {width};
  (*shapes)[name + "/beta"] = {width};
}

/// A head of `rows` outputs: weights [rows, H] and a bias.
void addOutput(Shapes *shapes, const std::string &start, int64_t rows,
               int64_t width) {
  (*shapes)[start + "output_weights"] = {rows, width};
  (*shapes)[start + "output_bias"] = {rows};
}

/// The sizes of a configuration.
struct Sizes {
  int64_t vocabulary, hidden, layers, intermediate, positions, types;
};

StatusOr<Sizes> readSizes(const Json &config, const std::string &name) {
  Sizes sizes = {};
  const std::pair<const char *, int64_t *> keys[] = {
      {"vocab_size", &sizes.vocabulary},
      {"hidden_size", &sizes.hidden},
      {"num_hidden_layers", &sizes.layers},
      {"intermediate_size", &sizes.intermediate},
      {"max_position_embeddings", &sizes.positions},
      {"type_vocab_size", &sizes.types}};
  for (const auto &[key, value] : keys) {
    BERTC_ASSIGN_OR_RETURN(*value, jsonInteger(config, key, name));
    if (*value < 1 || *value > INT32_MAX) {
      return corrupt(name + ": key '" + key + "' is " + std::to_string(*value) +
                     ", expected 1 to 2147483647");
    }
  }
  constexpr int64_t kMostLayers = 10000;
  if (sizes.layers > kMostLayers) {
    return corrupt(name + ": " + std::to_string(sizes.layers) +
                   " layers, expected at most 10000");
  }
  return sizes;
}

/// Every variable of a class and its shape.
Shapes shapesOf(const Architecture &architecture, const Sizes &sizes,
                int64_t labels) {
  const int64_t hidden = sizes.hidden;
  Shapes shapes;
  const std::string embeddings = "bert/embeddings/";
  shapes[embeddings + "word_embeddings"] = {sizes.vocabulary, hidden};
  shapes[embeddings + "position_embeddings"] = {sizes.positions, hidden};
  shapes[embeddings + "token_type_embeddings"] = {sizes.types, hidden};
  addNorm(&shapes, embeddings + "LayerNorm", hidden);
  for (int64_t i = 0; i < sizes.layers; ++i) {
    const std::string layer = "bert/encoder/layer_" + std::to_string(i) + "/";
    for (const char *part :
         {"self/query", "self/key", "self/value", "output/dense"}) {
      addLinear(&shapes, layer + "attention/" + part, hidden, hidden);
    }
    addNorm(&shapes, layer + "attention/output/LayerNorm", hidden);
    addLinear(&shapes, layer + "intermediate/dense", hidden,
              sizes.intermediate);
    addLinear(&shapes, layer + "output/dense", sizes.intermediate, hidden);
    addNorm(&shapes, layer + "output/LayerNorm", hidden);
  }
  if (architecture.pooler) {
    addLinear(&shapes, "bert/pooler/dense", hidden, hidden);
  }
  if (architecture.heads.count("masked-LM") > 0) {
    addLinear(&shapes, "cls/predictions/transform/dense", hidden, hidden);
    addNorm(&shapes, "cls/predictions/transform/LayerNorm", hidden);
    shapes["cls/predictions/output_bias"] = {sizes.vocabulary};
  }
  if (architecture.heads.count("next-sentence") > 0) {
    addOutput(&shapes, "cls/seq_relationship/", 2, hidden);
  }
  if (architecture.heads.count("classifier") > 0) {
    addOutput(&shapes, "", labels, hidden);
  }
  if (architecture.heads.count("question-answering") > 0) {
    addOutput(&shapes, "cls/squad/", 2, hidden);
  }
  return shapes;
}

/// Rows of the classifier; 0 without one.
int64_t labelCount(const std::vector<TensorInfo> &variables) {
  for (const TensorInfo &info : variables) {
    if (info.name == kClassifier && !info.shape.empty()) {
      return info.shape[0];
    }
  }
  return 0;
}

/// Sets id2label and label2id for a classifier of `count` classes.
void setLabels(Json *config, int64_t count, std::vector<std::string> labels) {
  config->erase("num_labels");
  if (labels.empty() && config->contains("id2label") &&
      (*config)["id2label"].is_object() &&
      static_cast<int64_t>((*config)["id2label"].size()) == count) {
    return;
  }
  for (int64_t i = static_cast<int64_t>(labels.size()); i < count; ++i) {
    labels.push_back("LABEL_" + std::to_string(i));
  }
  Json names = Json::object(), ids = Json::object();
  for (size_t i = 0; i < labels.size(); ++i) {
    names[std::to_string(i)] = labels[i];
    ids[labels[i]] = i;
  }
  (*config)["id2label"] = names;
  (*config)["label2id"] = ids;
}

/// PyTorch's name of the type that the weights have.
const char *torchType(const std::vector<TensorInfo> &variables) {
  const DataType type =
      variables.empty() ? DataType::F32 : variables.front().dtype;
  switch (type) {
  case DataType::F64:
    return "float64";
  case DataType::F16:
    return "float16";
  case DataType::BF16:
    return "bfloat16";
  default:
    return "float32";
  }
}

} // namespace

StatusOr<std::string>
chooseArchitecture(const std::vector<TensorInfo> &variables,
                   const std::string &wanted) {
  std::set<std::string> heads;
  for (const TensorInfo &info : variables) {
    heads.insert(headOf(info.name));
  }
  heads.erase("");
  if (wanted.empty()) {
    for (const Architecture &architecture : architectures()) {
      if (architecture.heads == heads) {
        return std::string(architecture.name);
      }
    }
    return failedPrecondition(
        "no model class has these heads: " + joined(heads) +
        "; choose one of " + knownArchitectures() + " by --architecture");
  }
  const Architecture *architecture = findArchitecture(wanted);
  if (architecture == nullptr) {
    return invalidArgument("unknown architecture '" + quotable(wanted) +
                           "', expected one of " + knownArchitectures());
  }
  if (!std::includes(heads.begin(), heads.end(), architecture->heads.begin(),
                     architecture->heads.end())) {
    return failedPrecondition(wanted + " has the heads " +
                              joined(architecture->heads) +
                              ", the weights have " + joined(heads));
  }
  return wanted;
}

bool isPartOf(const std::string &architecture, const std::string &name) {
  const Architecture *found = findArchitecture(architecture);
  if (found == nullptr) {
    return false;
  }
  if (isPooler(name)) {
    return found->pooler;
  }
  const std::string head = headOf(name);
  return head.empty() || found->heads.count(head) > 0;
}

Status checkAgainstConfig(const Json &config, const std::string &configName,
                          const std::string &architecture,
                          const std::vector<TensorInfo> &variables,
                          std::vector<std::string> *missing) {
  BERTC_ASSIGN_OR_RETURN(Sizes sizes, readSizes(config, configName));
  const Architecture *found = findArchitecture(architecture);
  if (found == nullptr) {
    return internalError("no architecture '" + architecture + "'");
  }
  Shapes expected = shapesOf(*found, sizes, labelCount(variables));
  for (const TensorInfo &info : variables) {
    auto shape = expected.find(info.name);
    if (shape == expected.end()) {
      return failedPrecondition("tensor '" + quotable(info.name) +
                                "' does not belong to the model of '" +
                                configName + "' with " +
                                std::to_string(sizes.layers) + " layers");
    }
    if (shape->second != info.shape) {
      return failedPrecondition("tensor '" + info.name + "' is " +
                                shapeToString(info.shape) +
                                ", the configuration '" + configName +
                                "' makes it " + shapeToString(shape->second));
    }
    expected.erase(shape);
  }
  for (const auto &[name, shape] : expected) {
    if (!isPooler(name) || architecture != "BertModel") {
      return failedPrecondition("the weights lack '" + name + "' " +
                                shapeToString(shape) + ", which a " +
                                architecture + " of '" + configName + "' has");
    }
    missing->push_back(name);
  }
  return Status();
}

StatusOr<Json> huggingFaceConfig(Json config, const std::string &configName,
                                 const std::string &architecture,
                                 const std::vector<TensorInfo> &variables,
                                 const std::vector<std::string> &labels) {
  if (config.contains("model_type") && config["model_type"] != "bert") {
    return failedPrecondition("'" + configName + "': model_type is " +
                              quotable(config["model_type"].dump()) +
                              ", expected \"bert\"");
  }
  config["model_type"] = "bert";
  config["architectures"] = Json::array({architecture});
  if (config.contains("hidden_act") && config["hidden_act"] == "gelu_tanh") {
    config["hidden_act"] = "gelu_new"; // Hugging Face's word for it
  }
  const std::pair<const char *, Json> defaults[] = {
      {"layer_norm_eps", 1e-12},
      {"pad_token_id", 0},
      {"tie_word_embeddings", true}};
  for (const auto &[key, value] : defaults) {
    if (!config.contains(key)) {
      config[key] = value;
    }
  }
  config.erase("dtype");
  config["torch_dtype"] = torchType(variables);
  const int64_t classes = labelCount(variables);
  if (!labels.empty() && classes > 0 &&
      static_cast<int64_t>(labels.size()) != classes) {
    return failedPrecondition(std::to_string(labels.size()) +
                              " labels for a classifier of " +
                              std::to_string(classes) + " classes");
  }
  if (classes > 0) {
    setLabels(&config, classes, labels);
  }
  return config;
}

Json tokenizerConfig(bool lowerCase, int64_t maxLength) {
  return {{"tokenizer_class", "BertTokenizer"},
          {"do_lower_case", lowerCase},
          {"unk_token", "[UNK]"},
          {"sep_token", "[SEP]"},
          {"pad_token", "[PAD]"},
          {"cls_token", "[CLS]"},
          {"mask_token", "[MASK]"},
          {"tokenize_chinese_chars", true},
          {"strip_accents", nullptr},
          {"model_max_length", maxLength}};
}

} // namespace bertc
