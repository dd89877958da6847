// SPDX-License-Identifier: Apache-2.0
//
// Tab-separated files, row by row, over a mapped file.
//
// Quoting::None is how the reference reads GLUE (Python's csv without a quote
// character): a quotation mark is text. Quoting::Standard is for files written
// by spreadsheets: a field may be enclosed in ", inside which "" is one mark
// and tabs and line ends are text.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "io/Files.h"

namespace bertc {

struct TsvOptions {
  enum class Quoting : uint8_t { None, Standard };
  Quoting quoting = Quoting::None;
  /// The first line names the columns.
  bool header = true;
};

/// One row. Fields point into the file, or into `unquoted`, and so a row can be
/// moved but not copied.
struct TsvRow {
  TsvRow() = default;
  TsvRow(TsvRow &&) noexcept = default;
  TsvRow &operator=(TsvRow &&) noexcept = default;

  /// Line of the file, from 1, that the row begins on.
  uint64_t line = 0;
  std::vector<std::string_view> fields;
  std::list<std::string> unquoted;
};

/// Reads rows in order. A byte order mark at the start is skipped, lines may
/// end in LF or CR LF, blank lines at the end are no rows.
class TsvReader {
public:
  /// Error: the file cannot be read, or is empty (of rows, header aside).
  static StatusOr<TsvReader> open(const std::string &path,
                                  const TsvOptions &options);

  /// Columns of the first line.
  size_t columns() const { return columns_; }
  /// Names of the columns; empty without a header.
  const std::vector<std::string> &header() const { return header_; }

  /// Index of the column that `column` names, or whose number (from 1) it is.
  /// The error lists what there is.
  StatusOr<size_t> findColumn(const std::string &column) const;

  /// The next row, false at the end. Errors (Corrupt) name file and line:
  /// another number of fields than the first line, a blank line between rows,
  /// an open quotation, invalid UTF-8.
  StatusOr<bool> next(TsvRow *row);

  uint64_t totalBytes() const { return file_.size(); }
  /// Bytes read so far.
  uint64_t position() const { return at_; }
  const std::string &path() const { return path_; }

private:
  StatusOr<bool> readRow(TsvRow *row);
  Status splitQuoted(TsvRow *row);
  Status readQuotedField(TsvRow *row);
  void splitPlain(TsvRow *row);
  Status at(uint64_t line, const std::string &problem) const;

  MappedFile file_;
  std::string path_;
  std::string_view text_;
  TsvOptions options_;
  size_t at_ = 0;
  uint64_t line_ = 1;
  size_t columns_ = 0;
  std::vector<std::string> header_;
};

} // namespace bertc
