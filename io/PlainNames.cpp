// SPDX-License-Identifier: Apache-2.0
#include "io/PlainNames.h"

#include <cstdint>

namespace bertc {

std::string quotable(std::string_view text) {
  constexpr size_t kMostBytes = 200;
  static const char digits[] = "0123456789abcdef";
  std::string shown;
  for (char byte : text.substr(0, kMostBytes)) {
    if (byte >= 0x20 && byte < 0x7f) {
      shown += byte;
    } else {
      shown += "\\x";
      shown += digits[static_cast<uint8_t>(byte) >> 4];
      shown += digits[static_cast<uint8_t>(byte) & 15];
    }
  }
  return text.size() > kMostBytes ? shown + "..." : shown;
}

bool isPlainFileName(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 255) {
    return false;
  }
  for (char byte : name) {
    if (byte == '/' || static_cast<uint8_t>(byte) < 0x20 || byte == 0x7f) {
      return false;
    }
  }
  return true;
}

} // namespace bertc
