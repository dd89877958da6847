// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary inside a tokenizer.json, which newer versions of Hugging
// Face's library write instead of a vocab.txt.
#include "text/Vocabulary.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bertc {
namespace {

// Not support/Json.h: an object that keeps its order takes quadratic time for
// tens of thousands of keys.
using nlohmann::json;

// Several times the largest vocabulary in use.
constexpr size_t kMostTokens = 1 << 20;

/// `value[key]` when it is there and an object.
const json *objectAt(const json &value, const char *key) {
  auto found = value.find(key);
  return found != value.end() && found->is_object() ? &*found : nullptr;
}

/// Puts `token` at its id; ids must be unique and below kMostTokens.
Status place(const std::string &token, const json &id, const std::string &name,
             std::vector<std::string> *tokens) {
  if (!id.is_number_unsigned() || id.get<uint64_t>() >= kMostTokens) {
    return corrupt(fmt::format("{}: the id of a token is {}, expected a whole "
                               "number below {}",
                               name, id.dump(-1, ' ', true).substr(0, 40),
                               kMostTokens));
  }
  size_t index = id.get<size_t>();
  if (index >= tokens->size()) {
    tokens->resize(index + 1);
  }
  std::string &slot = (*tokens)[index];
  if (!slot.empty() && slot != token) {
    return corrupt(fmt::format("{}: tokens '{}' and '{}' have the same id {}",
                               name, slot, token, index));
  }
  slot = token;
  return Status();
}

/// The special tokens and those that users added.
Status placeAdded(const json &root, const std::string &name,
                  std::vector<std::string> *tokens) {
  auto added = root.find("added_tokens");
  if (added == root.end() || !added->is_array()) {
    return Status();
  }
  for (const json &token : *added) {
    if (!token.is_object() || !token.contains("content") ||
        !token["content"].is_string() || !token.contains("id")) {
      return corrupt(name + ": an added token has no content and id");
    }
    BERTC_RETURN_IF_ERROR(
        place(token["content"].get<std::string>(), token["id"], name, tokens));
  }
  return Status();
}

} // namespace

StatusOr<Vocabulary> Vocabulary::parseTokenizerJson(std::string_view text,
                                                    const std::string &name) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json *model = root.is_object() ? objectAt(root, "model") : nullptr;
  const json *words = model ? objectAt(*model, "vocab") : nullptr;
  if (!words || !model->contains("type") || (*model)["type"] != "WordPiece") {
    return corrupt(name + ": no tokenizer.json of a WordPiece model; expected "
                          "that, or a vocab.txt with one token a line");
  }
  std::vector<std::string> tokens;
  for (const auto &[token, id] : words->items()) {
    BERTC_RETURN_IF_ERROR(place(token, id, name, &tokens));
  }
  BERTC_RETURN_IF_ERROR(placeAdded(root, name, &tokens));
  std::string lines;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].empty() || tokens[id].find('\n') != std::string::npos) {
      return corrupt(fmt::format("{}: no token of one line has the id {}, of "
                                 "{} ids",
                                 name, id, tokens.size()));
    }
    lines += tokens[id] + "\n";
  }
  return parse(lines, name);
}

} // namespace bertc
