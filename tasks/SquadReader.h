// SPDX-License-Identifier: Apache-2.0
//
// Question answering files in the JSON of SQuAD (1.1, and 2.0 as far as it is a
// superset), paragraph by paragraph: memory is that of the largest paragraph.
// Finding where a paragraph ends is one quick scan; parsing it can be done by
// another thread.
//
//   BERTC_ASSIGN_OR_RETURN(SquadReader reader, SquadReader::open(path));
//   BERTC_ASSIGN_OR_RETURN(std::optional<RawParagraph> raw, reader.next());
//   BERTC_ASSIGN_OR_RETURN(SquadParagraph p, parseSquadParagraph(path, *raw));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "io/Files.h"

namespace bertc {

struct SquadAnswer {
  std::string text;
  /// Characters (code points) of the context before it; -1 when not given.
  int64_t start = -1;
};

struct SquadQuestion {
  std::string id;
  std::string text;
  /// Empty in files to answer, and for questions without an answer.
  std::vector<SquadAnswer> answers;
  /// Marked so in the style of SQuAD 2.0.
  bool impossible = false;
};

struct SquadParagraph {
  std::string context;
  std::vector<SquadQuestion> questions;
};

/// JSON text of a paragraph, inside the mapped file.
struct RawParagraph {
  std::string_view json;
  /// Where it begins, from 1.
  uint64_t line = 1;
  uint64_t column = 1;
};

/// Walks {"data": [{"paragraphs": [...]}]}; other keys are skipped.
class SquadReader {
public:
  /// Error: the file cannot be read.
  static StatusOr<SquadReader> open(const std::string &path);

  /// The next paragraph, or nothing after the last. Corrupt names file, line
  /// and column.
  StatusOr<std::optional<RawParagraph>> next();

  uint64_t totalBytes() const { return file_.size(); }
  uint64_t position() const { return at_; }
  const std::string &path() const { return file_.path(); }

private:
  /// What comes next.
  enum class Place : uint8_t {
    Start,
    File,
    Articles,
    Article,
    Paragraphs,
    End
  };

  Status enter(Place place, char open);
  StatusOr<bool> more(char close);
  Status readMember();
  StatusOr<std::optional<RawParagraph>> nextParagraph();
  StatusOr<std::string_view> readValue();
  size_t endOfNested() const;
  size_t endOfString(size_t at) const;
  void skipSpace();
  Status expect(char c);
  Status problem(const std::string &what);
  RawParagraph located(size_t offset);

  MappedFile file_;
  std::string_view text_;
  size_t at_ = 0;
  Place place_ = Place::Start;
  /// Nothing of the present object or array has been read, by place.
  bool first_[6] = {true, true, true, true, true, true};
  bool sawData_ = false;
  bool sawParagraphs_ = false;
  /// Lines are counted as far as somebody asked.
  uint64_t line_ = 1;
  size_t lineStart_ = 0;
  size_t countedTo_ = 0;
};

/// Parses and checks a paragraph: "context" and "qas" with "id" and "question",
/// "answers" with "text" and "answer_start" where they are given. Corrupt names
/// file, line and, where it is known, the question.
StatusOr<SquadParagraph> parseSquadParagraph(const std::string &path,
                                             const RawParagraph &raw);

} // namespace bertc
