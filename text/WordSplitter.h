// SPDX-License-Identifier: Apache-2.0
//
// Splits text into BERT's normalised words: the hot loop of the tokenizer and
// of the vocabulary trainer, a template over who receives the words. A run of
// ASCII costs one table look-up a byte; everything else goes through
// CodePointMap.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "text/CodePointMap.h"
#include "text/Utf8.h"

namespace bertc {

/// A word being put together: normalised UTF-8 of at most `maxChars` code
/// points. What comes after is not stored, only noted, so that a megabyte
/// without a space needs no megabyte here.
class WordBuffer {
public:
  /// Bytes behind the word that are always readable (and zero up to
  /// `padding`), for word-wise hashing.
  static constexpr size_t padding = 32;

  explicit WordBuffer(size_t maxChars)
      : maxChars_(maxChars), bytes_((maxChars + 4) * 4 + 2 * padding) {}

  const char *data() const { return bytes_.data(); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0 && !tooLong_; }
  /// More than maxChars code points; data() holds only the first of them.
  bool tooLong() const { return tooLong_; }
  std::string_view view() const { return {bytes_.data(), size_}; }

  void clear() {
    // Only the first `padding` bytes are ever hashed word-wise.
    std::memset(bytes_.data(), 0, size_ < padding ? size_ : padding);
    size_ = chars_ = runStart_ = 0;
    tooLong_ = false;
  }

  /// Appends the word characters at `p` while they are ASCII; returns the first
  /// byte not taken.
  const uint8_t *appendAscii(const CodePointMap &map, const uint8_t *p,
                             const uint8_t *end) {
    size_t room = maxChars_ - chars_;
    if (room < static_cast<size_t>(end - p)) {
      end = p + room;
    }
    char *out = bytes_.data() + size_;
    const uint8_t *start = p;
    uint8_t c;
    while (p != end && (c = map.ascii(*p)) > CodePointMap::NotAscii) {
      *out++ = static_cast<char>(c);
      ++p;
    }
    size_ += static_cast<size_t>(p - start);
    chars_ += static_cast<size_t>(p - start);
    runStart_ = size_;
    return p;
  }

  bool full() const { return chars_ == maxChars_; }
  void noteTooLong() { tooLong_ = true; }

  /// Appends a code point of the given combining class (0: a starter). Others
  /// move before those of higher class in the same run, as canonical ordering
  /// asks.
  void append(uint32_t codePoint, uint8_t combiningClass) {
    if (full()) {
      tooLong_ = true;
      return;
    }
    ++chars_;
    if (combiningClass == 0) {
      size_ += encodeUtf8(codePoint, bytes_.data() + size_);
      runStart_ = size_;
      runClasses_.clear();
      return;
    }
    insertSorted(codePoint, combiningClass);
  }

  /// A starter that is not kept still ends the run of combining characters.
  void endRun() { runStart_ = size_; }

private:
  void insertSorted(uint32_t codePoint, uint8_t combiningClass) {
    if (runStart_ == size_) {
      runClasses_.clear();
    }
    size_t at = runStart_, index = 0;
    while (index < runClasses_.size() && runClasses_[index] <= combiningClass) {
      const auto *p = reinterpret_cast<const uint8_t *>(bytes_.data() + at);
      decodeUtf8(p);
      at = static_cast<size_t>(reinterpret_cast<const char *>(p) -
                               bytes_.data());
      ++index;
    }
    char encoded[4];
    size_t length = encodeUtf8(codePoint, encoded);
    std::memmove(bytes_.data() + at + length, bytes_.data() + at, size_ - at);
    std::memcpy(bytes_.data() + at, encoded, length);
    size_ += length;
    runClasses_.insert(runClasses_.begin() + static_cast<ptrdiff_t>(index),
                       combiningClass);
  }

  size_t maxChars_;
  size_t size_ = 0;
  size_t chars_ = 0;
  /// Where the present run of combining characters begins.
  size_t runStart_ = 0;
  std::vector<uint8_t> runClasses_;
  bool tooLong_ = false;
  std::vector<char> bytes_;
};

/// Handles one code point outside ASCII; kept out of the hot loop.
template <typename Sink>
void splitCodePoint(const CodePointMap &map, uint32_t codePoint,
                    WordBuffer &word, Sink &sink) {
  auto flush = [&] {
    if (!word.empty()) {
      sink.onWord(word);
      word.clear();
    }
  };
  switch (map.action(codePoint)) {
  case CodePointAction::Keep:
    word.append(codePoint, 0);
    return;
  case CodePointAction::Replace: {
    Replacement replacement = map.replacement(codePoint);
    for (size_t i = 0; i < replacement.count; ++i) {
      word.append(replacement.codePoints[i], replacement.classes[i]);
    }
    return;
  }
  case CodePointAction::Space:
    flush();
    return;
  case CodePointAction::Isolate:
    flush();
    word.append(map.replacement(codePoint).codePoints[0], 0);
    flush();
    return;
  case CodePointAction::DropStarterAccent:
    word.endRun();
    return;
  case CodePointAction::Drop:
  case CodePointAction::DropAccent:
    return;
  }
}

/// Calls sink.onWord(word) for every word of `text` (valid UTF-8), and
/// sink.onAsciiPunctuation(byte) for those that are one ASCII symbol. `word` is
/// scratch space, empty before and after.
template <typename Sink>
void splitWords(const CodePointMap &map, std::string_view text,
                WordBuffer &word, Sink &sink) {
  const auto *p = reinterpret_cast<const uint8_t *>(text.data());
  const uint8_t *end = p + text.size();
  while (p != end) {
    switch (map.ascii(*p)) {
    case CodePointMap::AsciiDrop:
      ++p;
      break;
    case CodePointMap::AsciiSpace:
      ++p;
      if (!word.empty()) {
        sink.onWord(word);
        word.clear();
      }
      break;
    case CodePointMap::AsciiIsolate:
      if (!word.empty()) {
        sink.onWord(word);
        word.clear();
      }
      sink.onAsciiPunctuation(*p++);
      break;
    case CodePointMap::NotAscii:
      splitCodePoint(map, decodeUtf8(p), word, sink);
      break;
    default:
      if (word.full()) {
        word.noteTooLong();
        ++p;
        break;
      }
      p = word.appendAscii(map, p, end);
    }
  }
  if (!word.empty()) {
    sink.onWord(word);
    word.clear();
  }
}

} // namespace bertc
