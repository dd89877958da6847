// SPDX-License-Identifier: Apache-2.0
//
// A WordPiece vocabulary: one token a line, its line number (from 0) is its id.
// Pieces that continue a word begin with "##".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bertc/status.h"

namespace bertc {

/// Tokens and ids of a vocab.txt; immutable.
class Vocabulary {
public:
  /// parse() of a file, or parseTokenizerJson() when its name ends in .json.
  static StatusOr<Vocabulary> load(const std::string &path);

  /// Reads a vocab.txt; `name` is for messages. White space at the end of a
  /// line is not part of the token; lines may end in LF or CR LF, but all in
  /// the same. Errors (Corrupt, with the line's number): not UTF-8, an empty
  /// line, a duplicate, a missing special token.
  static StatusOr<Vocabulary> parse(std::string_view text,
                                    const std::string &name);

  /// Reads the vocabulary of a Hugging Face tokenizer.json of a WordPiece
  /// model, added tokens included; its normalisation is not looked at.
  static StatusOr<Vocabulary> parseTokenizerJson(std::string_view text,
                                                 const std::string &name);

  size_t size() const { return tokens_.size(); }

  /// The token of an id in [0, size()).
  const std::string &token(int32_t id) const {
    return tokens_[static_cast<size_t>(id)];
  }

  /// The id of a token, -1 when there is none.
  int32_t id(std::string_view token) const;

  /// True for a piece that continues a word ("##ing").
  bool continuesWord(int32_t id) const;

  int32_t padId() const { return pad_; }
  int32_t unknownId() const { return unknown_; }
  int32_t clsId() const { return cls_; }
  int32_t sepId() const { return sep_; }
  int32_t maskId() const { return mask_; }

private:
  Status add(std::string_view token, size_t line, const std::string &name);
  Status findSpecialTokens(const std::string &name);

  std::vector<std::string> tokens_;
  std::unordered_map<std::string, int32_t> ids_;
  int32_t pad_ = -1, unknown_ = -1, cls_ = -1, sep_ = -1, mask_ = -1;
};

/// Names of the special tokens in the order of a new vocabulary: [PAD] [UNK]
/// [CLS] [SEP] [MASK].
const std::vector<std::string> &specialTokenNames();

} // namespace bertc
