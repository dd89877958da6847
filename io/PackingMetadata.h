// SPDX-License-Identifier: Apache-2.0
//
// What stands beside packed records: for the folder NAME the reference's file
// NAME_metadata.json, which says how many sequences a pack has on average, and
// our manifest NAME_manifest.json, which also says how many it may have.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

struct PackingMetadata {
  /// K: most sequences of a pack; 0 when there is no manifest beside the file
  /// to say so, as with records of the reference.
  int64_t sequencesPerPack = 0;
  /// Sequences of an average pack (avg_seq_per_sample), at least 1.
  double expectedSequences = 1;
};

/// K of records that nothing else is known of: the reference's default.
inline constexpr int64_t defaultSequencesPerPack = 3;

/// Reads a metadata file, and the manifest beside it if there is one. Corrupt
/// names the file and what is missing or cannot be.
StatusOr<PackingMetadata> readPackingMetadata(const std::string &path);

/// The metadata file of records: NAME_metadata.json for a folder NAME, for the
/// folder of a file or a pattern, or for the folder above, when all of `inputs`
/// have the same; else empty.
std::string findPackingMetadata(const std::vector<std::string> &inputs);

} // namespace bertc
