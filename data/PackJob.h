// SPDX-License-Identifier: Apache-2.0
//
// `bert-data pack`: several sequences into one record. The records are read
// twice: for their lengths, from which the plan is made, and to spread them by
// pack over temporary files, which are then packed one at a time. Memory does
// not grow with the data: a histogram, the plan, and bounded buffers.
#pragma once

#include <string>
#include <vector>

#include "bertc/status.h"
#include "data/packing/Packing.h"
#include "support/Json.h"

namespace bertc {

struct PackJobOptions {
  /// Files, folders, glob patterns of unpacked records.
  std::vector<std::string> inputs;
  std::string outputDir;
  /// At most so many of the input files, drawn by the seed; 0: all.
  uint64_t maxFiles = 0;
  int shards = 8;
  /// S, and P of an unpacked sequence, in the output; 0: those of the input.
  int maxSequenceLength = 0;
  int maxPredictionsPerSequence = 0;
  int maxSequencesPerPack = 3;
  PackingMethod method = PackingMethod::Fewest;
  uint64_t seed = 12345;
  int jobs = 1;
  uint64_t memoryLimit = 1ULL << 30;
  /// For temporary files; empty: beside the output.
  std::string tempDir;
  /// Reads lengths and plans, but writes nothing.
  bool dryRun = false;
  bool quiet = false;
};

/// Runs the job; returns its summary for `--json`. The output depends on the
/// files and their order, the method, the shapes and the seed. Corrupt names
/// file and offset of a record that is not sound; FailedPrecondition when a
/// signal asked to stop; then nothing is left behind.
StatusOr<Json> runPackJob(const PackJobOptions &options);

/// "fewest", "longest-first" and so on; the values of --method.
const char *packingMethodName(PackingMethod method);

} // namespace bertc
