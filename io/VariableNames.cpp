// SPDX-License-Identifier: Apache-2.0
//
// The table of variable names, ours and Hugging Face's.
#include "io/VariableNames.h"

#include <string_view>

namespace bertc {
namespace {

/// One variable, or one of every layer: '#' stands for a layer number.
struct NamePair {
  const char *ours;
  const char *theirs;
  bool transposed;
};

#define BERTC_LINEAR(OURS, THEIRS)                                             \
  {OURS "/kernel", THEIRS ".weight", true}, {                                  \
    OURS "/bias", THEIRS ".bias", false                                        \
  }
#define BERTC_NORM(OURS, THEIRS)                                               \
  {OURS "/gamma", THEIRS ".weight", false}, {                                  \
    OURS "/beta", THEIRS ".bias", false                                        \
  }
#define BERTC_LAYER "bert/encoder/layer_#/"
#define BERTC_THEIR_LAYER "bert.encoder.layer.#."

constexpr NamePair kNames[] = {
    {"bert/embeddings/word_embeddings",
     "bert.embeddings.word_embeddings.weight", false},
    {"bert/embeddings/token_type_embeddings",
     "bert.embeddings.token_type_embeddings.weight", false},
    {"bert/embeddings/position_embeddings",
     "bert.embeddings.position_embeddings.weight", false},
    BERTC_NORM("bert/embeddings/LayerNorm", "bert.embeddings.LayerNorm"),
    BERTC_LINEAR(BERTC_LAYER "attention/self/query",
                 BERTC_THEIR_LAYER "attention.self.query"),
    BERTC_LINEAR(BERTC_LAYER "attention/self/key",
                 BERTC_THEIR_LAYER "attention.self.key"),
    BERTC_LINEAR(BERTC_LAYER "attention/self/value",
                 BERTC_THEIR_LAYER "attention.self.value"),
    BERTC_LINEAR(BERTC_LAYER "attention/output/dense",
                 BERTC_THEIR_LAYER "attention.output.dense"),
    BERTC_NORM(BERTC_LAYER "attention/output/LayerNorm",
               BERTC_THEIR_LAYER "attention.output.LayerNorm"),
    BERTC_LINEAR(BERTC_LAYER "intermediate/dense",
                 BERTC_THEIR_LAYER "intermediate.dense"),
    BERTC_LINEAR(BERTC_LAYER "output/dense", BERTC_THEIR_LAYER "output.dense"),
    BERTC_NORM(BERTC_LAYER "output/LayerNorm",
               BERTC_THEIR_LAYER "output.LayerNorm"),
    BERTC_LINEAR("bert/pooler/dense", "bert.pooler.dense"),
    BERTC_LINEAR("cls/predictions/transform/dense",
                 "cls.predictions.transform.dense"),
    BERTC_NORM("cls/predictions/transform/LayerNorm",
               "cls.predictions.transform.LayerNorm"),
    {"cls/predictions/output_bias", "cls.predictions.bias", false},
    {"cls/seq_relationship/output_weights", "cls.seq_relationship.weight",
     false},
    {"cls/seq_relationship/output_bias", "cls.seq_relationship.bias", false},
    {"output_weights", "classifier.weight", false},
    {"output_bias", "classifier.bias", false},
    {"cls/squad/output_weights", "qa_outputs.weight", false},
    {"cls/squad/output_bias", "qa_outputs.bias", false},
};

#undef BERTC_LINEAR
#undef BERTC_NORM
#undef BERTC_LAYER
#undef BERTC_THEIR_LAYER

constexpr const char *kRedundant[] = {
    "bert.embeddings.position_ids",
    "bert.embeddings.token_type_ids",
    "cls.predictions.decoder.weight",
    "cls.predictions.decoder.bias",
};

bool startsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

/// Does `name` fit `pattern`? *layer is set to the digits that '#' stands for,
/// which must be written the usual way.
bool matches(std::string_view pattern, std::string_view name,
             std::string_view *layer) {
  const size_t hash = pattern.find('#');
  if (hash == std::string_view::npos) {
    return pattern == name;
  }
  if (!startsWith(name, pattern.substr(0, hash))) {
    return false;
  }
  name.remove_prefix(hash);
  const size_t digits =
      std::min(name.find_first_not_of("0123456789"), name.size());
  *layer = name.substr(0, digits);
  return digits >= 1 && digits <= 4 && (digits == 1 || name[0] != '0') &&
         name.substr(digits) == pattern.substr(hash + 1);
}

std::string fill(std::string_view pattern, std::string_view layer) {
  std::string name(pattern);
  const size_t hash = name.find('#');
  return hash == std::string::npos ? name : name.replace(hash, 1, layer);
}

/// With the leading `bert.` and LayerNorm.weight/bias.
std::string normalized(const std::string &name) {
  std::string full = name;
  for (const char *start : {"embeddings.", "encoder.", "pooler."}) {
    if (startsWith(name, start)) {
      full = "bert." + name;
    }
  }
  if (endsWith(full, "LayerNorm.gamma")) {
    full.replace(full.size() - 5, 5, "weight");
  } else if (endsWith(full, "LayerNorm.beta")) {
    full.replace(full.size() - 4, 4, "bias");
  }
  return full;
}

} // namespace

ForeignName fromHuggingFace(const std::string &name, MappedName *mapped) {
  const std::string full = normalized(name);
  std::string_view layer;
  for (const NamePair &pair : kNames) {
    if (matches(pair.theirs, full, &layer)) {
      *mapped = {fill(pair.ours, layer), pair.transposed};
      return ForeignName::Variable;
    }
  }
  for (const char *redundant : kRedundant) {
    if (full == redundant) {
      return ForeignName::Redundant;
    }
  }
  return ForeignName::Unknown;
}

std::optional<MappedName> toHuggingFace(const std::string &name,
                                        bool bareModel) {
  std::string_view layer;
  for (const NamePair &pair : kNames) {
    if (matches(pair.ours, name, &layer)) {
      std::string theirs = fill(pair.theirs, layer);
      const bool strip = bareModel && startsWith(theirs, "bert.");
      return MappedName{strip ? theirs.substr(5) : theirs, pair.transposed};
    }
  }
  return std::nullopt;
}

bool isTrainingState(const std::string &name) {
  return name == "global_step" || startsWith(name, "bertc/") ||
         endsWith(name, "/adam_m") || endsWith(name, "/adam_v") ||
         endsWith(name, "/accum");
}

} // namespace bertc
