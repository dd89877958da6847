// SPDX-License-Identifier: Apache-2.0
#include "tasks/PythonFormat.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "text/Utf8.h"

namespace bertc {
namespace {

/// Shortest digits; positional from 1e-4 up to `limit`, with ".0" where nothing
/// else says that it is a float.
template <typename Float> std::string shortest(Float value, double limit) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-inf" : "inf";
  }
  // Compared as doubles: the float nearest to 1e-4 is below it, for numpy too.
  double size = std::fabs(static_cast<double>(value));
  bool positional = size == 0 || (size >= 1e-4 && size < limit);
  char buffer[64];
  auto result = std::to_chars(buffer, buffer + sizeof(buffer), value,
                              positional ? std::chars_format::fixed
                                         : std::chars_format::scientific);
  std::string text(buffer, result.ptr);
  if (positional && text.find('.') == std::string::npos) {
    text += ".0";
  }
  return text;
}

} // namespace

std::string pythonFloat(double value) { return shortest(value, 1e16); }

std::string numpyFloat(float value) { return shortest(value, 1e6); }

std::string pythonJsonString(std::string_view text) {
  std::string out = "\"";
  const auto *p = reinterpret_cast<const uint8_t *>(text.data());
  const uint8_t *end = p + text.size();
  while (p != end) {
    uint32_t c = decodeUtf8(p);
    static constexpr std::string_view escaped = "\"\\\n\r\t\f\b";
    static constexpr std::string_view letters = "\"\\nrtfb";
    size_t special =
        c < 0x80 ? escaped.find(static_cast<char>(c)) : std::string_view::npos;
    if (special != std::string_view::npos) {
      out += '\\';
      out += letters[special];
    } else if (c >= 0x20 && c < 0x7f) {
      out += static_cast<char>(c);
    } else if (c < 0x10000) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      uint32_t rest = c - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10),
                         0xdc00 + (rest & 0x3ff));
    }
  }
  return out + "\"";
}

} // namespace bertc
