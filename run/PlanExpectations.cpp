// SPDX-License-Identifier: Apache-2.0
//
// Flags of the reference's scripts that a plan has answered at compile time:
// they are accepted, and must agree with the plan.
#include "io/Files.h"
#include "run/Pretrain.h"
#include "support/Json.h"

#include <fmt/format.h>
#include <vector>

namespace bertc {

namespace {

Status
disagree(const rt::Plan &plan, const std::string &what,
         const std::string &given, const std::string &found,
         const std::string &advice = "drop the flag or compile another plan") {
  return failedPrecondition(
      fmt::format("{}: {} is {}, the plan was compiled with {}; {}",
                  plan.path(), what, given, found, advice));
}

/// One spelling for what has several.
Json canonical(const Json &value) {
  if (value == "gelu_new" || value == "gelu_pytorch_tanh") {
    return "gelu_tanh";
  }
  return value;
}

/// The first of `keys` that both have and that differs is an error.
Status compareConfigs(const rt::Plan &plan, const std::string &path,
                      const std::vector<const char *> &keys,
                      const std::string &advice) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1 << 20));
  BERTC_ASSIGN_OR_RETURN(Json given, parseJson(text, path));
  BERTC_ASSIGN_OR_RETURN(Json found,
                         parseJson(plan.model().configJson, plan.path()));
  for (const char *key : keys) {
    if (given.is_object() && found.is_object() && given.contains(key) &&
        found.contains(key) && canonical(given[key]) != canonical(found[key])) {
      return disagree(plan, fmt::format("key {} of {}", key, path),
                      given[key].dump(), found[key].dump(), advice);
    }
  }
  return Status::okStatus();
}

/// A padded embedding has fewer rows than this too many.
constexpr int64_t kVocabularyPadding = 128;

/// What weights of one model and a plan of another differ in.
const std::vector<const char *> kShapeKeys = {
    "vocab_size",        "hidden_size",
    "num_hidden_layers", "num_attention_heads",
    "intermediate_size", "hidden_act",
    "type_vocab_size",   "max_position_embeddings"};

Status checkConfig(const rt::Plan &plan, const std::string &path) {
  std::vector<const char *> keys = kShapeKeys;
  keys.insert(keys.end(),
              {"hidden_dropout_prob", "attention_probs_dropout_prob",
               "initializer_range"});
  return compareConfigs(plan, path, keys,
                        "drop the flag or compile another plan");
}

} // namespace

Status checkExpectations(const rt::Plan &plan,
                         const PlanExpectations &expected) {
  const rt::ModelInfo &model = plan.model();
  struct Number {
    const char *flag;
    std::optional<int64_t> given;
    uint32_t found;
  };
  const Number numbers[] = {
      {"the batch size", expected.batchSize, model.batchSize},
      {"--max-seq-length", expected.maxSeqLength, model.maxSeqLength},
      {"--max-predictions-per-seq", expected.maxPredictionsPerSeq,
       model.maxPredictionsPerSeq}};
  for (const Number &number : numbers) {
    if (number.given && *number.given != static_cast<int64_t>(number.found)) {
      return disagree(plan, number.flag, fmt::format("{}", *number.given),
                      fmt::format("{}", number.found));
    }
  }
  std::string optimizer = expected.optimizer;
  if (optimizer == "adam") { // the reference's word for AdamW
    optimizer = "adamw";
  }
  if (!optimizer.empty() && optimizer != model.optimizer) {
    return disagree(plan, "--optimizer-type", expected.optimizer,
                    model.optimizer.empty() ? "none" : model.optimizer);
  }
  if (!expected.configFile.empty()) {
    return checkConfig(plan, expected.configFile);
  }
  return Status::okStatus();
}

Status checkModelConfig(const rt::Plan &plan, const std::string &path) {
  return compareConfigs(plan, path, kShapeKeys,
                        "compile the plan from the model's own configuration");
}

Status checkVocabulary(const rt::Plan &plan, const Vocabulary &vocabulary,
                       const std::string &path) {
  const rt::VariableInfo *words =
      plan.findVariable("bert/embeddings/word_embeddings");
  if (!words || words->shape.size() != 2) {
    return failedPrecondition(fmt::format(
        "{}: the plan has no table of word embeddings", plan.path()));
  }
  auto have = static_cast<int64_t>(vocabulary.size());
  int64_t want = words->shape[0];
  if (have > want || want - have >= kVocabularyPadding) {
    return failedPrecondition(
        fmt::format("{}: {} tokens, the plan {} was compiled for {}; give the "
                    "vocabulary of the model",
                    path, have, plan.path(), want));
  }
  return Status();
}

} // namespace bertc
