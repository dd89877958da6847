// SPDX-License-Identifier: Apache-2.0
//
// The optimizer's state and work shared by the ranks of a run. The ring leaves
// each rank the sum of one part of the gradients half-way through an
// all-reduce; with shards this rank alone has the moments of that part, updates
// its weights, and the ring passes these on in the place of sums.
//
//   BERTC_ASSIGN_OR_RETURN(auto shards, OptimizerShards::create(session,
//   ring)); BERTC_RETURN_IF_ERROR(shards->reduceGradients(WireType::F32,
//   "...")); BERTC_RETURN_IF_ERROR(session.run("apply_gradients", ...));
//   BERTC_RETURN_IF_ERROR(shards->shareWeights("variables of update 7"));
//
// A checkpoint holds the moments of all: rank 0 asks for them piece by piece
// while it writes (fetchSlot), which the others answer (serveSlots).
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "runtime/collective/Collective.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bertc {

class OptimizerShards {
public:
  /// Makes `session` update this rank's part only, and gives the memory of all
  /// other moments back. Both must outlive it. Every rank calls it. Errors:
  /// those of Session::shardOptimizer; FailedPrecondition without accumulators.
  static StatusOr<std::unique_ptr<OptimizerShards>>
  create(rt::Session &session, rt::Collective &collective);

  /// Adds up this rank's part of the accumulators over all ranks; the rest of
  /// them becomes zero.
  Status reduceGradients(rt::WireType wire, const std::string &what);
  /// The weights of every rank's part to all.
  Status shareWeights(const std::string &what);

  /// Gives every rank its part of adam_m and adam_v as the checkpoint `prefix`
  /// has them; only rank 0 reads it.
  Status loadSlots(const std::string &prefix);

  /// Rank 0: bytes [offset, offset + bytes) of a slot. Once all bytes of all
  /// slots have been asked for, the others return from serveSlots().
  Status fetchSlot(const std::string &name, uint64_t offset, uint64_t bytes,
                   void *target);
  /// The other ranks: answers rank 0.
  Status serveSlots();

  /// Bytes of moments that this rank has, and all ranks together.
  uint64_t ownBytes() const { return bytesOf(collective_.rank()); }
  uint64_t allBytes() const { return allBytes_; }

private:
  struct Range {
    int64_t begin = 0, end = 0;
  };
  struct Accumulator {
    uint32_t weight = 0;
    float *data = nullptr;
    int64_t elements = 0;
  };
  struct Request;

  OptimizerShards(rt::Session &session, rt::Collective &collective)
      : session_(session), collective_(collective) {}
  Status findAccumulators();
  void divide();
  Status share();
  uint64_t bytesOf(int rank) const;
  Range ownOf(int rank, uint32_t slot, int64_t begin, int64_t end) const;
  StatusOr<float *> dataOf(uint32_t variable) const;
  Status loadSlot(const class CheckpointReader *reader, uint32_t slot,
                  std::vector<float> *chunk);
  StatusOr<std::vector<std::string>> exchange(const Request &request);

  rt::Session &session_;
  rt::Collective &collective_;
  /// In the order of memory.
  std::vector<Accumulator> accumulators_;
  /// Those side by side in memory: what is reduced at once.
  std::vector<rt::FloatStretch> stretches_;
  /// By rank and index of a weight.
  std::vector<std::vector<Range>> ranges_;
  uint64_t allBytes_ = 0;
  /// Of all slots, in the checkpoint being written.
  uint64_t fetched_ = 0;
};

} // namespace bertc
