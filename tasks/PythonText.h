// SPDX-License-Identifier: Apache-2.0
//
// What Python's str and re do to text, for rules that were written as Python
// scripts. All text is valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bertc {

/// str.isspace() of one code point: where str.split() splits.
bool isPythonSpace(uint32_t codePoint);

/// Whether \w of a regular expression matches.
bool isPythonWordCharacter(uint32_t codePoint);

/// str.lower(), the Greek sigma at the end of a word included.
std::string pythonLower(std::string_view text);

/// str.split(): words between white space, pointing into `text`.
std::vector<std::string_view> pythonSplit(std::string_view text);

/// " ".join(text.split()).
std::string joinedWords(std::string_view text);

/// Code points of `text`.
size_t characterCount(std::string_view text);

} // namespace bertc
