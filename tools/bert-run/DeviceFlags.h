// SPDX-License-Identifier: Apache-2.0
//
// The flags of plans for Gaudi, which every command that runs a plan has.
#pragma once

#include "run/DeviceOptions.h"
#include "support/Cli.h"

namespace bertc {

/// Adds --synapse-library and --recipe-cache-dir.
void addDeviceFlags(CLI::App &command, DeviceOptions &options);

} // namespace bertc
