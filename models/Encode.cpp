// SPDX-License-Identifier: Apache-2.0
//
// The encoder alone: hidden states of every token and the pooled first token.

#include "models/Tasks.h"

namespace bertc {

void buildEncode(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  g.begin("predict", encoderInputs(m), /*entry=*/true);
  mlir::Value sequence = buildEncoder(m).sequence;
  mlir::Value pooled = buildPooler(m, sequence, firstTokens(m));
  mlir::Value output = g.reshape(sequence, {m.batch(), m.seq(), m.hidden()});
  g.end({{"sequence_output", output}, {"pooled_output", pooled}});
}

} // namespace bertc
