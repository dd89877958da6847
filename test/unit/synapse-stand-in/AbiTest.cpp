// SPDX-License-Identifier: Apache-2.0
//
// The second writing of SynapseAI's interface: every enum value and every
// signature that runtime/synapse/Abi.h declares, checked when this file is
// compiled. An edit of the header that changes the interface fails here.
#include "runtime/synapse/Abi.h"
#include "runtime/synapse/KernelParams.h"

#include <gtest/gtest.h>

#include <type_traits>

using namespace bertc::rt::syn;

namespace {

#define VALUE(name, value) static_assert(name == value, #name)

// synStatus
VALUE(synSuccess, 0);
VALUE(synInvalidArgument, 1);
VALUE(synCbFull, 2);
VALUE(synOutOfHostMemory, 3);
VALUE(synOutOfDeviceMemory, 4);
VALUE(synObjectAlreadyInitialized, 5);
VALUE(synObjectNotInitialized, 6);
VALUE(synCommandSubmissionFailure, 7);
VALUE(synNoDeviceFound, 8);
VALUE(synDeviceTypeMismatch, 9);
VALUE(synFailedToInitializeCb, 10);
VALUE(synFailedToFreeCb, 11);
VALUE(synFailedToMapCb, 12);
VALUE(synFailedToUnmapCb, 13);
VALUE(synFailedToAllocateDeviceMemory, 14);
VALUE(synFailedToFreeDeviceMemory, 15);
VALUE(synFailedNotEnoughDevicesFound, 16);
VALUE(synDeviceReset, 17);
VALUE(synUnsupported, 18);
VALUE(synWrongParamsFile, 19);
VALUE(synDeviceAlreadyAcquired, 20);
VALUE(synNameIsAlreadyUsed, 21);
VALUE(synBusy, 22);
VALUE(synAllResourcesTaken, 23);
VALUE(synUnavailable, 24);
VALUE(synInvalidTensorDimensions, 25);
VALUE(synFail, 26);
VALUE(synOutOfResources, 27);
VALUE(synUninitialized, 28);
VALUE(synAlreadyInitialized, 29);
VALUE(synFailedSectionValidation, 30);
VALUE(synSynapseTerminated, 31);
VALUE(synAssertAsync, 32);
VALUE(synInvalidEventHandle, 33);
VALUE(synMappingNotFound, 34);
VALUE(synFailedDynamicPatching, 35);
VALUE(synFailedStaticPatching, 36);
VALUE(synFailedToSubmitWorkload, 37);
VALUE(synInvalidSectionsDefinition, 38);
VALUE(synInvalidTensorProperties, 39);
VALUE(synFailHccl, 40);
VALUE(synFailedToCollectTime, 41);
VALUE(synTimeout, 42);
VALUE(synResourceBadUsage, 43);
VALUE(synNullPtr, 44);
VALUE(synFailFuser, 45);
VALUE(synFailComplexGuid, 46);
VALUE(synFailTpcKernels, 47);

// synDataType
VALUE(syn_type_na, 0);
VALUE(syn_type_int8, 1);
VALUE(syn_type_bf16, 2);
VALUE(syn_type_float, 4);
VALUE(syn_type_int16, 8);
VALUE(syn_type_int32, 16);
VALUE(syn_type_uint8, 32);
VALUE(syn_type_int4, 64);
VALUE(syn_type_uint4, 128);
VALUE(syn_type_fp16, 256);
VALUE(syn_type_uint16, 512);
VALUE(syn_type_uint32, 1024);
VALUE(syn_type_tf32, 2048);
VALUE(syn_type_hb_float, 4096);
VALUE(syn_type_fp8_143, 8192);
VALUE(syn_type_fp8_152, 16384);
VALUE(syn_type_int64, 32768);
VALUE(syn_type_uint64, 65536);
VALUE(syn_type_ufp16, 131072);
VALUE(syn_type_packed_nf4, 262144);

// synTensorType
VALUE(DATA_TENSOR, 0);
VALUE(OUTPUT_DESCRIBING_SHAPE_TENSOR, 1);
VALUE(INPUT_DESCRIBING_SHAPE_TENSOR, 2);
VALUE(DATA_TENSOR_DYNAMIC, 3);
VALUE(DEVICE_SHAPE_TENSOR, 4);
VALUE(HOST_SHAPE_TENSOR, 5);
VALUE(HOST_TO_DEVICE_TENSOR, 6);
VALUE(TENSOR_TYPE_INVALID, 7);

// synDeviceType
VALUE(synDeviceGoya2, 1);
VALUE(synDeviceGaudi, 2);
VALUE(synDeviceGaudi2, 4);
VALUE(synDeviceGaudi3, 5);
VALUE(synDeviceEmulator, 6);
VALUE(synDeviceTypeInvalid, 7);
VALUE(synDeviceTypeSize, 8);

// synDmaDir
VALUE(HOST_TO_DRAM, 0);
VALUE(DRAM_TO_HOST, 1);
VALUE(DRAM_TO_DRAM, 2);

// synGeometryType
VALUE(synGeometryMinSizes, 0);
VALUE(synGeometryMaxSizes, 1);
VALUE(synGeometrySizes, 1);
VALUE(synGeometryDims, 2);

// synDeviceAttribute
VALUE(DEVICE_ATTRIBUTE_SRAM_BASE_ADDRESS, 0);
VALUE(DEVICE_ATTRIBUTE_DRAM_BASE_ADDRESS, 1);
VALUE(DEVICE_ATTRIBUTE_SRAM_SIZE, 2);
VALUE(DEVICE_ATTRIBUTE_DRAM_SIZE, 3);
VALUE(DEVICE_ATTRIBUTE_DRAM_FREE_SIZE, 4);
VALUE(DEVICE_ATTRIBUTE_TPC_ENABLED_MASK, 5);
VALUE(DEVICE_ATTRIBUTE_DRAM_ENABLED, 6);
VALUE(DEVICE_ATTRIBUTE_DEVICE_TYPE, 7);
VALUE(DEVICE_ATTRIBUTE_CLK_RATE, 8);
VALUE(DEVICE_ATTRIBUTE_MAX_RMW_SIZE, 9);
VALUE(DEVICE_ATTRIBUTE_STREAMS_TOTAL_MEM_SIZE, 10);
VALUE(DEVICE_ATTRIBUTE_ADDRESS_ALIGNMENT_SIZE, 11);
VALUE(DEVICE_ATTRIBUTE_MAX_DIMS, 12);

// synRecipeAttribute
VALUE(RECIPE_ATTRIBUTE_WORKSPACE_SIZE, 0);
VALUE(RECIPE_ATTRIBUTE_NUM_PERSISTENT_TENSORS, 1);
VALUE(RECIPE_ATTRIBUTE_HOST_MEM_SIZE, 2);
VALUE(RECIPE_ATTRIBUTE_NUM_EXTERNAL_TENSORS, 3);
VALUE(RECIPE_ATTRIBUTE_PERSISTENT_TENSORS_SIZE, 4);
VALUE(RECIPE_ATTRIBUTE_CONST_SECTIONS_SIZE, 5);
VALUE(RECIPE_ATTRIBUTE_DEVICE_MEMORY_SIZE, 6);

// synGraphAttribute
VALUE(GRAPH_ATTRIBUTE_INFERENCE, 0);
VALUE(GRAPH_ATTRIBUTE_QUANTIZATION, 1);
VALUE(GRAPH_ATTRIBUTE_BACKOFF_FACTOR, 2);

// synSectionProp
VALUE(SECTION_SIZE, 0);
VALUE(SECTION_DATA, 1);
VALUE(IS_CONST, 2);

// synTraceType
VALUE(synTraceAll, 1);
VALUE(synTraceHost, 2);
VALUE(synTraceDevice, 3);

// synTraceFormat
VALUE(synTraceFormatTEF, 1);

// synRoundingMode
VALUE(synRoundToNearest, 0);
VALUE(synRoundToZero, 1);
VALUE(synRoundUp, 2);
VALUE(synRoundDown, 3);
VALUE(synStochasticRounding, 4);
VALUE(synRoundAwayFromZero, 5);
VALUE(synStochasticRoundingAndNearest, 6);

// hcclResult_t
VALUE(hcclUninitialized, -1);
VALUE(hcclSuccess, 0);
VALUE(hcclNoDeviceFound, 1);
VALUE(hcclUnsupported, 2);
VALUE(hcclOutOfMemory, 3);
VALUE(hcclUnhandledSynapseError, 4);
VALUE(hcclSystemError, 5);
VALUE(hcclInternalError, 6);
VALUE(hcclInvalidArgument, 7);
VALUE(hcclInvalidUsage, 8);
VALUE(hcclSocketError, 9);
VALUE(hcclLibfabricError, 10);
VALUE(hcclTryAgainError, 11);
VALUE(hcclBusy, 12);
VALUE(hcclNumResults, 13);
VALUE(hcclStreamError, 14);
VALUE(hcclSynapseTerminated, 15);
VALUE(hcclPortDown, 16);

// hcclDataType_t
VALUE(hcclInt8, 0);
VALUE(hcclUint8, 1);
VALUE(hcclInt32, 2);
VALUE(hcclUint32, 3);
VALUE(hcclInt64, 4);
VALUE(hcclUint64, 5);
VALUE(hcclFloat16, 6);
VALUE(hcclFloat32, 7);
VALUE(hcclFloat64, 8);
VALUE(hcclBfloat16, 9);

// hcclRedOp_t
VALUE(hcclSum, 0);
VALUE(hcclProd, 1);
VALUE(hcclMin, 2);
VALUE(hcclMax, 3);
VALUE(hcclAvg, 4);

#undef VALUE

// The calling convention rests on these widths.
static_assert(HABANA_DIM_MAX == 25 && SYN_MAX_TENSOR_DIM == 5 &&
                  MAX_DIMENSIONS_NUM == 5 && SYN_GAUDI_MAX_TENSOR_DIM == 8,
              "ranks");
static_assert(ENQUEUE_TENSOR_NAME_MAX_SIZE == 1024 && MAX_LAYOUT_SIZE == 20 &&
                  STATUS_DESCRIPTION_MAX_SIZE == 56,
              "lengths");
static_assert(SYN_INVALID_DEVICE_ID == 0xFFFFFFFFu &&
                  INVALID_MODULE_ID == 0xFFFFFFFFu &&
                  TENSOR_INVALID_ID == 0xFFFFFFFFFFFFFFFFu,
              "invalid ids");
static_assert(SYN_FLAGS_TENSOR_NAME == 1 && EVENT_COLLECT_TIME == 1, "flags");
static_assert(std::is_same_v<synDeviceId, uint32_t> &&
                  std::is_same_v<synModuleId, uint32_t> &&
                  std::is_same_v<synSectionId, uint32_t> &&
                  std::is_same_v<synNodeId, uint64_t>,
              "ids");

#define SIGNATURE(name, result, arguments)                                     \
  static_assert(std::is_same_v<decltype(&name), result(*) arguments>, #name)

SIGNATURE(synInitialize, synStatus, ());
SIGNATURE(synDestroy, synStatus, ());
SIGNATURE(synDriverGetVersion, synStatus, (char *, int));
SIGNATURE(synDeviceGetCount, synStatus, (uint32_t *));
SIGNATURE(synDeviceGetCountByDeviceType, synStatus,
          (uint32_t *, synDeviceType));
SIGNATURE(synDeviceGetModuleIDs, synStatus, (uint32_t *, uint32_t *));
SIGNATURE(synDeviceAcquireByDeviceType, synStatus,
          (synDeviceId *, synDeviceType));
SIGNATURE(synDeviceAcquireByModuleId, synStatus, (synDeviceId *, synModuleId));
SIGNATURE(synDeviceAcquire, synStatus, (synDeviceId *, const char *));
SIGNATURE(synDeviceRelease, synStatus, (synDeviceId));
SIGNATURE(synDeviceSynchronize, synStatus, (synDeviceId));
SIGNATURE(synDeviceGetMemoryInfo, synStatus,
          (synDeviceId, uint64_t *, uint64_t *));
SIGNATURE(synDeviceGetInfo, synStatus, (synDeviceId, synDeviceInfo *));
SIGNATURE(synDeviceGetInfoV2, synStatus, (synDeviceId, synDeviceInfoV2 *));
SIGNATURE(synDeviceGetName, synStatus, (char *, int, synDeviceId));
SIGNATURE(synDeviceGetAttribute, synStatus,
          (uint64_t *, const synDeviceAttribute *, unsigned, synDeviceId));
SIGNATURE(synDeviceTypeGetAttribute, synStatus,
          (uint64_t *, const synDeviceAttribute *, unsigned, synDeviceType));
SIGNATURE(synGraphCreate, synStatus, (synGraphHandle *, synDeviceType));
SIGNATURE(synGraphCreateEager, synStatus, (synGraphHandle *, synDeviceType));
SIGNATURE(synGraphDestroy, synStatus, (synGraphHandle));
SIGNATURE(synGraphSetAttribute, synStatus,
          (synGraphHandle, const synGraphAttribute *, const uint64_t *,
           uint32_t));
SIGNATURE(synGraphCompile, synStatus,
          (synRecipeHandle *, synGraphHandle, const char *, const char *));
SIGNATURE(synSectionCreate, synStatus,
          (synSectionHandle *, uint64_t, synGraphHandle));
SIGNATURE(synSectionSetPersistent, synStatus, (synSectionHandle, bool));
SIGNATURE(synSectionGetPersistent, synStatus, (synSectionHandle, bool *));
SIGNATURE(synSectionSetConst, synStatus, (synSectionHandle, bool));
SIGNATURE(synSectionGetConst, synStatus, (synSectionHandle, bool *));
SIGNATURE(synSectionSetRMW, synStatus, (synSectionHandle, bool));
SIGNATURE(synSectionGetRMW, synStatus, (synSectionHandle, bool *));
SIGNATURE(synSectionSetGroup, synStatus, (synSectionHandle, uint64_t));
SIGNATURE(synSectionGetGroup, synStatus, (synSectionHandle, uint64_t *));
SIGNATURE(synSectionDestroy, synStatus, (synSectionHandle));
SIGNATURE(synTensorHandleCreate, synStatus,
          (synTensor *, synGraphHandle, synTensorType, const char *));
SIGNATURE(synTensorSetGeometry, synStatus,
          (synTensor, const synTensorGeometry *, synGeometryType));
SIGNATURE(synTensorSetDeviceDataType, synStatus, (synTensor, synDataType));
SIGNATURE(synTensorSetDeviceFullLayout, synStatus,
          (synTensor, const synTensorDeviceFullLayout *));
SIGNATURE(synTensorAssignToSection, synStatus,
          (synTensor, synSectionHandle, uint64_t));
SIGNATURE(synTensorSetSectionOffset, synStatus, (synTensor, uint64_t));
SIGNATURE(synTensorSetHostPtr, synStatus,
          (synTensor, void *, uint64_t, synDataType, bool));
SIGNATURE(synTensorSetPermutation, synStatus,
          (synTensor, const synTensorPermutation *));
SIGNATURE(synTensorSetAllowPermutation, synStatus, (synTensor, int8_t));
SIGNATURE(synTensorSetExternal, synStatus, (synTensor, bool));
SIGNATURE(synTensorGetName, synStatus, (synTensor, uint64_t, char *));
SIGNATURE(synTensorDestroy, synStatus, (synTensor));
SIGNATURE(synNodeCreate, synStatus,
          (synGraphHandle, const synTensor *, const synTensor *, uint32_t,
           uint32_t, const void *, unsigned, const char *, const char *,
           const char **, const char **));
SIGNATURE(synNodeCreateWithId, synStatus,
          (synGraphHandle, const synTensor *, const synTensor *, uint32_t,
           uint32_t, const void *, unsigned, const char *, const char *,
           synNodeId *, const char **, const char **));
SIGNATURE(synNodeDependencySet, synStatus,
          (synGraphHandle, const synNodeId *, const synNodeId *, uint32_t,
           uint32_t));
SIGNATURE(synNodeSetDeterministic, synStatus,
          (synGraphHandle, synNodeId, bool));
SIGNATURE(synNodeSetRoundingMode, synStatus,
          (synGraphHandle, synNodeId, synRoundingMode));
SIGNATURE(synNodeTypeSetPrecision, synStatus,
          (synGraphHandle, const char *, synDataType));
SIGNATURE(synWorkspaceGetSize, synStatus, (uint64_t *, synRecipeHandle));
SIGNATURE(synRecipeSerialize, synStatus, (synRecipeHandle, const char *));
SIGNATURE(synRecipeDeSerialize, synStatus, (synRecipeHandle *, const char *));
SIGNATURE(synRecipeDestroy, synStatus, (synRecipeHandle));
SIGNATURE(synRecipeGetAttribute, synStatus,
          (uint64_t *, const synRecipeAttribute *, unsigned, synRecipeHandle));
SIGNATURE(synRecipeSectionGetProp, synStatus,
          (synRecipeHandle, synSectionId, synSectionProp, uint64_t *));
SIGNATURE(synRecipeSectionHostBuffersClear, synStatus,
          (synRecipeHandle, const synSectionId *, size_t));
SIGNATURE(synTensorRetrieveIds, synStatus,
          (synRecipeHandle, const char **, uint64_t *, uint32_t));
SIGNATURE(synTensorRetrieveLaunchAmount, synStatus,
          (synRecipeHandle, uint32_t *));
SIGNATURE(synTensorRetrieveLaunchIds, synStatus,
          (synRecipeHandle, uint64_t *, uint32_t));
SIGNATURE(synTensorRetrieveLaunchInfoById, synStatus,
          (synRecipeHandle, uint32_t, synRetrievedLaunchTensorInfo *));
SIGNATURE(synTensorRetrievePersistentAmount, synStatus,
          (synRecipeHandle, uint32_t *));
SIGNATURE(synStreamCreateGeneric, synStatus,
          (synStreamHandle *, synDeviceId, uint32_t));
SIGNATURE(synStreamDestroy, synStatus, (synStreamHandle));
SIGNATURE(synStreamWaitEvent, synStatus,
          (synStreamHandle, synEventHandle, uint32_t));
SIGNATURE(synStreamSynchronize, synStatus, (synStreamHandle));
SIGNATURE(synStreamQuery, synStatus, (synStreamHandle));
SIGNATURE(synEventCreate, synStatus, (synEventHandle *, synDeviceId, uint32_t));
SIGNATURE(synEventRecord, synStatus, (synEventHandle, synStreamHandle));
SIGNATURE(synEventQuery, synStatus, (synEventHandle));
SIGNATURE(synEventSynchronize, synStatus, (synEventHandle));
SIGNATURE(synEventElapsedTime, synStatus,
          (uint64_t *, synEventHandle, synEventHandle));
SIGNATURE(synEventDestroy, synStatus, (synEventHandle));
SIGNATURE(synEventMapTensor, synStatus,
          (synEventHandle *, size_t, const synLaunchTensorInfo *,
           synRecipeHandle));
SIGNATURE(synDeviceMalloc, synStatus,
          (synDeviceId, uint64_t, uint64_t, uint32_t, uint64_t *));
SIGNATURE(synDeviceFree, synStatus, (synDeviceId, uint64_t, uint32_t));
SIGNATURE(synHostMalloc, synStatus, (synDeviceId, uint64_t, uint32_t, void **));
SIGNATURE(synHostFree, synStatus, (synDeviceId, const void *, uint32_t));
SIGNATURE(synHostMap, synStatus, (synDeviceId, uint64_t, const void *));
SIGNATURE(synHostUnmap, synStatus, (synDeviceId, const void *));
SIGNATURE(synMemCopyAsync, synStatus,
          (synStreamHandle, uint64_t, uint64_t, uint64_t, synDmaDir));
SIGNATURE(synMemCopyAsyncMultiple, synStatus,
          (synStreamHandle, const uint64_t *, const uint64_t *,
           const uint64_t *, synDmaDir, uint64_t));
SIGNATURE(synMemsetD8Async, synStatus,
          (uint64_t, unsigned char, size_t, synStreamHandle));
SIGNATURE(synMemsetD16Async, synStatus,
          (uint64_t, uint16_t, size_t, synStreamHandle));
SIGNATURE(synMemsetD32Async, synStatus,
          (uint64_t, uint32_t, size_t, synStreamHandle));
SIGNATURE(synLaunch, synStatus,
          (synStreamHandle, const synLaunchTensorInfo *, uint32_t, uint64_t,
           synRecipeHandle, uint32_t));
SIGNATURE(synLaunchWithExternalEvents, synStatus,
          (synStreamHandle, const synLaunchTensorInfo *, uint32_t, uint64_t,
           synRecipeHandle, synEventHandle *, uint32_t, uint32_t));
SIGNATURE(synConfigurationSet, synStatus, (const char *, const char *));
SIGNATURE(synConfigurationGet, synStatus, (const char *, char *, uint64_t));
SIGNATURE(synStatusGetBriefDescription, synStatus, (synStatus, char *, size_t));
SIGNATURE(synProfilerQueryRequiredMemory, synStatus, (synDeviceId, uint32_t *));
SIGNATURE(synProfilerSetUserBuffer, synStatus, (synDeviceId, void *));
SIGNATURE(synProfilerStart, synStatus, (synTraceType, synDeviceId));
SIGNATURE(synProfilerStop, synStatus, (synTraceType, synDeviceId));
SIGNATURE(synProfilerGetTrace, synStatus,
          (synTraceType, synDeviceId, synTraceFormat, void *, size_t *,
           size_t *));
SIGNATURE(synProfilerGetCurrentTimeNS, synStatus, (uint64_t *));
SIGNATURE(synProfilerAddCustomMeasurement, synStatus, (const char *, uint64_t));
SIGNATURE(synGetLastError, synStatus, ());
SIGNATURE(synGetErrorString, const char *, (synStatus));
SIGNATURE(synGetLastErrorMessage, const char *, ());

SIGNATURE(hcclGetVersion, hcclResult_t, (int *));
SIGNATURE(hcclGetUniqueId, hcclResult_t, (hcclUniqueId *));
SIGNATURE(hcclCommInitRank, hcclResult_t,
          (hcclComm_t *, int, hcclUniqueId, int));
SIGNATURE(hcclCommFinalize, hcclResult_t, (hcclComm_t));
SIGNATURE(hcclCommDestroy, hcclResult_t, (hcclComm_t));
SIGNATURE(hcclCommAbort, hcclResult_t, (hcclComm_t));
SIGNATURE(hcclGetErrorString, const char *, (hcclResult_t));
SIGNATURE(hcclCommGetAsyncError, hcclResult_t, (hcclComm_t, hcclResult_t *));
SIGNATURE(hcclCommCount, hcclResult_t, (hcclComm_t, int *));
SIGNATURE(hcclCommUserRank, hcclResult_t, (hcclComm_t, int *));
SIGNATURE(hcclCommSynDevice, hcclResult_t, (hcclComm_t, int *));
SIGNATURE(hcclAllReduce, hcclResult_t,
          (const void *, void *, size_t, hcclDataType_t, hcclRedOp_t,
           hcclComm_t, void *));
SIGNATURE(hcclReduceScatter, hcclResult_t,
          (const void *, void *, size_t, hcclDataType_t, hcclRedOp_t,
           hcclComm_t, void *));
SIGNATURE(hcclAllGather, hcclResult_t,
          (const void *, void *, size_t, hcclDataType_t, hcclComm_t, void *));
SIGNATURE(hcclBroadcast, hcclResult_t,
          (const void *, void *, size_t, hcclDataType_t, int, hcclComm_t,
           void *));
SIGNATURE(hcclBcast, hcclResult_t,
          (void *, size_t, hcclDataType_t, int, hcclComm_t, void *));
SIGNATURE(hcclReduce, hcclResult_t,
          (const void *, void *, size_t, hcclDataType_t, hcclRedOp_t, int,
           hcclComm_t, void *));
SIGNATURE(hcclAlltoAll, hcclResult_t,
          (const void *, void *, size_t, hcclDataType_t, hcclComm_t, void *));
SIGNATURE(hcclBarrier, hcclResult_t, (hcclComm_t, void *));
SIGNATURE(hcclSend, hcclResult_t,
          (const void *, size_t, hcclDataType_t, int, hcclComm_t, void *));
SIGNATURE(hcclRecv, hcclResult_t,
          (void *, size_t, hcclDataType_t, int, hcclComm_t, void *));
SIGNATURE(hcclGroupStart, hcclResult_t, ());
SIGNATURE(hcclGroupEnd, hcclResult_t, ());

#undef SIGNATURE

TEST(AbiTest, tensorIdsCarryTheTypeInTheTopByte) {
  EXPECT_EQ(tensorId(7, DATA_TENSOR), 7u);
  EXPECT_EQ(tensorId(7, HOST_TO_DEVICE_TENSOR), (uint64_t(6) << 56) + 7);
}

// Facts that a struct's offsets do not show.
TEST(AbiTest, fillersOfKernelParamsHaveTheKernelsSizes) {
  SdpaParams sdpa{};
  sdpa.dropout.seed = 0x01020304;
  uint32_t word = 0;
  __builtin_memcpy(&word, reinterpret_cast<char *>(&sdpa) + 12, 4);
  EXPECT_EQ(word, 0x01020304u);
}

} // namespace
