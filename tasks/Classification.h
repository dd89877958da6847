// SPDX-License-Identifier: Apache-2.0
//
// Sentence and sentence-pair classification: examples from tab-separated files
// to features, exactly as the reference's run_classifier.py makes them.
//
//   BERTC_ASSIGN_OR_RETURN(ClassificationSource train,
//                          mrpcSource("MRPC", DataSplit::Train));
//   BERTC_ASSIGN_OR_RETURN(
//       ClassificationData data,
//       readClassification(train, tokenizer, {128, LabelList(), jobs}));
#pragma once

#include <string>
#include <vector>

#include "bertc/status.h"
#include "tasks/LabelList.h"
#include "tasks/PairFeatures.h"
#include "tasks/TsvReader.h"
#include "text/WordPieceTokenizer.h"

namespace bertc {

/// A file of examples.
struct ClassificationSource {
  std::string path;
  TsvOptions tsv;
  /// One or two, by name or by number from 1.
  std::vector<std::string> textColumns;
  /// Empty: there are no labels (for prediction).
  std::string labelColumn;
};

enum class DataSplit : uint8_t { Train, Dev, Test };

/// MRPC in `dataDir`: GLUE's train.tsv, dev.tsv, test.tsv or, where these are
/// missing, the MSR corpus' msr_paraphrase_train.txt and, for Dev and Test,
/// msr_paraphrase_test.txt. Columns as the reference has them: label 1, texts 4
/// and 5; Test has no label. NotFound names the files it looked for.
StatusOr<ClassificationSource> mrpcSource(const std::string &dataDir,
                                          DataSplit split);

/// "0", "1".
LabelList mrpcLabels();

/// "a,b" of --text-columns as names; spaces around them do not count. Error:
/// none, an empty one, more than two.
StatusOr<std::vector<std::string>> parseTextColumns(const std::string &flag);

struct ClassificationOptions {
  /// S.
  int maxSequenceLength = 128;
  /// The classes; empty: those found in the file.
  LabelList labels;
  int jobs = 2;
};

/// The examples of one file, in its order.
struct ClassificationData {
  /// Target "label_ids", also without labels (then all 0, as in the reference).
  PairFeatures features;
  LabelList labels;
  bool hasLabels = false;
};

/// Reads a file; the result does not depend on the number of threads. Errors
/// name the file, and the line where there is one: a column that does not
/// exist, no examples, what TsvReader finds, a label that is empty or none of
/// `labels`.
StatusOr<ClassificationData>
readClassification(const ClassificationSource &source,
                   const WordPieceTokenizer &tokenizer,
                   const ClassificationOptions &options);

} // namespace bertc
