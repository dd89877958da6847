// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/Profiler.h"

#include <cstdio>
#include <cstring>
#include <iterator>

namespace bertc::standin {

using namespace rt::syn;

namespace {

const char *engineName(Engine engine) {
  switch (engine) {
  case Engine::Host:
    return "host";
  case Engine::Mme:
    return "MME";
  case Engine::Tpc:
    return "TPC";
  case Engine::Dma:
    return "DMA";
  }
  return "unknown";
}

constexpr Engine engines[] = {Engine::Host, Engine::Mme, Engine::Tpc,
                              Engine::Dma};

long double microseconds(uint64_t ns) { return (long double)(ns) / 1000; }

/// Quotes and backslashes are all that names can hold.
std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
    }
    result += c;
  }
  return result + "\"";
}

} // namespace

void Profiler::start(synTraceType type) {
  std::lock_guard<std::mutex> lock(mutex_);
  records_.clear();
  host_ = host_ || type != synTraceDevice;
  device_ = device_ || type != synTraceHost;
}

void Profiler::stop(synTraceType type) {
  std::lock_guard<std::mutex> lock(mutex_);
  host_ = host_ && type == synTraceDevice;
  device_ = device_ && type == synTraceHost;
}

void Profiler::clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  host_ = device_ = false;
  records_.clear();
}

void Profiler::hostCall(const std::string &name, uint64_t startNs,
                        uint64_t endNs) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (host_) {
    records_.push_back({name, Engine::Host, startNs, endNs});
  }
}

void Profiler::deviceWork(const std::string &name, Engine engine,
                          uint64_t startNs, uint64_t endNs) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (device_) {
    records_.push_back({name, engine, startNs, endNs});
  }
}

std::vector<TraceRecord> Profiler::select(synTraceType type) const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<TraceRecord> selected;
  for (const TraceRecord &record : records_) {
    bool host = record.engine == Engine::Host;
    if (type == synTraceAll || host == (type == synTraceHost)) {
      selected.push_back(record);
    }
  }
  return selected;
}

// Each engine has a metadata event in front, whose strings are constants of
// the library; the strings of the others lie behind all events.
void Profiler::measure(synTraceType type, size_t *bytes,
                       size_t *entries) const {
  std::vector<TraceRecord> records = select(type);
  *entries = records.size() + std::size(engines);
  *bytes = *entries * sizeof(synTraceEvent);
  for (const TraceRecord &record : records) {
    *bytes += record.name.size() + 1;
  }
}

bool Profiler::write(synTraceType type, void *buffer, size_t bytes,
                     size_t *entries) const {
  std::vector<TraceRecord> records = select(type);
  auto *event = static_cast<synTraceEvent *>(buffer);
  *entries = records.size() + std::size(engines);
  size_t need = *entries * sizeof(synTraceEvent);
  for (const TraceRecord &record : records) {
    need += record.name.size() + 1;
  }
  if (need > bytes) {
    return false;
  }
  std::memset(buffer, 0, *entries * sizeof(synTraceEvent));
  char *text = reinterpret_cast<char *>(event + *entries);
  for (Engine engine : engines) {
    event->name = "process_name";
    event->category = "metadata";
    event->type = 'M';
    event->engineType = uint32_t(engine);
    event->arguments.metadata.name = engineName(engine);
    event++;
  }
  for (const TraceRecord &record : records) {
    std::memcpy(text, record.name.c_str(), record.name.size() + 1);
    event->name = text;
    event->category = engineName(record.engine);
    event->type = 'X';
    event->timestamp = microseconds(record.startNs);
    event->duration = microseconds(record.endNs - record.startNs);
    event->engineType = uint32_t(record.engine);
    text += record.name.size() + 1;
    event++;
  }
  return true;
}

bool Profiler::writeFile(synTraceType type, const char *path) const {
  std::FILE *file = std::fopen(path, "w");
  if (!file) {
    return false;
  }
  std::fprintf(file, "{\"traceEvents\": [");
  const char *separator = "\n";
  for (Engine engine : engines) {
    std::fprintf(file,
                 "%s{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": %u, "
                 "\"args\": {\"name\": \"%s\"}}",
                 separator, unsigned(engine), engineName(engine));
    separator = ",\n";
  }
  for (const TraceRecord &record : select(type)) {
    std::fprintf(
        file,
        ",\n{\"name\": %s, \"ph\": \"X\", \"ts\": %.3f, \"dur\": %.3f, "
        "\"pid\": %u, \"tid\": 0}",
        quoted(record.name).c_str(), double(record.startNs) / 1000,
        double(record.endNs - record.startNs) / 1000, unsigned(record.engine));
  }
  std::fprintf(file, "\n]}\n");
  return std::fclose(file) == 0;
}

} // namespace bertc::standin
