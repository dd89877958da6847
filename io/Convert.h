// SPDX-License-Identifier: Apache-2.0
//
// The engine of `bert-run convert IN OUT`: weights from a TensorFlow V2
// checkpoint to safetensors and back, under our names or Hugging Face's, and
// to folders that Hugging Face's `from_pretrained` opens. Element types and
// bits are kept.
#pragma once

#include "bertc/status.h"

#include <string>
#include <vector>

namespace bertc {

struct ConvertOptions {
  /// Write Hugging Face names and layouts (safetensors output only).
  bool huggingFaceNames = false;
  /// With huggingFaceNames: leave out the leading `bert.`.
  bool bareModel = false;
  /// Drop optimizer slots, global_step and run state; Hugging Face's names
  /// have none anyway.
  bool weightsOnly = false;
};

struct ConvertReport {
  int64_t tensors = 0;
  int64_t bytes = 0;
  /// Input tensors with no counterpart in the output; not written.
  std::vector<std::string> skipped;
  /// Tensors of the optimizer and the run that were left out.
  int64_t stateTensors = 0;
  /// Of a folder: its model class, its weight files, and variables of that
  /// class which the input lacks.
  std::string architecture;
  std::vector<std::string> files;
  std::vector<std::string> missing;
};

/// Converts `input` (anything WeightSource opens) to `output`: a file ending
/// in .safetensors, or else a checkpoint prefix. Element types are kept.
StatusOr<ConvertReport> convertWeights(const std::string &input,
                                       const std::string &output,
                                       const ConvertOptions &options);

/// What a Hugging Face folder holds beside the weights.
struct FolderOptions {
  /// Text of a bert_config.json or config.json, and its name for messages.
  std::string config;
  std::string configName;
  /// Text of vocab.txt.
  std::string vocabulary;
  bool lowerCase = true;
  /// Names of the classes of a classifier, in order; empty: those of the
  /// configuration.
  std::vector<std::string> labels;
  /// Model class; empty: the one with just the heads that are there.
  std::string architecture;
  /// Largest weights file in bytes, if it holds more than one tensor; 0: one
  /// file for all.
  uint64_t maxShardBytes = 0;
  /// Files of a tokenizer to copy. Without tokenizer_config.json among them one
  /// is made up.
  std::vector<std::string> tokenizerFiles;
};

/// Writes `folder`, which must not exist or be empty: config.json, vocab.txt,
/// tokenizer_config.json and model.safetensors, or its shards and their index.
/// It appears whole or not at all. An error names what of the configuration
/// and the weights does not agree.
StatusOr<ConvertReport> convertToFolder(const std::string &input,
                                        const std::string &folder,
                                        const FolderOptions &options);

} // namespace bertc
