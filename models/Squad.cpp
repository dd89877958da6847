// SPDX-License-Identifier: Apache-2.0
//
// Extractive question answering: where the answer starts and where it ends.

#include "models/Tasks.h"

namespace bertc {

using mlir::Value;

namespace {

struct SpanLogits {
  Value start; // [B,S], packed [B*K,S]
  Value end;   // the same
};

/// Logits [B,S] of rows as logits [B*K,S] of sequences: row b*K+k holds those
/// of sequence k+1, and -10000 where the tokens are not its own.
Value maskToSequences(ModelBuilder &m, Value logits) {
  GraphBuilder &g = m.graph;
  if (!m.isPacked()) {
    return logits;
  }
  llvm::SmallVector<int32_t> numbers;
  for (int64_t k = 1; k <= m.options.packed; ++k) {
    numbers.push_back(static_cast<int32_t>(k));
  }
  Value own = g.op<bert::ConstantOp>(
      "Const", mlir::DenseElementsAttr::get(g.i32({1, m.options.packed, 1}),
                                            llvm::ArrayRef<int32_t>(numbers)));
  Value tokens = g.reshape(g.input("input_mask"), {m.batch(), 1, m.seq()});
  Value inside =
      g.op<bert::CompareOp>("Equal", tokens, own, bert::Predicate::Eq);
  logits = g.reshape(logits, {m.batch(), 1, m.seq()});
  logits = g.op<bert::SelectOp>("SelectV2", inside, logits, g.scalar(-10000.0));
  return g.reshape(logits, {m.sequences(), m.seq()});
}

SpanLogits buildLogits(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  Value sequence = buildEncoder(m).sequence;
  Value weights;
  Value bias;
  {
    auto cls = g.scope("cls");
    auto scope = g.scope("squad");
    weights = g.variable("output_weights", {2, m.hidden()});
    bias = g.variable("output_bias", {2}, 0.0);
  }
  Value logits =
      g.op<bert::MatmulOp>("MatMul", sequence, weights, /*transpose_a=*/false,
                           /*transpose_b=*/true);
  logits = g.op<bert::BiasAddOp>("BiasAdd", logits, bias);
  logits = g.reshape(logits, {m.batch(), m.seq(), 2});
  logits = g.transpose(logits, {2, 0, 1});
  auto part = [&](int64_t index) {
    Value x = g.op<bert::SliceOp>(
        "unstack", logits, llvm::ArrayRef<int64_t>{index, 0, 0},
        llvm::ArrayRef<int64_t>{1, m.batch(), m.seq()});
    return maskToSequences(m, g.reshape(x, {m.batch(), m.seq()}));
  };
  SpanLogits out;
  out.start = part(0);
  out.end = part(1);
  return out;
}

/// -log p(position) of each sequence, [N].
Value buildPositionLoss(ModelBuilder &m, Value logits, llvm::StringRef name) {
  GraphBuilder &g = m.graph;
  Value logProbs = g.op<bert::LogSoftmaxOp>("LogSoftmax", logits);
  return g.op<bert::NllOp>("Neg", logProbs, flatLabels(m, name));
}

/// The average of the two losses, both means or both sums over examples.
Value average(ModelBuilder &m, Value start, Value end) {
  GraphBuilder &g = m.graph;
  Value total = g.op<bert::AddOp>("add", start, end);
  return g.op<bert::DivOp>("truediv", total, g.scalar(2.0));
}

std::vector<NamedType> lossInputs(ModelBuilder &m) {
  std::vector<NamedType> inputs = encoderInputs(m);
  inputs.push_back({"start_positions", m.graph.i32(sequenceShape(m))});
  inputs.push_back({"end_positions", m.graph.i32(sequenceShape(m))});
  addSequenceWeights(m, inputs);
  return inputs;
}

void buildLoss(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = lossInputs(m);
  addExampleWeights(m, inputs);
  inputs.push_back({"rng", g.i32({4})});
  g.begin("loss", inputs, /*entry=*/false);
  SpanLogits logits = buildLogits(m);
  Value start = buildSequenceMean(
      m, buildPositionLoss(m, logits.start, "start_positions"));
  Value end =
      buildSequenceMean(m, buildPositionLoss(m, logits.end, "end_positions"));
  g.end({{"total_loss", average(m, start, end)}});
}

void buildEvaluate(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = lossInputs(m);
  inputs.push_back({"example_weights", g.f32({m.batch()})});
  g.begin("evaluate", inputs, /*entry=*/true);
  SpanLogits logits = buildLogits(m);
  Value start = buildPositionLoss(m, logits.start, "start_positions");
  Value end = buildPositionLoss(m, logits.end, "end_positions");
  WeightedMean loss =
      buildWeightedMean(m, average(m, start, end), buildEvaluationWeights(m));
  g.end({{"total_loss", loss.mean},
         {"loss_sum", loss.sum},
         {"count", loss.count},
         {"start_logits", logits.start},
         {"end_logits", logits.end}});
}

void buildPredict(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  g.begin("predict", encoderInputs(m), /*entry=*/true);
  SpanLogits logits = buildLogits(m);
  g.end({{"start_logits", logits.start}, {"end_logits", logits.end}});
}

} // namespace

void buildSquad(ModelBuilder &m) {
  if (m.options.mode == Mode::Train) {
    buildLoss(m);
    buildEvaluate(m);
  }
  buildPredict(m);
}

} // namespace bertc
