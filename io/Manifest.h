// SPDX-License-Identifier: Apache-2.0
//
// The list that stands beside a set of record files and says what must be in
// them: a TFRecord file cut at a record boundary, or a shard that is missing,
// cannot be seen from the files alone. For a folder NAME it is the file
// NAME_manifest.json next to it (inside, a reader that opens every file of the
// folder would stumble over it); for a single file NAME it is
// NAME.manifest.json.
#pragma once

#include "bertc/status.h"
#include "io/TfRecord.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bertc {

struct ManifestFile {
  /// File name without folder.
  std::string name;
  uint64_t records = 0;
  uint64_t bytes = 0;
  /// Lower-case hexadecimal SHA-256.
  std::string sha256;
};

struct Manifest {
  /// Sorted by name.
  std::vector<ManifestFile> files;
  /// Free-form facts about how the files were made (seed, flags, tool).
  std::map<std::string, std::string> attributes;

  uint64_t totalRecords() const;
  uint64_t totalBytes() const;
};

/// Where the manifest of `path` (a folder or a file) stands, whether or not it
/// exists.
std::string manifestPath(const std::string &path);

/// A manifest of finished record files, which must all be in one folder.
Manifest makeManifest(const std::vector<RecordFileInfo> &files,
                      std::map<std::string, std::string> attributes = {});

/// Writes (atomically) and reads the JSON form.
Status writeManifest(const std::string &manifestFile, const Manifest &manifest);
StatusOr<Manifest> readManifest(const std::string &manifestFile);

/// How deep verifyManifest() looks.
enum class ManifestCheck {
  /// Names and sizes: costs nothing, done at training start.
  Sizes,
  /// Also the SHA-256 of every file.
  Hashes,
};

/// Checks the files of `path` (a folder, or one file) against its manifest.
/// NotFound when there is no manifest; Corrupt naming the file when one is
/// missing, surplus, of another size, or of other content.
Status verifyManifest(const std::string &path, ManifestCheck check);

} // namespace bertc
