// SPDX-License-Identifier: Apache-2.0
//
// Small record files for the tests of run/: pre-training examples whose first
// input id is the record's number.
#pragma once

#include "io/Example.h"
#include "io/Files.h"
#include "io/TfRecord.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace bertc::test {

/// A fresh folder for the running test.
inline std::string freshFolder() {
  const auto *info = testing::UnitTest::GetInstance()->current_test_info();
  std::string path = testing::TempDir() + "/bertc-run-" +
                     std::to_string(getpid()) + "-" + info->name();
  EXPECT_TRUE(makeDirectories(path).ok());
  std::vector<std::string> names = *listFiles(path);
  for (const std::string &name : names) {
    EXPECT_TRUE(removeFile(joinPath(path, name)).ok());
  }
  return path;
}

/// One serialised pre-training example.
inline std::string makeRecord(int32_t number, size_t sequence,
                              size_t predictions) {
  std::vector<int32_t> ids(sequence, 5), mask(sequence, 1), types(sequence, 0);
  std::vector<int32_t> positions(predictions, 1), labels(predictions, 6);
  std::vector<float> weights(predictions, 1.0f);
  ids[0] = number;
  int32_t next = number % 2;
  ExampleBuilder builder;
  builder.setInt64("input_ids", ids.data(), ids.size());
  builder.setInt64("input_mask", mask.data(), mask.size());
  builder.setInt64("segment_ids", types.data(), types.size());
  builder.setInt64("masked_lm_positions", positions.data(), positions.size());
  builder.setInt64("masked_lm_ids", labels.data(), labels.size());
  builder.setFloat("masked_lm_weights", weights.data(), weights.size());
  builder.setInt64("next_sentence_labels", &next, 1);
  std::string bytes;
  builder.serialize(&bytes);
  return bytes;
}

/// Writes `count` examples numbered from `first` to `path`.
inline RecordFileInfo writeRecords(const std::string &path, int32_t first,
                                   int32_t count, size_t sequence = 8,
                                   size_t predictions = 2) {
  auto writer = TfRecordWriter::create(path);
  EXPECT_TRUE(writer.ok()) << writer.status().message();
  for (int32_t i = 0; i < count; ++i) {
    EXPECT_TRUE(
        writer->append(makeRecord(first + i, sequence, predictions)).ok());
  }
  auto info = writer->finish();
  EXPECT_TRUE(info.ok()) << info.status().message();
  return *info;
}

} // namespace bertc::test
