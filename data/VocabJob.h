// SPDX-License-Identifier: Apache-2.0
//
// `bert-data vocab`: text files to a vocab.txt. Counting uses all jobs; memory
// stays bounded by forgetting the rarest words when there are too many.
#pragma once

#include <string>
#include <vector>

#include "bertc/status.h"
#include "support/Json.h"

namespace bertc {

struct VocabJobOptions {
  /// Files, folders, glob patterns.
  std::vector<std::string> inputs;
  std::string outputFile;
  size_t vocabSize = 30522;
  uint64_t minFrequency = 2;
  size_t limitAlphabet = 1000;
  bool lowerCase = true;
  int jobs = 1;
  uint64_t memoryLimit = 1ULL << 30;
  bool quiet = false;
};

/// Runs the job; returns its summary (input files and bytes, words, tokens,
/// seconds) for `--json`.
StatusOr<Json> runVocabJob(const VocabJobOptions &options);

} // namespace bertc
