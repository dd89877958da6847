// SPDX-License-Identifier: Apache-2.0
//
// The part of plan verification that looks at one entry, and the checks on
// names that both parts use.
#pragma once

#include "bertc/status.h"
#include "runtime/schema/plan_generated.h"

#include <string>
#include <unordered_set>

namespace bertc::rt {

/// Tensors, bindings and steps of one entry; variables and packed weights of
/// the plan are already verified.
Status verifyEntry(const plan::Plan &plan, const plan::Entry &entry);

/// At most 1024 bytes, no control characters (it may reach a terminal).
Status checkText(const flatbuffers::String &text, const char *what);

/// The same, not empty, and not yet in `seen`, where it is added.
Status checkName(const flatbuffers::String &name, const char *what,
                 std::unordered_set<std::string> *seen);

} // namespace bertc::rt
