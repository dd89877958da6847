// SPDX-License-Identifier: Apache-2.0
//
// Dropout over a dense tensor. The mask is the function of (seed, step, op,
// element) defined in runtime/kernels/philox/Philox.h; nothing is stored, the
// gradient calls the same kernel on dy.
#pragma once

#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/philox/Philox.h"

namespace bertc::rt::kernels {

/// What all Philox blocks of a key have in common, in the order in which the
/// kernels spread it over vectors: the keys of the rounds, and of the first
/// two, where only half of the counter differs between blocks, the other half.
struct PhiloxSchedule {
  uint64_t keys0[philox::kRounds] = {}, keys1[philox::kRounds] = {};
  /// Multiplier 1 times the third word of the counter.
  uint64_t firstProduct1 = 0;
  /// Fourth word of the counter under the first key.
  uint64_t first2 = 0;
  /// Lower half of firstProduct1 under the second key.
  uint64_t second0 = 0;
};

/// The dropout of one call, resolved from the step's rate and op id and the
/// run's rng input. `active` is false for rate 0 and deterministic runs.
struct DropoutState {
  bool active = false;
  philox::DropoutKey key;
  philox::DropoutScale scale;
  PhiloxSchedule schedule;
};

/// rng is i32[4] = {seed_lo, seed_hi, step, flags}; null means no dropout.
DropoutState dropoutState(float rate, uint32_t opId, const int32_t *rng);

/// Entry r of a list of row numbers; none is negative, whatever a plan says.
inline int64_t dropoutRow(const int32_t *rows, int64_t r) {
  return static_cast<int64_t>(static_cast<uint32_t>(rows[r]));
}

/// y[i] = keep(i) ? x[i] * factor : 0 for i in [0, elements); f32 or bf16, of
/// one type or mixed; y may be x.
void dropout(const DropoutState &state, Buffer y, Buffer x, int64_t elements);

/// The same of R rows of H columns, where elements of row r are kept as those
/// of row rows[r].
void dropoutRows(const DropoutState &state, Buffer y, Buffer x,
                 const int32_t *rows, int64_t count, int64_t columns);

} // namespace bertc::rt::kernels
