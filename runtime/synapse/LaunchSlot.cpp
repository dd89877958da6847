// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/LaunchSlot.h"

#include <cstring>

namespace bertc::rt::syn {
namespace {

uint64_t alignUp(uint64_t bytes) {
  return (bytes + InputLayout::kStride - 1) / InputLayout::kStride *
         InputLayout::kStride;
}

// True when some graph has a tensor on these very bytes of the arena.
bool graphsRead(
    const flatbuffers::Vector<flatbuffers::Offset<plan::Graph>> *graphs,
    uint64_t offset) {
  for (uint32_t i = 0; graphs != nullptr && i < graphs->size(); ++i) {
    for (const plan::GraphTensor *tensor : *graphs->Get(i)->tensors()) {
      if (tensor->storage() == plan::GraphStorage::Arena &&
          tensor->offset() == offset) {
        return true;
      }
    }
  }
  return false;
}

} // namespace

InputLayout InputLayout::of(const plan::Entry &entry, const EntryInfo &info) {
  InputLayout layout;
  const auto *derived = entry.derived();
  layout.bytes = (derived == nullptr ? 0 : derived->size()) * kStride;
  for (size_t i = 0; i < info.inputs.size(); ++i) {
    const TensorInfo &input = info.inputs[i];
    const plan::Binding &binding =
        *entry.inputs()->Get(static_cast<uint32_t>(i));
    uint64_t arena = entry.tensors()->Get(binding.tensor())->offset();
    auto bytes = static_cast<uint64_t>(numElements(input.shape)) *
                 dtypeBytes(input.dtype);
    bool isI32 = input.dtype == DType::I32;
    if (input.name == "rng" && isI32 && input.shape == Shape{4}) {
      layout.rng = static_cast<int>(i);
    } else {
      if (input.name == "update_step" && isI32 && input.shape.empty()) {
        layout.updateStep = static_cast<int>(i);
      }
      if (graphsRead(entry.graphs(), arena) ||
          graphsRead(entry.deterministic_graphs(), arena)) {
        layout.copies.push_back({layout.bytes, arena, bytes});
      }
    }
    layout.offsets.push_back(layout.bytes);
    layout.bytes += alignUp(bytes);
  }
  layout.rows = inputRows(entry, info);
  return layout;
}

StatusOr<LaunchSlot> LaunchSlot::make(const DevicePtr &device, uint64_t bytes) {
  LaunchSlot slot;
  BERTC_ASSIGN_OR_RETURN(slot.host, HostBuffer::make(device, bytes, "inputs"));
  BERTC_ASSIGN_OR_RETURN(slot.device,
                         DeviceBuffer::make(device, bytes, "inputs"));
  BERTC_ASSIGN_OR_RETURN(slot.uploaded, Event::make(device));
  BERTC_ASSIGN_OR_RETURN(slot.begun, Event::make(device, /*timed=*/true));
  BERTC_ASSIGN_OR_RETURN(slot.done, Event::make(device, /*timed=*/true));
  return slot;
}

StepInputs LaunchSlot::stepInputs(const InputLayout &layout) const {
  StepInputs inputs;
  if (layout.rng >= 0) {
    std::array<int32_t, 4> rng;
    std::memcpy(rng.data(), input(layout, static_cast<size_t>(layout.rng)),
                sizeof rng);
    inputs.rng = rng;
  }
  if (layout.updateStep >= 0) {
    int32_t step = 0;
    std::memcpy(&step, input(layout, static_cast<size_t>(layout.updateStep)),
                sizeof step);
    inputs.updateStep = step;
  }
  return inputs;
}

Status LaunchSlot::checkRows(const InputLayout &layout,
                             const EntryInfo &info) const {
  for (const InputRows &rows : layout.rows) {
    const TensorInfo &tensor = info.inputs[rows.input];
    auto count = static_cast<size_t>(numElements(tensor.shape));
    const auto *numbers =
        reinterpret_cast<const int32_t *>(input(layout, rows.input));
    BERTC_RETURN_IF_ERROR(
        syn::checkRows(numbers, count, rows.rows, tensor.name));
  }
  return Status();
}

Status LaunchSlot::derive(const plan::Entry &entry,
                          const InputLayout &layout) const {
  const auto *derived = entry.derived();
  StepInputs inputs = stepInputs(layout);
  for (uint32_t i = 0; derived != nullptr && i < derived->size(); ++i) {
    BERTC_ASSIGN_OR_RETURN(uint32_t bits,
                           derivedBits(*derived->Get(i), inputs));
    std::memcpy(host.data() + i * InputLayout::kStride, &bits, sizeof bits);
  }
  return Status();
}

} // namespace bertc::rt::syn
