// SPDX-License-Identifier: Apache-2.0
//
// The C functions of events.
#include "tools/synapse-stand-in/Library.h"

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

Outcome noEvent() {
  return refuse(synInvalidEventHandle, "the event is not alive");
}

/// The time of a closed mark of an event that collects times.
Outcome timeOf(const SynEventObject &event, uint64_t *time) {
  if (!(event.flags & EVENT_COLLECT_TIME)) {
    return refuse(synFailedToCollectTime, "the event collects no times");
  }
  if (!event.mark) {
    return refuse(synFailedToCollectTime, "the event was not recorded");
  }
  *time = event.mark->time();
  return *time ? fine() : refuse(synBusy, "the event is open");
}

Outcome mapEvent(Library &library, synEventHandle handle,
                 const synLaunchTensorInfo &info, const Recipe &recipe) {
  auto event = library.events.find(handle);
  if (!event) {
    return noEvent();
  }
  uint64_t index = info.tensorId & (~uint64_t(0) >> 8);
  if (info.tensorId == TENSOR_INVALID_ID && info.tensorName) {
    index = persistentIndex(recipe, info.tensorName);
  }
  if (index >= recipe.numPersistent || !recipe.tensors[index].external) {
    return refuse(synInvalidArgument,
                  "events are mapped to external tensors only");
  }
  event->tensor = int64_t(index);
  event->recipe = &recipe;
  return fine();
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synEventCreate(synEventHandle *event, synDeviceId id,
                                    uint32_t flags) {
  return call("synEventCreate", Need::LiveDevice, [&](Library &library) {
    if (!event) {
      return nullArgument("the event");
    }
    if (!library.find(id)) {
      return noSuch("device");
    }
    if (flags & ~EVENT_COLLECT_TIME) {
      return refuse(synInvalidArgument, "flags " + std::to_string(flags));
    }
    auto made = std::make_shared<SynEventObject>();
    made->flags = flags;
    *event = library.events.add(std::move(made));
    return fine();
  });
}

extern "C" synStatus synEventDestroy(synEventHandle event) {
  return call("synEventDestroy", Need::Release, [&](Library &library) {
    return library.events.take(event) ? fine() : noEvent();
  });
}

extern "C" synStatus synEventRecord(synEventHandle event,
                                    synStreamHandle stream) {
  return call("synEventRecord", Need::LiveDevice, [&](Library &library) {
    auto object = library.events.find(event);
    if (!object) {
      return noEvent();
    }
    auto on = library.streams.find(stream);
    if (!on) {
      return noSuch("stream");
    }
    object->mark = on->stream->mark();
    return fine();
  });
}

extern "C" synStatus synEventQuery(synEventHandle event) {
  return call("synEventQuery", Need::LiveDevice, [&](Library &library) {
    auto object = library.events.find(event);
    if (!object) {
      return noEvent();
    }
    if (object->mark && !object->mark->closed()) {
      return refuse(synBusy, "the event is open");
    }
    return object->mark ? object->mark->wait() : fine();
  });
}

extern "C" synStatus synEventSynchronize(synEventHandle event) {
  return callUnlocked("synEventSynchronize", Need::LiveDevice,
                      [&](Library &library) {
                        std::shared_ptr<SynEventObject> object;
                        std::shared_ptr<Mark> mark;
                        {
                          std::lock_guard<std::mutex> lock(library.mutex);
                          object = library.events.find(event);
                          if (!object) {
                            return noEvent();
                          }
                          mark = object->mark;
                        }
                        return mark ? mark->wait() : fine();
                      });
}

extern "C" synStatus synEventElapsedTime(uint64_t *nanoseconds,
                                         synEventHandle start,
                                         synEventHandle end) {
  return call("synEventElapsedTime", Need::LiveDevice, [&](Library &library) {
    if (!nanoseconds) {
      return nullArgument("the time");
    }
    auto first = library.events.find(start);
    auto second = library.events.find(end);
    if (!first || (end && !second)) {
      return noEvent();
    }
    uint64_t from = 0, to = nowNs();
    Outcome outcome = timeOf(*first, &from);
    if (outcome.ok() && second) {
      outcome = timeOf(*second, &to);
    }
    if (outcome.ok()) {
      *nanoseconds = to > from ? to - from : 0;
    }
    return outcome;
  });
}

extern "C" synStatus synEventMapTensor(synEventHandle *events, size_t count,
                                       const synLaunchTensorInfo *infos,
                                       synRecipeHandle recipe) {
  return call("synEventMapTensor", Need::LiveDevice, [&](Library &library) {
    auto object = library.recipes.find(recipe);
    if (!object) {
      return noSuch("recipe");
    }
    if (!events || !infos) {
      return nullArgument("the events or the tensors");
    }
    for (size_t i = 0; i < count; i++) {
      if (Outcome outcome =
              mapEvent(library, events[i], infos[i], *object->recipe);
          !outcome.ok()) {
        return outcome;
      }
    }
    return fine();
  });
}

} // namespace bertc::rt::syn
