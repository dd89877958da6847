// SPDX-License-Identifier: Apache-2.0
//
// `bert-data pretrain`: text files to TFRecord shards of pre-training
// instances. Three streams, each with all jobs and bounded memory: text to
// token ids on disk, documents to instances spread over temporary files,
// files to shuffled records. The output depends on the texts, the vocabulary
// and the options that shape instances; not on jobs or memory.
#pragma once

#include <string>
#include <vector>

#include "bertc/status.h"
#include "data/PretrainInstance.h"
#include "support/Json.h"

namespace bertc {

/// The defaults are those of the reference's create_pretraining_data.
struct PretrainJobOptions {
  /// Files, folders, glob patterns.
  std::vector<std::string> inputs;
  std::string vocabFile;
  /// Either a folder (with subfolders training and test when testSplit > 0),
  std::string outputDir;
  /// or files named one by one.
  std::vector<std::string> outputFiles;
  int shards = 8;
  int testShards = 1;
  double testSplit = 0;
  bool lowerCase = true;
  InstanceOptions instance;
  /// Passes over the text, each with other pairs and masks.
  int dupeFactor = 10;
  uint64_t seed = 12345;
  int jobs = 1;
  uint64_t memoryLimit = 1ULL << 30;
  /// For temporary files; empty: beside the output.
  std::string tempDir;
  bool quiet = false;
};

/// Checks what can be checked before any work; InvalidArgument names the flag.
Status checkPretrainOptions(const PretrainJobOptions &options);

/// Runs the job; returns its summary for `--json`. FailedPrecondition when a
/// signal asked to stop; then nothing is left behind.
StatusOr<Json> runPretrainJob(const PretrainJobOptions &options);

} // namespace bertc
