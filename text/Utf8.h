// SPDX-License-Identifier: Apache-2.0
//
// The few UTF-8 operations the tokenizer needs. Text from outside may hold any
// bytes; ours is the reference system's policy, which decodes with errors
// ignored: bytes that are not part of a valid sequence are dropped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bertc {

/// True when `text` is valid UTF-8 (no overlong forms, surrogates, or values
/// above U+10FFFF).
bool isValidUtf8(std::string_view text);

/// Offset of the first byte that is not valid UTF-8; text.size() if none.
size_t validUtf8Prefix(std::string_view text);

/// Appends `text` without its invalid bytes to *out.
void appendValidUtf8(std::string_view text, std::string *out);

/// Decodes the code point at `p`, which must be valid UTF-8, and moves `p` past
/// it.
inline uint32_t decodeUtf8(const uint8_t *&p) {
  uint32_t c = *p++;
  if (c < 0x80) {
    return c;
  }
  if (c < 0xe0) {
    return (c & 0x1f) << 6 | (*p++ & 0x3fU);
  }
  if (c < 0xf0) {
    c = (c & 0x0f) << 12 | (p[0] & 0x3fU) << 6 | (p[1] & 0x3fU);
    p += 2;
    return c;
  }
  c = (c & 0x07) << 18 | (p[0] & 0x3fU) << 12 | (p[1] & 0x3fU) << 6 |
      (p[2] & 0x3fU);
  p += 3;
  return c;
}

/// Writes `c` (a valid code point) at `out`, which has room for four bytes;
/// returns how many were written.
inline size_t encodeUtf8(uint32_t c, char *out) {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  if (c < 0x800) {
    out[0] = static_cast<char>(0xc0 | c >> 6);
    out[1] = static_cast<char>(0x80 | (c & 0x3f));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = static_cast<char>(0xe0 | c >> 12);
    out[1] = static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out[2] = static_cast<char>(0x80 | (c & 0x3f));
    return 3;
  }
  out[0] = static_cast<char>(0xf0 | c >> 18);
  out[1] = static_cast<char>(0x80 | (c >> 12 & 0x3f));
  out[2] = static_cast<char>(0x80 | (c >> 6 & 0x3f));
  out[3] = static_cast<char>(0x80 | (c & 0x3f));
  return 4;
}

} // namespace bertc
