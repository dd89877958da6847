// SPDX-License-Identifier: Apache-2.0
#include "tasks/TsvReader.h"

#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

using Rows = std::vector<std::vector<std::string>>;

/// All rows of a file, or the error.
StatusOr<Rows> readAll(const std::string &path, const TsvOptions &options) {
  BERTC_ASSIGN_OR_RETURN(TsvReader reader, TsvReader::open(path, options));
  Rows rows;
  for (;;) {
    TsvRow row;
    BERTC_ASSIGN_OR_RETURN(bool any, reader.next(&row));
    if (!any) {
      return rows;
    }
    rows.emplace_back(row.fields.begin(), row.fields.end());
  }
}

class TsvReaderTest : public ::testing::Test {
protected:
  StatusOr<Rows> read(const std::string &text, bool quoted = false,
                      bool header = true) {
    TsvOptions options;
    options.quoting =
        quoted ? TsvOptions::Quoting::Standard : TsvOptions::Quoting::None;
    options.header = header;
    return readAll(folder_.write("a.tsv", text), options);
  }

  void expectRows(const StatusOr<Rows> &rows, const Rows &expected) {
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    EXPECT_EQ(*rows, expected);
  }

  void expectError(const StatusOr<Rows> &rows, const std::string &message) {
    ASSERT_FALSE(rows.ok());
    EXPECT_EQ(rows.status().code(), StatusCode::Corrupt);
    EXPECT_EQ(rows.status().message(), folder_.file("a.tsv") + message);
  }

  TestFolder folder_;
};

TEST_F(TsvReaderTest, MarkOfByteOrderAndLineEndsAreNoText) {
  expectRows(read("\xef\xbb\xbfq\ta\r\n1\tx y\r\n2\t\n\n\r\n"),
             {{"1", "x y"}, {"2", ""}});
}

TEST_F(TsvReaderTest, LastLineNeedsNoEnd) {
  expectRows(read("q\ta\n1\tx"), {{"1", "x"}});
}

TEST_F(TsvReaderTest, QuotationMarksAreTextAsInTheReference) {
  expectRows(read("q\ta\n1\t\"He said\n2\tsaid \"\"no\"\"\n"),
             {{"1", "\"He said"}, {"2", "said \"\"no\"\""}});
}

TEST_F(TsvReaderTest, StandardQuotingTakesTabsAndLineEndsAsText) {
  expectRows(read("q\t\"a\"\n1\t\"one\ttab\nand \"\"line\"\"\"\r\n2\tx\"y\r\n",
                  /*quoted=*/true),
             {{"1", "one\ttab\nand \"line\""}, {"2", "x\"y"}});
}

TEST_F(TsvReaderTest, LinesAreCountedThroughQuotedLineEnds) {
  expectError(read("q\ta\n1\t\"one\ntwo\"\n2\n", /*quoted=*/true),
              ":4: 1 fields, expected 2 as in the first line; fields are "
              "separated by tabs");
}

TEST_F(TsvReaderTest, OpenQuotation) {
  expectError(read("q\ta\n1\tx\n2\t\"open\n3\ty\n", /*quoted=*/true),
              ":3: a quotation mark opens a field that is never closed");
}

TEST_F(TsvReaderTest, TextBehindQuotation) {
  expectError(read("q\ta\n1\t\"x\"y\n", /*quoted=*/true),
              ":2: text behind the closing quotation mark of a field");
}

TEST_F(TsvReaderTest, WrongNumberOfFields) {
  expectError(read("q\ta\n1\tx\n2\ty\tz\n"),
              ":3: 3 fields, expected 2 as in the first line; fields are "
              "separated by tabs");
}

TEST_F(TsvReaderTest, InvalidUtf8) {
  expectError(read("q\ta\n1\tx\n2\t\xc3(\n"),
              ":3: not valid UTF-8 at byte 3 of the row");
}

TEST_F(TsvReaderTest, BlankLineBetweenRows) {
  expectError(read("q\ta\n1\tx\n\n2\ty\n"), ":3: a blank line between rows");
}

TEST_F(TsvReaderTest, EmptyFile) {
  expectError(read(""), ": the file is empty");
  expectError(read("\xef\xbb\xbf\n\n"), ": the file is empty");
}

TEST_F(TsvReaderTest, WithoutHeaderTheFirstLineIsARow) {
  expectRows(read("1\tx\n", false, /*header=*/false), {{"1", "x"}});
}

TEST_F(TsvReaderTest, ColumnsByNameAndByNumber) {
  std::string path = folder_.write("a.tsv", "q\t#1 String\t2\n1\t2\t3\n");
  StatusOr<TsvReader> reader = TsvReader::open(path, {});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(*reader->findColumn("#1 String"), 1U);
  EXPECT_EQ(*reader->findColumn("1"), 0U);
  EXPECT_EQ(*reader->findColumn("2"), 2U) << "a name comes before a number";
  EXPECT_EQ(reader->findColumn("text").status().message(),
            path + ": no column 'text'; the file has 3 columns ('q', "
                   "'#1 String', '2')");
  EXPECT_EQ(reader->findColumn("0").status().message(),
            path + ": no column number '0'; the file has 3 columns ('q', "
                   "'#1 String', '2')");
  TsvOptions options;
  options.header = false;
  EXPECT_EQ(
      TsvReader::open(path, options)->findColumn("q").status().message(),
      path +
          ": no column 'q'; the file has 3 columns (no header to name them)");
}

} // namespace
} // namespace bertc
