// SPDX-License-Identifier: Apache-2.0
#include "tasks/SquadContext.h"

#include <algorithm>

#include "text/Utf8.h"

namespace bertc {
namespace {

/// What separates words in the reference; other spaces (U+00A0, U+3000) are
/// left to the tokenizer, inside words.
bool isSeparator(uint32_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0x202f;
}

} // namespace

SquadContext::SquadContext(std::string text, WordPieceEncoder &encoder)
    : text_(std::move(text)) {
  const auto *begin = reinterpret_cast<const uint8_t *>(text_.data());
  const uint8_t *p = begin, *end = begin + text_.size();
  bool inWord = false;
  while (p != end) {
    auto at = static_cast<uint32_t>(p - begin);
    bool separates = isSeparator(decodeUtf8(p));
    if (separates && inWord) {
      wordEnd_.push_back(at);
    } else if (!separates && !inWord) {
      wordBegin_.push_back(at);
    }
    inWord = !separates;
  }
  if (inWord) {
    wordEnd_.push_back(static_cast<uint32_t>(text_.size()));
  }
  for (size_t i = 0; i < words(); ++i) {
    firstPiece_.push_back(static_cast<uint32_t>(pieces_.size()));
    encoder.encode(word(i), &pieces_);
    pieceWord_.resize(pieces_.size(), static_cast<uint32_t>(i));
  }
  firstPiece_.push_back(static_cast<uint32_t>(pieces_.size()));
}

std::string_view SquadContext::word(size_t index) const {
  return std::string_view(text_).substr(wordBegin_[index],
                                        wordEnd_[index] - wordBegin_[index]);
}

std::string SquadContext::wordText(size_t first, size_t last) const {
  std::string text;
  for (size_t i = first; i <= last; ++i) {
    if (i > first) {
      text += ' ';
    }
    text += word(i);
  }
  return text;
}

int64_t SquadContext::wordOfCharacter(int64_t character) const {
  if (character < 0) {
    return -2;
  }
  const auto *begin = reinterpret_cast<const uint8_t *>(text_.data());
  const uint8_t *p = begin, *end = begin + text_.size();
  for (int64_t i = 0; i < character && p != end; ++i) {
    decodeUtf8(p);
  }
  if (p == end) {
    return -2;
  }
  auto begun = std::upper_bound(wordBegin_.begin(), wordBegin_.end(),
                                static_cast<uint32_t>(p - begin));
  return begun - wordBegin_.begin() - 1;
}

PieceSpan answerPieces(const SquadContext &context, size_t firstWord,
                       size_t lastWord, const std::vector<int32_t> &answer) {
  PieceSpan span;
  span.first = context.pieceOfWord(firstWord);
  span.last = static_cast<int64_t>(context.pieceOfWord(lastWord + 1)) - 1;
  auto wanted = static_cast<int64_t>(answer.size());
  if (wanted == 0) {
    return span;
  }
  auto pieces = context.pieces().begin();
  for (int64_t first = span.first; first + wanted - 1 <= span.last; ++first) {
    if (std::equal(answer.begin(), answer.end(), pieces + first)) {
      return {first, first + wanted - 1};
    }
  }
  return span;
}

} // namespace bertc
