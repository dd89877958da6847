// SPDX-License-Identifier: Apache-2.0
#include "text/Utf8.h"

#include <cstring>

namespace bertc {
namespace {

bool isContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

/// Length of the valid sequence at `p` (not ASCII), 0 when there is none.
size_t sequenceLength(const uint8_t *p, const uint8_t *end) {
  uint8_t lead = *p;
  size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || static_cast<size_t>(end - p) < length) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if (!isContinuation(p[i])) {
      return 0;
    }
  }
  // The second byte's range rules out overlong forms, surrogates and values
  // above U+10FFFF.
  if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f) ||
      (lead == 0xf0 && p[1] < 0x90) || (lead == 0xf4 && p[1] > 0x8f)) {
    return 0;
  }
  return length;
}

} // namespace

size_t validUtf8Prefix(std::string_view text) {
  const auto *begin = reinterpret_cast<const uint8_t *>(text.data());
  const uint8_t *p = begin, *end = begin + text.size();
  while (p != end) {
    // Eight ASCII bytes at a time.
    while (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      if ((word & 0x8080808080808080ULL) != 0) {
        break;
      }
      p += 8;
    }
    if (p == end) {
      break;
    }
    if (*p < 0x80) {
      ++p;
      continue;
    }
    size_t length = sequenceLength(p, end);
    if (length == 0) {
      break;
    }
    p += length;
  }
  return static_cast<size_t>(p - begin);
}

bool isValidUtf8(std::string_view text) {
  return validUtf8Prefix(text) == text.size();
}

void appendValidUtf8(std::string_view text, std::string *out) {
  while (!text.empty()) {
    size_t valid = validUtf8Prefix(text);
    out->append(text.substr(0, valid));
    // What follows a bad lead byte is either valid by itself or bad too.
    text.remove_prefix(valid == text.size() ? valid : valid + 1);
  }
}

} // namespace bertc
