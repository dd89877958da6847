// SPDX-License-Identifier: Apache-2.0
//
// SIGINT and SIGTERM for programs whose work is worth finishing cleanly. The
// first one only sets a flag: the program completes its step, saves, and leaves
// with stopExitCode(). The second one leaves at once.
//
//   installStopSignals();
//   while (!done && !stopRequested()) step();
//   if (stopRequested()) { save(); return stopExitCode(); }
#pragma once

namespace bertc {

/// Installs the handlers of SIGINT and SIGTERM; may be called again.
void installStopSignals();

/// True after the first SIGINT or SIGTERM. Cheap; callable from any thread.
bool stopRequested();

/// Number of the signal that asked to stop, 0 when none did.
int stopSignal();

/// 128 + the signal's number (130 for SIGINT, 143 for SIGTERM), 0 when none.
int stopExitCode();

/// Forgets a request; for tests.
void resetStopRequest();

} // namespace bertc
