// SPDX-License-Identifier: Apache-2.0
//
// What the graphs of a plan cost: nodes by kernel, and the time that the model
// of dialects/synapse/DeviceLimits.h gives them.
#pragma once

#include "dialects/synapse/DeviceLimits.h"
#include "dialects/synapse/GuidTable.h"
#include "runtime/schema/plan_generated.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Whether the plan is for gaudi or gaudi2.
bool hasGraphs(const plan::Plan &plan);

/// Nodes of one kernel, whatever their element type.
struct FamilyStatistics {
  /// The GUID without element type; the GUID itself when the table has none.
  std::string family;
  uint64_t nodes = 0;
  uint64_t flops = 0;
  uint64_t bytes = 0;
  double seconds = 0;
};

/// The nodes of all graphs of an entry, most time first.
std::vector<FamilyStatistics>
familyStatistics(const plan::Entry &entry, const synapse::DeviceLimits &limits);

/// Time of an entry by the model, and that of its products alone.
struct EstimatedTime {
  double seconds = 0;
  double productSeconds = 0;
};
EstimatedTime estimatedTime(const plan::Entry &entry,
                            const synapse::DeviceLimits &limits);

/// Nodes of all graphs of an entry.
uint64_t numNodes(const plan::Entry &entry);

/// Largest estimate of a workspace of all graphs.
uint64_t largestWorkspace(const plan::Plan &plan);

/// Parameters of a node as the table reads its bytes; hexadecimal bytes where
/// it cannot.
std::string paramsText(const plan::GraphNode &node);

/// A node as the table knows it. Names point into the plan.
synapse::NodeSignature signatureOf(const plan::Graph &graph,
                                   const plan::GraphNode &node);

} // namespace bertc
