// SPDX-License-Identifier: Apache-2.0
//
// Weights kept a second time in the layout their matmuls like best. A packed
// weight is laid out when the first matmul asks for it and filled again
// whenever its variable has changed since; plans whose entries ask for none
// pay nothing.
//
// A weight in bf16 is kept one way round only, that of the matmul that asks
// first: the product itself, not its data gradient. Whoever wants it the other
// way round makes that in scratch memory in every run, out of the copy (tiles)
// or of the variable (library): 1% of the time of those products for half of
// the memory.
#pragma once

#include "bertc/status.h"
#include "runtime/core/MemoryBlock.h"
#include "runtime/core/StepHandler.h"
#include "runtime/onednn/OneDnn.h"

#include <functional>
#include <vector>

namespace bertc::rt {

class PackedWeights {
public:
  /// How a matmul reads packed weight `index`.
  struct Layout {
    /// Read `plain` instead, a window on the f32 variable: our own kernels form
    /// the product, or the library likes that best, or its layout needs more
    /// than max_bytes, or the weight is bf16 where products are formed in f32
    /// (who reads it rounds).
    bool usePlain = true;
    TensorRef plain;
    /// Otherwise: place of the packed copy, and its layout: panels of our own
    /// tile kernels (kernels/amx/Panels.h), or what the library described.
    bool panels = false;
    /// Panels of the transpose.
    bool turned = false;
    dnnl::memory::desc desc;
    /// Null where who reads it makes the copy, out of `plain`.
    void *data = nullptr;
  };

  /// `variableData` yields where variable i currently is. Unless `enabled`,
  /// f32 weights are always plain.
  PackedWeights(const plan::Plan &plan,
                std::function<void *(uint32_t)> variableData,
                bool enabled = true);

  /// Decides the layout at the first call for `index`. Plain when the entry
  /// being prepared writes the variable: a copy would go stale between steps.
  StatusOr<Layout> require(uint32_t index);

  /// Variables that the entry being prepared writes.
  void beginEntry(std::vector<bool> writtenVariables);
  /// Packed copies that matmuls asked for since beginEntry().
  std::vector<uint32_t> endEntry();

  /// Whether `index` has ever been packed.
  bool inUse(uint32_t index) const { return slots_[index].version != 0; }

  /// Packs `index` again when `version` differs from the last packed one.
  Status refresh(uint32_t index, uint64_t version);

  /// Bytes that packed copies take.
  uint64_t bytes() const { return used_; }

private:
  struct Slot {
    bool decided = false;
    bool usePlain = true;
    bool panels = false;
    /// Who keeps the copy: itself, or who has it the other way round.
    uint32_t keeper = 0;
    dnnl::memory::desc desc;
    void *data = nullptr;
    uint64_t version = 0;
  };

  Status decide(uint32_t index, Slot *slot);
  Status decidePanels(uint32_t index, Slot *slot);
  Status decideLibrary(uint32_t index, Slot *slot);
  /// The slot that keeps the same variable the other way round, in panels of
  /// ours or in the library's layout, else `index`.
  uint32_t keeperOf(uint32_t index, bool panels) const;
  void refreshPanels(uint32_t index, uint64_t version);
  StatusOr<void *> allocate(size_t bytes);
  TensorRef plainWindow(uint32_t index) const;
  dnnl::memory::desc plainDesc(uint32_t index) const;

  const plan::Plan &plan_;
  std::function<void *(uint32_t)> variableData_;
  bool enabled_;
  std::vector<Slot> slots_;
  /// All copies one behind the other, so that huge pages fill up.
  MemoryBlock block_;
  size_t used_ = 0;
  std::vector<bool> written_;
  std::vector<bool> asked_;
};

} // namespace bertc::rt
