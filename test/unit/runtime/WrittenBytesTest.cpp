// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/WrittenBytes.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace bertc::rt {
namespace {

ByteWindow range(uint64_t begin, uint64_t end) {
  ByteWindow w;
  w.offset = begin;
  w.runBytes = w.extent = end - begin;
  return w;
}

ByteWindow columns(uint64_t offset, uint64_t runBytes, int64_t rows,
                   uint64_t pitch) {
  ByteWindow w;
  w.offset = offset;
  w.runBytes = runBytes;
  w.extent = (static_cast<uint64_t>(rows) - 1) * pitch + runBytes;
  w.runs = static_cast<uint64_t>(rows);
  w.axes = {{rows, pitch}};
  return w;
}

TEST(WrittenBytes, joinsNeighbours) {
  WrittenBytes written;
  written.add(range(0, 10));
  written.add(range(20, 30));
  EXPECT_FALSE(written.contains(range(0, 30)));
  written.add(range(10, 20));
  EXPECT_TRUE(written.contains(range(0, 30)));
  EXPECT_FALSE(written.contains(range(0, 31)));
}

TEST(WrittenBytes, seesGapsBetweenRuns) {
  WrittenBytes written;
  written.add(columns(0, 8, 4, 16));
  EXPECT_TRUE(written.contains(columns(0, 8, 4, 16)));
  EXPECT_FALSE(written.contains(columns(8, 8, 4, 16)));
  EXPECT_FALSE(written.contains(range(0, 56)));
  written.add(columns(8, 8, 4, 16));
  EXPECT_TRUE(written.contains(range(0, 64)));
}

// Against one flag a byte.
TEST(WrittenBytes, agreesWithABitmap) {
  constexpr uint32_t kSeed = 5;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 50; ++round) {
    WrittenBytes written;
    std::vector<bool> bytes(600, false);
    for (int i = 0; i < 40; ++i) {
      ByteWindow w =
          columns(random() % 300, 1 + random() % 9,
                  1 + static_cast<int64_t>(random() % 8), 9 + random() % 20);
      bool all = true;
      for (int64_t row = 0; row < w.axes[0].count; ++row) {
        for (uint64_t k = 0; k < w.runBytes; ++k) {
          uint64_t at =
              w.offset + static_cast<uint64_t>(row) * w.axes[0].stride + k;
          all = all && bytes[at];
          if (i % 2 == 0) {
            bytes[at] = true;
          }
        }
      }
      if (i % 2 == 0) {
        written.add(w);
      } else {
        ASSERT_EQ(written.contains(w), all);
      }
    }
  }
}

} // namespace
} // namespace bertc::rt
