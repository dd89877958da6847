// SPDX-License-Identifier: Apache-2.0
//
// Lines of text as features, for encoding and for filling [MASK].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "tasks/PairFeatures.h"
#include "text/WordPieceTokenizer.h"

namespace bertc {

/// The lines of a file; "-" is standard input. A byte order mark and CR at the
/// ends of lines are dropped, empty lines are lines. Corrupt names file and
/// line of text that is not UTF-8.
StatusOr<std::vector<std::string>> readTextLines(const std::string &path);

/// [CLS] line [SEP] for every line, cut to S tokens (at least 3); no targets.
/// The result does not depend on the number of threads.
StatusOr<PairFeatures> makeTextFeatures(const std::vector<std::string> &lines,
                                        const WordPieceTokenizer &tokenizer,
                                        int maxSequenceLength, int jobs);

/// Positions of [MASK] in each sequence, from [CLS]. The tokenizer must match
/// special tokens (TokenizerOptions::matchSpecialTokens).
std::vector<std::vector<uint32_t>> maskPositions(const FeatureSet &features,
                                                 int32_t maskId);

} // namespace bertc
