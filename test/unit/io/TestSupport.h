// SPDX-License-Identifier: Apache-2.0
//
// What the tests of io/ share: folders that go away, seeded random numbers
// that say their seed when a test fails, and damage.
#pragma once

#include "io/Files.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <unistd.h>

namespace bertc::test {

/// A fresh folder, removed with its content at the end. In memory where that
/// is possible: these tests call fsync thousands of times.
class TemporaryFolder {
public:
  TemporaryFolder() {
    for (std::string parent : {std::string("/dev/shm"), ::testing::TempDir()}) {
      std::string pattern = parent + "/bertc-io-XXXXXX";
      if (path_.empty() && ::mkdtemp(pattern.data()) != nullptr) {
        path_ = pattern;
      }
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string &path() const { return path_; }
  std::string file(const std::string &name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

/// A generator whose seed is printed with every failure of this scope; the
/// variable BERTC_TEST_SEED overrides it.
class Seeded {
public:
  explicit Seeded(uint64_t seed)
      : seed_(std::getenv("BERTC_TEST_SEED")
                  ? std::strtoull(std::getenv("BERTC_TEST_SEED"), nullptr, 10)
                  : seed),
        engine_(seed_),
        trace_(__FILE__, __LINE__, "seed " + std::to_string(seed_)) {}

  uint64_t below(uint64_t limit) { return engine_() % limit; }
  uint64_t bits() { return engine_(); }
  std::string bytes(size_t count) {
    std::string text(count, '\0');
    for (char &byte : text) {
      byte = static_cast<char>(engine_());
    }
    return text;
  }

private:
  uint64_t seed_;
  std::mt19937_64 engine_;
  ::testing::ScopedTrace trace_;
};

/// `bytes` with one to four edits: flipped bits, overwritten, inserted, removed
/// or repeated stretches, or interesting numbers.
inline std::string mutate(std::string bytes, Seeded &random) {
  const uint64_t interesting[] = {
      0,          1,          0x7f,       0x80,       0xff,       0x7fffffff,
      0x80000000, 0xffffffff, 1ull << 62, ~0ull >> 1, 1ull << 63, ~0ull};
  for (uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
    size_t at = bytes.empty() ? 0 : random.below(bytes.size());
    size_t length = std::min<size_t>(1 + random.below(16), bytes.size() - at);
    switch (random.below(6)) {
    case 0:
      if (!bytes.empty()) {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      }
      break;
    case 1:
      bytes.replace(at, length, random.bytes(length));
      break;
    case 2:
      bytes.insert(at, random.bytes(1 + random.below(8)));
      break;
    case 3:
      bytes.erase(at, length);
      break;
    case 4:
      bytes.insert(at, bytes.substr(at, length));
      break;
    case 5: {
      uint64_t number = interesting[random.below(std::size(interesting))];
      size_t width = std::min<size_t>(size_t(1) << random.below(4), length);
      bytes.replace(at, width, reinterpret_cast<const char *>(&number), width);
      break;
    }
    }
  }
  return bytes;
}

/// Writes without any ceremony. The old file is removed first because ext4
/// writes out at once a file that is truncated and written again.
inline void put(const std::string &path, std::string_view content) {
  ::unlink(path.c_str());
  FILE *file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr) << path;
  ASSERT_EQ(std::fwrite(content.data(), 1, content.size(), file),
            content.size());
  std::fclose(file);
}

inline std::string get(const std::string &path) {
  auto content = readFile(path, 1u << 30);
  EXPECT_TRUE(content.ok()) << content.status().message();
  return content.ok() ? *content : std::string();
}

} // namespace bertc::test

/// Passes when a Status or StatusOr is ok, and prints its message when not.
#define EXPECT_OK(expr)                                                        \
  do {                                                                         \
    auto &&outcome_ = (expr);                                                  \
    EXPECT_TRUE(outcome_.ok()) << ::bertc::test::messageOf(outcome_);          \
  } while (false)
#define ASSERT_OK(expr)                                                        \
  do {                                                                         \
    auto &&outcome_ = (expr);                                                  \
    ASSERT_TRUE(outcome_.ok()) << ::bertc::test::messageOf(outcome_);          \
  } while (false)

namespace bertc::test {
inline std::string messageOf(const Status &status) { return status.message(); }
template <typename T> std::string messageOf(const StatusOr<T> &value) {
  return value.status().message();
}
/// The message of an error that was expected, or a note that there was none.
template <typename T> std::string errorOf(const T &outcome) {
  return outcome.ok() ? "no error" : messageOf(outcome);
}
} // namespace bertc::test
