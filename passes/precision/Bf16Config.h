// SPDX-License-Identifier: Apache-2.0
//
// Which operations become bf16: the lists and exceptions of the reference
// system's JSON file. docs/rationale/bf16.md says what they mean.
//
//   {"allowlist": ["MatMul", ...],            (or "allow_list")
//    "conditional_list": ["AddV2", ...],
//    "strict_conditional_list": [...],
//    "non_convertible_exceptions": [["regular expression", "op type"], ...],
//    "convertible_exceptions": [["regular expression", ""], ...]}
#pragma once

#include "bertc/status.h"

#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace bertc {

/// Operations by scope name and, unless it is empty, TensorFlow type.
struct Bf16Exception {
  /// ECMAScript; it is searched for, so it matches a part of the name unless
  /// it is anchored.
  std::string pattern;
  std::string opType;
  /// Where the file has it, from 1.
  size_t line = 0;
  size_t column = 0;
  std::regex regex;

  bool matches(std::string_view scope, std::string_view type) const;
};

/// Lists of the file; an operation type is in at most one.
enum class Bf16List { None, Allow, Conditional, StrictConditional };

class Bf16Config {
public:
  /// Parses `text`; `name`, a file's path, is for messages. Corrupt, with line
  /// and column, for text that is no JSON, unknown or repeated keys, values of
  /// another type, bad regular expressions, and an operation type in two lists.
  static StatusOr<Bf16Config> parse(std::string_view text, std::string name);

  /// Reads and parses a file.
  static StatusOr<Bf16Config> load(const std::string &path);

  /// The lists that the reference trains BERT with.
  static const Bf16Config &builtIn();

  /// The list that an operation type is in.
  Bf16List listOf(std::string_view opType) const;

  const std::vector<Bf16Exception> &nonConvertible() const {
    return nonConvertible_;
  }
  const std::vector<Bf16Exception> &convertible() const { return convertible_; }
  const std::string &name() const { return name_; }

private:
  friend class Bf16ConfigReader;

  std::string name_;
  std::map<std::string, Bf16List, std::less<>> lists_;
  std::vector<Bf16Exception> nonConvertible_;
  std::vector<Bf16Exception> convertible_;
};

} // namespace bertc
