// SPDX-License-Identifier: Apache-2.0
//
// synLaunch and synLaunchWithExternalEvents.
#include "tools/synapse-stand-in/Launch.h"

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// Renews the marks of the events that wait for tensors of this launch.
Outcome takeEvents(Library &library, synEventHandle *events, uint32_t count,
                   Launch *launch) {
  if (count && !events) {
    return nullArgument("the list of events");
  }
  for (uint32_t i = 0; i < count; i++) {
    auto event = library.events.find(events[i]);
    if (!event) {
      return refuse(synInvalidEventHandle, "an event is not alive");
    }
    if (event->tensor < 0 || event->recipe != launch->recipe.get()) {
      return refuse(synInvalidArgument,
                    "an event is mapped to no tensor of the recipe");
    }
    event->mark = std::make_shared<Mark>();
    launch->marks.emplace_back(uint32_t(event->tensor), event->mark);
  }
  return fine();
}

/// Puts a launch that is in order onto its stream.
void enqueue(Library &library, Stream &stream, std::shared_ptr<Launch> launch) {
  uint64_t number = ++library.launches;
  bool resets = library.faults.resetAfterLaunch == number;
  std::shared_ptr<StreamControl> control = library.device->control;
  stream.enqueue([launch, resets, control] {
    Outcome outcome = runLaunch(*launch);
    if (resets) {
      control->reset = true;
    }
    return outcome;
  });
  // Whatever became of the launch, nobody waits for it for ever.
  stream.enqueue(
      [launch, &stream] {
        for (auto &[tensor, mark] : launch->marks) {
          if (!mark->closed()) {
            mark->close(stream.failure());
          }
        }
        return fine();
      },
      true);
}

Outcome launchOn(Library &library, synStreamHandle streamHandle,
                 synRecipeHandle recipeHandle, const LaunchArguments &arguments,
                 synEventHandle *events, uint32_t numEvents) {
  auto stream = library.streams.find(streamHandle);
  auto recipe = library.recipes.find(recipeHandle);
  if (!stream) {
    return noSuch("stream");
  }
  if (!recipe) {
    return noSuch("recipe");
  }
  if (arguments.flags & ~SYN_FLAGS_TENSOR_NAME) {
    return refuse(synInvalidArgument,
                  "flags " + std::to_string(arguments.flags));
  }
  if (recipe->recipe->device != library.device->type) {
    return refuse(synDeviceTypeMismatch,
                  "the recipe is for another type of device");
  }
  auto launch = std::make_shared<Launch>();
  launch->recipe = recipe->recipe;
  launch->memory = library.device->memory;
  launch->poison = library.faults.poison;
  Outcome outcome = placeLaunch(arguments, launch.get());
  if (outcome.ok()) {
    outcome = takeEvents(library, events, numEvents, launch.get());
  }
  if (outcome.ok()) {
    enqueue(library, *stream->stream, std::move(launch));
  }
  return outcome;
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synLaunch(synStreamHandle stream,
                               const synLaunchTensorInfo *infos, uint32_t count,
                               uint64_t workspace, synRecipeHandle recipe,
                               uint32_t flags) {
  return call("synLaunch", Need::LiveDevice, [&](Library &library) {
    return launchOn(library, stream, recipe, {infos, count, workspace, flags},
                    nullptr, 0);
  });
}

extern "C" synStatus synLaunchWithExternalEvents(
    synStreamHandle stream, const synLaunchTensorInfo *infos, uint32_t count,
    uint64_t workspace, synRecipeHandle recipe, synEventHandle *events,
    uint32_t numEvents, uint32_t flags) {
  return call(
      "synLaunchWithExternalEvents", Need::LiveDevice, [&](Library &library) {
        return launchOn(library, stream, recipe,
                        {infos, count, workspace, flags}, events, numEvents);
      });
}

} // namespace bertc::rt::syn
