// SPDX-License-Identifier: Apache-2.0
//
// Named tensors handed to a session, held against what the entry of the plan
// wants: the same checks whatever the target.
#pragma once

#include "bertc/runtime.h"
#include "runtime/core/PlanFile.h"

#include <string>
#include <vector>

namespace bertc::rt {

/// Index of entry `name`, or NotFound listing what there is.
StatusOr<size_t> findEntryIndex(const PlanFile &file, const std::string &name);

/// Position of `name` in the bindings, or NotFound listing what there is.
/// `what` is "input" or "output".
StatusOr<size_t> findBinding(const std::vector<TensorInfo> &bindings,
                             const char *what, const std::string &entry,
                             const std::string &name);

/// InvalidArgument when dtype or shape of `view` are not those of `info`, or
/// when it has no data.
Status checkView(const char *what, const TensorInfo &info,
                 const ConstTensorView &view);

/// Positions of `inputs` in the entry. Errors: NotFound, InvalidArgument
/// (checkView, a name given twice, one that is neither given nor `filled`).
StatusOr<std::vector<size_t>> checkInputs(const EntryInfo &entry,
                                          const NamedInputs &inputs,
                                          const std::vector<bool> &filled);

/// Positions of `outputs` in the entry.
StatusOr<std::vector<size_t>> checkOutputs(const EntryInfo &entry,
                                           const NamedOutputs &outputs);

/// InvalidArgument unless options.threads is 0 to 4096.
Status checkThreads(const SessionOptions &options);

} // namespace bertc::rt
