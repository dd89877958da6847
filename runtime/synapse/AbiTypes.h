// SPDX-License-Identifier: Apache-2.0
//
// Handles and structs of SynapseAI's C interface, releases 1.16 to 1.21, on
// x86-64. Sizes of tensors are 64-bit and listed fastest-varying dimension
// first. Each struct is followed by the layout that the library was measured
// to have; a compiler that lays it out differently refuses this header.
#pragma once

#include "runtime/synapse/AbiEnums.h"

#include <cstddef>
#include <cstdint>

/// Checks one member of a struct: its offset in bytes.
#define BERTC_ABI_AT(type, member, offset)                                     \
  static_assert(offsetof(type, member) == (offset), #type "." #member)
/// Checks the size of a type in bytes.
#define BERTC_ABI_SIZE(type, bytes)                                            \
  static_assert(sizeof(type) == (bytes), #type)

namespace bertc::rt::syn {

// Handles: pointers to structs that only the library knows.
using synTensor = struct SynTensorObject *;
using synGraphHandle = struct SynGraphObject *;
using synRecipeHandle = struct SynRecipeObject *;
using synSectionHandle = struct SynSectionObject *;
using synStreamHandle = struct SynStreamObject *;
using synEventHandle = struct SynEventObject *;
using synDeviceId = uint32_t;
using synModuleId = uint32_t;
using synSectionId = uint32_t;
using synNodeId = uint64_t;

/// A tensor id is an index with the tensor's type in the top byte.
constexpr uint64_t tensorId(uint64_t index, synTensorType type) {
  return index | uint64_t(type) << 56;
}

/// One persistent tensor of a launch. Found by tensorId, or by tensorName with
/// SYN_FLAGS_TENSOR_NAME. tensorSize may stay zero for static data tensors.
struct synLaunchTensorInfo {
  const char *tensorName;
  uint64_t pTensorAddress;
  synTensorType tensorType;
  uint64_t tensorSize[HABANA_DIM_MAX];
  uint64_t tensorId;
};
BERTC_ABI_SIZE(synLaunchTensorInfo, 232);
BERTC_ABI_AT(synLaunchTensorInfo, tensorName, 0);
BERTC_ABI_AT(synLaunchTensorInfo, pTensorAddress, 8);
BERTC_ABI_AT(synLaunchTensorInfo, tensorType, 16);
BERTC_ABI_AT(synLaunchTensorInfo, tensorSize, 24);
BERTC_ABI_AT(synLaunchTensorInfo, tensorId, 224);

struct synTensorGeometry {
  uint64_t sizes[HABANA_DIM_MAX];
  uint32_t dims;
};
BERTC_ABI_SIZE(synTensorGeometry, 208);
BERTC_ABI_AT(synTensorGeometry, sizes, 0);
BERTC_ABI_AT(synTensorGeometry, dims, 200);

/// The strides must be zero: tensors are dense.
struct synTensorDeviceFullLayout {
  uint32_t strides[HABANA_DIM_MAX];
  synDataType deviceDataType;
};
BERTC_ABI_SIZE(synTensorDeviceFullLayout, 104);
BERTC_ABI_AT(synTensorDeviceFullLayout, strides, 0);
BERTC_ABI_AT(synTensorDeviceFullLayout, deviceDataType, 100);

/// The older form, without the stride of the fastest dimension.
struct synTensorDeviceLayout {
  uint32_t strides[HABANA_DIM_MAX - 1];
  synDataType deviceDataType;
};
BERTC_ABI_SIZE(synTensorDeviceLayout, 100);
BERTC_ABI_AT(synTensorDeviceLayout, strides, 0);
BERTC_ABI_AT(synTensorDeviceLayout, deviceDataType, 96);

struct synTensorPermutation {
  uint8_t permutation[HABANA_DIM_MAX];
  uint8_t dims;
};
BERTC_ABI_SIZE(synTensorPermutation, 26);
BERTC_ABI_AT(synTensorPermutation, permutation, 0);
BERTC_ABI_AT(synTensorPermutation, dims, 25);

/// What a recipe says of one of its persistent tensors; the caller fills
/// tensorId before the call.
struct synRetrievedLaunchTensorInfo {
  char tensorName[ENQUEUE_TENSOR_NAME_MAX_SIZE];
  uint64_t tensorId;
  synTensorType tensorType;
  synDataType tensorDataType;
  uint32_t tensorDims;
  uint64_t tensorMaxSize[HABANA_DIM_MAX];
  uint64_t tensorMinSize[HABANA_DIM_MAX];
  uint8_t tensorPermutation[HABANA_DIM_MAX];
  synSectionId tensorSectionId;
  uint64_t tensorOffsetInSection;
  uint8_t isInput;
  uint32_t reserved[10];
};
BERTC_ABI_SIZE(synRetrievedLaunchTensorInfo, 1536);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorName, 0);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorId, 1024);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorType, 1032);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorDataType, 1036);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorDims, 1040);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorMaxSize, 1048);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorMinSize, 1248);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorPermutation, 1448);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorSectionId, 1476);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, tensorOffsetInSection, 1480);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, isInput, 1488);
BERTC_ABI_AT(synRetrievedLaunchTensorInfo, reserved, 1492);

