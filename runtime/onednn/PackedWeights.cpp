// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/PackedWeights.h"

#include "runtime/core/CpuFeatures.h"
#include "runtime/core/FloatProducts.h"
#include "runtime/core/PackedCopies.h"
#include "runtime/kernels/amx/Panels.h"
#include "runtime/onednn/MatmulGeometry.h"

namespace bertc::rt {

PackedWeights::PackedWeights(const plan::Plan &plan,
                             std::function<void *(uint32_t)> variableData,
                             bool enabled)
    : plan_(plan), variableData_(std::move(variableData)), enabled_(enabled),
      slots_(plan.packed_weights()->size()),
      written_(plan.variables()->size(), false), asked_(slots_.size(), false) {}

void PackedWeights::beginEntry(std::vector<bool> writtenVariables) {
  written_ = std::move(writtenVariables);
  asked_.assign(slots_.size(), false);
}

std::vector<uint32_t> PackedWeights::endEntry() {
  std::vector<uint32_t> indices;
  for (uint32_t i = 0; i < asked_.size(); ++i) {
    if (asked_[i]) {
      indices.push_back(i);
    }
  }
  return indices;
}

TensorRef PackedWeights::plainWindow(uint32_t index) const {
  const plan::PackedWeight &w = *plan_.packed_weights()->Get(index);
  TensorRef t;
  t.present = true;
  t.storage = plan::Storage::Variable;
  t.index = w.variable();
  t.rank = 2;
  t.dims[0] = w.k();
  t.dims[1] = w.n();
  t.strides[0] = w.transposed() ? 1 : w.n();
  t.strides[1] = w.transposed() ? w.k() : 1;
  t.data = variableData_(w.variable());
  return t;
}

dnnl::memory::desc PackedWeights::plainDesc(uint32_t index) const {
  TensorRef t = plainWindow(index);
  return {{t.dims[0], t.dims[1]},
          dnnl::memory::data_type::f32,
          dnnl::memory::dims{t.strides[0], t.strides[1]}};
}

static size_t align64(size_t bytes) { return (bytes + 63) / 64 * 64; }

// No copy takes more than its max_bytes, so the block never runs out.
StatusOr<void *> PackedWeights::allocate(size_t bytes) {
  if (block_.size() == 0) {
    size_t total = 0;
    for (const plan::PackedWeight *w : *plan_.packed_weights()) {
      total += align64(w->max_bytes());
    }
    BERTC_ASSIGN_OR_RETURN(block_, MemoryBlock::map(total, "packed weights"));
  }
  void *data = block_.data() + used_;
  used_ += align64(bytes);
  return data;
}

static uint64_t panelBytes(const plan::PackedWeight &w) {
  return 2 * static_cast<uint64_t>(kernels::amx::panelHalves(w.k(), w.n()));
}

uint32_t PackedWeights::keeperOf(uint32_t index, bool panels) const {
  const auto *all = plan_.packed_weights();
  const plan::PackedWeight &w = *all->Get(index);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const plan::PackedWeight &other = *all->Get(i);
    if (slots_[i].data != nullptr && slots_[i].panels == panels &&
        other.variable() == w.variable() && other.dtype() == w.dtype() &&
        other.transposed() != w.transposed()) {
      return i;
    }
  }
  return index;
}

Status PackedWeights::decidePanels(uint32_t index, Slot *slot) {
  const plan::PackedWeight &w = *plan_.packed_weights()->Get(index);
  slot->keeper = keeperOf(index, /*panels=*/true);
  if (slot->keeper == index) {
    BERTC_ASSIGN_OR_RETURN(slot->data, allocate(panelBytes(w)));
  }
  slot->usePlain = false;
  slot->panels = true;
  slot->decided = true;
  return Status();
}

Status PackedWeights::decide(uint32_t index, Slot *slot) {
  const plan::PackedWeight &w = *plan_.packed_weights()->Get(index);
  if (w.dtype() == plan::DType::BF16 && tileUnit() != TileUnit::None &&
      panelBytes(w) <= w.max_bytes()) {
    return decidePanels(index, slot);
  }
  if (w.dtype() == plan::DType::BF16 && !multipliesBf16()) {
    slot->decided = true; // read from the variable, and rounded on the way
    return Status();
  }
  if (w.dtype() == plan::DType::F32 && ownFloatProduct(w.m(), w.n(), w.k())) {
    slot->decided = true; // our kernels read it as it is
    return Status();
  }
  return decideLibrary(index, slot);
}

