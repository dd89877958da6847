// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 after FIPS 180-4: a portable compression function and one with the
// x86 SHA instructions, chosen once at run time.
#include "runtime/core/Sha256.h"

#include <algorithm>
#include <cpuid.h>
#include <cstring>
#include <immintrin.h>

namespace bertc {
namespace {

alignas(16) constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotateRight(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

uint32_t loadBigEndian(const uint8_t *p) {
  return uint32_t(p[0]) << 24 | uint32_t(p[1]) << 16 | uint32_t(p[2]) << 8 |
         uint32_t(p[3]);
}

void compressPortable(uint32_t *state, const uint8_t *data, size_t blocks) {
  for (; blocks > 0; --blocks, data += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; ++i) {
      w[i] = loadBigEndian(data + 4 * i);
    }
    for (int i = 16; i < 64; ++i) {
      uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] +
             (rotateRight(a, 7) ^ rotateRight(a, 18) ^ (a >> 3)) +
             (rotateRight(b, 17) ^ rotateRight(b, 19) ^ (b >> 10));
    }
    uint32_t s[8];
    std::memcpy(s, state, sizeof(s));
    for (int i = 0; i < 64; ++i) {
      uint32_t e = s[4], a = s[0];
      uint32_t t1 =
          s[7] + (rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)) +
          ((e & s[5]) ^ (~e & s[6])) + kRound[i] + w[i];
      uint32_t t2 =
          (rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)) +
          ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
      std::memmove(s + 1, s, 7 * sizeof(uint32_t));
      s[4] += t1;
      s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; ++i) {
      state[i] += s[i];
    }
  }
}

/// The instructions want the state as two vectors, ABEF and CDGH.
__attribute__((target("sha,sse4.1"))) void
compressShaNi(uint32_t *state, const uint8_t *data, size_t blocks) {
  const __m128i swap =
      _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  __m128i dcba = _mm_loadu_si128(reinterpret_cast<__m128i *>(state));
  __m128i hgfe = _mm_loadu_si128(reinterpret_cast<__m128i *>(state + 4));
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1);
  __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1B);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
  for (; blocks > 0; --blocks, data += 64) {
    const __m128i abefBefore = abef, cdghBefore = cdgh;
    __m128i m[4];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      if (i < 4) {
        m[i] = _mm_shuffle_epi8(
            _mm_loadu_si128(reinterpret_cast<const __m128i *>(data) + i), swap);
      } else {
        __m128i previous = m[(i - 1) & 3];
        __m128i sum =
            _mm_add_epi32(_mm_sha256msg1_epu32(m[i & 3], m[(i + 1) & 3]),
                          _mm_alignr_epi8(previous, m[(i - 2) & 3], 4));
        m[i & 3] = _mm_sha256msg2_epu32(sum, previous);
      }
      __m128i k = _mm_load_si128(reinterpret_cast<const __m128i *>(kRound) + i);
      __m128i wk = _mm_add_epi32(m[i & 3], k);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0E));
    }
    abef = _mm_add_epi32(abef, abefBefore);
    cdgh = _mm_add_epi32(cdgh, cdghBefore);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
  __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state),
                   _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state + 4),
                   _mm_alignr_epi8(dchg, feba, 8));
}

using Compress = void (*)(uint32_t *, const uint8_t *, size_t);

Compress chooseCompress() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  bool hasSha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
  return hasSha && __builtin_cpu_supports("sse4.1") ? compressShaNi
                                                    : compressPortable;
}

void compress(uint32_t *state, const uint8_t *data, size_t blocks) {
  static const Compress chosen = chooseCompress();
  chosen(state, data, blocks);
}

} // namespace

Sha256::Sha256()
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::update(const void *data, size_t bytes) {
  const uint8_t *p = static_cast<const uint8_t *>(data);
  totalBytes_ += bytes;
  if (blockSize_ > 0) {
    size_t take = std::min(bytes, block_.size() - blockSize_);
    std::memcpy(block_.data() + blockSize_, p, take);
    blockSize_ += take;
    p += take;
    bytes -= take;
    if (blockSize_ < block_.size()) {
      return;
    }
    compress(state_.data(), block_.data(), 1);
    blockSize_ = 0;
  }
  compress(state_.data(), p, bytes / 64);
  blockSize_ = bytes % 64;
  if (blockSize_ > 0) {
    std::memcpy(block_.data(), p + bytes - blockSize_, blockSize_);
  }
}

Sha256::Digest Sha256::finish() {
  const uint64_t bits = totalBytes_ * 8;
  uint8_t padding[72] = {0x80};
  size_t zeros = (blockSize_ < 56 ? 56 : 120) - blockSize_;
  for (int i = 0; i < 8; ++i) {
    padding[zeros + i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  }
  update(padding, zeros + 8);
  Digest digest;
  for (int i = 0; i < 32; ++i) {
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

Sha256::Digest Sha256::of(const void *data, size_t bytes) {
  Sha256 hash;
  hash.update(data, bytes);
  return hash.finish();
}

std::string toHex(const Sha256::Digest &digest) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

} // namespace bertc
