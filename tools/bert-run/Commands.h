// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of bert-run. Each declares its flags on the program and
// returns what to do when it was chosen; that returns the exit code.
#pragma once

#include "support/Cli.h"

#include <functional>

namespace bertc {

/// Performs a chosen subcommand; returns the process's exit code.
using Command = std::function<int()>;

Command addPretrainCommand(CLI::App &app);
Command addExecCommand(CLI::App &app);
Command addBenchCommand(CLI::App &app);
Command addConvertCommand(CLI::App &app);

} // namespace bertc
