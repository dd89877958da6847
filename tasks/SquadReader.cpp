// SPDX-License-Identifier: Apache-2.0
#include "tasks/SquadReader.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/Json.h"

namespace bertc {
namespace {

constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";

bool isJsonSpace(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool endsScalar(char c) {
  return isJsonSpace(c) || c == ',' || c == ']' || c == '}';
}

} // namespace

StatusOr<SquadReader> SquadReader::open(const std::string &path) {
  SquadReader reader;
  BERTC_ASSIGN_OR_RETURN(
      reader.file_, MappedFile::open(path, MappedFile::Access::Sequential));
  reader.text_ = reader.file_.view();
  if (reader.text_.substr(0, byteOrderMark.size()) == byteOrderMark) {
    reader.at_ = byteOrderMark.size();
  }
  return reader;
}

StatusOr<std::optional<RawParagraph>> SquadReader::next() {
  for (;;) {
    bool any = false;
    switch (place_) {
    case Place::Start:
      BERTC_RETURN_IF_ERROR(enter(Place::File, '{'));
      break;
    case Place::File: {
      BERTC_ASSIGN_OR_RETURN(any, more('}'));
      if (any) {
        BERTC_RETURN_IF_ERROR(readMember());
        break;
      }
      skipSpace();
      if (!sawData_) {
        return problem("no key \"data\" in the file");
      }
      if (at_ != text_.size()) {
        return problem("text behind the end of the JSON");
      }
      place_ = Place::End;
      break;
    }
    case Place::Articles: {
      BERTC_ASSIGN_OR_RETURN(any, more(']'));
      if (any) {
        sawParagraphs_ = false;
        BERTC_RETURN_IF_ERROR(enter(Place::Article, '{'));
      } else {
        place_ = Place::File;
      }
      break;
    }
    case Place::Article: {
      BERTC_ASSIGN_OR_RETURN(any, more('}'));
      if (any) {
        BERTC_RETURN_IF_ERROR(readMember());
        break;
      }
      if (!sawParagraphs_) {
        return problem("an element of \"data\" has no key \"paragraphs\"");
      }
      place_ = Place::Articles;
      break;
    }
    case Place::Paragraphs: {
      BERTC_ASSIGN_OR_RETURN(any, more(']'));
      if (any) {
        return nextParagraph();
      }
      place_ = Place::Article;
      break;
    }
    case Place::End:
      return std::optional<RawParagraph>();
    }
  }
}

Status SquadReader::enter(Place place, char open) {
  BERTC_RETURN_IF_ERROR(expect(open));
  place_ = place;
  first_[static_cast<size_t>(place)] = true;
  return Status();
}

/// Whether another element follows in the present object or array.
StatusOr<bool> SquadReader::more(char close) {
  skipSpace();
  if (at_ < text_.size() && text_[at_] == close) {
    ++at_;
    return false;
  }
  bool &first = first_[static_cast<size_t>(place_)];
  if (!first) {
    BERTC_RETURN_IF_ERROR(expect(','));
  }
  first = false;
  skipSpace();
  return true;
}

/// A key and its value; enters the arrays that lead to paragraphs.
Status SquadReader::readMember() {
  bool inFile = place_ == Place::File;
  if (at_ == text_.size() || text_[at_] != '"') {
    return problem("expected a key in quotation marks");
  }
  size_t end = endOfString(at_);
  std::string_view key = text_.substr(at_, end - at_);
  at_ = end;
  BERTC_RETURN_IF_ERROR(expect(':'));
  if (key == (inFile ? "\"data\"" : "\"paragraphs\"")) {
    bool &seen = inFile ? sawData_ : sawParagraphs_;
    if (seen) {
      return problem(fmt::format("key {} occurs twice", key));
    }
    seen = true;
    return enter(inFile ? Place::Articles : Place::Paragraphs, '[');
  }
  BERTC_ASSIGN_OR_RETURN(std::string_view value, readValue());
  if (!Json::accept(key) || !Json::accept(value)) {
    return problem("the value that ends here is not valid JSON");
  }
  return Status();
}

StatusOr<std::optional<RawParagraph>> SquadReader::nextParagraph() {
  if (at_ == text_.size() || text_[at_] != '{') {
    return problem("expected a paragraph: an object with \"context\" and "
                   "\"qas\"");
  }
  RawParagraph raw = located(at_);
  BERTC_ASSIGN_OR_RETURN(raw.json, readValue());
  return std::optional<RawParagraph>(raw);
}

/// The text of the next value, of which only brackets and quotation marks are
/// looked at.
StatusOr<std::string_view> SquadReader::readValue() {
  skipSpace();
  size_t begin = at_, end = at_;
  char first = at_ < text_.size() ? text_[at_] : '\0';
  if (first == '{' || first == '[') {
    end = endOfNested();
  } else if (first == '"') {
    end = endOfString(at_);
  } else {
    while (end < text_.size() && !endsScalar(text_[end])) {
      ++end;
    }
  }
  if (end > text_.size() || end == begin) {
    return problem(end == begin ? "expected a value"
                                : "a value that begins here never ends");
  }
  at_ = end;
  return text_.substr(begin, end - begin);
}

/// Offset behind the object or array at at_; beyond the text when it is open.
size_t SquadReader::endOfNested() const {
  size_t depth = 0;
  for (size_t i = at_; i < text_.size(); ++i) {
    switch (text_[i]) {
    case '"':
      i = endOfString(i) - 1;
      break;
    case '{':
    case '[':
      ++depth;
      break;
    case '}':
    case ']':
      if (--depth == 0) {
        return i + 1;
      }
      break;
    default:
      break;
    }
  }
  return text_.size() + 1;
}

/// Offset behind the string that begins at `at`; beyond the text when it is
/// open.
size_t SquadReader::endOfString(size_t at) const {
  size_t mark = at;
  for (;;) {
    mark = text_.find('"', mark + 1);
    if (mark == std::string_view::npos) {
      return text_.size() + 1;
    }
    size_t slashes = 0;
    while (text_[mark - 1 - slashes] == '\\') {
      ++slashes;
    }
    if (slashes % 2 == 0) {
      return mark + 1;
    }
  }
}

void SquadReader::skipSpace() {
  while (at_ < text_.size() && isJsonSpace(text_[at_])) {
    ++at_;
  }
}

Status SquadReader::expect(char c) {
  skipSpace();
  if (at_ >= text_.size()) {
    return problem(fmt::format("expected '{}', found the end of the file", c));
  }
  if (text_[at_] != c) {
    return problem(fmt::format("expected '{}'", c));
  }
  ++at_;
  return Status();
}

/// Offsets only grow, so lines are counted once.
RawParagraph SquadReader::located(size_t offset) {
  for (size_t i = countedTo_; i < offset; ++i) {
    if (text_[i] == '\n') {
      ++line_;
      lineStart_ = i + 1;
    }
  }
  countedTo_ = std::max(countedTo_, offset);
  RawParagraph place;
  place.line = line_;
  place.column = offset - lineStart_ + 1;
  return place;
}

Status SquadReader::problem(const std::string &what) {
  RawParagraph place = located(std::min(at_, text_.size()));
  return corrupt(
      fmt::format("{}:{}:{}: {}", path(), place.line, place.column, what));
}

} // namespace bertc
