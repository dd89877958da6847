// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of bert-run. Each declares its flags on the program and
// returns what to do when it was chosen; that returns the exit code.
#pragma once

#include "support/Subcommands.h"

namespace bertc {

Command addPretrainCommand(CLI::App &app);
Command addClassifyCommand(CLI::App &app);
Command addExecCommand(CLI::App &app);
Command addBenchCommand(CLI::App &app);
Command addConvertCommand(CLI::App &app);
Command addEncodeCommand(CLI::App &app);
Command addFillMaskCommand(CLI::App &app);
Command addSquadCommand(CLI::App &app);

} // namespace bertc
