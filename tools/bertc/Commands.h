// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of bertc. Each declares its flags on the program and returns
// what to do when it was chosen; that returns the exit code.
#pragma once

#include "support/Cli.h"

#include <functional>

namespace bertc {

/// Performs a chosen subcommand; returns the process's exit code.
using Command = std::function<int()>;

Command addCompileCommand(CLI::App &app);
Command addInspectCommand(CLI::App &app);

} // namespace bertc
