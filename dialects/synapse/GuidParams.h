// SPDX-License-Identifier: Apache-2.0
//
// The check of a node's parameters; what makes bytes of them is in GuidTable.h.
#pragma once

#include "dialects/synapse/GuidTable.h"

namespace bertc::synapse {

/// What is wrong with the parameters of that kernel; nothing when nothing is.
std::string checkParams(const KernelOf &kernel, const ParamMap &params);

} // namespace bertc::synapse
