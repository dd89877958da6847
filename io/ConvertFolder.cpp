// SPDX-License-Identifier: Apache-2.0
//
// Hugging Face folders. Everything is written to a hidden folder beside the
// one that was asked for, which is renamed at the end.
#include "io/ConvertPlan.h"
#include "io/FileCalls.h"
#include "io/HuggingFaceConfig.h"

#include <filesystem>
#include <unistd.h>

namespace bertc {
namespace {

/// A folder that comes into being whole or not at all.
class AtomicFolder {
public:
  static StatusOr<AtomicFolder> create(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
      path.pop_back();
    }
    std::error_code ignored;
    if (fileExists(path) ||
        (directoryExists(path) && !std::filesystem::is_empty(path, ignored))) {
      return failedPrecondition("'" + path +
                                "' exists and is no empty folder; choose "
                                "another or remove it");
    }
    const std::string parent = parentDirectory(path);
    BERTC_RETURN_IF_ERROR(makeDirectories(parent));
    const std::string temporary = joinPath(
        parent, "." + baseName(path) + ".tmp-" + std::to_string(::getpid()));
    BERTC_RETURN_IF_ERROR(makeDirectories(temporary));
    return AtomicFolder(std::move(path), temporary);
  }
  AtomicFolder(AtomicFolder &&other) noexcept
      : path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, "")) {}
  ~AtomicFolder() {
    std::error_code ignored;
    if (!temporary_.empty()) {
      std::filesystem::remove_all(temporary_, ignored);
    }
  }

  std::string file(const std::string &name) const {
    return joinPath(temporary_, name);
  }
  Status commit() {
    BERTC_RETURN_IF_ERROR(filecalls::renameFile(temporary_, path_));
    temporary_.clear();
    return fsyncDirectory(parentDirectory(path_));
  }

private:
  AtomicFolder(std::string path, std::string temporary)
      : path_(std::move(path)), temporary_(std::move(temporary)) {}

  std::string path_;
  /// Empty once renamed.
  std::string temporary_;
};

/// The plans in order, cut where a file would grow beyond `most` bytes.
StatusOr<std::vector<std::vector<ConvertPlan>>>
cutIntoShards(const std::vector<ConvertPlan> &plans, uint64_t most,
              uint64_t *total) {
  std::vector<std::vector<ConvertPlan>> shards(1);
  uint64_t inShard = 0;
  for (const ConvertPlan &plan : plans) {
    BERTC_ASSIGN_OR_RETURN(uint64_t bytes,
                           byteSize(plan.output.dtype, plan.output.shape));
    if (most > 0 && !shards.back().empty() && inShard + bytes > most) {
      shards.emplace_back();
      inShard = 0;
    }
    shards.back().push_back(plan);
    inShard += bytes;
    *total += bytes;
  }
  return shards;
}

/// "model-00002-of-00003.safetensors".
std::string shardName(size_t index, size_t count) {
  auto padded = [](size_t number) {
    std::string digits = std::to_string(number);
    return std::string(5 - std::min<size_t>(5, digits.size()), '0') + digits;
  };
  return "model-" + padded(index + 1) + "-of-" + padded(count) + ".safetensors";
}

Status writeWeights(const WeightSource &source,
                    const std::vector<ConvertPlan> &plans, uint64_t most,
                    const AtomicFolder &folder, ConvertReport *report) {
  uint64_t total = 0;
  BERTC_ASSIGN_OR_RETURN(auto shards, cutIntoShards(plans, most, &total));
  if (shards.size() == 1) {
    report->files = {"model.safetensors"};
    return writeAsSafeTensors(source, plans, folder.file("model.safetensors"),
                              true, report);
  }
  Json map = Json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = shardName(i, shards.size());
    BERTC_RETURN_IF_ERROR(
        writeAsSafeTensors(source, shards[i], folder.file(name), true, report));
    report->files.push_back(name);
    for (const ConvertPlan &plan : shards[i]) {
      map[plan.output.name] = name;
    }
  }
  const Json index = {{"metadata", {{"total_size", total}}},
                      {"weight_map", map}};
  return writeFileAtomically(folder.file("model.safetensors.index.json"),
                             jsonText(index));
}

