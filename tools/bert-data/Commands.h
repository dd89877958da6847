// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of bert-data.
#pragma once

namespace bertc {

/// Parses the command line, runs the subcommand and returns the exit code.
int runBertData(int argc, const char *const *argv);

} // namespace bertc
