// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C. One CRC instruction takes three cycles but a new one can start
// every cycle, so long buffers are read as three streams whose results are
// combined by multiplication in the field of the polynomial.
#include "io/Crc32c.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nmmintrin.h>
#include <omp.h>
#include <vector>

namespace bertc {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78u; // reflected

using Tables = std::array<std::array<uint32_t, 256>, 8>;

Tables makeTables() {
  Tables tables;
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc & 1 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    }
    tables[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (int t = 1; t < 8; ++t) {
      uint32_t before = tables[t - 1][i];
      tables[t][i] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

/// a * b modulo the polynomial, both reflected (bit 31 is x^0).
uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    product ^= a & bit ? b : 0;
    b = b & 1 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

/// x^(8 * bytes) modulo the polynomial: what appending that many bytes
/// multiplies a CRC by.
uint32_t shiftFactor(uint64_t bytes) {
  uint32_t factor = 1u << 31;
  uint32_t power = 1u << 23; // x^8
  for (; bytes != 0; bytes >>= 1) {
    if (bytes & 1) {
      factor = multiply(factor, power);
    }
    power = multiply(power, power);
  }
  return factor;
}

uint64_t load64(const uint8_t *p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

__attribute__((target("sse4.2"))) uint32_t extendHardware(uint32_t crc,
                                                          const uint8_t *p,
                                                          size_t bytes) {
  constexpr size_t kStream = 4096;
  static const uint32_t oneStream = shiftFactor(kStream);
  static const uint32_t twoStreams = shiftFactor(2 * kStream);
  uint64_t a = ~crc;
  for (; bytes >= 3 * kStream; bytes -= 3 * kStream, p += 3 * kStream) {
    uint64_t b = 0, c = 0;
    for (size_t i = 0; i < kStream; i += 8) {
      a = _mm_crc32_u64(a, load64(p + i));
      b = _mm_crc32_u64(b, load64(p + kStream + i));
      c = _mm_crc32_u64(c, load64(p + 2 * kStream + i));
    }
    a = multiply(twoStreams, static_cast<uint32_t>(a)) ^
        multiply(oneStream, static_cast<uint32_t>(b)) ^ c;
  }
  for (; bytes >= 8; bytes -= 8, p += 8) {
    a = _mm_crc32_u64(a, load64(p));
  }
  uint32_t tail = static_cast<uint32_t>(a);
  for (; bytes > 0; --bytes, ++p) {
    tail = _mm_crc32_u8(tail, *p);
  }
  return ~tail;
}

} // namespace

uint32_t extendCrc32cPortable(uint32_t crc, const void *data, size_t bytes) {
  static const Tables tables = makeTables();
  const uint8_t *p = static_cast<const uint8_t *>(data);
  crc = ~crc;
  for (; bytes >= 8; bytes -= 8, p += 8) {
    uint64_t word = load64(p) ^ crc;
    crc = 0;
    for (int i = 0; i < 8; ++i) {
      crc ^= tables[7 - i][word >> (8 * i) & 0xff];
    }
  }
  for (; bytes > 0; --bytes, ++p) {
    crc = (crc >> 8) ^ tables[0][(crc ^ *p) & 0xff];
  }
  return ~crc;
}

uint32_t extendCrc32c(uint32_t crc, const void *data, size_t bytes) {
  static const bool hardware = __builtin_cpu_supports("sse4.2");
  return hardware
             ? extendHardware(crc, static_cast<const uint8_t *>(data), bytes)
             : extendCrc32cPortable(crc, data, bytes);
}

uint32_t combineCrc32c(uint32_t crcA, uint32_t crcB, uint64_t bytesB) {
  return multiply(shiftFactor(bytesB), crcA) ^ crcB;
}

uint32_t crc32cParallel(const void *data, size_t bytes) {
  constexpr size_t kChunk = 1 << 20;
  const uint8_t *p = static_cast<const uint8_t *>(data);
  if (bytes <= kChunk) {
    return crc32c(p, bytes);
  }
  const int64_t chunks = static_cast<int64_t>((bytes + kChunk - 1) / kChunk);
  std::vector<uint32_t> crcs(chunks);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < chunks; ++i) {
    size_t begin = i * kChunk;
    crcs[i] = crc32c(p + begin, std::min(kChunk, bytes - begin));
  }
  const uint32_t chunkFactor = shiftFactor(kChunk);
  uint32_t crc = crcs[0];
  for (int64_t i = 1; i + 1 < chunks; ++i) {
    crc = multiply(chunkFactor, crc) ^ crcs[i];
  }
  return combineCrc32c(crc, crcs[chunks - 1], bytes - (chunks - 1) * kChunk);
}

} // namespace bertc