/// The older description of a tensor of a recipe.
struct TensorMetadataInfo {
  const char *tensorName;
  uint32_t elementType;
  double zp;
  double scale;
  uint32_t dimensions;
  uint64_t dimensionsSize[HABANA_DIM_MAX];
  uint64_t roiSizeInBytes;
  uint16_t batchSize;
  uint8_t isInput;
  char layout[MAX_LAYOUT_SIZE];
  uint32_t sectionId;
  uint64_t offsetInSection;
};
BERTC_ABI_SIZE(TensorMetadataInfo, 288);
BERTC_ABI_AT(TensorMetadataInfo, tensorName, 0);
BERTC_ABI_AT(TensorMetadataInfo, elementType, 8);
BERTC_ABI_AT(TensorMetadataInfo, zp, 16);
BERTC_ABI_AT(TensorMetadataInfo, scale, 24);
BERTC_ABI_AT(TensorMetadataInfo, dimensions, 32);
BERTC_ABI_AT(TensorMetadataInfo, dimensionsSize, 40);
BERTC_ABI_AT(TensorMetadataInfo, roiSizeInBytes, 240);
BERTC_ABI_AT(TensorMetadataInfo, batchSize, 248);
BERTC_ABI_AT(TensorMetadataInfo, isInput, 250);
BERTC_ABI_AT(TensorMetadataInfo, layout, 251);
BERTC_ABI_AT(TensorMetadataInfo, sectionId, 272);
BERTC_ABI_AT(TensorMetadataInfo, offsetInSection, 280);

struct synDeviceInfo {
  uint64_t sramBaseAddress;
  uint64_t dramBaseAddress;
  uint32_t sramSize;
  uint64_t dramSize;
  uint64_t tpcEnabledMask;
  uint8_t dramEnabled;
  uint32_t deviceId;
  uint32_t fd;
  synDeviceType deviceType;
};
BERTC_ABI_SIZE(synDeviceInfo, 56);
BERTC_ABI_AT(synDeviceInfo, sramBaseAddress, 0);
BERTC_ABI_AT(synDeviceInfo, dramBaseAddress, 8);
BERTC_ABI_AT(synDeviceInfo, sramSize, 16);
BERTC_ABI_AT(synDeviceInfo, dramSize, 24);
BERTC_ABI_AT(synDeviceInfo, tpcEnabledMask, 32);
BERTC_ABI_AT(synDeviceInfo, dramEnabled, 40);
BERTC_ABI_AT(synDeviceInfo, deviceId, 44);
BERTC_ABI_AT(synDeviceInfo, fd, 48);
BERTC_ABI_AT(synDeviceInfo, deviceType, 52);

