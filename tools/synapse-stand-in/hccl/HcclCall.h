// SPDX-License-Identifier: Apache-2.0
//
// The frame that every exported HCCL function runs in.
#pragma once

#include "tools/synapse-stand-in/Library.h"
#include "tools/synapse-stand-in/hccl/Communicator.h"

#include <functional>
#include <memory>
#include <string>

namespace bertc::standin {

/// A result and, for the log, the reason.
struct [[nodiscard]] HcclOutcome {
  rt::syn::hcclResult_t result = rt::syn::hcclSuccess;
  std::string why;
};

/// Counts the call, answers the fault ordered for it, or runs the body.
rt::syn::hcclResult_t
hcclCall(const char *name, const std::function<HcclOutcome(Library &)> &body);

/// The live communicator of a handle, or null. Takes the library's lock.
std::shared_ptr<Communicator> communicatorOf(Library &library,
                                             rt::syn::hcclComm_t handle);

HcclOutcome refuseHccl(rt::syn::hcclResult_t result, std::string why);

} // namespace bertc::standin
