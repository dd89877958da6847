// SPDX-License-Identifier: Apache-2.0
//
// The same random sequences as the inputs of an unpacked model, one a row, and
// of a packed one, several a row.
#pragma once

#include "compiler/interpret/Interpreter.h"
#include "models/Models.h"

#include <cstdint>
#include <vector>

namespace bertc {

/// One sequence with what any task wants to know of it; positions count from
/// its first token.
struct SampleSequence {
  std::vector<int> ids, segments;
  std::vector<int> maskedPositions, maskedIds;
  int nextLabel = 0, label = 0, start = 0, end = 0;
};

/// Sequences by pack: `lengths` gives the tokens of each; ids are below
/// `vocabulary`.
using SamplePacks = std::vector<std::vector<SampleSequence>>;
SamplePacks randomPacks(const std::vector<std::vector<int>> &lengths,
                        int vocabulary, uint64_t seed);

/// The sequences one a row, in order.
SamplePacks unpacked(const SamplePacks &packs);

/// Inputs of all entries of the task but rng, for a model whose batch size is
/// the number of packs. `options.packed` decides the layout.
interpret::TensorMap batchOf(const SamplePacks &packs,
                             const ModelOptions &options);

} // namespace bertc
