// SPDX-License-Identifier: Apache-2.0
//
// The part all tasks share: embeddings, the stack of layers, the pooler.
// Shapes: B batch, S sequence, H hidden size, A heads, D = H/A, I intermediate.
#pragma once

#include "models/BertConfig.h"
#include "models/GraphBuilder.h"
#include "models/Models.h"

namespace bertc {

/// What a graph under construction knows.
struct ModelBuilder {
  GraphBuilder &graph;
  const BertConfig &config;
  const ModelOptions &options;

  int64_t batch() const { return options.batchSize; }
  int64_t seq() const { return options.maxSeqLength; }
  int64_t hidden() const { return config.hiddenSize; }
  bool isPacked() const { return options.packed > 0; }
  /// Sequences of a batch: B, or B*K with places that may be empty.
  int64_t sequences() const {
    return batch() * std::max<int64_t>(options.packed, 1);
  }
  /// P, or P+K in packs: as many as the share of a whole row, rounded up once a
  /// sequence.
  int64_t predictions() const {
    return options.maxPredictionsPerSeq + options.packed;
  }
};

/// input_ids, input_mask and segment_ids [B,S] i32; packed also positions
/// [B,S], and input_mask is then the number of the sequence.
std::vector<NamedType> encoderInputs(ModelBuilder &model);

struct EncoderOutputs {
  mlir::Value wordEmbeddings; // [V,H], the variable, for the tied head
  mlir::Value sequence;       // [B*S,H]
};

/// bert/embeddings and bert/encoder. Dropout only if the function has `rng`.
EncoderOutputs buildEncoder(ModelBuilder &model);

/// bert/pooler: tanh(dense(first token)), [B,H]; packed [B*K,H], of the tokens
/// at `firstTokens` [B,K], which is null when not packed.
mlir::Value buildPooler(ModelBuilder &model, mlir::Value sequence,
                        mlir::Value firstTokens);

/// The configuration's activation.
mlir::Value buildActivation(ModelBuilder &model, mlir::Value x);

} // namespace bertc
