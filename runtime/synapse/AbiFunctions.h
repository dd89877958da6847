// SPDX-License-Identifier: Apache-2.0
//
// The functions of SynapseAI's C interface that bertc binds or its stand-in
// exports, releases 1.16 to 1.21. Functions that exist in a part of these
// releases only (names ending in Ext, synGraphCompileV2) are left out, but
// for the three that explain the last error, which came with 1.21 and must be
// looked up as optional.
#pragma once

#include "runtime/synapse/AbiTypes.h"

namespace bertc::rt::syn {
extern "C" {

// Library and devices. A second synInitialize succeeds. The device type
// synDeviceTypeInvalid acquires the first device found.
synStatus synInitialize();
synStatus synDestroy();
synStatus synDriverGetVersion(char *version, int length);
synStatus synDeviceGetCount(uint32_t *count);
synStatus synDeviceGetCountByDeviceType(uint32_t *count, synDeviceType type);
synStatus synDeviceGetModuleIDs(uint32_t *ids, uint32_t *size);
synStatus synDeviceAcquireByDeviceType(synDeviceId *id, synDeviceType type);
synStatus synDeviceAcquireByModuleId(synDeviceId *id, synModuleId moduleId);
synStatus synDeviceAcquire(synDeviceId *id, const char *pciBus);
synStatus synDeviceRelease(synDeviceId id);
synStatus synDeviceSynchronize(synDeviceId id);
synStatus synDeviceGetMemoryInfo(synDeviceId id, uint64_t *free,
                                 uint64_t *total);
synStatus synDeviceGetInfo(synDeviceId id, synDeviceInfo *info);
synStatus synDeviceGetInfoV2(synDeviceId id, synDeviceInfoV2 *info);
synStatus synDeviceGetName(char *name, int length, synDeviceId id);
synStatus synDeviceGetAttribute(uint64_t *values,
                                const synDeviceAttribute *attributes,
                                unsigned count, synDeviceId id);
synStatus synDeviceTypeGetAttribute(uint64_t *values,
                                    const synDeviceAttribute *attributes,
                                    unsigned count, synDeviceType type);

// Graphs. Eager graphs exist from Gaudi2 on.
synStatus synGraphCreate(synGraphHandle *graph, synDeviceType type);
synStatus synGraphCreateEager(synGraphHandle *graph, synDeviceType type);
synStatus synGraphDestroy(synGraphHandle graph);
synStatus synGraphSetAttribute(synGraphHandle graph,
                               const synGraphAttribute *attributes,
                               const uint64_t *values, uint32_t count);
synStatus synGraphCompile(synRecipeHandle *recipe, synGraphHandle graph,
                          const char *name, const char *buildLog);

// Sections; the descriptor is 0.
synStatus synSectionCreate(synSectionHandle *section, uint64_t descriptor,
                           synGraphHandle graph);
synStatus synSectionSetPersistent(synSectionHandle section, bool persistent);
synStatus synSectionGetPersistent(synSectionHandle section, bool *persistent);
synStatus synSectionSetConst(synSectionHandle section, bool isConst);
synStatus synSectionGetConst(synSectionHandle section, bool *isConst);
synStatus synSectionSetRMW(synSectionHandle section, bool rmw);
synStatus synSectionGetRMW(synSectionHandle section, bool *rmw);
synStatus synSectionSetGroup(synSectionHandle section, uint64_t group);
synStatus synSectionGetGroup(synSectionHandle section, uint64_t *group);
synStatus synSectionDestroy(synSectionHandle section);

// Tensors.
synStatus synTensorHandleCreate(synTensor *tensor, synGraphHandle graph,
                                synTensorType type, const char *name);
synStatus synTensorSetGeometry(synTensor tensor,
                               const synTensorGeometry *geometry,
                               synGeometryType type);
synStatus synTensorSetDeviceDataType(synTensor tensor, synDataType type);
synStatus synTensorSetDeviceFullLayout(synTensor tensor,
                                       const synTensorDeviceFullLayout *layout);
synStatus synTensorAssignToSection(synTensor tensor, synSectionHandle section,
                                   uint64_t byteOffset);
synStatus synTensorSetSectionOffset(synTensor tensor, uint64_t byteOffset);
synStatus synTensorSetHostPtr(synTensor tensor, void *data, uint64_t bytes,
                              synDataType type, bool copy);
synStatus synTensorSetPermutation(synTensor tensor,
                                  const synTensorPermutation *permutation);
synStatus synTensorSetAllowPermutation(synTensor tensor, int8_t allow);
synStatus synTensorSetExternal(synTensor tensor, bool external);
synStatus synTensorGetName(synTensor tensor, uint64_t size, char *name);
synStatus synTensorDestroy(synTensor tensor);

// Nodes. A null handle among the tensors is an operand left out.
synStatus synNodeCreate(synGraphHandle graph, const synTensor *inputs,
                        const synTensor *outputs, uint32_t numInputs,
                        uint32_t numOutputs, const void *params,
                        unsigned paramsSize, const char *guid, const char *name,
                        const char **inputLayouts, const char **outputLayouts);
synStatus synNodeCreateWithId(synGraphHandle graph, const synTensor *inputs,
                              const synTensor *outputs, uint32_t numInputs,
                              uint32_t numOutputs, const void *params,
                              unsigned paramsSize, const char *guid,
                              const char *name, synNodeId *id,
                              const char **inputLayouts,
                              const char **outputLayouts);
synStatus synNodeDependencySet(synGraphHandle graph, const synNodeId *blocking,
                               const synNodeId *blocked, uint32_t numBlocking,
                               uint32_t numBlocked);
synStatus synNodeSetDeterministic(synGraphHandle graph, synNodeId id,
                                  bool deterministic);
synStatus synNodeSetRoundingMode(synGraphHandle graph, synNodeId id,
                                 synRoundingMode mode);
synStatus synNodeTypeSetPrecision(synGraphHandle graph, const char *guid,
                                  synDataType type);

// Recipes.
synStatus synWorkspaceGetSize(uint64_t *bytes, synRecipeHandle recipe);
synStatus synRecipeSerialize(synRecipeHandle recipe, const char *file);
synStatus synRecipeDeSerialize(synRecipeHandle *recipe, const char *file);
synStatus synRecipeDestroy(synRecipeHandle recipe);
synStatus synRecipeGetAttribute(uint64_t *values,
                                const synRecipeAttribute *attributes,
                                unsigned count, synRecipeHandle recipe);
synStatus synRecipeSectionGetProp(synRecipeHandle recipe, synSectionId section,
                                  synSectionProp prop, uint64_t *value);
synStatus synRecipeSectionHostBuffersClear(synRecipeHandle recipe,
                                           const synSectionId *sections,
                                           size_t count);
synStatus synTensorRetrieveIds(synRecipeHandle recipe, const char **names,
                               uint64_t *ids, uint32_t count);
synStatus synTensorRetrieveLaunchAmount(synRecipeHandle recipe,
                                        uint32_t *count);
synStatus synTensorRetrieveLaunchIds(synRecipeHandle recipe, uint64_t *ids,
                                     uint32_t count);
synStatus synTensorRetrieveLaunchInfoById(synRecipeHandle recipe,
                                          uint32_t count,
                                          synRetrievedLaunchTensorInfo *infos);
synStatus synTensorRetrievePersistentAmount(synRecipeHandle recipe,
                                            uint32_t *count);

// Streams and events. synStreamQuery and synEventQuery answer synSuccess or
// synBusy. synEventElapsedTime is in nanoseconds; no end means now.
synStatus synStreamCreateGeneric(synStreamHandle *stream, synDeviceId id,
                                 uint32_t flags);
synStatus synStreamDestroy(synStreamHandle stream);
synStatus synStreamWaitEvent(synStreamHandle stream, synEventHandle event,
                             uint32_t flags);
synStatus synStreamSynchronize(synStreamHandle stream);
synStatus synStreamQuery(synStreamHandle stream);
synStatus synEventCreate(synEventHandle *event, synDeviceId id, uint32_t flags);
synStatus synEventRecord(synEventHandle event, synStreamHandle stream);
synStatus synEventQuery(synEventHandle event);
synStatus synEventSynchronize(synEventHandle event);
synStatus synEventElapsedTime(uint64_t *nanoseconds, synEventHandle start,
                              synEventHandle end);
synStatus synEventDestroy(synEventHandle event);
synStatus synEventMapTensor(synEventHandle *event, size_t count,
                            const synLaunchTensorInfo *infos,
                            synRecipeHandle recipe);

// Memory. Device addresses are numbers, never pointers of the host.
synStatus synDeviceMalloc(synDeviceId id, uint64_t bytes, uint64_t address,
                          uint32_t flags, uint64_t *buffer);
synStatus synDeviceFree(synDeviceId id, uint64_t buffer, uint32_t flags);
synStatus synHostMalloc(synDeviceId id, uint64_t bytes, uint32_t flags,
                        void **buffer);
synStatus synHostFree(synDeviceId id, const void *buffer, uint32_t flags);
synStatus synHostMap(synDeviceId id, uint64_t bytes, const void *buffer);
synStatus synHostUnmap(synDeviceId id, const void *buffer);
synStatus synMemCopyAsync(synStreamHandle stream, uint64_t source,
                          uint64_t bytes, uint64_t target, synDmaDir direction);
synStatus synMemCopyAsyncMultiple(synStreamHandle stream,
                                  const uint64_t *sources,
                                  const uint64_t *bytes,
                                  const uint64_t *targets, synDmaDir direction,
                                  uint64_t count);
synStatus synMemsetD8Async(uint64_t address, unsigned char value, size_t count,
                           synStreamHandle stream);
synStatus synMemsetD16Async(uint64_t address, uint16_t value, size_t count,
                            synStreamHandle stream);
synStatus synMemsetD32Async(uint64_t address, uint32_t value, size_t count,
                            synStreamHandle stream);

// Launches.
synStatus synLaunch(synStreamHandle stream, const synLaunchTensorInfo *infos,
                    uint32_t count, uint64_t workspace, synRecipeHandle recipe,
                    uint32_t flags);
synStatus synLaunchWithExternalEvents(synStreamHandle stream,
                                      const synLaunchTensorInfo *infos,
                                      uint32_t count, uint64_t workspace,
                                      synRecipeHandle recipe,
                                      synEventHandle *events,
                                      uint32_t numEvents, uint32_t flags);

// Settings, status texts, profiler.
synStatus synConfigurationSet(const char *name, const char *value);
synStatus synConfigurationGet(const char *name, char *value, uint64_t size);
synStatus synStatusGetBriefDescription(synStatus status, char *text,
                                       size_t length);
synStatus synProfilerQueryRequiredMemory(synDeviceId id, uint32_t *bytes);
synStatus synProfilerSetUserBuffer(synDeviceId id, void *buffer);
synStatus synProfilerStart(synTraceType type, synDeviceId id);
synStatus synProfilerStop(synTraceType type, synDeviceId id);
/// With no buffer and no size: writes a trace file. With a size only: asks for
/// the size in bytes and the number of entries. With both: fills the buffer
/// with synTraceEvent entries.
synStatus synProfilerGetTrace(synTraceType type, synDeviceId id,
                              synTraceFormat format, void *buffer, size_t *size,
                              size_t *entries);
synStatus synProfilerGetCurrentTimeNS(uint64_t *nanoseconds);
synStatus synProfilerAddCustomMeasurement(const char *text,
                                          uint64_t nanoseconds);

// Release 1.21; absent before.
synStatus synGetLastError();
const char *synGetErrorString(synStatus status);
const char *synGetLastErrorMessage();

} // extern "C"
} // namespace bertc::rt::syn
