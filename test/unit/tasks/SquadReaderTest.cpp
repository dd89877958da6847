// SPDX-License-Identifier: Apache-2.0
#include "tasks/SquadReader.h"

#include <random>

#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

/// All paragraphs of a file, or the first error.
StatusOr<std::vector<SquadParagraph>> readAll(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(SquadReader reader, SquadReader::open(path));
  std::vector<SquadParagraph> all;
  for (;;) {
    BERTC_ASSIGN_OR_RETURN(std::optional<RawParagraph> raw, reader.next());
    if (!raw) {
      return all;
    }
    BERTC_ASSIGN_OR_RETURN(SquadParagraph parsed,
                           parseSquadParagraph(path, *raw));
    all.push_back(std::move(parsed));
  }
}

class SquadReaderTest : public ::testing::Test {
protected:
  void expectError(const std::string &text, const std::string &message) {
    std::string path = folder_.write("a.json", text);
    StatusOr<std::vector<SquadParagraph>> all = readAll(path);
    ASSERT_FALSE(all.ok()) << text;
    EXPECT_EQ(all.status().code(), StatusCode::Corrupt);
    EXPECT_EQ(all.status().message(), path + message);
  }

  /// A file of one paragraph.
  static std::string withParagraph(const std::string &paragraph) {
    return "{\"data\": [\n{\"paragraphs\": [" + paragraph + "]}]}";
  }

  TestFolder folder_;
};

TEST_F(SquadReaderTest, KeysInAnyOrderAndUnknownOnes) {
  std::string path = folder_.write(
      "a.json",
      "\xef\xbb\xbf{\"version\": \"v2.0\", \"x\": {\"data\": [1, \"]\\\\\"]},\n"
      " \"data\": [{\"paragraphs\": [{\"qas\": [{\"answers\": [], "
      "\"plausible_answers\": [{}], \"question\": \"Q\\u00e9?\", \"id\": "
      "\"1\", \"is_impossible\": true}], \"context\": \"a \\\"b\\\" [c\"}, "
      "{\"context\": \"\", \"qas\": []}], \"title\": \"T\"},"
      "{\"paragraphs\": []}, {\"title\": 1, \"paragraphs\": [{\"context\": "
      "\"x\", \"qas\": [{\"id\": \"2\", \"question\": \"?\", \"answers\": "
      "[{\"text\": \"x\", \"answer_start\": 0}]}]}]}], \"y\": null}\n");
  StatusOr<std::vector<SquadParagraph>> all = readAll(path);
  ASSERT_TRUE(all.ok()) << all.status().message();
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].context, "a \"b\" [c");
  EXPECT_EQ((*all)[0].questions[0].text, "Qé?");
  EXPECT_TRUE((*all)[0].questions[0].impossible);
  EXPECT_EQ((*all)[2].questions[0].answers[0].start, 0);
}

TEST_F(SquadReaderTest, PlacesOfParagraphs) {
  std::string path =
      folder_.write("a.json", withParagraph("{},\n  {\"x\": 1}"));
  StatusOr<SquadReader> reader = SquadReader::open(path);
  ASSERT_TRUE(reader.ok());
  RawParagraph first = **reader->next(), second = **reader->next();
  EXPECT_EQ(first.json, "{}");
  EXPECT_EQ(first.line, 2U);
  EXPECT_EQ(first.column, 17U);
  EXPECT_EQ(second.json, "{\"x\": 1}");
  EXPECT_EQ(second.line, 3U);
  EXPECT_EQ(second.column, 3U);
  EXPECT_FALSE(*reader->next());
  EXPECT_FALSE(*reader->next()) << "the end stays the end";
}

TEST_F(SquadReaderTest, BrokenStructure) {
  expectError("", ":1:1: expected '{', found the end of the file");
  expectError("[]", ":1:1: expected '{'");
  expectError("{}", ":1:3: no key \"data\" in the file");
  expectError("{\"version\": }", ":1:13: expected a value");
  expectError("{\"version\": 1.2.3, \"data\": []}",
              ":1:18: the value that ends here is not valid JSON");
  expectError("{\"version\": \"1}",
              ":1:13: a value that begins here never ends");
  expectError("{\"data\": [\n{\"paragraphs\"", ":2:14: expected ':', found the "
                                               "end of the file");
  expectError("{\"data\": [{}]}",
              ":1:13: an element of \"data\" has no key \"paragraphs\"");
  expectError("{\"data\": [{\"paragraphs\": [7]}]}",
              ":1:27: expected a paragraph: an object with \"context\" and "
              "\"qas\"");
  expectError("{\"data\": [{\"paragraphs\": [{\"context\": \"x\"",
              ":1:27: a value that begins here never ends");
  expectError("{\"data\": [],}", ":1:13: expected a key in quotation marks");
  expectError("{\"data\": []} x", ":1:14: text behind the end of the JSON");
  expectError("{\"data\": [], \"data\": []}",
              ":1:21: key \"data\" occurs twice");
}

