// SPDX-License-Identifier: Apache-2.0
#include "text/WordSplitter.h"

#include <gmock/gmock.h>

#include "text/WordPieceTokenizer.h"

namespace bertc {
namespace {

using ::testing::ElementsAre;

TEST(WordSplitter, IdeographsStandAlone) {
  CodePointMap map({true, true});
  EXPECT_THAT(basicTokens(map, "a\xe4\xb8\xad\xe6\x96\x87z"),
              ElementsAre("a", "\xe4\xb8\xad", "\xe6\x96\x87", "z"));
}

TEST(WordSplitter, ControlsVanishWithoutEndingTheWord) {
  CodePointMap map({true, true});
  EXPECT_THAT(basicTokens(map, std::string("a\0b\x7f"
                                           "c\xe2\x80\x8b"
                                           "d",
                                           9)),
              ElementsAre("abcd"));
}

TEST(WordSplitter, HangulDecomposesWhenAccentsAreStripped) {
  EXPECT_THAT(basicTokens(CodePointMap({true, true}), "\xea\xb0\x81"),
              ElementsAre("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"));
  EXPECT_THAT(basicTokens(CodePointMap({false, false}), "\xea\xb0\x81"),
              ElementsAre("\xea\xb0\x81"));
}

TEST(WordSplitter, KeptCombiningCharactersAreInCanonicalOrder) {
  CodePointMap map({false, true});
  // U+1D165 (class 216) typed behind U+1D16D (class 226), U+0301 between them.
  EXPECT_THAT(basicTokens(map, "a\xf0\x9d\x85\xad\xcc\x81\xf0\x9d\x85\xa5"),
              ElementsAre("a\xf0\x9d\x85\xa5\xf0\x9d\x85\xad"));
  // A starter between them keeps them apart, even one that is dropped
  // (U+0B56, a mark of class 0).
  EXPECT_THAT(basicTokens(map, "a\xf0\x9d\x85\xad\xe0\xad\x96\xf0\x9d\x85\xa5"),
              ElementsAre("a\xf0\x9d\x85\xad\xf0\x9d\x85\xa5"));
}

TEST(WordBuffer, KeepsOnlyTheFirstCharactersOfATooLongWord) {
  WordBuffer word(3);
  for (uint32_t c : {0x61U, 0xe9U, 0x62U}) {
    word.append(c, 0);
  }
  EXPECT_FALSE(word.tooLong());
  word.append(0x63, 0);
  EXPECT_TRUE(word.tooLong());
  EXPECT_EQ(word.view(), "a\xc3\xa9"
                         "b");
  word.clear();
  EXPECT_TRUE(word.empty());
  EXPECT_EQ(word.data()[0], '\0');
}

} // namespace
} // namespace bertc
