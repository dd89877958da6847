// SPDX-License-Identifier: Apache-2.0
//
// The functions of HCCL: without a communicator they all say so.
#include "runtime/synapse/Abi.h"

namespace bertc::rt::syn {

extern "C" hcclResult_t hcclGetUniqueId(hcclUniqueId *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclCommInitRank(hcclComm_t *, int, hcclUniqueId, int) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclCommFinalize(hcclComm_t) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclCommDestroy(hcclComm_t) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclCommAbort(hcclComm_t) { return hcclUninitialized; }

extern "C" hcclResult_t hcclCommGetAsyncError(hcclComm_t, hcclResult_t *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclCommCount(hcclComm_t, int *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclCommUserRank(hcclComm_t, int *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclCommSynDevice(hcclComm_t, int *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclAllReduce(const void *, void *, size_t,
                                      hcclDataType_t, hcclRedOp_t, hcclComm_t,
                                      void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclReduceScatter(const void *, void *, size_t,
                                          hcclDataType_t, hcclRedOp_t,
                                          hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclAllGather(const void *, void *, size_t,
                                      hcclDataType_t, hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclBroadcast(const void *, void *, size_t,
                                      hcclDataType_t, int, hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclBcast(void *, size_t, hcclDataType_t, int,
                                  hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclReduce(const void *, void *, size_t, hcclDataType_t,
                                   hcclRedOp_t, int, hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclAlltoAll(const void *, void *, size_t,
                                     hcclDataType_t, hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclBarrier(hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclSend(const void *, size_t, hcclDataType_t, int,
                                 hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclRecv(void *, size_t, hcclDataType_t, int,
                                 hcclComm_t, void *) {
  return hcclUninitialized;
}

extern "C" hcclResult_t hcclGroupStart() { return hcclUninitialized; }

extern "C" hcclResult_t hcclGroupEnd() { return hcclUninitialized; }

extern "C" hcclResult_t hcclGetVersion(int *version) {
  if (!version) {
    return hcclInvalidArgument;
  }
  *version = 2221;
  return hcclSuccess;
}

extern "C" const char *hcclGetErrorString(hcclResult_t) {
  return "HCCL is not initialized";
}

} // namespace bertc::rt::syn
