// SPDX-License-Identifier: Apache-2.0
//
// HCCL, the collectives between devices, as libSynapse exports them (releases
// 1.16 to 1.21): our own declarations. One device a process. The unique id is
// passed by value. The stream argument is a synStreamHandle; collectives run
// in its order. Only sum, min and max reduce; a mean is a sum and a scaling.
#pragma once

#include "runtime/synapse/AbiTypes.h"

namespace bertc::rt::syn {

constexpr size_t HCCL_UNIQUE_ID_MAX_BYTES = 1024;

enum hcclResult_t : int32_t {
  hcclUninitialized = -1,
  hcclSuccess = 0,
  hcclNoDeviceFound = 1,
  hcclUnsupported = 2,
  hcclOutOfMemory = 3,
  hcclUnhandledSynapseError = 4,
  hcclSystemError = 5,
  hcclInternalError = 6,
  hcclInvalidArgument = 7,
  hcclInvalidUsage = 8,
  hcclSocketError = 9,
  hcclLibfabricError = 10,
  hcclTryAgainError = 11,
  hcclBusy = 12,
  hcclNumResults = 13,
  hcclStreamError = 14,
  hcclSynapseTerminated = 15,
  hcclPortDown = 16,
};
BERTC_ABI_SIZE(hcclResult_t, 4);

enum hcclDataType_t : uint32_t {
  hcclInt8 = 0,
  hcclUint8 = 1,
  hcclInt32 = 2,
  hcclUint32 = 3,
  hcclInt64 = 4,
  hcclUint64 = 5,
  hcclFloat16 = 6,
  hcclFloat32 = 7,
  hcclFloat64 = 8,
  hcclBfloat16 = 9,
};
BERTC_ABI_SIZE(hcclDataType_t, 4);

enum hcclRedOp_t : uint32_t {
  hcclSum = 0,
  hcclProd = 1,
  hcclMin = 2,
  hcclMax = 3,
  hcclAvg = 4,
};
BERTC_ABI_SIZE(hcclRedOp_t, 4);

struct hcclUniqueId {
  uint8_t internal[HCCL_UNIQUE_ID_MAX_BYTES];
  size_t length;
};
BERTC_ABI_SIZE(hcclUniqueId, 1032);
BERTC_ABI_AT(hcclUniqueId, internal, 0);
BERTC_ABI_AT(hcclUniqueId, length, 1024);

using hcclComm_t = void *;

extern "C" {
hcclResult_t hcclGetVersion(int *version);
hcclResult_t hcclGetUniqueId(hcclUniqueId *id);
hcclResult_t hcclCommInitRank(hcclComm_t *comm, int ranks, hcclUniqueId id,
                              int rank);
hcclResult_t hcclCommFinalize(hcclComm_t comm);
hcclResult_t hcclCommDestroy(hcclComm_t comm);
hcclResult_t hcclCommAbort(hcclComm_t comm);
const char *hcclGetErrorString(hcclResult_t result);
hcclResult_t hcclCommGetAsyncError(hcclComm_t comm, hcclResult_t *error);
hcclResult_t hcclCommCount(hcclComm_t comm, int *count);
hcclResult_t hcclCommUserRank(hcclComm_t comm, int *rank);
hcclResult_t hcclCommSynDevice(hcclComm_t comm, int *device);
hcclResult_t hcclAllReduce(const void *send, void *receive, size_t count,
                           hcclDataType_t type, hcclRedOp_t op, hcclComm_t comm,
                           void *stream);
hcclResult_t hcclReduceScatter(const void *send, void *receive,
                               size_t receiveCount, hcclDataType_t type,
                               hcclRedOp_t op, hcclComm_t comm, void *stream);
hcclResult_t hcclAllGather(const void *send, void *receive, size_t sendCount,
                           hcclDataType_t type, hcclComm_t comm, void *stream);
hcclResult_t hcclBroadcast(const void *send, void *receive, size_t count,
                           hcclDataType_t type, int root, hcclComm_t comm,
                           void *stream);
hcclResult_t hcclBcast(void *buffer, size_t count, hcclDataType_t type,
                       int root, hcclComm_t comm, void *stream);
hcclResult_t hcclReduce(const void *send, void *receive, size_t count,
                        hcclDataType_t type, hcclRedOp_t op, int root,
                        hcclComm_t comm, void *stream);
hcclResult_t hcclAlltoAll(const void *send, void *receive, size_t count,
                          hcclDataType_t type, hcclComm_t comm, void *stream);
hcclResult_t hcclBarrier(hcclComm_t comm, void *stream);
hcclResult_t hcclSend(const void *send, size_t count, hcclDataType_t type,
                      int peer, hcclComm_t comm, void *stream);
hcclResult_t hcclRecv(void *receive, size_t count, hcclDataType_t type,
                      int peer, hcclComm_t comm, void *stream);
hcclResult_t hcclGroupStart();
hcclResult_t hcclGroupEnd();
} // extern "C"

} // namespace bertc::rt::syn
