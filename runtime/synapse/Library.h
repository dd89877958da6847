// SPDX-License-Identifier: Apache-2.0
//
// libSynapse, opened at run time: nothing of bertc links it. Functions are
// bound by one table; a library that lacks one, or that speaks another ABI
// generation than Abi.h, is refused before anything else is called.
//
//   BERTC_ASSIGN_OR_RETURN(LibraryPtr library, openLibrary(options.path));
//   BERTC_SYN(*library, synDeviceGetCount, &count);   // returns on failure
#pragma once

#include "bertc/status.h"
#include "runtime/synapse/Abi.h"
#include "runtime/synapse/Errors.h"

#include <memory>
#include <string>

namespace bertc::rt::syn {

/// Every function that bertc calls and every release from 1.16 to 1.21 has.
#define BERTC_SYN_FUNCTIONS(X)                                                 \
  X(synInitialize)                                                             \
  X(synDestroy)                                                                \
  X(synDriverGetVersion)                                                       \
  X(synDeviceGetCountByDeviceType)                                             \
  X(synDeviceGetModuleIDs)                                                     \
  X(synDeviceAcquireByDeviceType)                                              \
  X(synDeviceAcquireByModuleId)                                                \
  X(synDeviceRelease)                                                          \
  X(synDeviceSynchronize)                                                      \
  X(synDeviceGetMemoryInfo)                                                    \
  X(synDeviceGetName)                                                          \
  X(synDeviceGetAttribute)                                                     \
  X(synDeviceTypeGetAttribute)                                                 \
  X(synGraphCreate)                                                            \
  X(synGraphDestroy)                                                           \
  X(synGraphCompile)                                                           \
  X(synSectionCreate)                                                          \
  X(synSectionDestroy)                                                         \
  X(synTensorHandleCreate)                                                     \
  X(synTensorSetGeometry)                                                      \
  X(synTensorSetDeviceDataType)                                                \
  X(synTensorAssignToSection)                                                  \
  X(synNodeCreateWithId)                                                       \
  X(synNodeDependencySet)                                                      \
  X(synWorkspaceGetSize)                                                       \
  X(synRecipeSerialize)                                                        \
  X(synRecipeDeSerialize)                                                      \
  X(synRecipeDestroy)                                                          \
  X(synTensorRetrieveIds)                                                      \
  X(synTensorRetrieveLaunchInfoById)                                           \
  X(synTensorRetrievePersistentAmount)                                         \
  X(synStreamCreateGeneric)                                                    \
  X(synStreamDestroy)                                                          \
  X(synStreamWaitEvent)                                                        \
  X(synStreamSynchronize)                                                      \
  X(synEventCreate)                                                            \
  X(synEventRecord)                                                            \
  X(synEventQuery)                                                             \
  X(synEventSynchronize)                                                       \
  X(synEventElapsedTime)                                                       \
  X(synEventDestroy)                                                           \
  X(synDeviceMalloc)                                                           \
  X(synDeviceFree)                                                             \
  X(synHostMalloc)                                                             \
  X(synHostFree)                                                               \
  X(synMemCopyAsync)                                                           \
  X(synMemCopyAsyncMultiple)                                                   \
  X(synMemsetD8Async)                                                          \
  X(synLaunch)                                                                 \
  X(synStatusGetBriefDescription)                                              \
  X(synProfilerStart)                                                          \
  X(synProfilerStop)                                                           \
  X(synProfilerGetTrace)                                                       \
  X(synProfilerGetCurrentTimeNS)

/// Pointers to these functions, under their names.
struct Functions {
#define BERTC_SYN_MEMBER(name) decltype(&syn::name) name = nullptr;
  BERTC_SYN_FUNCTIONS(BERTC_SYN_MEMBER)
#undef BERTC_SYN_MEMBER
  /// From release 1.21 on; null before.
  decltype(&syn::synGetLastErrorMessage) synGetLastErrorMessage = nullptr;
};

/// An open and initialised library; the last owner calls synDestroy.
class Library {
public:
  ~Library();
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  const Functions &functions() const { return functions_; }
  /// File it was loaded from.
  const std::string &path() const { return path_; }
  /// Names the release and the very build: "1.21.0-abc+<build id>". Recipes
  /// are good for the version that made them only.
  const std::string &version() const { return version_; }

  /// Address of any other symbol; null when there is none.
  void *symbol(const char *name) const;

  /// What a call's status means, with the library's own words.
  Status outcome(synStatus status, const char *function) const;
  /// The same for a call that gives something back, where there is nobody to
  /// return it to: said on stderr, but for a reset of the device, which has
  /// taken everything along and was an error of some call before.
  void given(synStatus status, const char *function) const;

private:
  friend StatusOr<std::shared_ptr<Library>> openLibrary(const std::string &);
  Library() = default;
  Status load(const std::string &given);
  Status bind();
  Status start();
  Status checkGeneration() const;

  void *handle_ = nullptr;
  Functions functions_;
  std::string path_, version_;
  bool started_ = false;
};
using LibraryPtr = std::shared_ptr<Library>;

/// Opens and initialises the library; one that is open already is shared.
/// `path` empty: BERTC_SYNAPSE_LIBRARY, else libSynapse.so and libSynapse.so.1
/// of the loader. Errors are Unavailable and name what was tried and what to
/// set.
StatusOr<LibraryPtr> openLibrary(const std::string &path);

/// Says on stderr what went wrong where a session goes on all the same.
void warnAbout(const Status &status);

} // namespace bertc::rt::syn

/// Calls a function of a Library; its failure is a Status.
#define BERTC_SYN_STATUS(library, function, ...)                               \
  (library).outcome((library).functions().function(__VA_ARGS__), #function)
/// Calls one that gives something back.
#define BERTC_SYN_GIVE(library, function, ...)                                 \
  (library).given((library).functions().function(__VA_ARGS__), #function)
/// BERTC_SYN_STATUS, and returns from the enclosing function when it failed.
#define BERTC_SYN(library, function, ...)                                      \
  BERTC_RETURN_IF_ERROR(BERTC_SYN_STATUS(library, function, __VA_ARGS__))
