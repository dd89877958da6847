// SPDX-License-Identifier: Apache-2.0
//
// BERT's text normalisation as one table from code point to action: clean text
// (controls dropped, white space unified), ideographs set apart, accents
// stripped by canonical decomposition, lower case, punctuation split off. The
// stages act on one character at a time, so they compose into one lookup; the
// only context is the canonical order of the few combining characters that
// accent stripping keeps, which WordBuffer restores.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bertc {

/// Which stages of normalisation run. Cleaning and setting ideographs apart
/// always do, as in every published BERT.
struct NormalizerOptions {
  bool lowerCase = true;
  bool stripAccents = true;
};

/// What is to be done with a code point.
enum class CodePointAction : uint8_t {
  /// Part of a word, unchanged.
  Keep,
  /// Part of a word, replaced by one to three code points.
  Replace,
  /// Ends a word and is dropped.
  Space,
  /// A word by itself (punctuation, ideograph), perhaps replaced by one.
  Isolate,
  /// Dropped as if it were not there.
  Drop,
  /// An accent: dropped after decomposition.
  DropAccent,
  /// The same for an accent that ends a run of combining characters.
  DropStarterAccent,
};

/// One to three code points with their combining classes, 0 for those that
/// canonical ordering never moves.
struct Replacement {
  uint8_t count = 0;
  std::array<uint32_t, 3> codePoints{};
  std::array<uint8_t, 3> classes{};
};

/// The composed table; immutable, shared by threads.
class CodePointMap {
public:
  explicit CodePointMap(const NormalizerOptions &options);

  /// Codes of ascii(): anything greater is the (lower-cased) word character.
  enum : uint8_t { AsciiDrop, AsciiSpace, AsciiIsolate, NotAscii };

  /// Action or replacement of a byte; NotAscii from 0x80 on.
  uint8_t ascii(uint8_t byte) const { return ascii_[byte]; }

  /// Action for any code point up to U+10FFFF.
  CodePointAction action(uint32_t codePoint) const {
    return static_cast<CodePointAction>(entry(codePoint) & 0xff);
  }

  /// What replaces a code point whose action is Replace or Isolate.
  Replacement replacement(uint32_t codePoint) const;

  const NormalizerOptions &options() const { return options_; }

private:
  uint32_t entry(uint32_t codePoint) const {
    return blocks_[static_cast<size_t>(index_[codePoint >> 8]) * 256 +
                   (codePoint & 0xff)];
  }
  std::vector<uint32_t> buildEntries();
  void buildEntry(uint32_t codePoint, std::vector<uint32_t> &flat,
                  const uint32_t *parts, size_t count);
  void compress(const std::vector<uint32_t> &flat);

  NormalizerOptions options_;
  std::array<uint8_t, 256> ascii_;
  /// Action in the low byte, index into pool_ above it; equal blocks of 256
  /// code points are stored once.
  std::vector<uint16_t> index_;
  std::vector<uint32_t> blocks_;
  std::vector<Replacement> pool_;
};

} // namespace bertc
