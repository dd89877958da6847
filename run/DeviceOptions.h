// SPDX-License-Identifier: Apache-2.0
//
// What users say about the device of a plan: the same for every command that
// runs one. Plans for the CPU pay no heed to it.
#pragma once

#include "bertc/runtime.h"

#include <string>

namespace bertc {

struct DeviceOptions {
  /// See rt::SessionOptions.
  std::string synapseLibrary;
  std::string recipeCache;

  /// Options of a session with `threads` compute threads.
  rt::SessionOptions session(int threads) const {
    rt::SessionOptions options;
    options.threads = threads;
    options.synapseLibrary = synapseLibrary;
    options.recipeCache = recipeCache;
    return options;
  }
};

} // namespace bertc
