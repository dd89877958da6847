// SPDX-License-Identifier: Apache-2.0
//
// A paragraph as its questions see it: words separated by white space, each
// with its pieces, and the way from characters to words to pieces and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/SquadReader.h"
#include "text/WordPieceTokenizer.h"

namespace bertc {

/// Words and pieces of one context, the reference's doc_tokens and
/// all_doc_tokens. Words are separated by space, tab, CR, LF and U+202F.
class SquadContext {
public:
  SquadContext(std::string text, WordPieceEncoder &encoder);

  size_t words() const { return wordBegin_.size(); }
  std::string_view word(size_t index) const;
  /// Words first..last with one space between them.
  std::string wordText(size_t first, size_t last) const;

  const std::vector<int32_t> &pieces() const { return pieces_; }
  /// Word of a piece (tok_to_orig_index).
  uint32_t wordOfPiece(size_t piece) const { return pieceWord_[piece]; }
  /// First piece of a word (orig_to_tok_index); pieces().size() for words().
  uint32_t pieceOfWord(size_t word) const { return firstPiece_[word]; }

  /// Word that a character (code point) is in or, for white space, behind: the
  /// reference's char_to_word_offset. -1 before the first word, -2 when the
  /// context has fewer characters.
  int64_t wordOfCharacter(int64_t character) const;

  const std::string &text() const { return text_; }

private:
  std::string text_;
  /// Bytes in text_.
  std::vector<uint32_t> wordBegin_, wordEnd_;
  std::vector<int32_t> pieces_;
  std::vector<uint32_t> pieceWord_, firstPiece_;
};

/// First and last piece of an answer.
struct PieceSpan {
  int64_t first = 0;
  int64_t last = 0;
};

/// The pieces of words firstWord..lastWord, narrowed to the answer's own pieces
/// where these are found inside (_improve_answer_span).
PieceSpan answerPieces(const SquadContext &context, size_t firstWord,
                       size_t lastWord, const std::vector<int32_t> &answer);

} // namespace bertc
