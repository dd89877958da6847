// SPDX-License-Identifier: Apache-2.0
//
// One pre-training example and how it is made from documents: sentence pairs,
// truncation, masking, as the reference's create_pretraining_data does it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bertc/status.h"
#include "data/Random.h"
#include "text/Vocabulary.h"

namespace bertc {

/// How instances are made; the defaults are the reference's.
struct InstanceOptions {
  /// S: tokens of an instance, [CLS] and two [SEP] included.
  int maxSeqLength = 128;
  /// P: masked tokens of an instance, at most.
  int maxPredictionsPerSeq = 20;
  double maskedLmProb = 0.15;
  /// Share of instances with a random shorter target length.
  double shortSeqProb = 0.1;
  /// Mask all pieces of a word or none.
  bool wholeWordMask = false;
};

/// [CLS] A [SEP] B [SEP] after masking, without padding.
struct PretrainInstance {
  std::vector<int32_t> ids;
  /// Tokens of segment 0: [CLS] A [SEP].
  uint32_t firstSegment = 0;
  /// B is from another document (next_sentence_labels = 1).
  bool isRandomNext = false;
  /// Ascending positions of predicted tokens and their true ids.
  std::vector<int32_t> maskedPositions;
  std::vector<int32_t> maskedLabels;
};

/// Sentences of one document, read in order (with small steps back).
class DocumentSentences {
public:
  virtual ~DocumentSentences() = default;
  virtual size_t size() const = 0;
  /// Tokens of sentence `index`.
  virtual StatusOr<size_t> tokens(size_t index) = 0;
  /// Appends the ids of sentence `index` to *ids.
  virtual Status append(size_t index, std::vector<int32_t> *ids) = 0;
};

/// Appends to *ids the sentences of a random place of a random other document,
/// from a random sentence on until `length` tokens are reached or the document
/// ends; at least one sentence.
using RandomNext = std::function<Status(Random &random, size_t length,
                                        std::vector<int32_t> *ids)>;

/// Makes instances; one a thread.
class InstanceMaker {
public:
  InstanceMaker(const Vocabulary &vocabulary, const InstanceOptions &options);

  /// Walks through a document once and hands every instance to `use`.
  Status make(DocumentSentences &document, Random &random,
              const RandomNext &randomNext,
              const std::function<Status(const PretrainInstance &)> &use);

private:
  Status buildPair(DocumentSentences &document, Random &random,
                   const RandomNext &randomNext, size_t targetLength,
                   size_t first, size_t last, size_t *next);
  void truncate(Random &random);
  void assemble();
  void findCandidates();
  void chooseTokens(Random &random, size_t wanted);
  void chooseCandidates(Random &random, size_t wanted);
  void mask(Random &random);
  void maskToken(Random &random, size_t position);

  const Vocabulary &vocabulary_;
  InstanceOptions options_;
  /// For each id, whether it continues a word.
  std::vector<bool> continues_;
  std::vector<int32_t> a_, b_;
  /// Ranges of a_ and b_ left after truncation.
  size_t aFirst_ = 0, aLast_ = 0, bFirst_ = 0, bLast_ = 0;
  PretrainInstance instance_;
  /// Runs of tokens [first, second) that are masked as one.
  std::vector<std::pair<uint32_t, uint32_t>> candidates_;
  /// A bit a token.
  std::vector<uint64_t> chosen_;
};

/// Tokens to predict in an instance of `length` tokens: min(P, max(1,
/// round(prob * length))), rounding halves to even as the reference does.
int predictionCount(size_t length, const InstanceOptions &options);

} // namespace bertc
