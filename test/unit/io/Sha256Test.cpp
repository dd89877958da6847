// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 against the examples of FIPS 180-4 and across update boundaries.
#include "runtime/core/Sha256.h"
#include "test/unit/io/TestSupport.h"

namespace bertc {
namespace {

std::string hexOf(const std::string &text) {
  return toHex(Sha256::of(text.data(), text.size()));
}

TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(hexOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991"
                       "b7852b855");
  EXPECT_EQ(hexOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
                          "ff61f20015ad");
  EXPECT_EQ(hexOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hexOf(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowDataIsCut) {
  test::Seeded random(3);
  for (size_t length = 0; length < 260; ++length) {
    std::string data = random.bytes(length);
    Sha256 hash;
    for (size_t at = 0; at < length;) {
      size_t take = std::min<size_t>(1 + random.below(90), length - at);
      hash.update(data.data() + at, take);
      at += take;
    }
    EXPECT_EQ(toHex(hash.finish()), hexOf(data));
  }
}

} // namespace
} // namespace bertc
