// SPDX-License-Identifier: Apache-2.0
//
// A reader of parser events, since only these know where in the text a value
// stands. The first problem ends the reading.

#include "passes/precision/Bf16Config.h"

#include "passes/precision/Bf16BuiltIn.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace bertc {

namespace {

/// Walks text and tells, through a number that its copies share, how far the
/// parser has read.
struct CountingIterator {
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char *;
  using reference = const char &;

  const char *at = nullptr;
  const char *begin = nullptr;
  size_t *read = nullptr;

  reference operator*() const { return *at; }
  CountingIterator &operator++() {
    ++at;
    *read = static_cast<size_t>(at - begin);
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator &other) const {
    return at == other.at;
  }
  bool operator!=(const CountingIterator &other) const {
    return at != other.at;
  }
};

struct Position {
  size_t line = 1;
  size_t column = 1;
};

constexpr const char *kKeys =
    "allowlist (or allow_list), conditional_list, strict_conditional_list, "
    "non_convertible_exceptions and convertible_exceptions";

const char *listName(Bf16List list) {
  switch (list) {
  case Bf16List::Allow:
    return "allowlist";
  case Bf16List::Conditional:
    return "conditional_list";
  case Bf16List::StrictConditional:
    return "strict_conditional_list";
  case Bf16List::None:
    break;
  }
  return "no list";
}

} // namespace

/// Events of the JSON parser; each returns whether to go on.
class Bf16ConfigReader final : public nlohmann::json_sax<nlohmann::json> {
public:
  Bf16ConfigReader(std::string_view text, Bf16Config &config)
      : text_(text), config_(config) {}

  Status run() {
    CountingIterator begin{text_.data(), text_.data(), &read_};
    CountingIterator end{text_.data() + text_.size(), text_.data(), &read_};
    nlohmann::json::sax_parse(begin, end, this);
    return status_;
  }

  bool null() override { return scalar("null"); }
  bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
  bool number_integer(int64_t) override { return scalar("a number"); }
  bool number_unsigned(uint64_t) override { return scalar("a number"); }
  bool number_float(double, const std::string &) override {
    return scalar("a number");
  }
  bool binary(nlohmann::json::binary_t &) override { return scalar("bytes"); }

  bool start_object(size_t) override {
    if (place_ != Place::Start) {
      return unexpected("an object");
    }
    place_ = Place::Config;
    return true;
  }
  bool end_object() override { return true; }
  bool key(std::string &key) override;
  bool start_array(size_t) override;
  bool end_array() override;
  bool string(std::string &value) override;
  bool parse_error(size_t byte, const std::string &,
                   const nlohmann::detail::exception &) override;

private:
  /// What encloses the next value.
  enum class Place { Start, Config, List, Exceptions, Pair };

  bool scalar(const char *found) { return unexpected(found); }
  bool unexpected(const char *found);
  bool fail(Position where, const std::string &message);
  bool addToList(const std::string &opType);
  bool addException();
  Position positionOf(size_t offset) const;
  size_t tokenStart() const;
  Position here() const { return positionOf(tokenStart()); }

  std::string_view text_;
  Bf16Config &config_;
  Status status_;
  /// Bytes that the parser has taken.
  size_t read_ = 0;
  Place place_ = Place::Start;
  std::map<std::string, Position> keys_;
  std::string key_;
  Bf16List list_ = Bf16List::None;
  std::vector<Bf16Exception> *exceptions_ = nullptr;
  std::vector<std::string> pair_;
  Position pairStart_;
  Position pattern_;
};

bool Bf16ConfigReader::fail(Position where, const std::string &message) {
  if (status_.ok()) {
    status_ = corrupt(fmt::format("{}:{}:{}: {}", config_.name_, where.line,
                                  where.column, message));
  }
  return false;
}

bool Bf16ConfigReader::unexpected(const char *found) {
  const char *expected = "an object of lists";
  if (place_ == Place::Config) {
    expected = "a list";
  } else if (place_ == Place::List) {
    expected = "a TensorFlow operation type as a string";
  } else if (place_ == Place::Exceptions) {
    expected = "a pair of a regular expression and an operation type";
  } else if (place_ == Place::Pair) {
    expected = "a string";
  }
  std::string where = key_.empty() ? "" : fmt::format(" in '{}'", key_);
  return fail(here(),
              fmt::format("found {}{}, expected {}", found, where, expected));
}

bool Bf16ConfigReader::key(std::string &key) {
  static const std::map<std::string, std::string> kSpellings = {
      {"allow_list", "allowlist"}};
  auto spelling = kSpellings.find(key);
  key_ = spelling == kSpellings.end() ? key : spelling->second;
  list_ = Bf16List::None;
  exceptions_ = nullptr;
  for (Bf16List list :
       {Bf16List::Allow, Bf16List::Conditional, Bf16List::StrictConditional}) {
    list_ = key_ == listName(list) ? list : list_;
  }
  if (key_ == "non_convertible_exceptions") {
    exceptions_ = &config_.nonConvertible_;
  } else if (key_ == "convertible_exceptions") {
    exceptions_ = &config_.convertible_;
  } else if (list_ == Bf16List::None) {
    return fail(here(),
                fmt::format("unknown key '{}', expected {}", key, kKeys));
  }
  auto [first, isNew] = keys_.try_emplace(key_, here());
  if (!isNew) {
    return fail(here(), fmt::format("key '{}' is given a second time, the "
                                    "first is in line {}",
                                    key, first->second.line));
  }
  return true;
}

