// SPDX-License-Identifier: Apache-2.0
//
// `bert-run encode`: lines of text in, vectors out, in the order of the lines.
#pragma once

#include "run/TextModel.h"

#include <cstdint>
#include <string>

namespace bertc {

/// Which vectors a line becomes: that of [CLS], the mean of all its tokens, or
/// every token's. All are rows of sequence_output.
enum class PoolingKind { Cls, Mean, Tokens };

/// "cls", "mean", "tokens".
const char *poolingName(PoolingKind kind);

struct EncodeOptions {
  TextModelOptions model;
  /// "-" is standard input.
  std::string inputFile;
  PoolingKind pooling = PoolingKind::Mean;
  /// Divides each vector by its 2-norm.
  bool normalize = false;
  /// A name ending in .safetensors or .jsonl, or "-": JSON lines on stdout.
  std::string output = "-";
};

struct EncodeResult {
  uint64_t lines = 0;
  uint64_t tokens = 0;
  /// Lines that were cut to the plan's length.
  uint64_t truncated = 0;
  uint64_t batches = 0;
  int64_t hidden = 0;
  /// From the first batch to the last vector written.
  double seconds = 0;
  /// A signal asked to stop: there is no output file then.
  bool stopped = false;
};

/// Lines are taken some thousands at a time; those of a batch are about equally
/// long, and vectors are written as soon as all before them are. Errors: no
/// lines, text that is not UTF-8 (with its line), what TextModel refuses.
StatusOr<EncodeResult> encode(const EncodeOptions &options);

} // namespace bertc
