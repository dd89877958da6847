// SPDX-License-Identifier: Apache-2.0
//
// One TensorFlow-level operation at a time, under the scope names of the
// reference model, so that rules written against those names still match.

#include "models/Encoder.h"

#include <cmath>

namespace bertc {

using mlir::Value;

namespace {

/// What position embeddings add: [1,S,H], packed [B,S,H].
Value buildPositions(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  Value table = g.variable("position_embeddings",
                           {m.config.maxPositionEmbeddings, m.hidden()});
  if (m.isPacked()) {
    return g.op<bert::GatherOp>("GatherV2", table, g.input("positions"),
                                /*batch_dims=*/0);
  }
  if (m.seq() != m.config.maxPositionEmbeddings) {
    table = g.op<bert::SliceOp>("Slice", table, llvm::ArrayRef<int64_t>{0, 0},
                                llvm::ArrayRef<int64_t>{m.seq(), m.hidden()});
  }
  return g.reshape(table, {1, m.seq(), m.hidden()});
}

/// word[ids] + type[segment] + position, LayerNorm, dropout: [B,S,H].
Value buildEmbeddings(ModelBuilder &m, Value &wordEmbeddings) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("embeddings");
  const int64_t hidden = m.hidden();
  wordEmbeddings = g.variable("word_embeddings", {m.config.vocabSize, hidden});
  Value types =
      g.variable("token_type_embeddings", {m.config.typeVocabSize, hidden});
  Value x = g.op<bert::GatherOp>("GatherV2", wordEmbeddings,
                                 g.input("input_ids"), /*batch_dims=*/0);
  Value type = g.op<bert::GatherOp>("GatherV2", types, g.input("segment_ids"),
                                    /*batch_dims=*/0);
  x = g.op<bert::AddOp>("add", x, type);
  Value position = buildPositions(m);
  x = g.op<bert::AddOp>("add", x, position);
  x = g.layerNorm(x, m.config.layerNormEps);
  return g.dropout(x, m.config.hiddenDropoutProb);
}

/// (1 - mask) * -10000, [B,1,1,S]: what is added to the scores of a query.
/// Packed [B,1,S,S]: it differs between queries.
Value buildMaskAdder(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  if (m.isPacked()) {
    return g.op<bert::PackedMaskOp>("PackedMask", g.input("input_mask"));
  }
  Value mask = g.reshape(g.input("input_mask"), {m.batch(), 1, 1, m.seq()});
  mask = g.op<bert::CastOp>("Cast", g.f32({m.batch(), 1, 1, m.seq()}), mask);
  Value masked = g.op<bert::SubOp>("sub", g.scalar(1.0), mask);
  return g.op<bert::MulOp>("mul", masked, g.scalar(-10000.0));
}

/// One projection of x [B*S,H], split in heads: [B,A,S,D].
Value buildHeads(ModelBuilder &m, llvm::StringRef name, Value x) {
  GraphBuilder &g = m.graph;
  Value projected;
  {
    auto scope = g.scope(name);
    projected = g.dense(x, m.hidden());
  }
  projected =
      g.reshape(projected, {m.batch(), m.seq(), m.config.numAttentionHeads,
                            m.config.headSize()});
  return g.transpose(projected, {0, 2, 1, 3});
}

/// softmax(q k^T / sqrt(D) + mask) v, [B*S,H].
Value buildSelfAttention(ModelBuilder &m, Value x, Value maskAdder) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("self");
  Value query = buildHeads(m, "query", x);
  Value key = buildHeads(m, "key", x);
  Value value = buildHeads(m, "value", x);
  Value scores = g.op<bert::BatchMatmulOp>("MatMul", query, key,
                                           /*adj_x=*/false, /*adj_y=*/true);
  Value scale = g.scalar(1.0 / std::sqrt(double(m.config.headSize())));
  scores = g.op<bert::MulOp>("Mul", scores, scale);
  scores = g.op<bert::AddOp>("add", scores, maskAdder);
  Value probabilities = g.op<bert::SoftmaxOp>("Softmax", scores);
  probabilities = g.dropout(probabilities, m.config.attentionProbsDropoutProb);
  Value context = g.op<bert::BatchMatmulOp>("MatMul", probabilities, value,
                                            /*adj_x=*/false, /*adj_y=*/false);
  context = g.transpose(context, {0, 2, 1, 3});
  return g.reshape(context, {m.batch() * m.seq(), m.hidden()});
}

