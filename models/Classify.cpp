// SPDX-License-Identifier: Apache-2.0
//
// Sentence (pair) classification on the pooled output.

#include "models/Tasks.h"

namespace bertc {

using mlir::Value;

namespace {

/// [B,labels], packed [B*K,labels].
Value buildLogits(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  Value pooled = buildPooler(m, buildEncoder(m).sequence, firstTokens(m));
  Value weights =
      g.variable("output_weights", {m.options.numLabels, m.hidden()});
  Value bias = g.variable("output_bias", {m.options.numLabels}, 0.0);
  auto scope = g.scope("loss");
  pooled = g.dropout(pooled, m.config.classifierDropout);
  Value logits =
      g.op<bert::MatmulOp>("MatMul", pooled, weights, /*transpose_a=*/false,
                           /*transpose_b=*/true);
  return g.op<bert::BiasAddOp>("BiasAdd", logits, bias);
}

/// -log p(label) of each sequence, [N].
Value buildExampleLoss(ModelBuilder &m, Value logits) {
  GraphBuilder &g = m.graph;
  Value logProbs = g.op<bert::LogSoftmaxOp>("LogSoftmax", logits);
  return g.op<bert::NllOp>("Neg", logProbs, flatLabels(m, "label_ids"));
}

std::vector<NamedType> lossInputs(ModelBuilder &m) {
  std::vector<NamedType> inputs = encoderInputs(m);
  addFirstTokens(m, inputs);
  inputs.push_back({"label_ids", m.graph.i32(sequenceShape(m))});
  addSequenceWeights(m, inputs);
  return inputs;
}

void buildLoss(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = lossInputs(m);
  addExampleWeights(m, inputs);
  inputs.push_back({"rng", g.i32({4})});
  g.begin("loss", inputs, /*entry=*/false);
  Value logits = buildLogits(m);
  auto scope = g.scope("loss");
  Value loss = buildSequenceMean(m, buildExampleLoss(m, logits));
  g.end({{"total_loss", loss}});
}

void buildEvaluate(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = lossInputs(m);
  inputs.push_back({"example_weights", g.f32({m.batch()})});
  g.begin("evaluate", inputs, /*entry=*/true);
  Value logits = buildLogits(m);
  auto scope = g.scope("loss");
  Value examples = buildEvaluationWeights(m);
  WeightedMean loss =
      buildWeightedMean(m, buildExampleLoss(m, logits), examples);
  Value correct = buildCorrect(m, logits, flatLabels(m, "label_ids"));
  correct = g.sum(g.op<bert::MulOp>("mul", examples, correct));
  g.end({{"total_loss", loss.mean},
         {"loss_sum", loss.sum},
         {"correct", correct},
         {"count", loss.count},
         {"logits", logits},
         {"probabilities", g.op<bert::SoftmaxOp>("Softmax", logits)}});
}

void buildPredict(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = encoderInputs(m);
  addFirstTokens(m, inputs);
  g.begin("predict", inputs, /*entry=*/true);
  Value logits = buildLogits(m);
  auto scope = g.scope("loss");
  g.end({{"logits", logits},
         {"probabilities", g.op<bert::SoftmaxOp>("Softmax", logits)}});
}

} // namespace

void buildClassify(ModelBuilder &m) {
  if (m.options.mode == Mode::Train) {
    buildLoss(m);
    buildEvaluate(m);
  }
  buildPredict(m);
}

} // namespace bertc
