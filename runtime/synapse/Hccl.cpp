// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Hccl.h"

#include <cstring>
#include <utility>

namespace bertc::rt::syn {
namespace {

StatusOr<hcclDataType_t> hcclType(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return hcclFloat32;
  case DType::BF16:
    return hcclBfloat16;
  default:
    return invalidArgument(std::string("devices exchange f32 and bf16, not ") +
                           dtypeName(dtype));
  }
}

// HCCL takes addresses of the device as pointers.
void *pointer(uint64_t address) { return reinterpret_cast<void *>(address); }

} // namespace

StatusOr<HcclFunctions> HcclFunctions::bind(const LibraryPtr &library) {
  HcclFunctions functions;
  functions.library = library;
  std::string missing;
#define BERTC_HCCL_BIND(name)                                                  \
  functions.name =                                                             \
      reinterpret_cast<decltype(functions.name)>(library->symbol(#name));      \
  if (functions.name == nullptr && missing.empty()) {                          \
    missing = #name;                                                           \
  }
  BERTC_HCCL_FUNCTIONS(BERTC_HCCL_BIND)
#undef BERTC_HCCL_BIND
  if (!missing.empty()) {
    return unavailable(library->path() + " has no function " + missing +
                       ": it cannot connect devices; install SynapseAI with "
                       "HCCL, or run with one worker");
  }
  return functions;
}

Status HcclFunctions::outcome(hcclResult_t result, const char *function) const {
  if (result == hcclSuccess) {
    return Status();
  }
  const char *text = hcclGetErrorString(result);
  return statusOf(result, function, text == nullptr ? "" : text);
}

StatusOr<UniqueId> makeUniqueId(const LibraryPtr &library) {
  BERTC_ASSIGN_OR_RETURN(HcclFunctions hccl, HcclFunctions::bind(library));
  hcclUniqueId id = {};
  BERTC_RETURN_IF_ERROR(
      hccl.outcome(hccl.hcclGetUniqueId(&id), "hcclGetUniqueId"));
  return UniqueId{std::string(reinterpret_cast<const char *>(&id), sizeof id)};
}

struct Communicator::Joined {
  HcclFunctions hccl;
  DevicePtr device;
  hcclComm_t handle = nullptr;

  ~Joined() {
    if (handle != nullptr) {
      warnAbout(hccl.outcome(hccl.hcclCommDestroy(handle), "hcclCommDestroy"));
    }
  }
};

StatusOr<Communicator> Communicator::join(const DevicePtr &device, int ranks,
                                          int rank, const UniqueId &id) {
  hcclUniqueId raw = {};
  if (ranks < 1 || rank < 0 || rank >= ranks || id.bytes.size() != sizeof raw) {
    return invalidArgument("cannot join as rank " + std::to_string(rank) +
                           " of " + std::to_string(ranks) + " by an id of " +
                           std::to_string(id.bytes.size()) +
                           " bytes, expected " + std::to_string(sizeof raw));
  }
  std::memcpy(&raw, id.bytes.data(), sizeof raw);
  auto joined = std::make_shared<Joined>();
  joined->device = device;
  BERTC_ASSIGN_OR_RETURN(joined->hccl,
                         HcclFunctions::bind(device->sharedLibrary()));
  BERTC_RETURN_IF_ERROR(
      joined->hccl
          .outcome(
              joined->hccl.hcclCommInitRank(&joined->handle, ranks, raw, rank),
              "hcclCommInitRank")
          .annotate("rank " + std::to_string(rank) + " of " +
                    std::to_string(ranks) + " cannot join the others"));
  return Communicator(std::move(joined), rank, ranks);
}

Status Communicator::allReduceSum(const Stream &stream, uint64_t address,
                                  uint64_t count, DType dtype) const {
  BERTC_ASSIGN_OR_RETURN(hcclDataType_t type, hcclType(dtype));
  const HcclFunctions &hccl = joined_->hccl;
  return hccl.outcome(hccl.hcclAllReduce(pointer(address), pointer(address),
                                         count, type, hcclSum, joined_->handle,
                                         stream.get()),
                      "hcclAllReduce");
}

Status Communicator::broadcast(const Stream &stream, uint64_t address,
                               uint64_t count, DType dtype, int root) const {
  BERTC_ASSIGN_OR_RETURN(hcclDataType_t type, hcclType(dtype));
  const HcclFunctions &hccl = joined_->hccl;
  return hccl.outcome(hccl.hcclBroadcast(pointer(address), pointer(address),
                                         count, type, root, joined_->handle,
                                         stream.get()),
                      "hcclBroadcast");
}

Status Communicator::barrier(const Stream &stream) const {
  const HcclFunctions &hccl = joined_->hccl;
  return hccl.outcome(hccl.hcclBarrier(joined_->handle, stream.get()),
                      "hcclBarrier");
}

Status Communicator::asyncError() const {
  const HcclFunctions &hccl = joined_->hccl;
  hcclResult_t error = hcclSuccess;
  BERTC_RETURN_IF_ERROR(
      hccl.outcome(hccl.hcclCommGetAsyncError(joined_->handle, &error),
                   "hcclCommGetAsyncError"));
  return hccl.outcome(error, "communication between devices");
}

void Communicator::abort() const {
  const HcclFunctions &hccl = joined_->hccl;
  if (hcclComm_t handle = std::exchange(joined_->handle, nullptr)) {
    warnAbout(hccl.outcome(hccl.hcclCommAbort(handle), "hcclCommAbort"));
  }
}

} // namespace bertc::rt::syn
