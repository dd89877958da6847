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

/// Of a matmul whose operands are bf16 and go through scratch memory as f32:
/// all of b, a panel of the others. 0 for other steps.
uint64_t widenedBytes(const plan::Entry &entry, const plan::Step &step) {
  if (step.params_type() != plan::Params::MatmulParams) {
    return 0;
  }
  auto tensor = [&](uint32_t i) {
    return entry.tensors()->Get(step.inputs()->Get(i));
  };
  const auto *a = tensor(0)->shape(), *b = tensor(1)->shape();
  if (tensor(0)->dtype() != plan::DType::BF16 || b->size() < 2) {
    return 0;
  }
  uint64_t k = static_cast<uint64_t>(b->Get(b->size() - 2));
  uint64_t n = static_cast<uint64_t>(b->Get(b->size() - 1));
  uint64_t rows = 1;
  for (uint32_t i = 0; i + 1 < a->size(); ++i) {
    rows *= static_cast<uint64_t>(a->Get(i));
  }
  return 4 * (k * n + std::min(rows, kPanelRows) * (k + n));
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
