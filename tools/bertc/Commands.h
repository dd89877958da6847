// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of bertc. Each declares its flags on the program and returns
// what to do when it was chosen; that returns the exit code.
#pragma once

#include "support/Subcommands.h"

namespace bertc {

Command addCompileCommand(CLI::App &app);
Command addInspectCommand(CLI::App &app);

} // namespace bertc
