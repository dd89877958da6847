// SPDX-License-Identifier: Apache-2.0
//
// The innermost loops for x86-64-v4 (AVX-512); compiled with its flags.
#include "tools/synapse-stand-in/ops/leaf/Leaf.h"

namespace bertc::standin::avx512 {
namespace {
constexpr int VectorBytes = 64;
constexpr int TileRows = 12;
} // namespace
#include "tools/synapse-stand-in/ops/leaf/Loops.inc"
const Leaf table = makeTable("avx512");
} // namespace bertc::standin::avx512
