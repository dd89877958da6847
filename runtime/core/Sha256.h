// SPDX-License-Identifier: Apache-2.0
//
// SHA-256, which names the content of plans and record files. Uses the CPU's
// SHA instructions when it has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bertc {

/// An incremental hash: update() any number of times, then finish() once.
class Sha256 {
public:
  using Digest = std::array<uint8_t, 32>;

  Sha256();
  void update(const void *data, size_t bytes);
  Digest finish();

  /// Digest of one buffer.
  static Digest of(const void *data, size_t bytes);

private:
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> block_;
  size_t blockSize_ = 0;
  uint64_t totalBytes_ = 0;
};

/// 64 lower-case hexadecimal digits.
std::string toHex(const Sha256::Digest &digest);

} // namespace bertc
