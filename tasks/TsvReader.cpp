// SPDX-License-Identifier: Apache-2.0
#include "tasks/TsvReader.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "text/Utf8.h"

namespace bertc {
namespace {

constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";

std::string listColumns(const std::vector<std::string> &header) {
  std::string list;
  for (const std::string &name : header) {
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", name);
  }
  return list;
}

} // namespace

StatusOr<TsvReader> TsvReader::open(const std::string &path,
                                    const TsvOptions &options) {
  TsvReader reader;
  BERTC_ASSIGN_OR_RETURN(
      reader.file_, MappedFile::open(path, MappedFile::Access::Sequential));
  reader.path_ = path;
  reader.options_ = options;
  reader.text_ = reader.file_.view();
  if (reader.text_.substr(0, byteOrderMark.size()) == byteOrderMark) {
    reader.text_.remove_prefix(byteOrderMark.size());
  }
  TsvRow first;
  size_t begin = reader.at_;
  BERTC_ASSIGN_OR_RETURN(bool any, reader.readRow(&first));
  if (!any) {
    return corrupt(fmt::format("{}: the file is empty", path));
  }
  reader.columns_ = first.fields.size();
  if (options.header) {
    reader.header_.assign(first.fields.begin(), first.fields.end());
  } else {
    reader.at_ = begin;
    reader.line_ = 1;
  }
  return reader;
}

StatusOr<size_t> TsvReader::findColumn(const std::string &column) const {
  auto found = std::find(header_.begin(), header_.end(), column);
  if (found != header_.end()) {
    return static_cast<size_t>(found - header_.begin());
  }
  size_t number = 0;
  const char *end = column.data() + column.size();
  auto parsed = std::from_chars(column.data(), end, number);
  bool isNumber = parsed.ec == std::errc() && parsed.ptr == end;
  if (isNumber && number >= 1 && number <= columns_) {
    return number - 1;
  }
  std::string known =
      header_.empty() ? "no header to name them" : listColumns(header_);
  return invalidArgument(
      fmt::format("{}: no column {}'{}'; the file has {} columns ({})", path_,
                  isNumber ? "number " : "", column, columns_, known));
}

StatusOr<bool> TsvReader::next(TsvRow *row) {
  BERTC_ASSIGN_OR_RETURN(bool any, readRow(row));
  if (any && row->fields.size() != columns_) {
    return at(row->line,
              fmt::format("{} fields, expected {} as in the first line; fields "
                          "are separated by tabs",
                          row->fields.size(), columns_));
  }
  return any;
}

StatusOr<bool> TsvReader::readRow(TsvRow *row) {
  row->fields.clear();
  row->unquoted.clear();
  row->line = line_;
  size_t rest = text_.find_first_not_of("\r\n", at_);
  if (rest == std::string_view::npos) {
    at_ = text_.size();
    return false;
  }
  if (text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n") {
    return at(line_, "a blank line between rows");
  }
  size_t begin = at_;
  if (options_.quoting == TsvOptions::Quoting::Standard) {
    BERTC_RETURN_IF_ERROR(splitQuoted(row));
  } else {
    splitPlain(row);
  }
  std::string_view bytes = text_.substr(begin, at_ - begin);
  size_t valid = validUtf8Prefix(bytes);
  if (valid != bytes.size()) {
    return at(row->line,
              fmt::format("not valid UTF-8 at byte {} of the row", valid + 1));
  }
  return true;
}

void TsvReader::splitPlain(TsvRow *row) {
  size_t newline = std::min(text_.find('\n', at_), text_.size());
  std::string_view line = text_.substr(at_, newline - at_);
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  for (size_t begin = 0;;) {
    size_t tab = line.find('\t', begin);
    row->fields.push_back(line.substr(begin, tab - begin));
    if (tab == std::string_view::npos) {
      break;
    }
    begin = tab + 1;
  }
  at_ = std::min(newline + 1, text_.size());
  ++line_;
}

Status TsvReader::splitQuoted(TsvRow *row) {
  for (;;) {
    if (at_ == text_.size() || text_[at_] != '"') {
      size_t end = std::min(text_.find_first_of("\t\n", at_), text_.size());
      std::string_view field = text_.substr(at_, end - at_);
      bool endsLine = end == text_.size() || text_[end] == '\n';
      if (endsLine && !field.empty() && field.back() == '\r') {
        field.remove_suffix(1);
      }
      row->fields.push_back(field);
      at_ = end;
    } else {
      BERTC_RETURN_IF_ERROR(readQuotedField(row));
    }
    if (at_ == text_.size()) {
      return Status();
    }
    if (text_[at_++] == '\n') {
      ++line_;
      return Status();
    }
  }
}

Status TsvReader::readQuotedField(TsvRow *row) {
  uint64_t opened = line_;
  std::string &field = row->unquoted.emplace_back();
  ++at_;
  for (;;) {
    size_t mark = text_.find('"', at_);
    if (mark == std::string_view::npos) {
      return at(opened, "a quotation mark opens a field that is never closed");
    }
    std::string_view piece = text_.substr(at_, mark - at_);
    field += piece;
    line_ +=
        static_cast<uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
    at_ = mark + 1;
    if (at_ == text_.size() || text_[at_] != '"') {
      break;
    }
    field += '"';
    ++at_;
  }
  if (text_.substr(at_, 2) == "\r\n") {
    ++at_;
  }
  if (at_ < text_.size() && text_[at_] != '\t' && text_[at_] != '\n') {
    return at(line_, "text behind the closing quotation mark of a field");
  }
  row->fields.push_back(field);
  return Status();
}

Status TsvReader::at(uint64_t line, const std::string &problem) const {
  return corrupt(fmt::format("{}:{}: {}", path_, line, problem));
}

} // namespace bertc
