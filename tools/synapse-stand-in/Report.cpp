// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/Report.h"
#include "tools/synapse-stand-in/Library.h"

#include <cstdio>
#include <cstdlib>

namespace bertc::standin {

std::map<std::string, uint64_t> liveObjects(const Library &library) {
  std::map<std::string, uint64_t> live{
      {"graph", library.graphs.size()},
      {"section", library.sections.size()},
      {"tensor", library.tensors.size()},
      {"recipe", library.recipes.size()},
      {"stream", library.streams.size()},
      {"event", library.events.size()},
      {"communicator", library.communicators.size()},
      {"device", library.device ? 1u : 0u},
      {"device_memory", 0},
      {"device_bytes", 0},
      {"host_memory", 0},
      {"host_mapping", 0}};
  if (const Device *device = library.device.get()) {
    live["device_memory"] = device->memory->allocations();
    live["device_bytes"] = device->memory->used();
    live["host_memory"] = device->host->blocks();
    live["host_mapping"] = device->host->mappings();
  }
  return live;
}

namespace {

std::string object(const std::map<std::string, uint64_t> &counts) {
  std::string text = "{";
  for (const auto &[name, count] : counts) {
    text += (text.size() > 1 ? ", \"" : "\"") + name +
            "\": " + std::to_string(count);
  }
  return text + "}";
}

std::string calls(const Library &library) {
  std::string text = "{";
  for (const auto &[name, count] : library.counts) {
    text += (text.size() > 1 ? ",\n    \"" : "\n    \"") + name +
            "\": {\"calls\": " + std::to_string(count.calls) +
            ", \"failed\": " + std::to_string(count.failed) + "}";
  }
  return text + "}";
}

} // namespace

void writeReport(const Library &library) {
  const char *path = std::getenv("SYNAPSE_STAND_IN_REPORT");
  if (!path || !*path) {
    return;
  }
  std::string text =
      "{\n  \"live\": " + object(liveObjects(library)) +
      ",\n  \"leaked\": " + object(library.leaked) +
      ",\n  \"peak_device_bytes\": " + std::to_string(library.peakBytes) +
      ",\n  \"launches\": " + std::to_string(library.launches) +
      ",\n  \"calls\": " + calls(library) + "\n}\n";
  std::string aside = std::string(path) + ".tmp";
  std::FILE *file = std::fopen(aside.c_str(), "w");
  if (!file) {
    return;
  }
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  written = std::fclose(file) == 0 && written;
  if (written) {
    std::rename(aside.c_str(), path);
  }
}

} // namespace bertc::standin
