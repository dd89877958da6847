// SPDX-License-Identifier: Apache-2.0
//
// A launch between its call, where addresses are judged, and its turn on the
// stream, where the nodes run.
#pragma once

#include "tools/synapse-stand-in/Library.h"

#include <memory>
#include <vector>

namespace bertc::standin {

/// A recipe and the addresses to run it with.
struct Launch {
  std::shared_ptr<const Recipe> recipe;
  std::shared_ptr<DeviceMemory> memory;
  /// Where each section begins.
  std::vector<uint64_t> sections;
  uint64_t workspace = 0;
  bool poison = false;
  /// Marks to close when the node that makes a tensor has run.
  std::vector<std::pair<uint32_t, std::shared_ptr<Mark>>> marks;
};

/// What a launch is given by its caller.
struct LaunchArguments {
  const rt::syn::synLaunchTensorInfo *infos;
  uint32_t count;
  uint64_t workspace;
  uint32_t flags;
};

/// Finds the address of every section and refuses what the rules of a launch
/// forbid. Fills launch->sections and launch->workspace.
Outcome placeLaunch(const LaunchArguments &arguments, Launch *launch);

/// Runs the nodes in their order.
Outcome runLaunch(const Launch &launch);

} // namespace bertc::standin
