// SPDX-License-Identifier: Apache-2.0
//
// The families of operations that have a lowering, one line each.

#include "passes/lower/synapse/SynapseLowering.h"

namespace bertc::lower::syn {

const LoweringTable &allLowerings() {
  static const LoweringTable table = [] {
    LoweringTable made;
    addActivations(made);
    addDropout(made);
    addElementwise(made);
    addGather(made);
    addLinear(made);
    addLosses(made);
    addMasks(made);
    addNorm(made);
    addOptimizer(made);
    addReductions(made);
    addShape(made);
    addVariables(made);
    return made;
  }();
  return table;
}

} // namespace bertc::lower::syn
