// SPDX-License-Identifier: Apache-2.0
//
// Communicators: the unique id, joining, leaving, and what one tells of itself.
#include "tools/synapse-stand-in/hccl/HcclCall.h"
#include "tools/synapse-stand-in/hccl/Hub.h"

#include <cstdlib>
#include <cstring>
#include <random>

#include <unistd.h>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

hcclResult_t hcclCall(const char *name,
                      const std::function<HcclOutcome(Library &)> &body) {
  HcclOutcome outcome;
  if (auto fault = countCall(name)) {
    outcome = refuseHccl(hcclResult_t(*fault), "fault ordered for the call");
  } else {
    try {
      outcome = body(Library::get());
    } catch (const std::exception &error) {
      outcome = refuseHccl(hcclInternalError, error.what());
    }
  }
  if (outcome.result != hcclSuccess) {
    countFailure(name, outcome.why);
  }
  return outcome.result;
}

HcclOutcome refuseHccl(hcclResult_t result, std::string why) {
  return {result, std::move(why)};
}

std::shared_ptr<Communicator> communicatorOf(Library &library,
                                             hcclComm_t handle) {
  std::lock_guard<std::mutex> lock(library.mutex);
  return library.communicators.find(static_cast<Communicator *>(handle));
}

namespace {

HcclOutcome noCommunicator() {
  return refuseHccl(hcclUninitialized, "the handle is of no live communicator");
}

/// What must be before a communicator can be.
HcclOutcome needDevice(Library &library) {
  std::lock_guard<std::mutex> lock(library.mutex);
  if (!library.initialized) {
    return refuseHccl(hcclUninitialized, "call synInitialize first");
  }
  if (!library.device) {
    return refuseHccl(hcclNoDeviceFound, "acquire a device first");
  }
  return {};
}

/// A name under which no other process on this machine listens.
std::string newHubName() {
  std::random_device random;
  return "bertc-synapse-stand-in." + std::to_string(getpid()) + "." +
         std::to_string(random()) + std::to_string(random());
}

/// With HCCL_COMM_ID the ranks agree on a hub without a broadcast: its name is
/// that text, and rank 0 opens it.
const char *agreedHub() { return std::getenv("HCCL_COMM_ID"); }

HcclOutcome makeId(hcclUniqueId *id) {
  std::string name;
  if (const char *agreed = agreedHub()) {
    name = std::string("bertc-synapse-stand-in.") + agreed;
  } else if (!openHub(name = newHubName())) {
    return refuseHccl(hcclSystemError, "cannot listen for the other ranks");
  }
  if (name.size() >= HCCL_UNIQUE_ID_MAX_BYTES) {
    return refuseHccl(hcclInvalidArgument, "HCCL_COMM_ID is too long");
  }
  *id = hcclUniqueId{};
  std::memcpy(id->internal, name.data(), name.size());
  id->length = name.size();
  return {};
}

HcclOutcome joinRank(Library &library, hcclComm_t *comm, int ranks,
                     const hcclUniqueId &id, int rank) {
  if (HcclOutcome outcome = needDevice(library);
      outcome.result != hcclSuccess) {
    return outcome;
  }
  if (!comm || ranks < 1 || rank < 0 || rank >= ranks || id.length == 0 ||
      id.length > HCCL_UNIQUE_ID_MAX_BYTES) {
    return refuseHccl(hcclInvalidArgument, "rank " + std::to_string(rank) +
                                               " of " + std::to_string(ranks) +
                                               ", or the unique id");
  }
  std::string hub(reinterpret_cast<const char *>(id.internal), id.length);
  if (agreedHub() && rank == 0 && !openHub(hub)) {
    return refuseHccl(hcclSystemError, "cannot listen for the other ranks");
  }
  auto made = std::make_shared<Communicator>(ranks, rank);
  HcclOutcome outcome;
  outcome.result = made->join(hub, &outcome.why);
  if (outcome.result != hcclSuccess) {
    return outcome;
  }
  std::lock_guard<std::mutex> lock(library.mutex);
  *comm = library.communicators.add(std::move(made));
  return outcome;
}

HcclOutcome leave(Library &library, hcclComm_t handle, bool abort) {
  std::shared_ptr<Communicator> comm;
  {
    std::lock_guard<std::mutex> lock(library.mutex);
    comm = library.communicators.take(static_cast<Communicator *>(handle));
  }
  if (!comm) {
    return noCommunicator();
  }
  if (abort) {
    comm->abort();
  } else {
    comm->linger();
  }
  return {};
}

/// Answers one number of a live communicator.
template <class Number, class Get>
hcclResult_t tell(const char *name, hcclComm_t handle, Number *to, Get &&get) {
  return hcclCall(name, [&](Library &library) {
    auto comm = communicatorOf(library, handle);
    if (!comm) {
      return noCommunicator();
    }
    if (!to) {
      return refuseHccl(hcclInvalidArgument, "the result is null");
    }
    *to = get(*comm);
    return HcclOutcome{};
  });
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" hcclResult_t hcclGetVersion(int *version) {
  return hcclCall("hcclGetVersion", [&](Library &) {
    if (!version) {
      return refuseHccl(hcclInvalidArgument, "the version is null");
    }
    *version = 12100; // 1.21.0
    return HcclOutcome{};
  });
}

extern "C" hcclResult_t hcclGetUniqueId(hcclUniqueId *id) {
  return hcclCall("hcclGetUniqueId", [&](Library &) {
    return id ? makeId(id) : refuseHccl(hcclInvalidArgument, "the id is null");
  });
}

extern "C" hcclResult_t hcclCommInitRank(hcclComm_t *comm, int ranks,
                                         hcclUniqueId id, int rank) {
  return hcclCall("hcclCommInitRank", [&](Library &library) {
    return joinRank(library, comm, ranks, id, rank);
  });
}

extern "C" hcclResult_t hcclCommFinalize(hcclComm_t comm) {
  return hcclCall("hcclCommFinalize", [&](Library &library) {
    return communicatorOf(library, comm) ? HcclOutcome{} : noCommunicator();
  });
}

// Work that is queued keeps its end of the connection until it is done.
extern "C" hcclResult_t hcclCommDestroy(hcclComm_t comm) {
  return hcclCall("hcclCommDestroy", [&](Library &library) {
    return leave(library, comm, false);
  });
}

extern "C" hcclResult_t hcclCommAbort(hcclComm_t comm) {
  return hcclCall("hcclCommAbort",
                  [&](Library &library) { return leave(library, comm, true); });
}

extern "C" hcclResult_t hcclCommGetAsyncError(hcclComm_t comm,
                                              hcclResult_t *error) {
  return tell("hcclCommGetAsyncError", comm, error,
              [](Communicator &object) { return object.asyncError(); });
}

extern "C" hcclResult_t hcclCommCount(hcclComm_t comm, int *count) {
  return tell("hcclCommCount", comm, count,
              [](Communicator &object) { return object.ranks(); });
}

extern "C" hcclResult_t hcclCommUserRank(hcclComm_t comm, int *rank) {
  return tell("hcclCommUserRank", comm, rank,
              [](Communicator &object) { return object.rank(); });
}

extern "C" hcclResult_t hcclCommSynDevice(hcclComm_t comm, int *device) {
  return tell("hcclCommSynDevice", comm, device,
              [](Communicator &) { return 0; });
}

extern "C" const char *hcclGetErrorString(hcclResult_t result) {
  static const char *const texts[] = {"success",
                                      "no device found",
                                      "unsupported",
                                      "out of memory",
                                      "a SynapseAI error",
                                      "a system error",
                                      "an internal error",
                                      "invalid argument",
                                      "invalid usage",
                                      "a socket error",
                                      "a libfabric error",
                                      "try again",
                                      "busy",
                                      "too many results",
                                      "a stream error",
                                      "synapse was terminated",
                                      "a port is down"};
  if (result == hcclUninitialized) {
    return "HCCL is not initialized";
  }
  return result >= hcclSuccess && result <= hcclPortDown ? texts[result]
                                                         : "unknown result";
}

} // namespace bertc::rt::syn
