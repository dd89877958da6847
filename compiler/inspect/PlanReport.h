// SPDX-License-Identifier: Apache-2.0
//
// What `bertc inspect` prints and what `bertc compile` says about its result.
//
//   BERTC_ASSIGN_OR_RETURN(auto file, rt::PlanFile::load("base.plan"));
//   std::fputs(planText(*file).c_str(), stdout);
#pragma once

#include "runtime/core/PlanFile.h"
#include "support/Json.h"

#include <string>

namespace bertc {

/// Everything in the plan: schema "bertc.plan", version 1.
Json planJson(const rt::PlanFile &file);

/// The same for people: model, memory, variables by role, packed weights, and
/// for each entry its signature, steps by kind and largest tensors; of graphs
/// the sections, and with `nodes` every node.
std::string planText(const rt::PlanFile &file, bool nodes = false);

/// What a compilation gave: parameters, operations and bytes a step, memory,
/// steps by kind (graphs: nodes by kernel, estimated time), seconds. Schema
/// "bertc.compile", version 1.
Json summaryJson(const rt::PlanFile &file, double seconds);

/// The same for people.
std::string summaryText(const rt::PlanFile &file, double seconds);

} // namespace bertc
