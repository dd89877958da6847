// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C (Castagnoli), the checksum of TFRecord files and of TensorFlow
// checkpoints. Uses the CPU's CRC instruction when there is one and tables
// otherwise; both give the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bertc {

/// CRC of `bytes` bytes, continuing `crc` (0 to begin).
uint32_t extendCrc32c(uint32_t crc, const void *data, size_t bytes);

inline uint32_t crc32c(const void *data, size_t bytes) {
  return extendCrc32c(0, data, bytes);
}

/// The table version, for CPUs without the instruction and for tests.
uint32_t extendCrc32cPortable(uint32_t crc, const void *data, size_t bytes);

/// CRC of A followed by B, from their CRCs and the length of B.
uint32_t combineCrc32c(uint32_t crcA, uint32_t crcB, uint64_t bytesB);

/// CRC of a large buffer computed by all OpenMP threads.
uint32_t crc32cParallel(const void *data, size_t bytes);

/// The form in which TensorFlow stores a CRC, so that data holding CRCs can
/// be checksummed again safely.
inline uint32_t maskCrc32c(uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

inline uint32_t unmaskCrc32c(uint32_t masked) {
  uint32_t rotated = masked - 0xa282ead8u;
  return (rotated >> 17) | (rotated << 15);
}

} // namespace bertc
