// SPDX-License-Identifier: Apache-2.0
//
// The flags that encode and fill-mask share: plan, vocabulary, weights.
#pragma once

#include "run/TextModel.h"
#include "support/Subcommands.h"

namespace bertc {

/// Adds PLAN, --vocab-file, --weights, --do-lower-case, --max-seq-length,
/// --threads and --quiet.
void addTextModelFlags(CLI::App &command, TextModelOptions &options);

} // namespace bertc