Status writeTokenizer(const FolderOptions &options, int64_t maxLength,
                      const AtomicFolder &folder) {
  BERTC_RETURN_IF_ERROR(
      writeFileAtomically(folder.file("vocab.txt"), options.vocabulary));
  bool configured = false;
  for (const std::string &path : options.tokenizerFiles) {
    const std::string name = baseName(path);
    BERTC_ASSIGN_OR_RETURN(std::string content, readFile(path, 1ull << 30));
    BERTC_RETURN_IF_ERROR(writeFileAtomically(folder.file(name), content));
    configured = configured || name == "tokenizer_config.json";
  }
  return configured
             ? Status()
             : writeFileAtomically(
                   folder.file("tokenizer_config.json"),
                   jsonText(tokenizerConfig(options.lowerCase, maxLength)));
}

/// The model class, by the variables that have a name in Hugging Face's world;
/// those of other classes leave the plans for report->skipped.
Status chooseVariables(const FolderOptions &options,
                       std::vector<ConvertPlan> *plans,
                       std::vector<TensorInfo> *variables,
                       ConvertReport *report) {
  for (const ConvertPlan &plan : *plans) {
    variables->push_back(*plan.input);
  }
  BERTC_ASSIGN_OR_RETURN(report->architecture,
                         chooseArchitecture(*variables, options.architecture));
  std::vector<ConvertPlan> kept;
  variables->clear();
  for (ConvertPlan &plan : *plans) {
    if (!isPartOf(report->architecture, plan.input->name)) {
      report->skipped.push_back(plan.input->name);
      continue;
    }
    // As in Hugging Face's own files of the bare model.
    const std::string start = "bert.";
    if (report->architecture == "BertModel" &&
        plan.output.name.rfind(start, 0) == 0) {
      plan.output.name.erase(0, start.size());
    }
    variables->push_back(*plan.input);
    kept.push_back(std::move(plan));
  }
  *plans = std::move(kept);
  return Status();
}

} // namespace

StatusOr<ConvertReport> convertToFolder(const std::string &input,
                                        const std::string &folder,
                                        const FolderOptions &options) {
  BERTC_ASSIGN_OR_RETURN(Json config,
                         parseJson(options.config, options.configName));
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<WeightSource> source,
                         WeightSource::open(input));
  ConvertReport report;
  ConvertOptions names;
  names.huggingFaceNames = true;
  std::vector<ConvertPlan> plans = makeConvertPlans(*source, names, &report);
  std::vector<TensorInfo> variables;
  BERTC_RETURN_IF_ERROR(
      chooseVariables(options, &plans, &variables, &report).annotate(input));
  BERTC_RETURN_IF_ERROR(checkAgainstConfig(config, options.configName,
                                           report.architecture, variables,
                                           &report.missing)
                            .annotate(input));
  BERTC_ASSIGN_OR_RETURN(
      int64_t positions,
      jsonInteger(config, "max_position_embeddings", options.configName));
  BERTC_ASSIGN_OR_RETURN(config, huggingFaceConfig(config, options.configName,
                                                   report.architecture,
                                                   variables, options.labels));
  BERTC_ASSIGN_OR_RETURN(AtomicFolder out, AtomicFolder::create(folder));
  BERTC_RETURN_IF_ERROR(
      writeFileAtomically(out.file("config.json"), jsonText(config)));
  BERTC_RETURN_IF_ERROR(writeTokenizer(options, positions, out));
  BERTC_RETURN_IF_ERROR(
      writeWeights(*source, plans, options.maxShardBytes, out, &report));
  BERTC_RETURN_IF_ERROR(out.commit());
  report.tensors = static_cast<int64_t>(plans.size());
  return report;
}

} // namespace bertc
