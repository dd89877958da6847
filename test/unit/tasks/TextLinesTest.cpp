// SPDX-License-Identifier: Apache-2.0
#include "tasks/TextLines.h"

#include "tasks/FillMask.h"

#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

TEST(TextLines, EndsOfLinesAndByteOrderMarkAreNoText) {
  TestFolder folder;
  std::string path = folder.write("a.txt", "\xef\xbb\xbfone\r\n\ntwo \n\nlast");
  StatusOr<std::vector<std::string>> lines = readTextLines(path);
  ASSERT_TRUE(lines.ok()) << lines.status().message();
  EXPECT_EQ(*lines, (std::vector<std::string>{"one", "", "two ", "", "last"}));
}

TEST(TextLines, InvalidUtf8NamesTheLine) {
  TestFolder folder;
  std::string path = folder.write("a.txt", "one\ntwo\xff\n");
  EXPECT_EQ(readTextLines(path).status().message(),
            path + ":2: not valid UTF-8 at byte 4 of the line");
}

TEST(TextLines, FeaturesAreTheSameAtAnyNumberOfThreads) {
  WordPieceTokenizer tokenizer = testTokenizer();
  std::vector<std::string> lines = *readTextLines(genesisPath);
  std::vector<std::string> many;
  while (many.size() < 3000) {
    many.insert(many.end(), lines.begin(), lines.end());
  }
  StatusOr<PairFeatures> one = makeTextFeatures(many, tokenizer, 32, 1);
  StatusOr<PairFeatures> three = makeTextFeatures(many, tokenizer, 32, 3);
  ASSERT_TRUE(one.ok() && three.ok());
  ASSERT_EQ(one->size(), many.size());
  EXPECT_GT(one->truncated(), 0U);
  EXPECT_EQ(one->truncated(), three->truncated());
  for (size_t i = 0; i < many.size(); ++i) {
    std::vector<int32_t> ids = idsOf(tokenizer, many[i]);
    ids.resize(std::min<size_t>(ids.size(), 30));
    ids.insert(ids.begin(), tokenizer.vocabulary().clsId());
    ids.push_back(tokenizer.vocabulary().sepId());
    ASSERT_EQ(tokensOf(*one, i).ids, ids) << i;
    ASSERT_EQ(tokensOf(*three, i).ids, ids) << i;
  }
}

TEST(TextLines, NothingAndTooShort) {
  WordPieceTokenizer tokenizer = testTokenizer();
  EXPECT_EQ(makeTextFeatures({}, tokenizer, 32, 2)->size(), 0U);
  EXPECT_EQ(makeTextFeatures({"x"}, tokenizer, 2, 2).status().message(),
            "sequences of 2 tokens, expected at least 3");
}

TEST(TextLines, MasksAreFoundByPosition) {
  WordPieceTokenizer tokenizer = testTokenizer();
  StatusOr<PairFeatures> features =
      makeTextFeatures({"[MASK] the [MASK]", "the", ""}, tokenizer, 32, 1);
  ASSERT_TRUE(features.ok());
  size_t the = idsOf(tokenizer, "the").size();
  auto second = static_cast<uint32_t>(2 + the);
  EXPECT_EQ(maskPositions(*features, tokenizer.vocabulary().maskId()),
            (std::vector<std::vector<uint32_t>>{{1, second}, {}, {}}));
}

TEST(FillMask, EveryMaskHasAPlaceAndARowOfTheOutput) {
  WordPieceTokenizer tokenizer = testTokenizer();
  PairFeatures features =
      *makeTextFeatures({"[MASK]", "x", "[MASK] [MASK]"}, tokenizer, 16, 1);
  RowPlan plan = RowPlan::onePerRow(features);
  RowBatch batch(features, plan, {2, 16});
  const uint64_t rows[] = {1, 2};
  ASSERT_TRUE(batch.fill(rows, 2).ok());
  auto masks = maskPositions(features, tokenizer.vocabulary().maskId());
  StatusOr<MaskBatch> found = makeMaskBatch(batch, 2, 3, masks);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->positions.ints, (std::vector<int32_t>{0, 0, 0, 1, 2, 0}));
  EXPECT_EQ(found->positions.shape, (std::vector<int64_t>{2, 3}));
  ASSERT_EQ(found->slots.size(), 2U);
  EXPECT_EQ(found->slots[1].feature, 2U);
  EXPECT_EQ(found->slots[1].which, 1U);
  EXPECT_EQ(found->slots[1].outputRow, 4U);
  EXPECT_EQ(makeMaskBatch(batch, 2, 1, masks).status().message(),
            "text 3 has 2 masks, the plan has room for 1 in a row; compile it "
            "with a larger --max-predictions-per-seq");
}

} // namespace
} // namespace bertc
