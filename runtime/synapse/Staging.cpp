// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Staging.h"

#include "runtime/core/ParallelMemory.h"

#include <algorithm>

namespace bertc::rt::syn {
namespace {

constexpr uint64_t kAlignment = 128;

uint64_t alignUp(uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Pieces cut and grouped so that each group fits into one slot.
std::vector<std::vector<CopyPiece>>
groups(const std::vector<CopyPiece> &pieces) {
  std::vector<std::vector<CopyPiece>> result;
  uint64_t left = 0;
  for (CopyPiece rest : pieces) {
    while (rest.bytes > 0) {
      if (left == 0) {
        result.emplace_back();
        left = Staging::kBytes;
      }
      CopyPiece part = rest;
      part.bytes = std::min(rest.bytes, left);
      result.back().push_back(part);
      left -= std::min(left, alignUp(part.bytes));
      rest.device += part.bytes;
      rest.host += part.bytes;
      rest.bytes -= part.bytes;
    }
  }
  return result;
}

} // namespace

StatusOr<Staging> Staging::make(const DevicePtr &device) {
  Staging staging;
  for (Slot &slot : staging.slots_) {
    BERTC_ASSIGN_OR_RETURN(slot.memory,
                           HostBuffer::make(device, kBytes, "copies"));
    BERTC_ASSIGN_OR_RETURN(slot.copied, Event::make(device));
  }
  return staging;
}

Status Staging::queue(const Stream &stream, const Slot &slot,
                      synDmaDir direction) {
  std::vector<uint64_t> device, host, bytes;
  auto at = reinterpret_cast<uint64_t>(slot.memory.data());
  for (const CopyPiece &piece : slot.pieces) {
    device.push_back(piece.device);
    host.push_back(at);
    bytes.push_back(piece.bytes);
    at += alignUp(piece.bytes);
  }
  bool up = direction == HOST_TO_DRAM;
  BERTC_SYN(stream.device()->library(), synMemCopyAsyncMultiple, stream.get(),
            (up ? host : device).data(), bytes.data(),
            (up ? device : host).data(), direction, bytes.size());
  return stream.record(slot.copied);
}

Status Staging::copyIn(const Stream &stream, Slot &slot) {
  std::byte *at = slot.memory.data();
  for (const CopyPiece &piece : slot.pieces) {
    parallelCopy(at, piece.host, piece.bytes);
    at += alignUp(piece.bytes);
  }
  return queue(stream, slot, HOST_TO_DRAM);
}

Status Staging::copyOut(Slot &slot) {
  if (slot.pieces.empty()) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(slot.copied.wait());
  const std::byte *at = slot.memory.data();
  for (const CopyPiece &piece : slot.pieces) {
    parallelCopy(piece.host, at, piece.bytes);
    at += alignUp(piece.bytes);
  }
  slot.pieces.clear();
  return Status();
}

Status Staging::upload(const Stream &stream,
                       const std::vector<CopyPiece> &pieces) {
  size_t turn = 0;
  for (std::vector<CopyPiece> &group : groups(pieces)) {
    Slot &slot = slots_[turn % 2];
    if (turn >= 2) {
      BERTC_RETURN_IF_ERROR(slot.copied.wait());
    }
    slot.pieces = std::move(group);
    BERTC_RETURN_IF_ERROR(copyIn(stream, slot));
    slot.pieces.clear();
    ++turn;
  }
  return turn == 0 ? Status() : stream.synchronize();
}

Status Staging::download(const Stream &stream,
                         const std::vector<CopyPiece> &pieces) {
  for (Slot &slot : slots_) {
    slot.pieces.clear();
  }
  size_t turn = 0;
  for (std::vector<CopyPiece> &group : groups(pieces)) {
    Slot &slot = slots_[turn % 2];
    BERTC_RETURN_IF_ERROR(copyOut(slot));
    slot.pieces = std::move(group);
    BERTC_RETURN_IF_ERROR(queue(stream, slot, DRAM_TO_HOST));
    ++turn;
  }
  BERTC_RETURN_IF_ERROR(copyOut(slots_[turn % 2]));
  return copyOut(slots_[(turn + 1) % 2]);
}

} // namespace bertc::rt::syn
