// SPDX-License-Identifier: Apache-2.0
//
// Constants and enums of SynapseAI's C interface, releases 1.16 to 1.21. Every
// value is written out, because the value is the interface. All enums have 4
// bytes. Earlier releases number devices and dimensions differently and are
// not spoken: see the device types below.
#pragma once

#include <cstdint>

namespace bertc::rt::syn {

/// Room for dimensions in every struct that holds sizes.
constexpr unsigned HABANA_DIM_MAX = 25;
/// Largest rank that the device attribute MAX_DIMS reports.
constexpr unsigned SYN_GAUDI_MAX_TENSOR_DIM = 8;
/// Largest rank of TPC kernels and gemm.
constexpr unsigned SYN_MAX_TENSOR_DIM = 5;
constexpr unsigned MAX_DIMENSIONS_NUM = 5;
constexpr unsigned ENQUEUE_TENSOR_NAME_MAX_SIZE = 1024;
constexpr unsigned MAX_LAYOUT_SIZE = 20;
constexpr unsigned STATUS_DESCRIPTION_MAX_SIZE = 56;
constexpr uint32_t SYN_INVALID_DEVICE_ID = 0xFFFFFFFFu;
constexpr uint32_t INVALID_MODULE_ID = 0xFFFFFFFFu;
constexpr uint64_t TENSOR_INVALID_ID = ~uint64_t(0);
/// Launch flag: tensors are matched by name, and ids are written back.
constexpr uint32_t SYN_FLAGS_TENSOR_NAME = 0x1;
/// Event flag: the event can be used with synEventElapsedTime.
constexpr uint32_t EVENT_COLLECT_TIME = 1;

enum synStatus : uint32_t {
  synSuccess = 0,
  synInvalidArgument = 1,
  synCbFull = 2,
  synOutOfHostMemory = 3,
  synOutOfDeviceMemory = 4,
  synObjectAlreadyInitialized = 5,
  synObjectNotInitialized = 6,
  synCommandSubmissionFailure = 7,
  synNoDeviceFound = 8,
  synDeviceTypeMismatch = 9,
  synFailedToInitializeCb = 10,
  synFailedToFreeCb = 11,
  synFailedToMapCb = 12,
  synFailedToUnmapCb = 13,
  synFailedToAllocateDeviceMemory = 14,
  synFailedToFreeDeviceMemory = 15,
  synFailedNotEnoughDevicesFound = 16,
  synDeviceReset = 17,
  synUnsupported = 18,
  synWrongParamsFile = 19,
  synDeviceAlreadyAcquired = 20,
  synNameIsAlreadyUsed = 21,
  synBusy = 22,
  synAllResourcesTaken = 23,
  synUnavailable = 24,
  synInvalidTensorDimensions = 25,
  synFail = 26,
  synOutOfResources = 27,
  synUninitialized = 28,
  synAlreadyInitialized = 29,
  synFailedSectionValidation = 30,
  synSynapseTerminated = 31,
  synAssertAsync = 32,
  synInvalidEventHandle = 33,
  synMappingNotFound = 34,
  synFailedDynamicPatching = 35,
  synFailedStaticPatching = 36,
  synFailedToSubmitWorkload = 37,
  synInvalidSectionsDefinition = 38,
  synInvalidTensorProperties = 39,
  synFailHccl = 40,
  synFailedToCollectTime = 41,
  synTimeout = 42,
  synResourceBadUsage = 43,
  // From release 1.20 on.
  synNullPtr = 44,
  synFailFuser = 45,
  synFailComplexGuid = 46,
  synFailTpcKernels = 47,
};

/// Bits, one a type. Tensors of truth values have int8.
enum synDataType : uint32_t {
  syn_type_na = 0,
  syn_type_int8 = 1,
  syn_type_bf16 = 2,
  syn_type_float = 4,
  syn_type_int16 = 8,
  syn_type_int32 = 16,
  syn_type_uint8 = 32,
  syn_type_int4 = 64,
  syn_type_uint4 = 128,
  syn_type_fp16 = 256,
  syn_type_uint16 = 512,
  syn_type_uint32 = 1024,
  syn_type_tf32 = 2048,
  syn_type_hb_float = 4096,
  syn_type_fp8_143 = 8192,
  syn_type_fp8_152 = 16384,
  syn_type_int64 = 32768,
  syn_type_uint64 = 65536,
  syn_type_ufp16 = 131072,
  // From release 1.20 on.
  syn_type_packed_nf4 = 262144,
};

enum synTensorType : uint32_t {
  DATA_TENSOR = 0,
  OUTPUT_DESCRIBING_SHAPE_TENSOR = 1,
  INPUT_DESCRIBING_SHAPE_TENSOR = 2,
  DATA_TENSOR_DYNAMIC = 3,
  DEVICE_SHAPE_TENSOR = 4,
  HOST_SHAPE_TENSOR = 5,
  HOST_TO_DEVICE_TENSOR = 6,
  TENSOR_TYPE_INVALID = 7,
};

/// Before release 1.16 Gaudi was 0 and Gaudi2 was 1.
enum synDeviceType : uint32_t {
  synDeviceGoya2 = 1,
  synDeviceGaudi = 2,
  synDeviceGaudi2 = 4,
  synDeviceGaudi3 = 5,
  synDeviceEmulator = 6,
  synDeviceTypeInvalid = 7,
  synDeviceTypeSize = 8,
};

enum synDmaDir : uint32_t {
  HOST_TO_DRAM = 0,
  DRAM_TO_HOST = 1,
  DRAM_TO_DRAM = 2,
};

enum synGeometryType : uint32_t {
  synGeometryMinSizes = 0,
  synGeometryMaxSizes = 1,
  synGeometrySizes = 1,
  synGeometryDims = 2,
};

enum synDeviceAttribute : uint32_t {
  DEVICE_ATTRIBUTE_SRAM_BASE_ADDRESS = 0,
  DEVICE_ATTRIBUTE_DRAM_BASE_ADDRESS = 1,
  DEVICE_ATTRIBUTE_SRAM_SIZE = 2,
  DEVICE_ATTRIBUTE_DRAM_SIZE = 3,
  DEVICE_ATTRIBUTE_DRAM_FREE_SIZE = 4,
  DEVICE_ATTRIBUTE_TPC_ENABLED_MASK = 5,
  DEVICE_ATTRIBUTE_DRAM_ENABLED = 6,
  DEVICE_ATTRIBUTE_DEVICE_TYPE = 7,
  DEVICE_ATTRIBUTE_CLK_RATE = 8,
  DEVICE_ATTRIBUTE_MAX_RMW_SIZE = 9,
  DEVICE_ATTRIBUTE_STREAMS_TOTAL_MEM_SIZE = 10,
  DEVICE_ATTRIBUTE_ADDRESS_ALIGNMENT_SIZE = 11,
  DEVICE_ATTRIBUTE_MAX_DIMS = 12,
};

enum synRecipeAttribute : uint32_t {
  RECIPE_ATTRIBUTE_WORKSPACE_SIZE = 0,
  RECIPE_ATTRIBUTE_NUM_PERSISTENT_TENSORS = 1,
  RECIPE_ATTRIBUTE_HOST_MEM_SIZE = 2,
  RECIPE_ATTRIBUTE_NUM_EXTERNAL_TENSORS = 3,
  RECIPE_ATTRIBUTE_PERSISTENT_TENSORS_SIZE = 4,
  RECIPE_ATTRIBUTE_CONST_SECTIONS_SIZE = 5,
  RECIPE_ATTRIBUTE_DEVICE_MEMORY_SIZE = 6,
};

enum synGraphAttribute : uint32_t {
  GRAPH_ATTRIBUTE_INFERENCE = 0,
  GRAPH_ATTRIBUTE_QUANTIZATION = 1,
  GRAPH_ATTRIBUTE_BACKOFF_FACTOR = 2,
};

enum synSectionProp : uint32_t {
  SECTION_SIZE = 0,
  SECTION_DATA = 1,
  IS_CONST = 2
};

enum synTraceType : uint32_t {
  synTraceAll = 1,
  synTraceHost = 2,
  synTraceDevice = 3,
};

enum synTraceFormat : uint32_t { synTraceFormatTEF = 1 };

enum synRoundingMode : uint32_t {
  synRoundToNearest = 0,
  synRoundToZero = 1,
  synRoundUp = 2,
  synRoundDown = 3,
  synStochasticRounding = 4,
  synRoundAwayFromZero = 5,
  synStochasticRoundingAndNearest = 6,
};

} // namespace bertc::rt::syn
