// SPDX-License-Identifier: Apache-2.0
//
// The C functions of streams and of the device's synchronisation.
#include "tools/synapse-stand-in/Library.h"

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

template <class Body>
synStatus onStream(const char *name, synStreamHandle handle, Body &&body) {
  return call(name, Need::LiveDevice, [&](Library &library) {
    auto stream = library.streams.find(handle);
    return stream ? body(library, *stream->stream) : noSuch("stream");
  });
}

/// A stream's object, kept alive while a caller waits without the lock.
std::shared_ptr<SynStreamObject> streamOf(Library &library,
                                          synStreamHandle handle) {
  std::lock_guard<std::mutex> lock(library.mutex);
  return library.streams.find(handle);
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synStreamCreateGeneric(synStreamHandle *stream,
                                            synDeviceId id, uint32_t flags) {
  return call("synStreamCreateGeneric", Need::LiveDevice,
              [&](Library &library) {
                if (!stream) {
                  return nullArgument("the stream");
                }
                auto device = library.find(id);
                if (!device) {
                  return noSuch("device");
                }
                if (flags) {
                  return refuse(synInvalidArgument, "flags must be 0");
                }
                auto made = std::make_shared<SynStreamObject>();
                made->stream = std::make_unique<Stream>(device->control);
                *stream = library.streams.add(std::move(made));
                return fine();
              });
}

extern "C" synStatus synStreamDestroy(synStreamHandle stream) {
  return callUnlocked("synStreamDestroy", Need::Release, [&](Library &library) {
    std::shared_ptr<SynStreamObject> object;
    {
      std::lock_guard<std::mutex> lock(library.mutex);
      object = library.streams.take(stream);
    }
    // Its work ends here, outside the lock.
    return object ? fine() : noSuch("stream");
  });
}

extern "C" synStatus synStreamWaitEvent(synStreamHandle stream,
                                        synEventHandle event, uint32_t flags) {
  return onStream(
      "synStreamWaitEvent", stream, [&](Library &library, Stream &object) {
        auto found = library.events.find(event);
        if (!found) {
          return refuse(synInvalidEventHandle, "the event is not alive");
        }
        if (flags) {
          return refuse(synInvalidArgument, "flags must be 0");
        }
        // An event that nobody recorded holds nobody up.
        if (found->mark) {
          object.waitFor(found->mark);
        }
        return fine();
      });
}

extern "C" synStatus synStreamSynchronize(synStreamHandle stream) {
  return callUnlocked(
      "synStreamSynchronize", Need::LiveDevice, [&](Library &library) {
        auto object = streamOf(library, stream);
        return object ? object->stream->synchronize() : noSuch("stream");
      });
}

extern "C" synStatus synStreamQuery(synStreamHandle stream) {
  return onStream("synStreamQuery", stream, [&](Library &, Stream &object) {
    return object.busy() ? refuse(synBusy, "work is left") : object.failure();
  });
}

extern "C" synStatus synDeviceSynchronize(synDeviceId id) {
  return callUnlocked(
      "synDeviceSynchronize", Need::LiveDevice, [&](Library &library) {
        std::vector<std::shared_ptr<SynStreamObject>> streams;
        {
          std::lock_guard<std::mutex> lock(library.mutex);
          if (!library.find(id)) {
            return noSuch("device");
          }
          streams = library.streams.all();
        }
        Outcome outcome;
        for (auto &stream : streams) {
          if (Outcome one = stream->stream->synchronize(); outcome.ok()) {
            outcome = one;
          }
        }
        return outcome;
      });
}

} // namespace bertc::rt::syn
