// SPDX-License-Identifier: Apache-2.0
//
// Copies between ordinary host memory and the device, by way of two pieces of
// memory the device reaches: while one is on its way, the other is filled or
// emptied.
#pragma once

#include "runtime/synapse/Resources.h"

#include <vector>

namespace bertc::rt::syn {

/// Bytes in one place of the host and one of the device.
struct CopyPiece {
  uint64_t device = 0;
  std::byte *host = nullptr;
  uint64_t bytes = 0;
};

class Staging {
public:
  /// Bytes of each of the two pieces.
  static constexpr uint64_t kBytes = uint64_t{8} << 20;

  static StatusOr<Staging> make(const DevicePtr &device);

  /// Both return when the bytes are where they belong.
  Status upload(const Stream &stream, const std::vector<CopyPiece> &pieces);
  Status download(const Stream &stream, const std::vector<CopyPiece> &pieces);

private:
  struct Slot {
    HostBuffer memory;
    Event copied;
    std::vector<CopyPiece> pieces;
  };
  Status copyIn(const Stream &stream, Slot &slot);
  Status copyOut(Slot &slot);
  Status queue(const Stream &stream, const Slot &slot, synDmaDir direction);

  Slot slots_[2];
};

} // namespace bertc::rt::syn
