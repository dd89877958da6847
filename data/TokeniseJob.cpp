// SPDX-License-Identifier: Apache-2.0
#include "data/TokeniseJob.h"

#include <algorithm>
#include <cmath>

#include "data/Pipeline.h"
#include "data/Random.h"
#include "support/Progress.h"
#include "support/Signals.h"

namespace bertc {
namespace {

constexpr uint64_t splitStream = 1;

/// A tokenised block: sentences, and where documents end between them.
struct TokenBlock {
  std::vector<int32_t> ids;
  /// Tokens of each sentence; 0 stands for the end of a document.
  std::vector<uint32_t> lengths;
  TokeniseCounts counts;
};

/// A line without tokens ends a document when it is blank; one of control
/// characters only is no line at all.
bool isBlank(const CodePointMap &map, std::string_view line) {
  std::string valid;
  appendValidUtf8(line, &valid);
  const auto *p = reinterpret_cast<const uint8_t *>(valid.data());
  const uint8_t *end = p + valid.size();
  while (p != end) {
    uint32_t c = decodeUtf8(p);
    bool alsoSpace =
        c == 0x0b || c == 0x0c || (c >= 0x1c && c <= 0x1f) || c == 0x85;
    if (map.action(c) != CodePointAction::Space && !alsoSpace) {
      return false;
    }
  }
  return true;
}

TokenBlock tokeniseBlock(const WordPieceTokenizer &tokenizer,
                         WordPieceEncoder &encoder, const TextBlock &block) {
  TokenBlock result;
  result.counts.bytes = block.text.size();
  result.counts.linesCut = block.cutsLine ? 1 : 0;
  if (!isValidUtf8(block.text)) {
    std::string valid;
    appendValidUtf8(block.text, &valid);
    result.counts.invalidBytes = block.text.size() - valid.size();
  }
  if (block.startsFile) {
    result.lengths.push_back(0);
  }
  result.ids.reserve(block.text.size() / 3);
  std::string_view rest = block.text;
  while (!rest.empty()) {
    size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size()
                                                         : newline + 1);
    size_t before = result.ids.size();
    encoder.encode(line, &result.ids);
    size_t count = result.ids.size() - before;
    if (count != 0 || isBlank(tokenizer.codePoints(), line)) {
      result.lengths.push_back(static_cast<uint32_t>(count));
      result.counts.sentences += count != 0 ? 1 : 0;
    }
  }
  result.counts.tokens = result.ids.size();
  result.counts.unknownTokens =
      static_cast<uint64_t>(std::count(result.ids.begin(), result.ids.end(),
                                       tokenizer.vocabulary().unknownId()));
  return result;
}

void addCounts(const TokeniseCounts &from, TokeniseCounts *to) {
  to->bytes += from.bytes;
  to->sentences += from.sentences;
  to->tokens += from.tokens;
  to->unknownTokens += from.unknownTokens;
  to->invalidBytes += from.invalidBytes;
  to->linesCut += from.linesCut;
}

/// Appends blocks to the store and numbers the documents.
class StoreFiller {
public:
  StoreFiller(const TokeniseOptions &options, TokenStore *store)
      : options_(options), store_(store) {}

  Status add(const TokenBlock &block) {
    const int32_t *ids = block.ids.data();
    for (uint32_t length : block.lengths) {
      if (length == 0) {
        BERTC_RETURN_IF_ERROR(endDocument());
        continue;
      }
      BERTC_RETURN_IF_ERROR(store_->addSentence(ids, length));
      ids += length;
    }
    return Status();
  }

  Status endDocument() {
    if (!store_->documentOpen()) {
      return Status();
    }
    bool test = isTestDocument(options_.seed, document_++, options_.testSplit);
    return store_->endDocument(test ? Split::Test : Split::Training);
  }

private:
  const TokeniseOptions &options_;
  TokenStore *store_;
  uint64_t document_ = 0;
};

} // namespace

bool isTestDocument(uint64_t seed, uint64_t document, double testSplit) {
  // Evenly spaced from a random start: the share is met exactly, also by a
  // handful of documents.
  double start = Random{seed, splitStream}.uniform();
  auto heldOutBefore = [&](uint64_t count) {
    return std::floor(static_cast<double>(count) * testSplit + start);
  };
  return heldOutBefore(document + 1) > heldOutBefore(document);
}

StatusOr<TokeniseCounts> tokeniseFiles(TextBlockReader &reader,
                                       const WordPieceTokenizer &tokenizer,
                                       const TokeniseOptions &options,
                                       TokenStore *store) {
  std::vector<WordPieceEncoder> encoders;
  for (int job = 0; job < options.jobs; ++job) {
    encoders.emplace_back(tokenizer);
  }
  Progress progress(megabytes("tokenise", reader.totalBytes(), options.quiet));
  TokeniseCounts counts;
  StoreFiller filler(options, store);

  auto take = [&]() -> StatusOr<std::optional<TextBlock>> {
    if (stopRequested()) {
      return failedPrecondition("interrupted; no records were written");
    }
    return reader.next();
  };
  auto work = [&](int worker, TextBlock block) -> StatusOr<TokenBlock> {
    return tokeniseBlock(tokenizer, encoders[static_cast<size_t>(worker)],
                         block);
  };
  auto consume = [&](TokenBlock block) {
    addCounts(block.counts, &counts);
    progress.add(static_cast<double>(block.counts.bytes) / 1e6);
    return filler.add(block);
  };
  BERTC_RETURN_IF_ERROR((
      Pipeline<TextBlock, TokenBlock>::run(options.jobs, take, work, consume)));
  BERTC_RETURN_IF_ERROR(filler.endDocument());
  BERTC_RETURN_IF_ERROR(store->finish());
  progress.finish();
  return counts;
}

} // namespace bertc
