// SPDX-License-Identifier: Apache-2.0
//
// What users say about the device of a plan: the same for every command that
// runs one. Plans for the CPU pay no heed to it.
#pragma once

#include "bertc/runtime.h"

#include <cstdio>
#include <string>

namespace bertc {

struct DeviceOptions {
  /// See rt::SessionOptions.
  std::string synapseLibrary;
  std::string recipeCache;
  int deviceIndex = -1;

  /// Options of a session with `threads` compute threads, which says on stderr
  /// what it compiles unless `quiet`.
  rt::SessionOptions session(int threads, bool quiet) const {
    rt::SessionOptions options;
    if (!quiet) {
      options.say = [](const std::string &line) {
        std::fprintf(stderr, "%s\n", line.c_str());
      };
    }
    options.threads = threads;
    options.synapseLibrary = synapseLibrary;
    options.recipeCache = recipeCache;
    options.deviceIndex = deviceIndex;
    return options;
  }
};

} // namespace bertc