struct synDeviceInfoV2 {
  uint64_t sramBaseAddress;
  uint64_t dramBaseAddress;
  uint32_t sramSize;
  uint64_t dramSize;
  uint64_t tpcEnabledMask;
  uint8_t dramEnabled;
  uint32_t deviceId;
  uint32_t fd;
  synDeviceType deviceType;
  uint8_t deviceIndex;
  uint64_t globalHbmBaseAddress;
};
BERTC_ABI_SIZE(synDeviceInfoV2, 72);
BERTC_ABI_AT(synDeviceInfoV2, sramBaseAddress, 0);
BERTC_ABI_AT(synDeviceInfoV2, dramBaseAddress, 8);
BERTC_ABI_AT(synDeviceInfoV2, sramSize, 16);
BERTC_ABI_AT(synDeviceInfoV2, dramSize, 24);
BERTC_ABI_AT(synDeviceInfoV2, tpcEnabledMask, 32);
BERTC_ABI_AT(synDeviceInfoV2, dramEnabled, 40);
BERTC_ABI_AT(synDeviceInfoV2, deviceId, 44);
BERTC_ABI_AT(synDeviceInfoV2, fd, 48);
BERTC_ABI_AT(synDeviceInfoV2, deviceType, 52);
BERTC_ABI_AT(synDeviceInfoV2, deviceIndex, 56);
BERTC_ABI_AT(synDeviceInfoV2, globalHbmBaseAddress, 64);

/// One event of a trace in memory. Times are in microseconds; `type` is the
/// letter of the trace-event format: X whole, B begin, E end, M metadata. An
/// engine's metadata event has the name "process_name" or "thread_name" and
/// the engine's own name in `arguments.metadata`.
struct alignas(16) synTraceEvent {
  const char *name;
  const char *category;
  char type;
  long double timestamp;
  long double duration;
  uint32_t engineType;
  uint32_t engineIndex;
  uint64_t contextId;
  union {
    struct {
      const char *dataType;
      const char *operation;
      uint16_t recipeId;
      const char *recipeName;
      uint64_t streamHandle;
      uint64_t eventHandle;
    } event;
    struct {
      const char *name;
      const char *group;
    } metadata;
    char reserved[128];
    uint64_t value;
  } arguments;
};
BERTC_ABI_SIZE(synTraceEvent, 208);
static_assert(alignof(synTraceEvent) == 16, "synTraceEvent");
BERTC_ABI_AT(synTraceEvent, name, 0);
BERTC_ABI_AT(synTraceEvent, category, 8);
BERTC_ABI_AT(synTraceEvent, type, 16);
BERTC_ABI_AT(synTraceEvent, timestamp, 32);
BERTC_ABI_AT(synTraceEvent, duration, 48);
BERTC_ABI_AT(synTraceEvent, engineType, 64);
BERTC_ABI_AT(synTraceEvent, engineIndex, 68);
BERTC_ABI_AT(synTraceEvent, contextId, 72);
BERTC_ABI_AT(synTraceEvent, arguments, 80);

union synGraphAttributeVal {
  uint64_t iAttrVal;
  double dAttrVal;
};
BERTC_ABI_SIZE(synGraphAttributeVal, 8);

// Sizes that the calling convention rests on.
BERTC_ABI_SIZE(bool, 1);
BERTC_ABI_SIZE(synTensor, 8);
BERTC_ABI_SIZE(synStatus, 4);
BERTC_ABI_SIZE(synDataType, 4);
BERTC_ABI_SIZE(synTensorType, 4);
BERTC_ABI_SIZE(synDeviceType, 4);
BERTC_ABI_SIZE(synDmaDir, 4);
BERTC_ABI_SIZE(synGeometryType, 4);
BERTC_ABI_SIZE(synDeviceAttribute, 4);
BERTC_ABI_SIZE(synRecipeAttribute, 4);
BERTC_ABI_SIZE(synGraphAttribute, 4);
BERTC_ABI_SIZE(synSectionProp, 4);
BERTC_ABI_SIZE(synTraceType, 4);
BERTC_ABI_SIZE(synTraceFormat, 4);
BERTC_ABI_SIZE(synRoundingMode, 4);
static_assert(tensorId(3, HOST_TO_DEVICE_TENSOR) == 0x0600000000000003, "id");

} // namespace bertc::rt::syn
