// SPDX-License-Identifier: Apache-2.0
//
// Collectives over the variables of a session, where these are: in the memory
// of the host, through the collectives between processes; in that of devices,
// through the collectives between devices.
//
//   BERTC_ASSIGN_OR_RETURN(auto variables,
//                          openVariableCollective(session, workers));
//   BERTC_RETURN_IF_ERROR(
//       variables->allReduceSum(accumulators, "gradients of update 7"));
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "runtime/collective/Collective.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bertc {

struct Workers;

/// Every rank calls the same functions with the same variables, f32 ones by
/// their index in Plan::variables(), in the same order; `what` says what for.
/// No call waits for ever (runtime/collective/Collective.h).
class VariableCollective {
public:
  virtual ~VariableCollective() = default;

  /// Rank 0's values to every rank.
  virtual Status broadcast(const std::vector<uint32_t> &variables,
                           const std::string &what) = 0;

  /// Replaces the variables by their sums over all ranks. The order of
  /// additions does not depend on timing.
  virtual Status allReduceSum(const std::vector<uint32_t> &variables,
                              const std::string &what) = 0;

  /// Of this rank alone, before what runs next.
  virtual Status fillZero(const std::vector<uint32_t> &variables) = 0;

  /// Bytes of allReduceSum(): what this rank has sent where that is known, else
  /// what it has handed over.
  virtual uint64_t reducedBytes() const = 0;
};

/// Where the session's variables are. Devices join each other in it. `session`
/// and the collective of `workers` must outlive the result; null for one
/// process. Errors: FailedPrecondition for a wire type that the devices do not
/// have; Unavailable when they cannot be connected.
StatusOr<std::unique_ptr<VariableCollective>>
openVariableCollective(rt::Session &session, const Workers &workers);

} // namespace bertc
