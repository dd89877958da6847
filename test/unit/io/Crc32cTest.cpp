// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C against published values, and its implementations against each other.
#include "io/Crc32c.h"
#include "test/unit/io/TestSupport.h"

namespace bertc {
namespace {

// The vectors of RFC 3720, B.4.
TEST(Crc32c, MatchesPublishedVectors) {
  std::string zeros(32, '\0'), ones(32, '\xff'), rising(32, '\0');
  for (int i = 0; i < 32; ++i) {
    rising[i] = static_cast<char>(i);
  }
  EXPECT_EQ(crc32c(zeros.data(), 32), 0x8a9136aau);
  EXPECT_EQ(crc32c(ones.data(), 32), 0x62a8ab43u);
  EXPECT_EQ(crc32c(rising.data(), 32), 0x46dd794eu);
  EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);
  EXPECT_EQ(crc32c(nullptr, 0), 0u);
}

TEST(Crc32c, AllPathsAgreeAtEveryLength) {
  test::Seeded random(1);
  std::string data = random.bytes(40000);
  for (size_t length = 0; length < 300; ++length) {
    EXPECT_EQ(crc32c(data.data() + 3, length),
              extendCrc32cPortable(0, data.data() + 3, length));
  }
  for (int i = 0; i < 200; ++i) {
    size_t length = random.below(data.size());
    uint32_t portable = extendCrc32cPortable(0, data.data(), length);
    EXPECT_EQ(crc32c(data.data(), length), portable);
    size_t cut = length == 0 ? 0 : random.below(length);
    uint32_t head = crc32c(data.data(), cut);
    EXPECT_EQ(extendCrc32c(head, data.data() + cut, length - cut), portable);
    uint32_t tail = crc32c(data.data() + cut, length - cut);
    EXPECT_EQ(combineCrc32c(head, tail, length - cut), portable);
  }
}

TEST(Crc32c, ParallelEqualsSerial) {
  test::Seeded random(2);
  for (size_t length : {size_t(1) << 20, (size_t(1) << 20) + 1, size_t(3) << 20,
                        (size_t(5) << 20) - 7}) {
    std::string data = random.bytes(length);
    EXPECT_EQ(crc32cParallel(data.data(), length), crc32c(data.data(), length));
  }
}

TEST(Crc32c, MaskIsTensorFlowsAndInvertible) {
  // The masked CRC of eight zero bytes, as in the header of an empty record.
  uint64_t zero = 0;
  EXPECT_EQ(maskCrc32c(crc32c(&zero, 8)), 0x07980329u);
  EXPECT_EQ(unmaskCrc32c(maskCrc32c(0xdeadbeefu)), 0xdeadbeefu);
}

} // namespace
} // namespace bertc
