// SPDX-License-Identifier: Apache-2.0
//
// JSON in and out without exceptions: parse errors become Status values that
// name the file, line and column; every document we print opens with its kind
// and schema version, so that tools can tell what they read.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "bertc/status.h"

namespace bertc {

/// Keeps keys in the order they were written.
using Json = nlohmann::ordered_json;

/// An object that holds `schema` ("bertc.KIND") and `schema_version`.
Json jsonDocument(const std::string &kind, int schemaVersion);

/// Parses `text`; `name` (a file's path) is for messages. Error: Corrupt, with
/// line and column of malformed text, or naming the key that one object holds
/// twice, or when arrays and objects nest deeper than 64.
StatusOr<Json> parseJson(std::string_view text, const std::string &name);

/// Indented text with a final newline; bytes that are not UTF-8 are replaced
/// by U+FFFD, so that printing never fails.
std::string jsonText(const Json &document);

/// The same on one line, without a newline.
std::string jsonLine(const Json &document);

/// Reads a whole number of the given key. Errors (Corrupt) name the file, the
/// key and what was found.
StatusOr<int64_t> jsonInteger(const Json &object, const std::string &key,
                              const std::string &name);

/// Reads a string of the given key; errors as jsonInteger.
StatusOr<std::string> jsonString(const Json &object, const std::string &key,
                                 const std::string &name);

} // namespace bertc
