// SPDX-License-Identifier: Apache-2.0
#include "compiler/inspect/PlanMemory.h"

#include "compiler/inspect/PlanPrecision.h"
#include "compiler/inspect/PlanStatistics.h"
#include "runtime/core/CpuFeatures.h"
#include "runtime/core/FloatProducts.h"
#include "runtime/core/PackedCopies.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

namespace bertc {

namespace {

/// Rows of a that are widened at a time; runtime/onednn/MatmulStep.cpp.
constexpr uint64_t kPanelRows = 512;

/// What becomes of weights on this CPU.
struct PackedHere {
  /// Bytes of those that products read in packed form.
  uint64_t kept = 0;
  /// Scratch memory for those that are kept the other way round.
  uint64_t remade = 0;
};

PackedHere packedHere(const plan::Plan &plan, bool bf16, bool tiles) {
  PackedHere here;
  std::set<uint32_t> variables;
  for (const plan::PackedWeight *w : *plan.packed_weights()) {
    uint64_t bytes = w->max_bytes();
    if (w->dtype() != plan::DType::BF16) {
      here.kept += rt::ownFloatProduct(w->m(), w->n(), w->k()) ? 0 : bytes;
      continue;
    }
    if (!bf16) {
      continue;
    }
    bool again = !variables.insert(w->variable()).second;
    if (again && (tiles || bytes <= rt::kRemadeBytes)) {
      uint64_t most = tiles ? rt::kTurnedBytes : rt::kRemadeBytes;
      here.remade = std::max(here.remade, std::min(bytes, most));
    } else {
      here.kept += bytes;
    }
  }
  return here;
}

/// Of a product of bf16 whose operands go through scratch memory as f32: all of
/// b, a panel of the others. 0 for other types.
uint64_t widenedBytes(const plan::Tensor &a, const plan::Tensor &b) {
  const auto *left = a.shape(), *right = b.shape();
  if (a.dtype() != plan::DType::BF16 || right->size() < 2) {
    return 0;
  }
  uint64_t k = static_cast<uint64_t>(right->Get(right->size() - 2));
  uint64_t n = static_cast<uint64_t>(right->Get(right->size() - 1));
  uint64_t rows = 1;
  for (uint32_t i = 0; i + 1 < left->size(); ++i) {
    rows *= static_cast<uint64_t>(left->Get(i));
  }
  return 4 * (k * n + std::min(rows, kPanelRows) * (k + n));
}

/// The most that one product of a step needs; 0 for steps that are no product.
uint64_t widenedBytes(const plan::Entry &entry, const plan::Step &step) {
  const auto &inputs = *step.inputs();
  bool group = step.params_type() == plan::Params::MatmulGroupParams;
  bool matmul = step.params_type() == plan::Params::MatmulParams;
  uint32_t factors = group ? step.outputs()->size() : matmul ? 1 : 0;
  uint64_t most = 0;
  for (uint32_t i = 1; i <= factors && i < inputs.size(); ++i) {
    if (inputs.Get(0) != rt::kNoOperand && inputs.Get(i) != rt::kNoOperand) {
      most = std::max(most, widenedBytes(*entry.tensors()->Get(inputs.Get(0)),
                                         *entry.tensors()->Get(inputs.Get(i))));
    }
  }
  return most;
}

} // namespace

uint64_t expectedBytesHere(const plan::Plan &plan) {
  bool tiles = rt::tileUnit() != rt::TileUnit::None;
  bool bf16 = tiles || std::strcmp(bf16Products(), "bf16") == 0;
  PackedHere packed = packedHere(plan, bf16, tiles);
  uint64_t arena = 0, scratch = packed.remade;
  for (const plan::Entry *entry : *plan.entries()) {
    if (entry->name()->str() == "gradients") {
      continue;
    }
    arena = std::max(arena, entry->arena_bytes());
    for (const plan::Step *step : *entry->steps()) {
      scratch = std::max(scratch, bf16 ? 0 : widenedBytes(*entry, *step));
    }
  }
  return plan.peak_bytes() - packedBytes(plan) - plan.arena_bytes() + arena +
         packed.kept + scratch;
}

} // namespace bertc
