// SPDX-License-Identifier: Apache-2.0
#include "tasks/LabelList.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "io/Files.h"

namespace bertc {
namespace {

std::optional<int64_t> wholeNumber(const std::string &text) {
  int64_t value = 0;
  const char *end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, value);
  bool whole = result.ec == std::errc() && result.ptr == end;
  return whole ? std::optional<int64_t>(value) : std::nullopt;
}

} // namespace

StatusOr<LabelList> LabelList::ofNames(std::vector<std::string> names) {
  if (names.empty()) {
    return invalidArgument("no labels were given");
  }
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (name->empty()) {
      return invalidArgument("a label is empty");
    }
    if (std::find(names.begin(), name, *name) != name) {
      return invalidArgument(fmt::format("label '{}' is given twice", *name));
    }
  }
  LabelList list;
  list.names_ = std::move(names);
  return list;
}

LabelList LabelList::found(std::vector<std::string> labels) {
  bool numbers =
      std::all_of(labels.begin(), labels.end(), [](const std::string &label) {
        return wholeNumber(label).has_value();
      });
  std::sort(labels.begin(), labels.end(),
            [&](const std::string &a, const std::string &b) {
              int64_t left = numbers ? *wholeNumber(a) : 0;
              int64_t right = numbers ? *wholeNumber(b) : 0;
              return left != right ? left < right : a < b;
            });
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  LabelList list;
  list.names_ = std::move(labels);
  return list;
}

StatusOr<LabelList> LabelList::load(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path));
  std::vector<std::string> names;
  for (size_t at = 0; at < text.size();) {
    size_t newline = std::min(text.find('\n', at), text.size());
    names.push_back(text.substr(at, newline - at));
    at = newline + 1;
  }
  StatusOr<LabelList> list = ofNames(std::move(names));
  if (!list.ok()) {
    return corrupt(fmt::format("{}: {}", path, list.status().message()));
  }
  return list;
}

Status LabelList::save(const std::string &path) const {
  std::string text;
  for (const std::string &name : names_) {
    text += name + "\n";
  }
  return writeFileAtomically(path, text);
}

int32_t LabelList::id(const std::string &name) const {
  auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? -1
                               : static_cast<int32_t>(found - names_.begin());
}

std::string LabelList::text() const {
  constexpr size_t most = 10;
  std::string text;
  for (size_t i = 0; i < names_.size() && i < most; ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "" : ", ", names_[i]);
  }
  if (names_.size() > most) {
    text += fmt::format(" and {} more", names_.size() - most);
  }
  return text;
}

} // namespace bertc
