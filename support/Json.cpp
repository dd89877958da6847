// SPDX-License-Identifier: Apache-2.0
#include "support/Json.h"

#include <algorithm>

#include <fmt/format.h>

namespace bertc {
namespace {

/// Line and column, from 1, of a byte offset.
std::string position(const std::string &text, size_t offset) {
  size_t end = std::min(offset, text.size());
  size_t line =
      1 + static_cast<size_t>(std::count(
              text.begin(), text.begin() + static_cast<ptrdiff_t>(end), '\n'));
  size_t newline = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  size_t column = newline == std::string::npos ? end : end - newline - 1;
  return fmt::format("line {}, column {}", line, std::max<size_t>(column, 1));
}

std::string describe(const Json &value) {
  return value.is_primitive() ? jsonLine(value)
                              : std::string("a ") + value.type_name();
}

} // namespace

Json jsonDocument(const std::string &kind, int schemaVersion) {
  Json document = Json::object();
  document["schema"] = "bertc." + kind;
  document["schema_version"] = schemaVersion;
  return document;
}

StatusOr<Json> parseJson(const std::string &text, const std::string &name) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error &error) {
    return corrupt(fmt::format("{}: not valid JSON at {}", name,
                               position(text, error.byte)));
  } catch (const std::exception &error) {
    return corrupt(fmt::format("{}: not valid JSON: {}", name, error.what()));
  }
}

std::string jsonText(const Json &document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string jsonLine(const Json &document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

StatusOr<int64_t> jsonInteger(const Json &object, const std::string &key,
                              const std::string &name) {
  if (!object.is_object() || !object.contains(key)) {
    return corrupt(fmt::format("{}: key \"{}\" is missing", name, key));
  }
  const Json &value = object.at(key);
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() &&
       value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))) {
    return corrupt(fmt::format("{}: key \"{}\": expected a whole number, "
                               "found {}",
                               name, key, describe(value)));
  }
  return value.get<int64_t>();
}

StatusOr<std::string> jsonString(const Json &object, const std::string &key,
                                 const std::string &name) {
  if (!object.is_object() || !object.contains(key)) {
    return corrupt(fmt::format("{}: key \"{}\" is missing", name, key));
  }
  const Json &value = object.at(key);
  if (!value.is_string()) {
    return corrupt(fmt::format("{}: key \"{}\": expected a string, found {}",
                               name, key, describe(value)));
  }
  return value.get<std::string>();
}

} // namespace bertc
