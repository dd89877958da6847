// SPDX-License-Identifier: Apache-2.0
//
// `bert-data inspect`: what is in record files, for people and for tools, and
// whether it is all there and makes sense.
#pragma once

#include <string>
#include <vector>

#include "bertc/status.h"
#include "support/Json.h"

namespace bertc {

struct InspectJobOptions {
  /// Files, folders, glob patterns.
  std::vector<std::string> inputs;
  /// Check manifests with hashes, features, ids and masks of every record.
  bool verify = false;
  /// For text instead of ids, and the range of ids; may be empty.
  std::string vocabFile;
  /// Records to print.
  uint64_t limit = 3;
  bool quiet = false;
};

/// Statistics, the first `limit` records, and with `verify` the checks: the
/// first thing that is wrong is the error (Corrupt), naming file and record.
StatusOr<Json> runInspectJob(const InspectJobOptions &options);

/// The document of runInspectJob() for people.
std::string inspectText(const Json &document);

} // namespace bertc
