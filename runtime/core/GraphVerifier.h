// SPDX-License-Identifier: Apache-2.0
//
// The part of plan verification that looks at the graphs of an entry, for the
// targets of SynapseAI:
//   names     of graphs, tensors, nodes unique; GUIDs at most 64 characters
//   tensors   1 to 5 positive sizes; inside arena, variable, constants; at
//             multiples of 128 bytes; of the dtype of what they are
//   sections  the same bytes or none in common; written at most once a graph
//   order     no node reads what no input or earlier node wrote; none reads the
//             old content of a section after another wrote the new one; what a
//             node waits for comes before it
// What a kernel demands of its operands is the library's to check when the
// graph is compiled.
#pragma once

#include "bertc/status.h"
#include "runtime/core/WrittenBytes.h"
#include "runtime/schema/plan_generated.h"

namespace bertc::rt {

/// Whether the target runs graphs: "gaudi" or "gaudi2".
bool isGraphTarget(const plan::Plan &plan);

/// Corrupt when an entry has steps or packed weights where the target runs
/// graphs, graphs where it does not, or none where it should.
Status verifyKindOfEntry(const plan::Plan &plan, const plan::Entry &entry);

/// Derived numbers and both lists of graphs of an entry whose tensors and
/// bindings have been verified; `written` are the bytes of its inputs, and then
/// also what the graphs write.
Status verifyGraphs(const plan::Plan &plan, const plan::Entry &entry,
                    WrittenBytes *written);

} // namespace bertc::rt
