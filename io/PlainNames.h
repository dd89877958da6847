// SPDX-License-Identifier: Apache-2.0
//
// Names found inside files: shown safely, and kept from meaning other folders.
// Internal to io/.
#pragma once

#include <string>
#include <string_view>

namespace bertc {

/// `text` for an error message: control characters and non-ASCII bytes
/// escaped, cut to a readable length.
std::string quotable(std::string_view text);

/// True for a name that can only mean a file in its own folder: not empty,
/// ".", or "..", without '/', NUL or control characters, at most 255 bytes.
bool isPlainFileName(std::string_view name);

} // namespace bertc
