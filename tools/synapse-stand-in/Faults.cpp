// SPDX-License-Identifier: Apache-2.0
//
// Parsing of the two environment variables that shape the simulated machine.
#include "tools/synapse-stand-in/Faults.h"

#include <csignal>
#include <cstdlib>
#include <sstream>

namespace bertc::standin {

using namespace rt::syn;

namespace {

std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) {
      parts.push_back(part);
    }
  }
  return parts;
}

bool readNumber(const std::string &text, int64_t *value) {
  char *end = nullptr;
  *value = std::strtoll(text.c_str(), &end, 0);
  return !text.empty() && *end == 0;
}

/// "NAME:N" or "NAME:N+" of one call fault.
bool readCall(const std::string &key, int64_t status, CallFault *fault) {
  size_t colon = key.find(':');
  if (colon == std::string::npos) {
    return false;
  }
  std::string number = key.substr(colon + 1);
  fault->onward = !number.empty() && number.back() == '+';
  if (fault->onward) {
    number.pop_back();
  }
  int64_t first = 0;
  if (!readNumber(number, &first) || first < 1) {
    return false;
  }
  fault->function = key.substr(0, colon);
  fault->first = uint64_t(first);
  fault->status = int32_t(status);
  return true;
}

bool readItem(const std::string &item, Faults *faults) {
  size_t equals = item.find('=');
  if (equals == std::string::npos) {
    return false;
  }
  std::string key = item.substr(0, equals), value = item.substr(equals + 1);
  if (key == "order" && value == "last") {
    faults->lastOrder = true;
    return true;
  }
  int64_t number = 0;
  if (value == "kill" || value == "stop") {
    CallFault fault;
    fault.signal = value == "kill" ? SIGKILL : SIGSTOP;
    faults->calls.push_back(fault);
    return readCall(key, 0, &faults->calls.back());
  }
  if (!readNumber(value, &number)) {
    return false;
  }
  if (key == "memory") {
    faults->memoryBytes = uint64_t(number);
  } else if (key == "reset_after_launch") {
    faults->resetAfterLaunch = uint64_t(number);
  } else if (key == "slow_stream_ms") {
    faults->slowStreamMs = uint64_t(number);
  } else if (key == "poison") {
    faults->poison = number != 0;
  } else {
    CallFault fault;
    if (!readCall(key, number, &fault)) {
      return false;
    }
    faults->calls.push_back(fault);
  }
  return true;
}

} // namespace

std::optional<int32_t> Faults::failureOf(const std::string &function,
                                         uint64_t number) const {
  for (const CallFault &fault : calls) {
    if (fault.function == function &&
        (fault.first == number || (fault.onward && number > fault.first))) {
      if (fault.signal == 0) {
        return fault.status;
      }
      raise(fault.signal);
    }
  }
  return std::nullopt;
}

Faults parseFaults(const std::string &text, std::string *problem) {
  Faults faults;
  for (const std::string &item : split(text, ';')) {
    if (!readItem(item, &faults)) {
      *problem = "SYNAPSE_STAND_IN_FAULT: \"" + item +
                 "\" is none of FUNCTION:N=STATUS, FUNCTION:N=kill, "
                 "FUNCTION:N=stop, memory=, reset_after_launch=, "
                 "slow_stream_ms=, poison=, order=last";
    }
  }
  return faults;
}

std::vector<ModuleGroup> parseDevices(const std::string &text,
                                      std::string *problem) {
  std::vector<ModuleGroup> groups;
  for (const std::string &item : split(text, ',')) {
    size_t colon = item.find(':');
    std::string name = item.substr(0, colon);
    int64_t count = 1;
    bool fine = colon == std::string::npos ||
                (readNumber(item.substr(colon + 1), &count) && count >= 0);
    fine = fine && (name == "gaudi" || name == "gaudi2");
    if (!fine) {
      *problem = "SYNAPSE_STAND_IN_DEVICES: \"" + item +
                 "\" is not gaudi:COUNT or gaudi2:COUNT";
      continue;
    }
    groups.push_back(
        {name == "gaudi" ? synDeviceGaudi : synDeviceGaudi2, uint32_t(count)});
  }
  return groups;
}

} // namespace bertc::standin
