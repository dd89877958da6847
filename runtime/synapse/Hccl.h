// SPDX-License-Identifier: Apache-2.0
//
// HCCL, the collectives between the devices of several processes, bound from
// SynapseAI's library: a communicator with what data-parallel training needs.
// Each process has one device. Rank 0 makes the id, every rank gets it by
// whatever carries bytes between the processes (MPI's broadcast), and joins:
//
//   UniqueId id;                                    // on rank 0:
//   BERTC_ASSIGN_OR_RETURN(id, makeUniqueId(library));
//   ... broadcast id.bytes ...
//   BERTC_ASSIGN_OR_RETURN(auto all,
//                          Communicator::join(device, ranks, rank, id));
//   BERTC_RETURN_IF_ERROR(all.allReduceSum(stream, address, count, F32));
//   BERTC_RETURN_IF_ERROR(stream.synchronize());
#pragma once

#include "bertc/runtime.h"
#include "runtime/synapse/Resources.h"

#include <cstdint>
#include <memory>
#include <string>

namespace bertc::rt::syn {

#define BERTC_HCCL_FUNCTIONS(X)                                                \
  X(hcclGetVersion)                                                            \
  X(hcclGetUniqueId)                                                           \
  X(hcclCommInitRank)                                                          \
  X(hcclCommDestroy)                                                           \
  X(hcclCommAbort)                                                             \
  X(hcclGetErrorString)                                                        \
  X(hcclCommGetAsyncError)                                                     \
  X(hcclAllReduce)                                                             \
  X(hcclBroadcast)                                                             \
  X(hcclBarrier)

/// HCCL's functions in a library; kept by what uses them.
struct HcclFunctions {
  LibraryPtr library;
#define BERTC_HCCL_MEMBER(name) decltype(&syn::name) name = nullptr;
  BERTC_HCCL_FUNCTIONS(BERTC_HCCL_MEMBER)
#undef BERTC_HCCL_MEMBER

  /// Unavailable, naming the first function that is missing.
  static StatusOr<HcclFunctions> bind(const LibraryPtr &library);

  /// What a result means, with HCCL's own words.
  Status outcome(hcclResult_t result, const char *function) const;
};

/// What ranks find each other by; to be handed on byte for byte.
struct UniqueId {
  std::string bytes;
};

/// The device of the process must be acquired.
StatusOr<UniqueId> makeUniqueId(const LibraryPtr &library);

/// This process among those that joined by one id. All calls but join() are
/// queued on a stream, in the same order on every rank, and return at once;
/// failures of the others come with the stream's synchronize().
class Communicator {
public:
  /// Returns when all ranks have called it. InvalidArgument unless 0 <= rank <
  /// ranks and the id is one of makeUniqueId().
  static StatusOr<Communicator> join(const DevicePtr &device, int ranks,
                                     int rank, const UniqueId &id);
  Communicator(Communicator &&other) noexcept = default;
  Communicator &operator=(Communicator &&other) noexcept = default;

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }

  /// Replaces `count` elements at the device address by their sum over all
  /// ranks; F32 or BF16. A mean is this sum and a scaling: HCCL has none.
  Status allReduceSum(const Stream &stream, uint64_t address, uint64_t count,
                      DType dtype) const;
  /// The elements of rank `root` to every rank.
  Status broadcast(const Stream &stream, uint64_t address, uint64_t count,
                   DType dtype, int root) const;
  Status barrier(const Stream &stream) const;

  /// What has gone wrong between the ranks since, if anything.
  Status asyncError() const;

  /// Leaves without the others: what is queued fails instead of waiting for
  /// them. No call works after it.
  void abort() const;

private:
  struct Joined;
  explicit Communicator(std::shared_ptr<Joined> joined, int rank, int ranks)
      : joined_(std::move(joined)), rank_(rank), ranks_(ranks) {}

  std::shared_ptr<Joined> joined_;
  int rank_, ranks_;
};

} // namespace bertc::rt::syn
