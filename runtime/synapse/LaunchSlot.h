// SPDX-License-Identifier: Apache-2.0
//
// What belongs to one run on its way through the device: its inputs and derived
// values on both sides, and its progress. There are two, so that the inputs of
// a run can be written and uploaded while the one before it computes.
#pragma once

#include "runtime/core/PlanFile.h"
#include "runtime/synapse/Derived.h"
#include "runtime/synapse/InputRows.h"
#include "runtime/synapse/Resources.h"

#include <vector>

namespace bertc::rt::syn {

/// Where the inputs of an entry are inside a slot, and what the device reads.
struct InputLayout {
  /// Byte offset of each input, by position; derived values lie before them,
  /// one every kStride bytes.
  std::vector<uint64_t> offsets;
  uint64_t bytes = 0;

  /// Inputs that the graphs read: from the slot into the arena.
  struct Copy {
    uint64_t slot, arena, bytes;
  };
  std::vector<Copy> copies;
  /// Inputs that are numbers of rows.
  std::vector<InputRows> rows;
  /// Positions of the inputs that the host reads; -1 when there is none.
  int rng = -1, updateStep = -1;

  static constexpr uint64_t kStride = 128;
  static InputLayout of(const plan::Entry &entry, const EntryInfo &info);
};

struct LaunchSlot {
  HostBuffer host;
  DeviceBuffer device;
  Event uploaded;
  /// Of the compute stream, with times: before and after the graphs.
  Event begun, done;
  bool inFlight = false;
  /// Of the graphs in flight.
  uint64_t launches = 0, flops = 0, bytes = 0;

  static StatusOr<LaunchSlot> make(const DevicePtr &device, uint64_t bytes);

  std::byte *input(const InputLayout &layout, size_t position) const {
    return host.data() + layout.offsets[position];
  }
  /// What the host reads of the inputs that are in it.
  StepInputs stepInputs(const InputLayout &layout) const;
  /// InvalidArgument when a table has not the row that an input asks for.
  Status checkRows(const InputLayout &layout, const EntryInfo &info) const;
  /// Writes the derived values of the entry.
  Status derive(const plan::Entry &entry, const InputLayout &layout) const;
  uint64_t derivedAddress(uint32_t index) const {
    return device.address() + index * InputLayout::kStride;
  }
};

} // namespace bertc::rt::syn
