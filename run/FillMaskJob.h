// SPDX-License-Identifier: Apache-2.0
//
// `bert-run fill-mask`: the likeliest words for every [MASK] of some texts.
#pragma once

#include "run/TextModel.h"
#include "tasks/Pooling.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

struct FillMaskOptions {
  TextModelOptions model;
  std::vector<std::string> texts;
  /// Lines of texts instead; "-" is standard input.
  std::string inputFile;
  int topK = 5;
};

/// One [MASK].
struct FilledMask {
  /// Which text, and the mask's token in it, counted from [CLS].
  size_t text = 0;
  uint32_t position = 0;
  /// Best first; the score is the log-probability.
  std::vector<ScoredToken> words;
};

struct FillMaskResult {
  std::vector<std::string> texts;
  /// By text and position.
  std::vector<FilledMask> masks;
  /// Of the vocabulary, for the ids of `masks`.
  std::unique_ptr<TextModel> model;
  /// A signal asked to stop before the last batch.
  bool stopped = false;
};

/// Every text must have a [MASK], not more than the plan's
/// max_predictions_per_seq, and none beyond its sequence length; an error names
/// file and line. Packed plans are refused.
StatusOr<FillMaskResult> fillMask(const FillMaskOptions &options);

} // namespace bertc