Status PackedWeights::decideLibrary(uint32_t index, Slot *slot) {
  using dnnl::memory;
  const plan::PackedWeight &w = *plan_.packed_weights()->Get(index);
  bool f32 = w.dtype() == plan::DType::F32;
  auto type = toDnnl(static_cast<DType>(w.dtype()));
  memory::desc a({w.m(), w.k()}, type, memory::format_tag::ab);
  memory::desc b({w.k(), w.n()}, type, memory::format_tag::any);
  memory::desc c({w.m(), w.n()}, type, memory::format_tag::ab);
  dnnl::matmul::primitive_desc best(cpuEngine(), a, b, c);
  memory::desc row({w.k(), w.n()}, type, memory::format_tag::ab);
  slot->desc = best.weights_desc();
  if (slot->desc.get_size() > w.max_bytes() ||
      isReference(best.impl_info_str())) {
    slot->desc = row;
  }
  bool asStored = slot->desc == plainDesc(index);
  bool fits = slot->desc.get_size() <= w.max_bytes();
  slot->usePlain = f32 && (asStored || !fits || slot->desc == row);
  if (!slot->usePlain && !fits) {
    return corrupt("packed weight " + std::to_string(index) + " has " +
                   std::to_string(w.max_bytes()) + " bytes set aside, needs " +
                   std::to_string(slot->desc.get_size()));
  }
  bool remade = !f32 && slot->desc.get_size() <= kRemadeBytes;
  slot->keeper = remade ? keeperOf(index, /*panels=*/false) : index;
  if (!slot->usePlain && slot->keeper == index) {
    BERTC_ASSIGN_OR_RETURN(slot->data, allocate(slot->desc.get_size()));
  }
  slot->decided = true;
  return Status();
}

StatusOr<PackedWeights::Layout> PackedWeights::require(uint32_t index) {
  const plan::PackedWeight &w = *plan_.packed_weights()->Get(index);
  Layout layout;
  layout.plain = plainWindow(index);
  if (!enabled_ && w.dtype() == plan::DType::F32) {
    return layout;
  }
  Slot &slot = slots_[index];
  if (!slot.decided) {
    BERTC_RETURN_IF_ERROR(
        callDnnl("packing weights", [&] { return decide(index, &slot); }));
  }
  layout.usePlain = slot.usePlain;
  if (written_[w.variable()]) {
    if (w.dtype() != plan::DType::F32) {
      return corrupt("an entry that writes variable '" +
                     plan_.variables()->Get(w.variable())->name()->str() +
                     "' also reads its packed copy");
    }
    layout.usePlain = true;
  }
  if (!layout.usePlain) {
    layout.panels = slot.panels;
    layout.turned = slot.panels && slot.keeper != index;
    layout.desc = slot.desc;
    layout.data = layout.turned ? slots_[slot.keeper].data : slot.data;
    if (layout.data != nullptr) {
      asked_[slot.keeper] = true;
    }
  }
  return layout;
}

void PackedWeights::refreshPanels(uint32_t index, uint64_t version) {
  const plan::PackedWeight &w = *plan_.packed_weights()->Get(index);
  auto *panels = static_cast<uint16_t *>(slots_[index].data);
  int64_t rows = w.transposed() ? w.n() : w.k();
  int64_t cols = w.transposed() ? w.k() : w.n();
  kernels::amx::packPanels(
      static_cast<const float *>(variableData_(w.variable())), rows, cols,
      w.transposed() ? nullptr : panels, w.transposed() ? panels : nullptr);
  slots_[index].version = version;
}

Status PackedWeights::refresh(uint32_t index, uint64_t version) {
  Slot &slot = slots_[index];
  if (slot.version == version) {
    return Status();
  }
  if (slot.panels) {
    refreshPanels(index, version);
    return Status();
  }
  Status status = callDnnl("packing weights", [&] {
    dnnl::memory from(plainDesc(index), cpuEngine(), plainWindow(index).data);
    dnnl::memory to(slot.desc, cpuEngine(), slot.data);
    dnnl::reorder(from, to).execute(cpuStream(), from, to);
    cpuStream().wait();
    return Status();
  });
  if (status.ok()) {
    slot.version = version;
  }
  return status;
}

} // namespace bertc::rt
