// SPDX-License-Identifier: Apache-2.0
//
// BERT's tokenizer: normalise, split into words, cut each word into the longest
// pieces of the vocabulary. The ids are those of Hugging Face's `tokenizers`
// (BertWordPieceTokenizer) for every text; see NormalizerOptions and the two
// options here for the ways published models differ.
//
//   BERTC_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::load(path));
//   WordPieceTokenizer tokenizer(std::move(vocabulary), {});
//   WordPieceEncoder encoder(tokenizer);      // one a thread
//   encoder.encode("In the beginning", &ids); // appends
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/CodePointMap.h"
#include "text/Vocabulary.h"
#include "text/WordSplitter.h"
#include "text/WordTrie.h"

namespace bertc {

/// How text becomes ids.
struct TokenizerOptions {
  /// Uncased models: lower case, and accents stripped.
  bool lowerCase = true;
  /// -1: as lowerCase (every model of Google's); 0 or 1 to set it apart.
  int stripAccents = -1;
  /// A word of more characters is [UNK]: 200 in the reference, 100 in Hugging
  /// Face.
  size_t maxCharsPerWord = 200;
  /// Recognise [PAD], [UNK], [CLS], [SEP] and [MASK] inside the text, as
  /// Hugging Face does; the reference splits them like any other text.
  bool matchSpecialTokens = false;
};

/// The immutable part: vocabulary, tables, trie. Share it between threads.
class WordPieceTokenizer {
public:
  WordPieceTokenizer(Vocabulary vocabulary, const TokenizerOptions &options);

  const Vocabulary &vocabulary() const { return vocabulary_; }
  const TokenizerOptions &options() const { return options_; }
  const CodePointMap &codePoints() const { return map_; }

  /// Appends the pieces of one normalised word of at most maxCharsPerWord
  /// characters, or [UNK].
  void encodeWord(std::string_view word, std::vector<int32_t> *ids) const;

  /// Id of a word that is one ASCII symbol.
  int32_t asciiId(uint8_t byte) const { return asciiIds_[byte & 0x7f]; }

private:
  Vocabulary vocabulary_;
  TokenizerOptions options_;
  CodePointMap map_;
  WordTrie trie_;
  std::array<int32_t, 128> asciiIds_;
};

/// The mutable part, one a thread: scratch space and a cache of words.
class WordPieceEncoder {
public:
  explicit WordPieceEncoder(const WordPieceTokenizer &tokenizer);
  ~WordPieceEncoder();
  WordPieceEncoder(WordPieceEncoder &&) noexcept;
  WordPieceEncoder &operator=(WordPieceEncoder &&) = delete;

  /// Appends the ids of `text` to *ids. Bytes that are not valid UTF-8 are
  /// ignored. No [CLS] or [SEP] is added.
  void encode(std::string_view text, std::vector<int32_t> *ids);

private:
  struct Cache;
  struct Sink;
  void encodeValid(std::string_view text, std::vector<int32_t> *ids);
  void encodeSegment(std::string_view text, std::vector<int32_t> *ids);

  const WordPieceTokenizer *tokenizer_;
  WordBuffer word_;
  std::unique_ptr<Cache> cache_;
  std::string valid_;
};

/// The normalised words of `text` before they are cut into pieces (the
/// reference's BasicTokenizer); words are not limited in length.
std::vector<std::string> basicTokens(const CodePointMap &map,
                                     std::string_view text);

} // namespace bertc
