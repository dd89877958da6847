// SPDX-License-Identifier: Apache-2.0
//
// What tests read of the checkpoints of runs, to compare them.
#pragma once

#include "io/Checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <string>

namespace bertc::test {

/// The bytes of each tensor; the checkpoint is verified.
inline std::map<std::string, std::string> content(const std::string &prefix) {
  auto reader = CheckpointReader::open(prefix);
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_TRUE(reader->verifyAll().ok());
  std::map<std::string, std::string> all;
  for (const CheckpointEntry &entry : reader->entries()) {
    all[entry.info.name] = *reader->readBytes(entry.info.name);
  }
  return all;
}

/// The largest between two f32 tensors of the same size.
inline double difference(const std::string &one, const std::string &other) {
  EXPECT_EQ(one.size(), other.size());
  double most = 0;
  for (size_t i = 0; i < std::min(one.size(), other.size());
       i += sizeof(float)) {
    float a, b;
    std::memcpy(&a, one.data() + i, sizeof(a));
    std::memcpy(&b, other.data() + i, sizeof(b));
    most = std::max(most, static_cast<double>(std::abs(a - b)));
  }
  return most;
}

} // namespace bertc::test
