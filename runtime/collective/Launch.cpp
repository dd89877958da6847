// SPDX-License-Identifier: Apache-2.0
#include "runtime/collective/Launch.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <tuple>
#include <unistd.h>

namespace bertc::rt {

namespace {

constexpr char libraryName[] = "libbertc-mpi.so";

int number(const char *variable, int otherwise) {
  const char *value = std::getenv(variable);
  return value && *value ? std::atoi(value) : otherwise;
}

std::string programFolder() {
  char path[PATH_MAX] = {};
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  std::string text(path, length > 0 ? static_cast<size_t>(length) : 0);
  return text.substr(0, text.rfind('/'));
}

/// Where the library may be, in the order of looking.
std::vector<std::string> libraryPaths() {
  const char *given = std::getenv("BERTC_MPI_LIBRARY");
  if (given && *given) {
    return {given};
  }
  std::string folder = programFolder();
  return {folder + "/" + libraryName, folder + "/../lib/" + libraryName,
          libraryName};
}

std::string contentOf(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content; // takes errors of reading, which iterators throw
  content << stream.rdbuf();
  return content.str();
}

int topology(int cpu, const char *file) {
  std::ifstream stream("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                       "/topology/" + file);
  int value = 0;
  stream >> value;
  return value;
}

bool isSet(const char *variable) {
  const char *value = std::getenv(variable);
  return value && *value;
}

/// Whether it was mpirun's own idea where this process may run.
bool boundByDefault() {
  if (!isSet("OMPI_COMM_WORLD_SIZE")) {
    return false;
  }
  for (const char *told :
       {"OMPI_MCA_hwloc_base_binding_policy", "OMPI_MCA_hwloc_base_cpu_set",
        "OMPI_MCA_rmaps_base_mapping_policy",
        "OMPI_MCA_rmaps_base_cpus_per_rank"}) {
    if (isSet(told)) {
      return false;
    }
  }
  return true;
}

} // namespace

Launch Launch::fromEnvironment() {
  Launch launch;
  launch.size = std::max(1, number("OMPI_COMM_WORLD_SIZE", 1));
  launch.rank = number("OMPI_COMM_WORLD_RANK", 0);
  launch.secondsToLeave = number("OMPI_MCA_odls_base_sigkill_timeout", 0);
  return launch;
}

StatusOr<TransportFactory> mpiTransport() {
  void *library = nullptr;
  std::string reasons;
  for (const std::string &path : libraryPaths()) {
    // Global: the plug-ins that MPI loads by itself look for its symbols.
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library) {
      break;
    }
    const char *reason = dlerror();
    reasons += std::string(reasons.empty() ? "" : "; ") +
               (reason ? reason : "unknown");
  }
  if (!library) {
    return unavailable(
        "a run of several processes needs libbertc-mpi.so, which is built "
        "where Open MPI (openmpi-bin, libopenmpi-dev) is installed: " +
        reasons);
  }
  auto *open =
      reinterpret_cast<OpenTransport *>(dlsym(library, "bertcOpenTransport"));
  if (!open) {
    return unavailable(std::string(libraryName) + ": no bertcOpenTransport");
  }
  return TransportFactory([open]() -> StatusOr<std::unique_ptr<Transport>> {
    Status error;
    Transport *transport = open(transportVersion, &error);
    if (!transport) {
      return error;
    }
    return std::unique_ptr<Transport>(transport);
  });
}

std::string describeStopped() {
  std::string text;
  DIR *folder = opendir("/proc");
  while (dirent *entry = folder ? readdir(folder) : nullptr) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') {
      continue;
    }
    std::string path = std::string("/proc/") + entry->d_name;
    // PID (NAME) STATE PARENT ...; a name may hold anything.
    std::string stat = contentOf(path + "/stat");
    size_t end = stat.rfind(") ");
    if (end == std::string::npos || stat[end + 2] != 'T' ||
        std::atoi(stat.c_str() + end + 4) != getppid()) {
      continue;
    }
    std::string environment = contentOf(path + "/environ");
    const std::string name = "OMPI_COMM_WORLD_RANK=";
    size_t at = environment.find(name);
    if (at != std::string::npos) {
      text +=
          "; rank " +
          std::to_string(std::atoi(environment.c_str() + at + name.size())) +
          " (pid " + entry->d_name + ") is stopped";
    }
  }
  if (folder) {
    closedir(folder);
  }
  return text;
}

std::vector<int> shareCpus(const std::vector<std::vector<int>> &allowed,
                           size_t mine) {
  const std::vector<int> &own = allowed[mine];
  size_t sharers = 0, place = 0;
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (allowed[i] == own) {
      place += i < mine ? 1 : 0;
      ++sharers;
    }
  }
  if (own.empty() || sharers == 1) {
    return own;
  }
  size_t count = own.size();
  if (count < sharers) {
    return {own[place % count]};
  }
  return {own.begin() + static_cast<std::ptrdiff_t>(count * place / sharers),
          own.begin() +
              static_cast<std::ptrdiff_t>(count * (place + 1) / sharers)};
}

std::vector<int> allowedCpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  pid_t whose = boundByDefault() ? getppid() : 0;
  if (sched_getaffinity(whose, sizeof(set), &set) != 0 &&
      sched_getaffinity(0, sizeof(set), &set) != 0) {
    return cpus;
  }
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) {
      cpus.push_back(cpu);
    }
  }
  auto key = [](int cpu) {
    return std::tuple(topology(cpu, "physical_package_id"),
                      topology(cpu, "core_id"), cpu);
  };
  std::sort(cpus.begin(), cpus.end(),
            [&](int a, int b) { return key(a) < key(b); });
  return cpus;
}

Status pinTo(const std::vector<int> &cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : cpus) {
    CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    return ioError(std::string("cannot keep threads on their CPUs: ") +
                   std::strerror(errno));
  }
  return Status();
}

bool placedByEnvironment() {
  for (const char *name :
       {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"}) {
    const char *value = std::getenv(name);
    if (value && *value && std::strcmp(value, "false") != 0) {
      return true;
    }
  }
  return false;
}

} // namespace bertc::rt
