// SPDX-License-Identifier: Apache-2.0
//
// JSON without exceptions, duplicate keys or deep recursion, and text made fit
// for error messages. Internal to io/.
#pragma once

#include "bertc/status.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bertc {

/// Parses a whole JSON text. Corrupt, naming `path` and the byte, when it is
/// malformed, holds a key twice in one object, or nests deeper than 64.
StatusOr<nlohmann::json> parseJson(std::string_view text,
                                   const std::string &path);

/// The indented text; bytes that are not UTF-8 are replaced.
std::string dumpJson(const nlohmann::ordered_json &value);

/// `text` for an error message: control characters and non-ASCII bytes
/// escaped, cut to a readable length.
std::string quotable(std::string_view text);

/// True for a name that can only mean a file in its own folder: not empty,
/// ".", or "..", without '/', NUL or control characters, at most 255 bytes.
bool isPlainFileName(std::string_view name);

} // namespace bertc
