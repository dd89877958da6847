// SPDX-License-Identifier: Apache-2.0
//
// Strict JSON parsing over nlohmann-json's event interface.
#include "io/Json.h"

#include <set>
#include <vector>

namespace bertc {
namespace {

constexpr size_t kMostNesting = 64;

/// Builds nothing; stops at the first duplicate key or at too deep nesting, so
/// that the tree builder only ever sees texts that are safe for it.
class StrictnessCheck : public nlohmann::json_sax<nlohmann::json> {
public:
  std::string problem;

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
    problem = "key '" + quotable(name) + "' appears twice";
    return false;
  }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    problem = "malformed JSON at byte " + std::to_string(position);
    return false;
  }

private:
  bool push() {
    keys_.emplace_back();
    if (keys_.size() <= kMostNesting) {
      return true;
    }
    problem = "JSON nests deeper than " + std::to_string(kMostNesting);
    return false;
  }

  bool pop() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;
};

} // namespace

StatusOr<nlohmann::json> parseJson(std::string_view text,
                                   const std::string &path) {
  StrictnessCheck check;
  bool good = nlohmann::json::sax_parse(text, &check);
  if (!good) {
    return corrupt("'" + path + "': " +
                   (check.problem.empty() ? "malformed JSON" : check.problem));
  }
  nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  if (parsed.is_discarded()) {
    return corrupt("'" + path + "': malformed JSON");
  }
  return parsed;
}

std::string dumpJson(const nlohmann::ordered_json &value) {
  return value.dump(2, ' ', false,
                    nlohmann::ordered_json::error_handler_t::replace);
}

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
