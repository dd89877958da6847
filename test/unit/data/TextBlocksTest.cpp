// SPDX-License-Identifier: Apache-2.0
#include "data/TextBlocks.h"

#include <gtest/gtest.h>

#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

std::vector<TextBlock> readAll(const std::vector<std::string> &paths,
                               size_t blockBytes) {
  StatusOr<TextBlockReader> reader = TextBlockReader::open(paths, blockBytes);
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  std::vector<TextBlock> blocks;
  for (;;) {
    StatusOr<std::optional<TextBlock>> block = reader->next();
    EXPECT_TRUE(block.ok());
    if (!block.ok() || !*block) {
      return blocks;
    }
    blocks.push_back(**block);
  }
}

TEST(TextBlocks, EndAtLineEndsAndTogetherAreTheFile) {
  TestFolder folder;
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += "line " + std::to_string(i * i) + "\n";
  }
  std::string joined;
  for (const TextBlock &block : readAll({folder.write("a", text)}, 64)) {
    EXPECT_EQ(block.text.back(), '\n');
    EXPECT_LE(block.text.size(), 64U);
    EXPECT_EQ(block.startsFile, joined.empty());
    EXPECT_FALSE(block.cutsLine);
    joined += block.text;
  }
  EXPECT_EQ(joined, text);
}

TEST(TextBlocks, EveryFileStartsABlock) {
  TestFolder folder;
  std::vector<TextBlock> blocks = readAll(
      {folder.write("a", "x\n"), folder.write("b", ""), folder.write("c", "y")},
      64);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_TRUE(blocks[0].startsFile);
  EXPECT_TRUE(blocks[1].startsFile);
  EXPECT_EQ(blocks[1].text, "y");
}

TEST(TextBlocks, LongLineIsCutAtASpace) {
  TestFolder folder;
  std::string path = folder.write("a", "aaaa bbbb cccc dddd eeee\n");
  std::vector<TextBlock> blocks = readAll({path}, 16);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].text, "aaaa bbbb cccc ");
  EXPECT_TRUE(blocks[0].cutsLine);
  EXPECT_EQ(blocks[1].text, "dddd eeee\n");
}

TEST(TextBlocks, CutNeverSplitsACharacter) {
  TestFolder folder;
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += "\xe4\xb8\xad";
  }
  for (const TextBlock &block : readAll({folder.write("a", text)}, 16)) {
    EXPECT_EQ(block.text.size() % 3, 0U);
  }
}

TEST(TextBlocks, MissingFileIsFoundBeforeReading) {
  TestFolder folder;
  StatusOr<TextBlockReader> reader =
      TextBlockReader::open({folder.write("a", "x\n"), folder.file("none")});
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.status().code(), StatusCode::NotFound);
  EXPECT_NE(reader.status().message().find("none"), std::string::npos);
}

} // namespace
} // namespace bertc
