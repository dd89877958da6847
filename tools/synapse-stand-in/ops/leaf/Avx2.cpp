// SPDX-License-Identifier: Apache-2.0
//
// The innermost loops for x86-64-v3 (AVX2, FMA); compiled with its flags.
#include "tools/synapse-stand-in/ops/leaf/Leaf.h"

namespace bertc::standin::avx2 {
namespace {
constexpr int VectorBytes = 32;
constexpr int TileRows = 6;
} // namespace
#include "tools/synapse-stand-in/ops/leaf/Loops.inc"
const Leaf table = makeTable("avx2");
} // namespace bertc::standin::avx2
