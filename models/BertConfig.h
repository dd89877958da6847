// SPDX-License-Identifier: Apache-2.0
//
// The shape of a BERT model, read from Google's bert_config.json or Hugging
// Face's config.json. Every key is checked; an error names the key, what was
// found and what was expected:
//
//   BERTC_ASSIGN_OR_RETURN(BertConfig config, loadBertConfig("base.json"));
//
// Uses no LLVM, so that both the compiler and the runtime side can read it.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bertc {

/// Activation of the intermediate layer and of the masked-LM transform.
enum class HiddenAct {
  /// x * Phi(x) by erf; "gelu".
  Gelu,
  /// 0.5x(1 + tanh(sqrt(2/pi)(x + 0.044715x^3))); "gelu_tanh", "gelu_new",
  /// "gelu_pytorch_tanh".
  GeluTanh,
  Relu,
  Tanh,
  /// None at all; "linear".
  Linear,
};

/// Canonical spelling: gelu, gelu_tanh, relu, tanh, linear.
const char *hiddenActName(HiddenAct act);

/// A checked configuration. Sizes are positive and fit i32 indices.
struct BertConfig {
  int64_t vocabSize = 0;             // V
  int64_t hiddenSize = 0;            // H, a multiple of numAttentionHeads
  int64_t numHiddenLayers = 0;       // L
  int64_t numAttentionHeads = 0;     // A
  int64_t intermediateSize = 0;      // I
  int64_t maxPositionEmbeddings = 0; // longest sequence
  int64_t typeVocabSize = 0;
  HiddenAct hiddenAct = HiddenAct::Gelu;
  double hiddenDropoutProb = 0.0;         // in [0, 1)
  double attentionProbsDropoutProb = 0.0; // in [0, 1)
  /// Dropout of the pooled output before a classifier; 0.1 unless the
  /// configuration has `classifier_dropout`.
  double classifierDropout = 0.1;
  /// Deviation of the truncated normal that weights start from.
  double initializerRange = 0.02;
  double layerNormEps = 1e-12;
  /// The whole configuration as compact JSON with sorted keys.
  std::string json;
  /// Keys that were found and mean nothing to bertc, in order of their names.
  std::vector<std::string> ignoredKeys;

  /// D, the width of one attention head.
  int64_t headSize() const { return hiddenSize / numAttentionHeads; }
};

/// Reads a configuration from JSON text. Corrupt: not JSON (with line and
/// column), or a key is missing, of the wrong type or impossible. Messages
/// begin with `where`, usually the path.
StatusOr<BertConfig> parseBertConfig(std::string_view text,
                                     const std::string &where);

/// parseBertConfig of a file of at most 1 MiB.
StatusOr<BertConfig> loadBertConfig(const std::string &path);

/// InvalidArgument unless 1 <= maxSeqLength <= max_position_embeddings.
Status checkSequenceLength(const BertConfig &config, int64_t maxSeqLength);

} // namespace bertc
