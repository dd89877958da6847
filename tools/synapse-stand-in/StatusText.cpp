// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/StatusText.h"

#include <cstring>

namespace bertc::standin {

using namespace rt::syn;

namespace {
const char *const texts[] = {
    "success",
    "invalid argument",
    "command buffer is full",
    "out of host memory",
    "out of device memory",
    "object is already initialized",
    "object is not initialized",
    "command submission failed",
    "no device found",
    "device type mismatch",
    "cannot initialize a command buffer",
    "cannot free a command buffer",
    "cannot map a command buffer",
    "cannot unmap a command buffer",
    "cannot allocate device memory",
    "cannot free device memory",
    "not enough devices found",
    "the device was reset",
    "unsupported",
    "the recipe file is bad or of another version",
    "the device is already acquired",
    "the name is already used",
    "busy",
    "all resources are taken",
    "unavailable",
    "invalid tensor dimensions",
    "failed",
    "out of resources",
    "the library is not initialized",
    "the library is already initialized",
    "addresses of a section's tensors disagree",
    "synapse was terminated",
    "an assertion failed on the device",
    "invalid event handle",
    "host memory is not mapped",
    "dynamic patching failed",
    "static patching failed",
    "the work could not be submitted",
    "sections are defined in an invalid way",
    "invalid tensor properties",
    "HCCL failed",
    "the time could not be collected",
    "timeout",
    "a resource was used in a wrong way",
    "null pointer",
    "the fuser failed",
    "a complex GUID failed",
    "TPC kernels failed",
};
constexpr size_t numTexts = sizeof(texts) / sizeof(texts[0]);
static_assert(numTexts == synFailTpcKernels + 1, "one text for each status");

constexpr size_t length(const char *text) {
  size_t n = 0;
  while (text[n]) {
    n++;
  }
  return n;
}
static_assert(length("the recipe file is bad or of another version") <
                  STATUS_DESCRIPTION_MAX_SIZE,
              "the longest text");
} // namespace

const char *statusText(synStatus status) {
  return status < numTexts ? texts[status] : "unknown status";
}

bool copyText(const std::string &text, char *to, uint64_t room) {
  if (text.size() + 1 > room) {
    return false;
  }
  std::memcpy(to, text.c_str(), text.size() + 1);
  return true;
}

} // namespace bertc::standin
