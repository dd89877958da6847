// SPDX-License-Identifier: Apache-2.0
//
// Questions over sliding windows of their contexts, exactly as the reference's
// run_squad.py makes them: [CLS] question [SEP] window [SEP].
//
//   SquadOptions options;
//   options.training = true;
//   BERTC_ASSIGN_OR_RETURN(SquadFeatures features,
//                          readSquad("train-v1.1.json", tokenizer, options));
//
// A window is a few numbers; tokens are kept once for each context and
// question.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bertc/status.h"
#include "tasks/FeatureSet.h"
#include "tasks/SquadContext.h"
#include "text/WordPieceTokenizer.h"

namespace bertc {

struct SquadOptions {
  /// S.
  int maxSequenceLength = 384;
  int docStride = 128;
  int maxQueryLength = 64;
  /// Every question needs its answer; else answers are only kept for scoring.
  bool training = false;
  int jobs = 2;
};

/// One question.
struct SquadExample {
  std::string id;
  /// Pieces of the question, at most maxQueryLength.
  std::vector<int32_t> query;
  std::shared_ptr<const SquadContext> context;
  /// Texts of the gold answers; not kept for training.
  std::vector<std::string> goldAnswers;
  /// Its windows: features firstFeature to firstFeature + windows - 1. None
  /// when the context is blank.
  size_t firstFeature = 0;
  size_t windows = 0;
};

/// Part of a context's pieces.
struct SquadWindow {
  uint32_t example = 0;
  uint32_t firstPiece = 0;
  uint32_t pieces = 0;
  /// Of the answer, from [CLS]; 0 and 0 when it is not inside (or unknown).
  uint32_t startPosition = 0;
  uint32_t endPosition = 0;
};

/// Questions that training leaves out, or that cannot be scored.
struct SquadReport {
  uint64_t paragraphs = 0;
  uint64_t questions = 0;
  /// No answer given, or marked impossible; the first ten ids.
  uint64_t withoutAnswer = 0;
  std::vector<std::string> withoutAnswerIds;
  /// Training: the answer's text is not what stands at its place in the
  /// context, so the reference leaves it out; the first ten ids.
  uint64_t answerNotFound = 0;
  std::vector<std::string> answerNotFoundIds;
  /// Training: several answers given, the first is used.
  uint64_t severalAnswers = 0;
};

/// All windows of a file, in its order. Targets: start_positions,
/// end_positions.
class SquadFeatures : public FeatureSet {
public:
  const std::vector<SquadExample> &examples() const { return examples_; }
  const std::vector<SquadWindow> &windows() const { return windows_; }
  const SquadReport &report() const { return report_; }
  /// The reference's unique_id of a window.
  static uint64_t uniqueId(size_t feature) { return 1000000000 + feature; }

  /// Where the window's pieces begin: behind [CLS] question [SEP].
  size_t firstPosition(size_t feature) const;
  /// Word of the context at a position, -1 where there is none
  /// (token_to_orig_map).
  int64_t wordAt(size_t feature, size_t position) const;
  /// Whether no other window of the question shows more of what is around the
  /// piece at `position` (token_is_max_context); false outside the window.
  bool isMaxContext(size_t feature, size_t position) const;

  size_t size() const override { return windows_.size(); }
  uint32_t length(size_t feature) const override;
  void write(size_t feature, int32_t *inputIds,
             int32_t *segmentIds) const override;
  const std::vector<FeatureTarget> &targets() const override;
  int32_t target(size_t feature, size_t which) const override;

private:
  friend class SquadFeatureJob;

  std::vector<SquadExample> examples_;
  std::vector<SquadWindow> windows_;
  SquadReport report_;
  int32_t cls_ = 0, sep_ = 0;
};

/// Reads a file; the result does not depend on the number of threads. Errors:
/// options that leave no room for a context (S must be greater than
/// maxQueryLength + 3), what the file has wrong, with line and question; an id
/// that occurs twice; training: no question with an answer.
StatusOr<SquadFeatures> readSquad(const std::string &path,
                                  const WordPieceTokenizer &tokenizer,
                                  const SquadOptions &options);

} // namespace bertc
