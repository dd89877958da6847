// SPDX-License-Identifier: Apache-2.0
//
// The functions of each task, on top of the shared encoder. Each adds its
// functions to the module of the builder, as the mode of the options asks.
//
// Packed (K sequences a row), [B] becomes [B,K] among the inputs of sequences
// and N = B*K rows of results, in the order of the sequences; the encoder also
// takes positions, and what is said below in brackets comes in addition.
#pragma once

#include "models/Encoder.h"

namespace bertc {

/// Masked-LM and next-sentence heads.
/// @loss: encoder inputs, masked_lm_positions, masked_lm_ids [B,P] i32,
///   masked_lm_weights [B,P], next_sentence_labels [B] i32, rng
///   [next_sentence_positions [B,K] i32, next_sentence_weights [B,K]; P+K in
///   the place of P; a weight above 0 counts as 1]
///   -> total_loss, masked_lm_loss, next_sentence_loss
/// @evaluate: the same with example_weights [B] in place of rng -> the losses
///   and the sums that exact averages over many batches are made of
/// @predict: encoder inputs, masked_lm_positions [next_sentence_positions]
///   -> masked_lm_log_probs [B*P,V], next_sentence_log_probs [B,2]
void buildPretrain(ModelBuilder &model);

/// A classifier on the pooled output.
/// @loss: encoder inputs, label_ids [B] i32, example_weights [B], rng
///   [sequence_positions [B,K] i32: first tokens; sequence_weights [B,K] in
///   the place of example_weights]
///   -> total_loss
/// @evaluate: ... label_ids, example_weights [B] -> total_loss, loss_sum,
///   correct, count, logits, probabilities
/// @predict: encoder inputs [sequence_positions]
///   -> logits, probabilities [B,labels]
void buildClassify(ModelBuilder &model);

/// Start and end of an answer.
/// @loss: encoder inputs, start_positions, end_positions [B] i32,
///   example_weights [B], rng
///   [sequence_weights [B,K] in the place of example_weights] -> total_loss
/// @evaluate: ..., example_weights [B] -> total_loss, loss_sum, count,
///   start_logits, end_logits
/// @predict: encoder inputs -> start_logits, end_logits [B,S]
///   [row b*K+k: of sequence k+1, -10000 outside it]
void buildSquad(ModelBuilder &model);

/// @predict: encoder inputs -> sequence_output [B,S,H], pooled_output [B,H].
void buildEncode(ModelBuilder &model);

// ---- models/Sequences.cpp ----

/// [B], or [B,K] when packed.
llvm::SmallVector<int64_t> sequenceShape(ModelBuilder &model);
/// Adds the input of positions of first tokens, when packed.
void addFirstTokens(ModelBuilder &model, std::vector<NamedType> &inputs);
/// Adds the input of weights of sequences, when packed.
void addSequenceWeights(ModelBuilder &model, std::vector<NamedType> &inputs);
/// Adds the input of weights of rows, unless packed: there the weights of
/// sequences say it.
void addExampleWeights(ModelBuilder &model, std::vector<NamedType> &inputs);
/// What buildPooler wants to know.
mlir::Value firstTokens(ModelBuilder &model);
/// The input `name` of sequenceShape() as a vector [N].
mlir::Value flatLabels(ModelBuilder &model, llvm::StringRef name);
/// The mean of values [N] over the sequences of a batch: of those that
/// example_weights counts if the function has it; packed
/// sum(w v) / (sum(w) + 1e-5).
mlir::Value buildSequenceMean(ModelBuilder &model, mlir::Value values);
/// 1 for every sequence that counts in an evaluation: example_weights, packed
/// times the sequence's weight, [N].
mlir::Value buildEvaluationWeights(ModelBuilder &model);

// ---- models/Metrics.cpp ----

/// sum(values * weights) / max(sum(weights), 1) and its two sums, all f32[].
struct WeightedMean {
  mlir::Value mean;
  mlir::Value sum;
  mlir::Value count;
};
WeightedMean buildWeightedMean(ModelBuilder &model, mlir::Value values,
                               mlir::Value weights);

/// 1 where the largest entry of a row is the label's, else 0: [N].
mlir::Value buildCorrect(ModelBuilder &model, mlir::Value logProbs,
                         mlir::Value labels);

} // namespace bertc
