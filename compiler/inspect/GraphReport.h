// SPDX-License-Identifier: Apache-2.0
//
// The part of the reports on plans that is about graphs of SynapseAI.
#pragma once

#include "compiler/inspect/GraphStatistics.h"
#include "support/Json.h"

#include <string>

namespace bertc {

/// Variables, arena, largest workspace, constants: what is in the device's
/// memory, of how much.
std::string deviceMemoryText(const plan::Plan &plan);
Json deviceMemoryJson(const plan::Plan &plan);

/// One line: nodes, operations, arena, estimated time.
std::string graphEntryHead(const plan::Plan &plan, const plan::Entry &entry);
Json graphEntryHeadJson(const plan::Plan &plan, const plan::Entry &entry);

/// A table of nodes by kernel.
std::string familiesText(const plan::Plan &plan, const plan::Entry &entry);

/// Graphs of an entry: sections, and with `nodes` every node with operands and
/// parameters.
std::string graphsText(const plan::Plan &plan, const plan::Entry &entry,
                       bool nodes);

/// Everything of an entry's graphs and numbers of the host.
Json graphsJson(const plan::Entry &entry);

} // namespace bertc
