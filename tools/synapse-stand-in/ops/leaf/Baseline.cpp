// SPDX-License-Identifier: Apache-2.0
//
// The innermost loops for any x86-64; compiled with its flags.
#include "tools/synapse-stand-in/ops/leaf/Leaf.h"

namespace bertc::standin::baseline {
namespace {
constexpr int VectorBytes = 16;
constexpr int TileRows = 4;
} // namespace
#include "tools/synapse-stand-in/ops/leaf/Loops.inc"
const Leaf table = makeTable("baseline");
} // namespace bertc::standin::baseline
