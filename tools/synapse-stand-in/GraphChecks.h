// SPDX-License-Identifier: Apache-2.0
//
// The rules that a graph must follow when it is compiled.
#pragma once

#include "tools/synapse-stand-in/Objects.h"
#include "tools/synapse-stand-in/Order.h"

namespace bertc::standin {

/// Each node: a known GUID, ranks and number of tensors within limits, and
/// what its kernel asks of operands and parameters.
Outcome checkNodes(const rt::syn::SynGraphObject &graph);

/// What no node makes must come from outside: be persistent, constant, a shape
/// or host-to-device. External tensors are persistent.
Outcome checkInputs(const rt::syn::SynGraphObject &graph);

/// Persistent tensors that share bytes of a section need an explicit order:
/// all uses of the one end before the other is written.
Outcome checkSections(const rt::syn::SynGraphObject &graph, const Order &order);

} // namespace bertc::standin