TEST_F(SquadReaderTest, BrokenParagraphs) {
  expectError(withParagraph("{\"context\": 1, \"qas\": []}"),
              ":2:17: key \"context\": expected a string, found 1");
  expectError(withParagraph("{\"context\": \"x\"}"),
              ":2:17: key \"qas\": expected an array");
  expectError(withParagraph("{\"context\": \"x\", \"qas\": [{\"id\": 5}]}"),
              ":2:17: key \"id\": expected a string, found 5");
  expectError(withParagraph("{\"context\": \"x\", \"qas\": [{\"id\": \"q\"}]}"),
              ":2:17: question 'q': key \"question\" is missing");
  expectError(withParagraph("{\"context\": \"x\", \"qas\": [3]}"),
              ":2:17: key \"id\" is missing");
  expectError(withParagraph("{\"context\": \"x]}, \"qas\": []}"),
              ":2:17: a value that begins here never ends");
}

TEST_F(SquadReaderTest, BrokenAnswers) {
  auto withAnswers = [](const std::string &answers) {
    return withParagraph("{\"context\": \"x\", \"qas\": [{\"id\": \"q\", "
                         "\"question\": \"?\", " +
                         answers + "}]}");
  };
  const std::string where = ":2:17: question 'q': ";
  expectError(withAnswers("\"answers\": {}"),
              where + "key \"answers\": expected an array");
  expectError(withAnswers("\"answers\": [{}]"),
              where + "key \"text\" is missing");
  expectError(withAnswers("\"answers\": [{\"text\": \"x\", \"answer_start\": "
                          "\"0\"}]"),
              where + "key \"answer_start\": expected a whole number, found "
                      "\"0\"");
  expectError(withAnswers("\"answers\": [{\"text\": \"x\", \"answer_start\": "
                          "-1}]"),
              where + "answer_start is -1, expected 0 or more");
  expectError(withAnswers("\"is_impossible\": 1"),
              where + "key \"is_impossible\": expected true or false");
}

TEST_F(SquadReaderTest, InvalidUtf8) {
  std::string path = folder_.write(
      "a.json", withParagraph("{\"context\": \"\xff\", \"qas\": []}"));
  StatusOr<std::vector<SquadParagraph>> all = readAll(path);
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.status().message(),
            path + ":2:17: the paragraph that begins here: not valid JSON: at "
                   "line 1, column 14");
}

TEST_F(SquadReaderTest, EveryPrefixOfAFileIsAnError) {
  std::string whole = withParagraph(
      "{\"context\": \"x \\\" y\", \"qas\": [{\"id\": \"q\", \"question\": "
      "\"?\", \"answers\": [{\"text\": \"x\", \"answer_start\": 0}]}]}");
  ASSERT_TRUE(readAll(folder_.write("whole.json", whole)).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string path = folder_.write("cut" + std::to_string(size) + ".json",
                                     whole.substr(0, size));
    EXPECT_FALSE(readAll(path).ok()) << size;
  }
}

TEST_F(SquadReaderTest, DamagedFilesAreErrorsOrOtherFiles) {
  // Whatever a byte becomes, nothing is read that is not there.
  constexpr uint32_t seed = 77;
  std::mt19937 random(seed);
  std::string whole = TestFolder::readPath(taskData + "squad.json");
  whole = whole.substr(0, 4000) + whole.substr(whole.size() - 3000);
  size_t errors = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole;
    for (int k = 0; k < 3; ++k) {
      const char marks[] = "{}[]\",:\\\xff";
      damaged[random() % damaged.size()] = marks[random() % sizeof(marks)];
    }
    std::string path =
        folder_.write("damaged" + std::to_string(i) + ".json", damaged);
    StatusOr<std::vector<SquadParagraph>> all = readAll(path);
    errors += all.ok() ? 0 : 1;
  }
  EXPECT_GT(errors, 150U) << "seed " << seed;
}

} // namespace
} // namespace bertc
