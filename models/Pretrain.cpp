// SPDX-License-Identifier: Apache-2.0
//
// Pre-training: predict the masked tokens, and whether B follows A.
// N = B*P predictions of a batch (packed B*(P+K)), V the vocabulary.

#include "models/Tasks.h"

namespace bertc {

using mlir::Value;

namespace {

struct Heads {
  Value maskedLogProbs; // [N,V]
  Value nextLogProbs;   // [B,2]
};

/// The rows of sequence [B*S,H] at masked_lm_positions, [N,H].
Value gatherPredicted(ModelBuilder &m, Value sequence) {
  GraphBuilder &g = m.graph;
  Value x = g.reshape(sequence, {m.batch(), m.seq(), m.hidden()});
  x = g.op<bert::GatherOp>("GatherV2", x, g.input("masked_lm_positions"),
                           /*batch_dims=*/1);
  return g.reshape(x, {m.batch() * m.predictions(), m.hidden()});
}

/// Log probabilities of every word at the predicted positions; the output
/// weights are the word embeddings.
Value buildMaskedHead(ModelBuilder &m, const EncoderOutputs &encoder) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("predictions");
  Value x = gatherPredicted(m, encoder.sequence);
  {
    auto transform = g.scope("transform");
    {
      auto dense = g.scope("dense");
      x = g.dense(x, m.hidden());
      x = buildActivation(m, x);
    }
    x = g.layerNorm(x, m.config.layerNormEps);
  }
  Value logits = g.op<bert::MatmulOp>("MatMul", x, encoder.wordEmbeddings,
                                      /*transpose_a=*/false,
                                      /*transpose_b=*/true);
  Value bias = g.variable("output_bias", {m.config.vocabSize}, 0.0);
  logits = g.op<bert::BiasAddOp>("BiasAdd", logits, bias);
  return g.op<bert::LogSoftmaxOp>("LogSoftmax", logits);
}

Value buildNextSentenceHead(ModelBuilder &m, Value pooled) {
  GraphBuilder &g = m.graph;
  auto scope = g.scope("seq_relationship");
  Value weights = g.variable("output_weights", {2, m.hidden()});
  Value bias = g.variable("output_bias", {2}, 0.0);
  Value logits =
      g.op<bert::MatmulOp>("MatMul", pooled, weights, /*transpose_a=*/false,
                           /*transpose_b=*/true);
  logits = g.op<bert::BiasAddOp>("BiasAdd", logits, bias);
  return g.op<bert::LogSoftmaxOp>("LogSoftmax", logits);
}

Heads buildHeads(ModelBuilder &m) {
  EncoderOutputs encoder = buildEncoder(m);
  Value pooled = buildPooler(m, encoder.sequence, firstTokens(m));
  auto scope = m.graph.scope("cls");
  Heads heads;
  heads.maskedLogProbs = buildMaskedHead(m, encoder);
  heads.nextLogProbs = buildNextSentenceHead(m, pooled);
  return heads;
}

/// An input [B,P] as a vector [N].
Value flatInput(ModelBuilder &m, llvm::StringRef name) {
  return m.graph.reshape(m.graph.input(name), {m.batch() * m.predictions()});
}

/// masked_lm_weights [B,P]. In packs they are numbers of sequences, and count
/// as 1 or 0.
Value maskedWeights(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  Value weights = g.input("masked_lm_weights");
  if (!m.isPacked()) {
    return weights;
  }
  Value counts = g.op<bert::CompareOp>("Greater", weights, g.scalar(0.0),
                                       bert::Predicate::Gt);
  return g.op<bert::CastOp>("Cast", weights.getType(), counts);
}

struct MaskedLoss {
  Value loss;      // sum / (weight + 1e-5)
  Value sum;       // sum of weights * -log p(label)
  Value weightSum; // sum of weights
};

MaskedLoss buildMaskedLoss(ModelBuilder &m, Value logProbs, Value weights) {
  GraphBuilder &g = m.graph;
  auto cls = g.scope("cls");
  auto scope = g.scope("predictions");
  Value labels = flatInput(m, "masked_lm_ids");
  Value perExample = g.op<bert::NllOp>("Neg", logProbs, labels);
  MaskedLoss out;
  out.sum = g.sum(g.op<bert::MulOp>("mul", weights, perExample));
  out.weightSum = g.sum(weights);
  Value denominator = g.op<bert::AddOp>("add", out.weightSum, g.scalar(1e-5));
  out.loss = g.op<bert::DivOp>("truediv", out.sum, denominator);
  return out;
}

std::vector<NamedType> lossInputs(ModelBuilder &m) {
  const llvm::SmallVector<int64_t> predictions = {m.batch(), m.predictions()};
  std::vector<NamedType> inputs = encoderInputs(m);
  inputs.push_back({"masked_lm_positions", m.graph.i32(predictions)});
  inputs.push_back({"masked_lm_ids", m.graph.i32(predictions)});
  inputs.push_back({"masked_lm_weights", m.graph.f32(predictions)});
  addFirstTokens(m, inputs);
  inputs.push_back({"next_sentence_labels", m.graph.i32(sequenceShape(m))});
  addSequenceWeights(m, inputs);
  return inputs;
}

void buildLoss(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = lossInputs(m);
  inputs.push_back({"rng", g.i32({4})});
  g.begin("loss", inputs, /*entry=*/false);
  Heads heads = buildHeads(m);
  Value weights = g.reshape(maskedWeights(m), {m.batch() * m.predictions()});
  MaskedLoss masked = buildMaskedLoss(m, heads.maskedLogProbs, weights);
  Value next;
  {
    auto cls = g.scope("cls");
    auto scope = g.scope("seq_relationship");
    next = buildSequenceMean(
        m, g.op<bert::NllOp>("Neg", heads.nextLogProbs,
                             flatLabels(m, "next_sentence_labels")));
  }
  Value total = g.op<bert::AddOp>("add", masked.loss, next);
  g.end({{"total_loss", total},
         {"masked_lm_loss", masked.loss},
         {"next_sentence_loss", next}});
}

/// maskedWeights() times example_weights [B], as [N].
Value evaluatedPredictions(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  Value examples = g.reshape(g.input("example_weights"), {m.batch(), 1});
  Value weights = g.op<bert::MulOp>("mul", maskedWeights(m), examples);
  return g.reshape(weights, {m.batch() * m.predictions()});
}

void buildEvaluate(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = lossInputs(m);
  inputs.push_back({"example_weights", g.f32({m.batch()})});
  g.begin("evaluate", inputs, /*entry=*/true);
  Heads heads = buildHeads(m);
  auto scope = g.scope("metrics");
  Value weights = evaluatedPredictions(m);
  MaskedLoss masked = buildMaskedLoss(m, heads.maskedLogProbs, weights);
  Value maskedCorrect =
      buildCorrect(m, heads.maskedLogProbs, flatInput(m, "masked_lm_ids"));
  maskedCorrect = g.sum(g.op<bert::MulOp>("mul", weights, maskedCorrect));
  Value labels = flatLabels(m, "next_sentence_labels");
  Value examples = buildEvaluationWeights(m);
  WeightedMean next = buildWeightedMean(
      m, g.op<bert::NllOp>("Neg", heads.nextLogProbs, labels), examples);
  Value nextCorrect = buildCorrect(m, heads.nextLogProbs, labels);
  nextCorrect = g.sum(g.op<bert::MulOp>("mul", examples, nextCorrect));
  Value total = g.op<bert::AddOp>("add", masked.loss, next.mean);
  g.end({{"total_loss", total},
         {"masked_lm_loss", masked.loss},
         {"next_sentence_loss", next.mean},
         {"masked_lm_loss_sum", masked.sum},
         {"masked_lm_correct", maskedCorrect},
         {"masked_lm_weight", masked.weightSum},
         {"next_sentence_loss_sum", next.sum},
         {"next_sentence_correct", nextCorrect},
         {"next_sentence_count", next.count}});
}

void buildPredict(ModelBuilder &m) {
  GraphBuilder &g = m.graph;
  std::vector<NamedType> inputs = encoderInputs(m);
  inputs.push_back(
      {"masked_lm_positions", g.i32({m.batch(), m.predictions()})});
  addFirstTokens(m, inputs);
  g.begin("predict", inputs, /*entry=*/true);
  Heads heads = buildHeads(m);
  g.end({{"masked_lm_log_probs", heads.maskedLogProbs},
         {"next_sentence_log_probs", heads.nextLogProbs}});
}

} // namespace

void buildPretrain(ModelBuilder &m) {
  if (m.options.mode == Mode::Train) {
    buildLoss(m);
    buildEvaluate(m);
  }
  buildPredict(m);
}

} // namespace bertc
