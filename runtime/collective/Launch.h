// SPDX-License-Identifier: Apache-2.0
//
// How this process was started: alone, or as one of several by mpirun (or
// another launcher that sets its variables). Looks at the environment only; MPI
// is loaded by mpiTransport(), and nothing else loads it.
#pragma once

#include "bertc/status.h"
#include "runtime/collective/Transport.h"

#include <string>
#include <vector>

namespace bertc::rt {

struct Launch {
  /// Processes of the run, and this one's number.
  int size = 1;
  int rank = 0;
  /// Seconds that mpirun leaves between SIGTERM and SIGKILL when it was told;
  /// 0: its default, which is one.
  int secondsToLeave = 0;

  /// From the environment of Open MPI.
  static Launch fromEnvironment();
};

/// The factory of the MPI transport in libbertc-mpi.so: the file that
/// BERTC_MPI_LIBRARY names, else that beside the program or in ../lib. Error
/// Unavailable when it, or MPI, is not there.
StatusOr<TransportFactory> mpiTransport();

/// "; rank R (pid P) is stopped" for each process of mpirun on this host that
/// is, else "".
std::string describeStopped();

/// CPUs for rank `mine` of the ranks of one host, each with the CPUs that its
/// launcher allowed it, in a list of numbers that a machine's topology has
/// ordered. A list that several ranks have is divided among them in equal runs;
/// when there are more ranks than CPUs they take turns.
std::vector<int> shareCpus(const std::vector<std::vector<int>> &allowed,
                           size_t mine);

/// CPUs that this process may use, those of a core side by side. mpirun binds
/// two processes to one core each, however many there are, unless it is told
/// otherwise; then those are meant that its own process on this host may use.
std::vector<int> allowedCpus();

/// Keeps the calling thread, and threads that it starts later, on these CPUs.
Status pinTo(const std::vector<int> &cpus);

/// Whether a variable of OpenMP places threads already.
bool placedByEnvironment();

} // namespace bertc::rt
