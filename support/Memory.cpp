// SPDX-License-Identifier: Apache-2.0
#include "support/Memory.h"

#include <sys/resource.h>

namespace bertc {

uint64_t peakResidentBytes() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

} // namespace bertc
