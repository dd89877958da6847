// SPDX-License-Identifier: Apache-2.0
#include "support/Json.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace bertc {
namespace {

/// Line and column, from 1, of a byte offset.
std::string position(std::string_view text, size_t offset) {
  size_t end = std::min(offset, text.size());
  size_t line =
      1 + static_cast<size_t>(std::count(
              text.begin(), text.begin() + static_cast<ptrdiff_t>(end), '\n'));
  size_t newline =
      end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
  size_t column = newline == std::string_view::npos ? end : end - newline - 1;
  return fmt::format("line {}, column {}", line, std::max<size_t>(column, 1));
}

std::string describe(const Json &value) {
  return value.is_primitive() ? jsonLine(value)
                              : std::string("a ") + value.type_name();
}

constexpr size_t mostNesting = 64;

/// Builds nothing; stops at the first duplicate key or at too deep nesting, so
/// that the tree builder only ever sees texts that are safe for it.
class StrictnessCheck : public nlohmann::json_sax<Json> {
public:
  /// Empty when the text is malformed at `offset`.
  std::string problem;
  size_t offset = 0;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }
  bool start_object(size_t) override { return push(); }
  bool end_object() override { return pop(); }
  bool start_array(size_t) override { return push(); }
  bool end_array() override { return pop(); }

  bool key(string_t &name) override {
    if (keys_.back().insert(name).second) {
      return true;
    }
    problem = fmt::format("key {} appears twice", jsonLine(Json(name)));
    return false;
  }

  bool parse_error(size_t at, const std::string &,
                   const nlohmann::detail::exception &) override {
    offset = at;
    return false;
  }

private:
  bool push() {
    keys_.emplace_back();
    if (keys_.size() <= mostNesting) {
      return true;
    }
    problem = fmt::format("nested deeper than {}", mostNesting);
    return false;
  }

  bool pop() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;
};

} // namespace

Json jsonDocument(const std::string &kind, int schemaVersion) {
  Json document = Json::object();
  document["schema"] = "bertc." + kind;
  document["schema_version"] = schemaVersion;
  return document;
}

StatusOr<Json> parseJson(std::string_view text, const std::string &name) {
  StrictnessCheck check;
  if (!Json::sax_parse(text, &check)) {
    std::string found = check.problem.empty()
                            ? "at " + position(text, check.offset)
                            : check.problem;
    return corrupt(fmt::format("{}: not valid JSON: {}", name, found));
  }
  Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded()
             ? corrupt(fmt::format("{}: not valid JSON", name))
             : StatusOr<Json>(std::move(parsed));
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
