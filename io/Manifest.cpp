// SPDX-License-Identifier: Apache-2.0
//
// Manifests: made, written as JSON, read back strictly, and verified.
#include "io/Manifest.h"
#include "io/Files.h"
#include "io/PlainNames.h"
#include "support/Json.h"

#include <algorithm>
#include <set>
#include <vector>

namespace bertc {
namespace {

constexpr int kSchemaVersion = 1;

StatusOr<uint64_t> unsignedField(const Json &object, const char *key,
                                 const std::string &path) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) {
    return corrupt("'" + path + "': expected a whole number under '" + key +
                   "' of every file");
  }
  return found->get<uint64_t>();
}

StatusOr<ManifestFile> parseFile(const Json &object, const std::string &path) {
  if (!object.is_object() || !object.contains("name") ||
      !object["name"].is_string() || !object.contains("sha256") ||
      !object["sha256"].is_string()) {
    return corrupt("'" + path +
                   "': expected an object with name, records, bytes and "
                   "sha256 for every file");
  }
  ManifestFile file;
  file.name = object["name"].get<std::string>();
  file.sha256 = object["sha256"].get<std::string>();
  if (!isPlainFileName(file.name)) {
    return corrupt("'" + path + "': '" + quotable(file.name) +
                   "' is not a file name without folder");
  }
  BERTC_ASSIGN_OR_RETURN(file.records, unsignedField(object, "records", path));
  BERTC_ASSIGN_OR_RETURN(file.bytes, unsignedField(object, "bytes", path));
  return file;
}

StatusOr<std::string> hashFile(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
  std::vector<char> buffer(1 << 20);
  Sha256 hash;
  for (uint64_t offset = 0;;) {
    BERTC_ASSIGN_OR_RETURN(size_t got,
                           file.readAt(offset, buffer.data(), buffer.size()));
    if (got == 0) {
      return toHex(hash.finish());
    }
    hash.update(buffer.data(), got);
    offset += got;
  }
}

Status verifyFile(const std::string &path, const ManifestFile &expected,
                  ManifestCheck check) {
  if (!fileExists(path)) {
    return corrupt("'" + path + "' is listed in the manifest but missing");
  }
  BERTC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
  if (file.size() != expected.bytes) {
    return corrupt("'" + path + "' has " + std::to_string(file.size()) +
                   " bytes, its manifest says " +
                   std::to_string(expected.bytes));
  }
  if (check == ManifestCheck::Hashes) {
    BERTC_ASSIGN_OR_RETURN(std::string found, hashFile(path));
    if (found != expected.sha256) {
      return corrupt("'" + path + "' has sha256 " + found +
                     ", its manifest says " + quotable(expected.sha256));
    }
  }
  return Status();
}

} // namespace

uint64_t Manifest::totalRecords() const {
  uint64_t total = 0;
  for (const ManifestFile &file : files) {
    total += file.records;
  }
  return total;
}

uint64_t Manifest::totalBytes() const {
  uint64_t total = 0;
  for (const ManifestFile &file : files) {
    total += file.bytes;
  }
  return total;
}

std::string manifestPath(const std::string &path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') {
    trimmed.pop_back();
  }
  return trimmed +
         (directoryExists(trimmed) ? "_manifest.json" : ".manifest.json");
}

Manifest makeManifest(const std::vector<RecordFileInfo> &files,
                      std::map<std::string, std::string> attributes) {
  Manifest manifest;
  for (const RecordFileInfo &file : files) {
    manifest.files.push_back(
        {baseName(file.path), file.records, file.bytes, file.sha256});
  }
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const auto &a, const auto &b) { return a.name < b.name; });
  manifest.attributes = std::move(attributes);
  return manifest;
}

Status writeManifest(const std::string &manifestFile,
                     const Manifest &manifest) {
  Json root;
  root["schema_version"] = kSchemaVersion;
  root["records"] = manifest.totalRecords();
  root["bytes"] = manifest.totalBytes();
  root["attributes"] = manifest.attributes;
  root["files"] = Json::array();
  for (const ManifestFile &file : manifest.files) {
    Json row;
    row["name"] = file.name;
    row["records"] = file.records;
    row["bytes"] = file.bytes;
    row["sha256"] = file.sha256;
    root["files"].push_back(std::move(row));
  }
  return writeFileAtomically(manifestFile, jsonText(root));
}

StatusOr<Manifest> readManifest(const std::string &manifestFile) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(manifestFile));
  BERTC_ASSIGN_OR_RETURN(Json root, parseJson(text, manifestFile));
  if (!root.is_object() || !root.contains("schema_version") ||
      root["schema_version"] != kSchemaVersion || !root.contains("files") ||
      !root["files"].is_array()) {
    return corrupt("'" + manifestFile +
                   "': expected a manifest of schema_version " +
                   std::to_string(kSchemaVersion));
  }
  Manifest manifest;
  std::set<std::string> names;
  for (const Json &row : root["files"]) {
    BERTC_ASSIGN_OR_RETURN(ManifestFile file, parseFile(row, manifestFile));
    if (!names.insert(file.name).second) {
      return corrupt("'" + manifestFile + "' lists '" + file.name + "' twice");
    }
    manifest.files.push_back(std::move(file));
  }
  if (root.contains("attributes") && root["attributes"].is_object()) {
    for (const auto &[key, value] : root["attributes"].items()) {
      if (value.is_string()) {
        manifest.attributes[key] = value.get<std::string>();
      }
    }
  }
  return manifest;
}

Status verifyManifest(const std::string &path, ManifestCheck check) {
  BERTC_ASSIGN_OR_RETURN(Manifest manifest, readManifest(manifestPath(path)));
  const bool isFolder = directoryExists(path);
  const std::string folder = isFolder ? path : parentDirectory(path);
  std::set<std::string> listed;
  for (const ManifestFile &file : manifest.files) {
    listed.insert(file.name);
    BERTC_RETURN_IF_ERROR(verifyFile(joinPath(folder, file.name), file, check));
  }
  std::vector<std::string> present = {baseName(path)};
  if (isFolder) {
    BERTC_ASSIGN_OR_RETURN(present, listFiles(path));
  }
  for (const std::string &name : present) {
    if (listed.count(name) == 0) {
      return corrupt("'" + joinPath(folder, name) +
                     "' is not listed in the manifest '" + manifestPath(path) +
                     "'");
    }
  }
  return Status();
}

} // namespace bertc
