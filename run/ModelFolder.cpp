// SPDX-License-Identifier: Apache-2.0
#include "run/ModelFolder.h"

#include "bertc/runtime.h"
#include "io/Files.h"
#include "support/Json.h"
#include "tasks/LabelList.h"
#include "text/Vocabulary.h"

#include <fmt/format.h>

namespace bertc {

namespace {

/// A padded embedding has fewer rows than this too many.
constexpr int64_t kVocabularyPadding = 128;

/// The first of `names` that is a file in `folder`, as a path; or empty.
std::string firstOf(const std::string &folder,
                    const std::vector<const char *> &names) {
  for (const char *name : names) {
    std::string path = joinPath(folder, name);
    if (fileExists(path)) {
      return path;
    }
  }
  return "";
}

Status readConfig(const std::string &folder, const ModelFolderSources &sources,
                  FolderOptions *options) {
  if (!sources.plan.empty()) {
    BERTC_ASSIGN_OR_RETURN(rt::Plan plan, rt::Plan::load(sources.plan));
    options->config = plan.model().configJson;
    options->configName = sources.plan;
    return Status::okStatus();
  }
  options->configName =
      sources.configFile.empty()
          ? firstOf(folder, {"config.json", "bert_config.json"})
          : sources.configFile;
  if (options->configName.empty()) {
    return notFound(fmt::format("{}: neither config.json nor bert_config.json "
                                "beside the weights; give --config or --plan",
                                folder));
  }
  BERTC_ASSIGN_OR_RETURN(options->config,
                         readFile(options->configName, 1 << 20));
  return Status::okStatus();
}

Status readVocabulary(const std::string &folder,
                      const ModelFolderSources &sources,
                      FolderOptions *options) {
  std::string path = sources.vocabFile.empty()
                         ? firstOf(folder, {"vocab.txt", "tokenizer.json"})
                         : sources.vocabFile;
  if (path.empty()) {
    return notFound(fmt::format("{}: neither vocab.txt nor tokenizer.json "
                                "beside the weights; give --vocab-file",
                                folder));
  }
  BERTC_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::load(path));
  BERTC_ASSIGN_OR_RETURN(Json config,
                         parseJson(options->config, options->configName));
  BERTC_ASSIGN_OR_RETURN(
      int64_t rows, jsonInteger(config, "vocab_size", options->configName));
  auto size = static_cast<int64_t>(vocabulary.size());
  if (size > rows || rows - size >= kVocabularyPadding) {
    return failedPrecondition(fmt::format(
        "{}: {} tokens, {} has vocab_size {}; give the vocabulary of the model",
        path, size, options->configName, rows));
  }
  for (int64_t id = 0; id < size; ++id) {
    options->vocabulary += vocabulary.token(static_cast<int32_t>(id)) + "\n";
  }
  return Status::okStatus();
}

/// The case in a tokenizer_config.json; true when it says nothing.
StatusOr<bool> lowerCaseOf(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path));
  BERTC_ASSIGN_OR_RETURN(Json config, parseJson(text, path));
  const bool says = config.is_object() && config.contains("do_lower_case") &&
                    config["do_lower_case"].is_boolean();
  return !says || config["do_lower_case"].get<bool>();
}

} // namespace

StatusOr<FolderOptions> findModelFolder(const std::string &input,
                                        const ModelFolderSources &sources) {
  const std::string folder =
      directoryExists(input) ? input : parentDirectory(input);
  FolderOptions options;
  BERTC_RETURN_IF_ERROR(readConfig(folder, sources, &options));
  BERTC_RETURN_IF_ERROR(readVocabulary(folder, sources, &options));
  std::string config = firstOf(folder, {"tokenizer_config.json"});
  if (!config.empty() && sources.vocabFile.empty() && !sources.lowerCase) {
    options.tokenizerFiles = {config};
    for (const char *name : {"tokenizer.json", "special_tokens_map.json"}) {
      std::string path = firstOf(folder, {name});
      if (!path.empty()) {
        options.tokenizerFiles.push_back(path);
      }
    }
  }
  if (sources.lowerCase) {
    options.lowerCase = *sources.lowerCase;
  } else if (!config.empty()) {
    BERTC_ASSIGN_OR_RETURN(options.lowerCase, lowerCaseOf(config));
  }
  std::string labels = firstOf(folder, {"labels.txt"});
  if (!labels.empty()) {
    BERTC_ASSIGN_OR_RETURN(LabelList list, LabelList::load(labels));
    options.labels = list.names();
  }
  return options;
}

} // namespace bertc
