// SPDX-License-Identifier: Apache-2.0
#include "run/Workers.h"

#include "runtime/collective/Launch.h"
#include "runtime/collective/PeerWatch.h"
#include "support/Signals.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bertc {

namespace {

std::string hostOf(const std::string &identity) {
  return identity.substr(0, identity.rfind('\n'));
}

/// Divides the CPUs of each host among its ranks.
Status shareHost(rt::Collective &collective, HostShare *host) {
  std::vector<int> own = rt::allowedCpus();
  nlohmann::json mine = {{"host", hostOf(rt::PeerWatch::identity())},
                         {"cpus", own}};
  BERTC_ASSIGN_OR_RETURN(
      std::vector<std::string> all,
      collective.allGather(mine.dump(), "the CPUs of all ranks"));
  std::vector<std::vector<int>> allowed;
  size_t place = 0; // among the ranks of this host
  for (size_t rank = 0; rank < all.size(); ++rank) {
    auto other = nlohmann::json::parse(all[rank], nullptr, false);
    if (other.value("host", "") != mine["host"]) {
      continue;
    }
    if (static_cast<int>(rank) == collective.rank()) {
      place = allowed.size();
    }
    allowed.push_back(other.value("cpus", std::vector<int>()));
  }
  host->place = static_cast<int>(place);
  std::vector<int> share = rt::shareCpus(allowed, place);
  const char *pin = std::getenv("BERTC_PIN_RANKS");
  bool pinned = !share.empty() && !rt::placedByEnvironment() &&
                !(pin && std::strcmp(pin, "0") == 0);
  if (pinned) {
    BERTC_RETURN_IF_ERROR(rt::pinTo(share));
  }
  const char *given = std::getenv("OMP_NUM_THREADS");
  if (host->threads == 0 && !(given && *given) && !share.empty()) {
    host->threads = static_cast<int>(share.size());
  }
  return Status();
}

/// The strings of a JSON list.
std::vector<std::string> textsOf(const std::string &list) {
  std::vector<std::string> texts;
  for (const auto &each : nlohmann::json::parse(list, nullptr, false)) {
    texts.push_back(each.is_string() ? each.get<std::string>() : each.dump());
  }
  return texts;
}

/// Reads the words of a block, and what is left of the last one as zeros.
uint64_t wordAt(const unsigned char *bytes, size_t left) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, left < 8 ? left : 8);
  return word;
}

} // namespace

StatusOr<std::unique_ptr<rt::Collective>>
joinWorkers(const WorkersOptions &options, HostShare *host) {
  rt::Launch launch = rt::Launch::fromEnvironment();
  bool several = launch.size > 1;
  if (several && options.wanted == false) {
    return invalidArgument(fmt::format(
        "--horovod=False, but mpirun has started {} processes; each would "
        "train for itself into the same --output-dir",
        launch.size));
  }
  if (!several && options.wanted != true) {
    return std::unique_ptr<rt::Collective>();
  }
  if (!(options.limitSeconds >= 1)) {
    return invalidArgument(
        fmt::format("--collective-timeout is {}, it must be at least 1 second",
                    options.limitSeconds));
  }
  BERTC_ASSIGN_OR_RETURN(rt::TransportFactory factory, rt::mpiTransport());
  rt::CollectiveOptions settings;
  settings.limitSeconds = options.limitSeconds;
  settings.endAsked = stopRequested;
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<rt::Collective> collective,
                         rt::openRing(std::move(factory), settings));
  Status shared = shareHost(*collective, host);
  if (!shared.ok()) {
    collective->abort(shared);
  }
  return collective;
}

Status
checkAgreement(const Workers &workers,
               const std::vector<std::pair<std::string, std::string>> &values) {
  if (workers.size() == 1) {
    return Status();
  }
  nlohmann::ordered_json own = nlohmann::ordered_json::array();
  for (const auto &[name, value] : values) {
    own.push_back(value);
  }
  BERTC_ASSIGN_OR_RETURN(
      std::vector<std::string> all,
      workers.collective->allGather(own.dump(), "the settings of all ranks"));
  std::vector<std::string> first = textsOf(all[0]);
  for (size_t rank = 1; rank < all.size(); ++rank) {
    std::vector<std::string> other = textsOf(all[rank]);
    first.resize(values.size());
    other.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      if (other[i] != first[i]) {
        return failedPrecondition(fmt::format(
            "{} is {} on rank {} and {} on rank 0; all ranks need the same",
            values[i].first, other[i], rank, first[i]));
      }
    }
  }
  return Status();
}

uint64_t hashBytes(const void *data, size_t bytes, uint64_t seed) {
  // Four chains side by side, as one would wait for its multiplications.
  constexpr uint64_t odd = 0x9e3779b97f4a7c15ull;
  std::array<uint64_t, 4> chains = {seed, seed ^ 1, seed ^ 2, seed ^ 3};
  auto *at = static_cast<const unsigned char *>(data);
  size_t left = bytes;
  auto step = [](uint64_t chain, uint64_t word) {
    chain = (chain ^ word) * odd;
    return chain ^ (chain >> 29);
  };
  for (; left >= 32; left -= 32, at += 32) {
    for (size_t i = 0; i < 4; ++i) {
      chains[i] = step(chains[i], wordAt(at + 8 * i, 8));
    }
  }
  for (size_t i = 0; left > 0; ++i) {
    chains[i] = step(chains[i], wordAt(at, left));
    at += 8;
    left -= left < 8 ? left : 8;
  }
  uint64_t hash = bytes;
  for (uint64_t chain : chains) {
    hash = step(hash, chain);
  }
  return hash;
}

namespace {

/// Is it one of those that ranks share?
bool isShared(rt::VariableRole role, bool slots) {
  using Role = rt::VariableRole;
  return role == Role::Weight ||
         (slots && (role == Role::AdamM || role == Role::AdamV));
}

} // namespace

Status checkSameVariables(const Workers &workers, const rt::Session &session,
                          bool slots, const std::string &when) {
  if (workers.size() == 1) {
    return Status();
  }
  uint64_t hash = 0;
  for (const rt::VariableInfo &info : session.plan().variables()) {
    if (isShared(info.role, slots)) {
      BERTC_ASSIGN_OR_RETURN(rt::ConstTensorView view,
                             session.variable(info.name));
      hash = hashBytes(view.data, view.bytes(), hash);
    }
  }
  BERTC_ASSIGN_OR_RETURN(
      std::vector<std::string> all,
      workers.collective->allGather(fmt::format("{:016x}", hash),
                                    "hashes of the variables " + when));
  for (size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] != all[0]) {
      return internalError(fmt::format(
          "the variables of rank {} are not those of rank 0 {} (hashes {} and "
          "{}); its CPU, device or memory computes something else",
          rank, when, all[rank], all[0]));
    }
  }
  return Status();
}

Status shareVariables(const Workers &workers, rt::Session &session,
                      bool slots) {
  if (workers.size() == 1) {
    return Status();
  }
  const std::vector<rt::VariableInfo> &variables = session.plan().variables();
  std::vector<uint32_t> shared;
  for (uint32_t i = 0; i < variables.size(); ++i) {
    if (isShared(variables[i].role, slots)) {
      shared.push_back(i);
    }
  }
  BERTC_RETURN_IF_ERROR(
      workers.variables->broadcast(shared, "the variables of rank 0"));
  return checkSameVariables(workers, session, slots, "at the start");
}

} // namespace bertc
