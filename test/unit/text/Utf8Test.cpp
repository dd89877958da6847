// SPDX-License-Identifier: Apache-2.0
#include "text/Utf8.h"

#include <random>

#include <gtest/gtest.h>

namespace bertc {
namespace {

std::string cleaned(const std::string &text) {
  std::string out;
  appendValidUtf8(text, &out);
  return out;
}

TEST(Utf8, EveryCodePointRoundTrips) {
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) {
      continue;
    }
    char bytes[4];
    std::string text(bytes, encodeUtf8(c, bytes));
    ASSERT_TRUE(isValidUtf8(text)) << c;
    const auto *p = reinterpret_cast<const uint8_t *>(text.data());
    ASSERT_EQ(decodeUtf8(p), c);
    ASSERT_EQ(reinterpret_cast<const char *>(p) - text.data(),
              static_cast<ptrdiff_t>(text.size()));
  }
}

TEST(Utf8, InvalidBytesAreDropped) {
  EXPECT_EQ(cleaned("a\xff"
                    "b"),
            "ab");
  // Overlong slash, a surrogate, beyond U+10FFFF, a stray continuation.
  EXPECT_EQ(cleaned("a\xc0\xaf"
                    "b"),
            "ab");
  EXPECT_EQ(cleaned("a\xed\xa0\x80"
                    "b"),
            "ab");
  EXPECT_EQ(cleaned("a\xf4\x90\x80\x80"
                    "b"),
            "ab");
  EXPECT_EQ(cleaned("\x80"
                    "a"),
            "a");
}

TEST(Utf8, CutSequenceDoesNotSwallowWhatFollows) {
  EXPECT_EQ(cleaned("\xe2\x82"
                    "a"),
            "a");
  EXPECT_EQ(cleaned("\xe2\x82"), "");
  EXPECT_EQ(cleaned("\xf0\x9f\x98\xc3\xa9"), "\xc3\xa9");
}

TEST(Utf8, PrefixEndsAtTheFirstBadByte) {
  EXPECT_EQ(validUtf8Prefix("abcdefghij\xffk"), 10U);
  EXPECT_EQ(validUtf8Prefix("h\xc3\xa9"), 3U);
  EXPECT_EQ(validUtf8Prefix(""), 0U);
}

TEST(Utf8, WhatIsLeftOfRandomBytesIsValid) {
  const unsigned seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (unsigned i = 0; i < random() % 24; ++i) {
      // Mostly bytes that look like UTF-8.
      static const unsigned char pool[] = {0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xe2,
                                           0xed, 0xf0, 0xf4, 0x9f, 0xa0, 0xff};
      text += static_cast<char>(pool[random() % sizeof(pool)]);
    }
    std::string out = cleaned(text);
    ASSERT_TRUE(isValidUtf8(out));
    ASSERT_EQ(cleaned(out), out);
    ASSERT_EQ(isValidUtf8(text), out == text);
  }
}

} // namespace
} // namespace bertc