bool Bf16ConfigReader::start_array(size_t) {
  if (place_ == Place::Config) {
    place_ = exceptions_ ? Place::Exceptions : Place::List;
    return true;
  }
  if (place_ == Place::Exceptions) {
    place_ = Place::Pair;
    pair_.clear();
    pairStart_ = here();
    return true;
  }
  return unexpected("a list");
}

bool Bf16ConfigReader::end_array() {
  if (place_ == Place::Pair) {
    place_ = Place::Exceptions;
    return addException();
  }
  place_ = Place::Config;
  return true;
}

bool Bf16ConfigReader::string(std::string &value) {
  if (place_ == Place::List) {
    return addToList(value);
  }
  if (place_ != Place::Pair) {
    return unexpected("a string");
  }
  if (pair_.empty()) {
    pattern_ = here();
  }
  pair_.push_back(value);
  return true;
}

bool Bf16ConfigReader::addToList(const std::string &opType) {
  if (opType.empty()) {
    return fail(here(), fmt::format("an operation type in '{}' is empty, "
                                    "expected one such as MatMul",
                                    key_));
  }
  auto [entry, isNew] = config_.lists_.try_emplace(opType, list_);
  if (entry->second != list_) {
    return fail(here(), fmt::format("operation type '{}' is in '{}' and in "
                                    "'{}', expected one list at most",
                                    opType, listName(entry->second), key_));
  }
  return true;
}

bool Bf16ConfigReader::addException() {
  if (pair_.size() != 2) {
    return fail(pairStart_,
                fmt::format("found {} strings in '{}', expected a pair of a "
                            "regular expression and an operation type",
                            pair_.size(), key_));
  }
  Bf16Exception exception;
  exception.pattern = pair_[0];
  exception.opType = pair_[1];
  exception.line = pattern_.line;
  exception.column = pattern_.column;
  try {
    exception.regex = std::regex(exception.pattern,
                                 std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error &error) {
    return fail(pattern_, fmt::format("'{}' in '{}' is no regular expression "
                                      "(ECMAScript): {}",
                                      exception.pattern, key_, error.what()));
  }
  exceptions_->push_back(std::move(exception));
  return true;
}

bool Bf16ConfigReader::parse_error(size_t byte, const std::string &token,
                                   const nlohmann::detail::exception &) {
  size_t offset = std::min(byte == 0 ? 0 : byte - 1, text_.size());
  return fail(positionOf(offset),
              fmt::format("not valid JSON near '{}'",
                          token.size() > 40 ? token.substr(0, 40) : token));
}

Position Bf16ConfigReader::positionOf(size_t offset) const {
  Position position;
  for (char c : text_.substr(0, offset)) {
    position.column = c == '\n' ? 1 : position.column + 1;
    position.line += c == '\n';
  }
  return position;
}

/// Offset of the first character of the token that the parser read last. Of a
/// number it has seen the character behind it as well.
size_t Bf16ConfigReader::tokenStart() const {
  auto inWord = [&](size_t i) {
    return std::isalnum(static_cast<unsigned char>(text_[i])) ||
           text_[i] == '.' || text_[i] == '+' || text_[i] == '-';
  };
  size_t last = read_ == 0 ? 0 : read_ - 1;
  if (last >= text_.size()) {
    return text_.size();
  }
  if (text_[last] == '"') {
    while (last > 0) {
      --last;
      size_t slashes = 0;
      while (slashes < last && text_[last - 1 - slashes] == '\\') {
        ++slashes;
      }
      if (text_[last] == '"' && slashes % 2 == 0) {
        break;
      }
    }
    return last;
  }
  if (!inWord(last) && last > 0 && inWord(last - 1)) {
    --last;
  }
  while (last > 0 && inWord(last) && inWord(last - 1)) {
    --last;
  }
  return last;
}

bool Bf16Exception::matches(std::string_view scope,
                            std::string_view type) const {
  if (!opType.empty() && opType != type) {
    return false;
  }
  // Behind a leading .* every other start finds the same.
  auto flags = pattern.compare(0, 2, ".*") == 0
                   ? std::regex_constants::match_continuous
                   : std::regex_constants::match_default;
  return std::regex_search(scope.begin(), scope.end(), regex, flags);
}

StatusOr<Bf16Config> Bf16Config::parse(std::string_view text,
                                       std::string name) {
  Bf16Config config;
  config.name_ = std::move(name);
  BERTC_RETURN_IF_ERROR(Bf16ConfigReader(text, config).run());
  return config;
}

StatusOr<Bf16Config> Bf16Config::load(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return notFound(path + " cannot be read, expected a bf16 configuration");
  }
  return parse(text.str(), path);
}

const Bf16Config &Bf16Config::builtIn() {
  static const Bf16Config config = [] {
    StatusOr<Bf16Config> parsed = parse(kBf16BuiltIn, "built-in bf16 lists");
    return parsed.ok() ? *parsed : Bf16Config();
  }();
  return config;
}

Bf16List Bf16Config::listOf(std::string_view opType) const {
  auto found = lists_.find(opType);
  return found == lists_.end() ? Bf16List::None : found->second;
}

} // namespace bertc