/// LayerNorm(dropout(dense(x)) + residual), [B*S,H].
Value buildOutput(ModelBuilder &m, Value x, Value residual) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("output");
  {
    auto inner = g.scope("dense");
    x = g.dense(x, m.hidden());
  }
  x = g.dropout(x, m.config.hiddenDropoutProb);
  x = g.op<bert::AddOp>("add", x, residual);
  return g.layerNorm(x, m.config.layerNormEps);
}

Value buildLayer(ModelBuilder &m, int64_t index, Value x, Value maskAdder) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("layer_" + std::to_string(index));
  {
    auto attention = g.scope("attention");
    Value context = buildSelfAttention(m, x, maskAdder);
    x = buildOutput(m, context, x);
  }
  Value intermediate;
  {
    auto inner = g.scope("intermediate");
    auto dense = g.scope("dense");
    intermediate = g.dense(x, m.config.intermediateSize);
    intermediate = buildActivation(m, intermediate);
  }
  return buildOutput(m, intermediate, x);
}

} // namespace

std::vector<NamedType> encoderInputs(ModelBuilder &m) {
  mlir::RankedTensorType type = m.graph.i32({m.batch(), m.seq()});
  std::vector<NamedType> inputs = {
      {"input_ids", type}, {"input_mask", type}, {"segment_ids", type}};
  if (m.isPacked()) {
    inputs.push_back({"positions", type});
  }
  return inputs;
}

EncoderOutputs buildEncoder(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("bert");
  EncoderOutputs outputs;
  Value x = buildEmbeddings(m, outputs.wordEmbeddings);
  auto encoder = g.scope("encoder");
  Value maskAdder = buildMaskAdder(m);
  x = g.reshape(x, {m.batch() * m.seq(), m.hidden()});
  for (int64_t layer = 0; layer < m.config.numHiddenLayers; ++layer) {
    x = buildLayer(m, layer, x, maskAdder);
  }
  outputs.sequence = x;
  return outputs;
}

Value buildPooler(ModelBuilder &m, Value sequence, Value firstTokens) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("bert");
  auto pooler = g.scope("pooler");
  Value x = g.reshape(sequence, {m.batch(), m.seq(), m.hidden()});
  if (m.isPacked()) {
    x = g.op<bert::GatherOp>("GatherV2", x, firstTokens, /*batch_dims=*/1);
  } else {
    x = g.op<bert::SliceOp>("strided_slice", x,
                            llvm::ArrayRef<int64_t>{0, 0, 0},
                            llvm::ArrayRef<int64_t>{m.batch(), 1, m.hidden()});
  }
  x = g.reshape(x, {m.sequences(), m.hidden()});
  auto dense = g.scope("dense");
  x = g.dense(x, m.hidden());
  return g.op<bert::TanhOp>("Tanh", x);
}

Value buildActivation(ModelBuilder &m, Value x) {
  GraphBuilder &g = m.graph;
  switch (m.config.hiddenAct) {
  case HiddenAct::Gelu:
    return g.op<bert::GeluOp>("HabanaGelu", x, bert::GeluForm::None);
  case HiddenAct::GeluTanh:
    return g.op<bert::GeluOp>("HabanaGelu", x, bert::GeluForm::Tanh);
  case HiddenAct::Relu:
    return g.op<bert::ReluOp>("Relu", x);
  case HiddenAct::Tanh:
    return g.op<bert::TanhOp>("Tanh", x);
  case HiddenAct::Linear:
    return x;
  }
  return x;
}

} // namespace bertc
