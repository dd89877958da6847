// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Errors.h"

namespace bertc::rt::syn {
namespace {

using Code = StatusCode;

// What a status means, and what to do about it.
struct Row {
  int64_t status;
  const char *name;
  Code code;
  const char *text;
  const char *advice;
};

constexpr char kBug[] = "this is a bug of bertc or of the plan; report it";
constexpr char kMemory[] = "compile the plan for a smaller batch";
constexpr char kRestart[] = "start the same command again: training goes on "
                            "from the last checkpoint";

#define ROW(status, code, text, advice)                                        \
  {int64_t(status), #status, Code::code, text, advice}
const Row kSynapse[] = {
    ROW(synInvalidArgument, Internal, "an argument was refused", kBug),
    ROW(synCbFull, Internal, "a command buffer is full", kBug),
    ROW(synOutOfHostMemory, ResourceExhausted,
        "no host memory that the device can reach is left",
        "end other programs or raise the limit of locked memory (ulimit -l)"),
    ROW(synOutOfDeviceMemory, ResourceExhausted, "device memory ran out",
        kMemory),
    ROW(synObjectAlreadyInitialized, Internal, "an object exists already",
        kBug),
    ROW(synObjectNotInitialized, Internal, "an object does not exist", kBug),
    ROW(synCommandSubmissionFailure, Unavailable,
        "the device did not take a command", kRestart),
    ROW(synNoDeviceFound, Unavailable, "there is no such device",
        "look at hl-smi, and load the driver (habanalabs) if it shows none"),
    ROW(synDeviceTypeMismatch, Unavailable, "the device is of another type",
        "compile the plan for this one with bertc compile --target"),
    ROW(synFailedToInitializeCb, Internal,
        "a command buffer could not be set up", kRestart),
    ROW(synFailedToFreeCb, Internal, "a command buffer could not be freed",
        kRestart),
    ROW(synFailedToMapCb, Internal, "a command buffer could not be mapped",
        kRestart),
    ROW(synFailedToUnmapCb, Internal, "a command buffer could not be unmapped",
        kRestart),
    ROW(synFailedToAllocateDeviceMemory, ResourceExhausted,
        "device memory could not be allocated", kMemory),
    ROW(synFailedToFreeDeviceMemory, Internal,
        "device memory could not be freed", kRestart),
    ROW(synFailedNotEnoughDevicesFound, Unavailable,
        "there are fewer devices than asked for",
        "look at hl-smi for those that are in use"),
    ROW(synDeviceReset, Unavailable,
        "the device was reset and what it held is lost", kRestart),
    ROW(synUnsupported, FailedPrecondition, "the library does not support this",
        "use a SynapseAI release from 1.16 to 1.21"),
    ROW(synWrongParamsFile, Corrupt, "a recipe file is bad",
        "delete the folder of the recipe cache"),
    ROW(synDeviceAlreadyAcquired, Unavailable,
        "the device is held, by this or another process",
        "wait for that to end, or choose another device by HLS_MODULE_ID"),
    ROW(synNameIsAlreadyUsed, Internal, "a name is used twice", kBug),
    ROW(synBusy, Unavailable, "the device is busy",
        "wait for what uses it to end, or choose another by HLS_MODULE_ID"),
    ROW(synAllResourcesTaken, Unavailable, "every device is taken",
        "wait for a program to end; hl-smi names those that run"),
    ROW(synUnavailable, Unavailable, "the device is unavailable",
        "look at hl-smi and at the kernel's log"),
    ROW(synInvalidTensorDimensions, Internal,
        "the dimensions of a tensor were refused", kBug),
    ROW(synFail, Internal, "it failed",
        "SynapseAI's log (HABANA_LOGS) says more"),
    ROW(synOutOfResources, ResourceExhausted, "a resource ran out", kMemory),
    ROW(synUninitialized, Internal, "the library is not initialised", kBug),
    ROW(synAlreadyInitialized, Internal, "the library is initialised already",
        kBug),
    ROW(synFailedSectionValidation, Internal,
        "addresses of a section do not agree", kBug),
    ROW(synSynapseTerminated, Unavailable, "the library has terminated",
        kRestart),
    ROW(synAssertAsync, Internal, "an assertion of a kernel failed",
        "look for values out of range in the data"),
    ROW(synInvalidEventHandle, Internal, "an event handle was refused", kBug),
    ROW(synMappingNotFound, Internal, "host memory is not mapped", kBug),
    ROW(synFailedDynamicPatching, Internal, "a recipe could not be patched",
        kBug),
    ROW(synFailedStaticPatching, Internal, "a recipe could not be patched",
        kBug),
    ROW(synFailedToSubmitWorkload, Unavailable, "the device took no work",
        kRestart),
    ROW(synInvalidSectionsDefinition, Internal, "sections were refused", kBug),
    ROW(synInvalidTensorProperties, Internal,
        "properties of a tensor were refused", kBug),
    ROW(synFailHccl, Unavailable, "communication between devices failed",
        kRestart),
    ROW(synFailedToCollectTime, Internal, "no time was taken", kBug),
    ROW(synTimeout, Unavailable, "the device did not answer in time", kRestart),
    ROW(synResourceBadUsage, Internal, "a resource was misused", kBug),
    ROW(synNullPtr, Internal, "a pointer is null", kBug),
    ROW(synFailFuser, Internal, "the kernel fuser failed",
        "SynapseAI's log (HABANA_LOGS) says more"),
    ROW(synFailComplexGuid, Internal, "a composite kernel failed",
        "SynapseAI's log (HABANA_LOGS) says more"),
    ROW(synFailTpcKernels, Internal, "the kernel library failed",
        "check that GC_KERNEL_PATH names the kernels of this release"),
};

const Row kHccl[] = {
    ROW(hcclUninitialized, Internal, "HCCL is not initialised", kBug),
    ROW(hcclNoDeviceFound, Unavailable, "there is no device",
        "each process needs one; look at hl-smi"),
    ROW(hcclUnsupported, Internal, "HCCL does not support this", kBug),
    ROW(hcclOutOfMemory, ResourceExhausted, "HCCL has no memory left", kMemory),
    ROW(hcclUnhandledSynapseError, Unavailable, "SynapseAI failed", kRestart),
    ROW(hcclSystemError, Unavailable, "a system call failed",
        "check the network between the workers"),
    ROW(hcclInternalError, Unavailable, "HCCL failed inside", kRestart),
    ROW(hcclInvalidArgument, Internal, "an argument was refused", kBug),
    ROW(hcclInvalidUsage, Internal, "HCCL was misused", kBug),
    ROW(hcclSocketError, Unavailable, "a connection failed",
        "check HCCL_SOCKET_IFNAME and that all workers reach each other"),
    ROW(hcclLibfabricError, Unavailable, "libfabric failed",
        "check the network between the workers"),
    ROW(hcclTryAgainError, Unavailable, "HCCL was not ready", kRestart),
    ROW(hcclBusy, Unavailable, "HCCL is busy", kRestart),
    ROW(hcclStreamError, Unavailable, "a stream failed", kRestart),
    ROW(hcclSynapseTerminated, Unavailable, "the library has terminated",
        kRestart),
    ROW(hcclPortDown, Unavailable, "a port between devices is down",
        "look at hl-smi and the cables"),
};
#undef ROW

template <size_t N> const Row *find(const Row (&rows)[N], int64_t status) {
  for (const Row &row : rows) {
    if (row.status == status) {
      return &row;
    }
  }
  return nullptr;
}

Status explain(const Row *row, const std::string &name, const char *function,
               const std::string &detail) {
  std::string said = detail.empty() ? "" : " [" + detail + "]";
  if (row == nullptr) {
    return internalError(std::string(function) + ": " + name +
                         ", which no known release has" + said);
  }
  return Status(row->code, std::string(function) + ": " + name + ", " +
                               row->text + said + "; " + row->advice);
}

std::string nameOf(const Row *row, int64_t status) {
  std::string number = std::to_string(status);
  return row == nullptr ? "status " + number
                        : row->name + (" (" + number + ")");
}

} // namespace

std::string statusName(synStatus status) {
  return status == synSuccess ? "synSuccess (0)"
                              : nameOf(find(kSynapse, status), status);
}

Status statusOf(synStatus status, const char *function,
                const std::string &detail) {
  return status == synSuccess ? Status()
                              : explain(find(kSynapse, status),
                                        statusName(status), function, detail);
}

Status statusOf(hcclResult_t result, const char *function,
                const std::string &detail) {
  const Row *row = find(kHccl, result);
  return result == hcclSuccess
             ? Status()
             : explain(row, nameOf(row, result), function, detail);
}

} // namespace bertc::rt::syn
