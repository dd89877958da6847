// SPDX-License-Identifier: Apache-2.0
//
// Copies between host and device and the setting of device memory, on streams.
// Ranges are judged by the call, and again when their turn comes.
#include "tools/synapse-stand-in/Library.h"

#include <cstring>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

struct Copy {
  uint64_t source, bytes, target;
  synDmaDir direction;
};

Outcome notMapped(uint64_t address, uint64_t bytes) {
  return refuse(synMappingNotFound,
                std::to_string(bytes) + " bytes of the host at " +
                    std::to_string(address) +
                    " are neither of synHostMalloc nor mapped");
}

Outcome notAllocated(uint64_t bytes) {
  return refuse(synInvalidArgument,
                std::to_string(bytes) +
                    " bytes are not inside one allocation of the device");
}

/// Judges a copy and, with `perform`, makes it.
Outcome copy(const Copy &copy, DeviceMemory &memory, const HostMemory &host,
             bool perform) {
  bool fromHost = copy.direction == HOST_TO_DRAM;
  bool toHost = copy.direction == DRAM_TO_HOST;
  std::shared_ptr<void> source, target;
  if (!fromHost && !(source = memory.at(copy.source, copy.bytes))) {
    return notAllocated(copy.bytes);
  }
  if (!toHost && !(target = memory.at(copy.target, copy.bytes))) {
    return notAllocated(copy.bytes);
  }
  if (!fromHost && !toHost) {
    if (perform) {
      std::memmove(target.get(), source.get(), copy.bytes);
    }
    return fine();
  }
  auto *own = reinterpret_cast<void *>(fromHost ? copy.source : copy.target);
  bool mapped = host.with(own, copy.bytes, [&] {
    if (perform) {
      std::memcpy(toHost ? own : target.get(), toHost ? source.get() : own,
                  copy.bytes);
    }
  });
  return mapped ? fine()
                : notMapped(fromHost ? copy.source : copy.target, copy.bytes);
}

Outcome enqueueCopies(Library &library, synStreamHandle handle,
                      std::vector<Copy> copies) {
  auto stream = library.streams.find(handle);
  if (!stream) {
    return noSuch("stream");
  }
  auto memory = library.device->memory;
  auto host = library.device->host;
  for (const Copy &one : copies) {
    if (one.direction > DRAM_TO_DRAM) {
      return refuse(synInvalidArgument,
                    "direction " + std::to_string(unsigned(one.direction)));
    }
    if (Outcome outcome = copy(one, *memory, *host, false); !outcome.ok()) {
      return outcome;
    }
  }
  stream->stream->enqueue([copies = std::move(copies), memory, host] {
    uint64_t start = nowNs();
    for (const Copy &one : copies) {
      if (Outcome outcome = copy(one, *memory, *host, true); !outcome.ok()) {
        return outcome;
      }
    }
    Library::get().profiler.deviceWork("copy", Engine::Dma, start, nowNs());
    return fine();
  });
  return fine();
}

template <class Value>
synStatus fill(const char *name, uint64_t address, Value value, size_t count,
               synStreamHandle handle) {
  return call(name, Need::LiveDevice, [&](Library &library) {
    auto stream = library.streams.find(handle);
    if (!stream) {
      return noSuch("stream");
    }
    auto memory = library.device->memory;
    uint64_t bytes = count * sizeof(Value);
    if (count > ~uint64_t(0) / sizeof(Value) || !memory->at(address, bytes)) {
      return notAllocated(bytes);
    }
    stream->stream->enqueue([=] {
      auto view = memory->at(address, bytes);
      if (!view) {
        return notAllocated(bytes);
      }
      char *to = static_cast<char *>(view.get());
      for (size_t i = 0; i < count; i++) {
        std::memcpy(to + i * sizeof(Value), &value, sizeof(Value));
      }
      return fine();
    });
    return fine();
  });
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synMemCopyAsync(synStreamHandle stream, uint64_t source,
                                     uint64_t bytes, uint64_t target,
                                     synDmaDir direction) {
  return call("synMemCopyAsync", Need::LiveDevice, [&](Library &library) {
    return enqueueCopies(library, stream, {{source, bytes, target, direction}});
  });
}

extern "C" synStatus
synMemCopyAsyncMultiple(synStreamHandle stream, const uint64_t *sources,
                        const uint64_t *bytes, const uint64_t *targets,
                        synDmaDir direction, uint64_t count) {
  return call(
      "synMemCopyAsyncMultiple", Need::LiveDevice, [&](Library &library) {
        if (!sources || !bytes || !targets) {
          return nullArgument("a list of ranges");
        }
        std::vector<Copy> copies;
        for (uint64_t i = 0; i < count; i++) {
          copies.push_back({sources[i], bytes[i], targets[i], direction});
        }
        return enqueueCopies(library, stream, std::move(copies));
      });
}

extern "C" synStatus synMemsetD8Async(uint64_t address, unsigned char value,
                                      size_t count, synStreamHandle stream) {
  return fill("synMemsetD8Async", address, value, count, stream);
}

extern "C" synStatus synMemsetD16Async(uint64_t address, uint16_t value,
                                       size_t count, synStreamHandle stream) {
  return fill("synMemsetD16Async", address, value, count, stream);
}

extern "C" synStatus synMemsetD32Async(uint64_t address, uint32_t value,
                                       size_t count, synStreamHandle stream) {
  return fill("synMemsetD32Async", address, value, count, stream);
}

} // namespace bertc::rt::syn
