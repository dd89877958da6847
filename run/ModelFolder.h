// SPDX-License-Identifier: Apache-2.0
//
// What a Hugging Face folder needs beside weights (configuration, vocabulary,
// how the tokenizer treats case), found in flags, in a plan, or beside the
// weights that are converted.
#pragma once

#include "bertc/status.h"
#include "io/Convert.h"

#include <optional>
#include <string>

namespace bertc {

/// Where to look; what is empty is looked for beside the weights.
struct ModelFolderSources {
  /// A bert_config.json or config.json.
  std::string configFile;
  /// A plan, for the configuration it was compiled from.
  std::string plan;
  /// A vocab.txt or tokenizer.json.
  std::string vocabFile;
  std::optional<bool> lowerCase;
};

/// Fills in everything of FolderOptions but architecture and maxShardBytes for
/// weights at `input` (whatever io/WeightSource.h opens). The tokenizer's files
/// beside the weights are taken over when neither vocabulary nor case is given,
/// the classes from the labels.txt that `bert-run classify` leaves there.
/// Errors: a configuration or vocabulary that is nowhere (saying which flag
/// names it), a vocabulary that is not of the configuration's size.
StatusOr<FolderOptions> findModelFolder(const std::string &input,
                                        const ModelFolderSources &sources);

} // namespace bertc
