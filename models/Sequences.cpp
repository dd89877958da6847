// SPDX-License-Identifier: Apache-2.0
//
// The sequences of a batch as heads and losses see them: one a row, or up to K
// a row when sequences are packed. N = B or B*K; a place of a pack that holds
// no sequence has weight 0.

#include "models/Tasks.h"

namespace bertc {

using mlir::Value;

namespace {

/// "next_sentence_positions", "sequence_weights", ...: pre-training has the
/// reference's names.
std::string sequenceInput(const ModelBuilder &m, llvm::StringRef what) {
  llvm::StringRef prefix =
      m.options.task == Task::Pretrain ? "next_sentence_" : "sequence_";
  return (prefix + what).str();
}

/// sequence weights [B,K] as [N].
Value flatWeights(ModelBuilder &m) {
  return m.graph.reshape(m.graph.input(sequenceInput(m, "weights")),
                         {m.sequences()});
}

} // namespace

llvm::SmallVector<int64_t> sequenceShape(ModelBuilder &m) {
  if (m.isPacked()) {
    return {m.batch(), m.options.packed};
  }
  return {m.batch()};
}

void addFirstTokens(ModelBuilder &m, std::vector<NamedType> &inputs) {
  if (m.isPacked()) {
    inputs.push_back({sequenceInput(m, "positions"),
                      m.graph.i32({m.batch(), m.options.packed})});
  }
}

void addSequenceWeights(ModelBuilder &m, std::vector<NamedType> &inputs) {
  if (m.isPacked()) {
    inputs.push_back({sequenceInput(m, "weights"),
                      m.graph.f32({m.batch(), m.options.packed})});
  }
}

void addExampleWeights(ModelBuilder &m, std::vector<NamedType> &inputs) {
  if (!m.isPacked()) {
    inputs.push_back({"example_weights", m.graph.f32({m.batch()})});
  }
}

Value firstTokens(ModelBuilder &m) {
  return m.isPacked() ? m.graph.input(sequenceInput(m, "positions")) : Value();
}

Value flatLabels(ModelBuilder &m, llvm::StringRef name) {
  return m.graph.reshape(m.graph.input(name), {m.sequences()});
}

Value buildSequenceMean(ModelBuilder &m, Value values) {
  GraphBuilder &g = m.graph;
  if (!m.isPacked()) {
    Value examples = g.input("example_weights");
    return examples ? buildWeightedMean(m, values, examples).mean
                    : g.mean(values);
  }
  Value weights = flatWeights(m);
  Value sum = g.sum(g.op<bert::MulOp>("mul", weights, values));
  Value count = g.op<bert::AddOp>("add", g.sum(weights), g.scalar(1e-5));
  return g.op<bert::DivOp>("truediv", sum, count);
}

Value buildEvaluationWeights(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  Value examples = g.input("example_weights");
  if (!m.isPacked()) {
    return examples;
  }
  Value weights = g.op<bert::MulOp>("mul", g.input(sequenceInput(m, "weights")),
                                    g.reshape(examples, {m.batch(), 1}));
  return g.reshape(weights, {m.sequences()});
}

} // namespace bertc
