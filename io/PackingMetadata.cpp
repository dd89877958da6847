// SPDX-License-Identifier: Apache-2.0

#include "io/PackingMetadata.h"

#include "io/Files.h"
#include "io/Manifest.h"
#include "support/Json.h"

#include <charconv>
#include <cmath>

namespace bertc {
namespace {

constexpr char kSuffix[] = "_metadata.json";
constexpr uint64_t kMostBytes = 1 << 20;
constexpr int64_t kMostSequences = 1 << 20;

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// "a/b" of "a//b/".
std::string withoutSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

/// K as the manifest of the records says it; 0 when there is none.
StatusOr<int64_t> manifestSequences(const std::string &metadata) {
  if (!endsWith(metadata, kSuffix)) {
    return int64_t{0};
  }
  std::string manifest =
      metadata.substr(0, metadata.size() - (sizeof(kSuffix) - 1)) +
      "_manifest.json";
  if (!fileExists(manifest)) {
    return int64_t{0};
  }
  BERTC_ASSIGN_OR_RETURN(Manifest content, readManifest(manifest));
  auto found = content.attributes.find("max_sequences_per_pack");
  if (found == content.attributes.end()) {
    return int64_t{0};
  }
  int64_t value = 0;
  const std::string &text = found->second;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 ||
      value > kMostSequences) {
    return corrupt("'" + manifest + "': max_sequences_per_pack is '" + text +
                   "', expected a whole number from 1");
  }
  return value;
}

std::string metadataOf(const std::string &folder) {
  std::string path = withoutSlashes(folder) + kSuffix;
  return fileExists(path) ? path : "";
}

std::string findFor(const std::string &input) {
  std::string folder = withoutSlashes(input);
  if (!directoryExists(folder)) {
    folder = parentDirectory(folder);
  }
  std::string found = metadataOf(folder);
  return found.empty() ? metadataOf(parentDirectory(folder)) : found;
}

} // namespace

StatusOr<PackingMetadata> readPackingMetadata(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path, kMostBytes));
  BERTC_ASSIGN_OR_RETURN(Json json, parseJson(text, path));
  const char key[] = "avg_seq_per_sample";
  auto found = json.is_object() ? json.find(key) : json.end();
  if (found == json.end() || !found->is_number()) {
    return corrupt("'" + path + "': expected an object with a number under '" +
                   std::string(key) + "', as bert-data pack writes it");
  }
  PackingMetadata metadata;
  metadata.expectedSequences = found->get<double>();
  if (!(metadata.expectedSequences >= 1 &&
        metadata.expectedSequences <= static_cast<double>(kMostSequences))) {
    return corrupt("'" + path + "': " + key + " is " + found->dump() +
                   ", expected at least 1");
  }
  BERTC_ASSIGN_OR_RETURN(metadata.sequencesPerPack, manifestSequences(path));
  return metadata;
}

std::string findPackingMetadata(const std::vector<std::string> &inputs) {
  std::string common;
  for (const std::string &input : inputs) {
    std::string found = findFor(input);
    if (found.empty() || (!common.empty() && common != found)) {
      return "";
    }
    common = found;
  }
  return common;
}

} // namespace bertc
