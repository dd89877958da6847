// SPDX-License-Identifier: Apache-2.0
//
// First step of `bert-data pretrain`: text files to a TokenStore. One sentence
// a line, a blank line between documents; the end of a file ends a document.
#pragma once

#include "data/TextBlocks.h"
#include "data/TokenStore.h"
#include "text/WordPieceTokenizer.h"

namespace bertc {

/// What was read.
struct TokeniseCounts {
  uint64_t bytes = 0;
  uint64_t sentences = 0;
  uint64_t tokens = 0;
  uint64_t unknownTokens = 0;
  /// Bytes that are not valid UTF-8 and were ignored.
  uint64_t invalidBytes = 0;
  /// Lines so long that they became several sentences.
  uint64_t linesCut = 0;
};

struct TokeniseOptions {
  int jobs = 1;
  /// Share of documents that go to Split::Test.
  double testSplit = 0;
  uint64_t seed = 0;
  bool quiet = false;
};

/// Reads all blocks into the store (finish() included). FailedPrecondition when
/// a signal asked to stop.
StatusOr<TokeniseCounts> tokeniseFiles(TextBlockReader &reader,
                                       const WordPieceTokenizer &tokenizer,
                                       const TokeniseOptions &options,
                                       TokenStore *store);

/// Whether document number `document` (from 0) is held out: of any n documents
/// in a row, n * testSplit rounded up or down. Depends on the seed and the
/// number only.
bool isTestDocument(uint64_t seed, uint64_t document, double testSplit);

} // namespace bertc
