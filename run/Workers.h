// SPDX-License-Identifier: Apache-2.0
//
// The processes that share one run, each with the same plan and a share of the
// data. A default Workers is a run of one process, for which everything here
// does nothing.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/VariableCollective.h"
#include "runtime/collective/Collective.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bertc {

class OptimizerShards;

/// A rank among how many.
struct WorkerShare {
  int rank = 0;
  int size = 1;
};

struct Workers {
  /// Null: one process.
  rt::Collective *collective = nullptr;
  /// What moves variables between the ranks of a run that has begun.
  VariableCollective *variables = nullptr;
  /// Gradients are added up after every micro-batch, not once an update. Unset
  /// until the plan has said what it was compiled for.
  std::optional<bool> everyMicroBatch;
  /// How they travel; likewise.
  std::optional<rt::WireType> wire;
  /// Null: every rank has all of the optimizer's state.
  OptimizerShards *shards = nullptr;

  /// Sets what is unset to what the plan says, else to once an update and f32.
  void complete(const rt::Plan &plan) {
    const rt::ExchangeInfo *planned = plan.exchange();
    everyMicroBatch =
        everyMicroBatch.value_or(planned && planned->microBatches);
    wire = wire.value_or(planned && planned->bf16 ? rt::WireType::BF16
                                                  : rt::WireType::F32);
  }

  rt::WireType wireType() const { return wire.value_or(rt::WireType::F32); }
  WorkerShare share() const {
    return collective ? WorkerShare{collective->rank(), collective->size()}
                      : WorkerShare{};
  }
  int size() const { return share().size; }
  bool isRoot() const { return share().rank == 0; }
};

/// What users say about the processes of a run.
struct WorkersOptions {
  /// --horovod. Unset: whatever the launcher's environment says.
  std::optional<bool> wanted;
  /// --collective-timeout, seconds.
  double limitSeconds = 120;
};

/// What a process has of its host.
struct HostShare {
  /// Compute threads; when 0, it becomes the number of CPUs of the share.
  int threads = 0;
  /// Of several processes of the run, which of those on this host it is;
  /// negative in a run of one.
  int place = -1;
};

/// Joins the other processes of the run, and keeps this one's threads to its
/// share of the host's CPUs. Null in a run of one process, which loads nothing.
/// Errors: Unavailable without MPI; InvalidArgument when --horovod=False was
/// given to one of several processes.
StatusOr<std::unique_ptr<rt::Collective>>
joinWorkers(const WorkersOptions &options, HostShare *host);

/// FailedPrecondition when a value differs from that of rank 0, naming the
/// rank and both.
Status
checkAgreement(const Workers &workers,
               const std::vector<std::pair<std::string, std::string>> &values);

/// Gives every rank the variables of rank 0 (with the optimizer's slots when
/// `slots`) by `workers.variables`, and checks that all have the same.
Status shareVariables(const Workers &workers, rt::Session &session, bool slots);

/// Checks by a hash that all ranks have the same weights, and slots when
/// `slots`; the error names the first that has others, and `when`.
Status checkSameVariables(const Workers &workers, const rt::Session &session,
                          bool slots, const std::string &when);

/// 64 bits that depend on every byte and its place.
uint64_t hashBytes(const void *data, size_t bytes, uint64_t seed);

} // namespace bertc
