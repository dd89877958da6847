// SPDX-License-Identifier: Apache-2.0
#include "data/SpillFile.h"

#include <random>

#include <gtest/gtest.h>

#include "io/FileCalls.h"
#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

std::shared_ptr<BackgroundWriter> smallWriter() {
  return std::make_shared<BackgroundWriter>(8192, 2);
}

TEST(SpillFile, ReadsBackAnywhereDirectOrNot) {
  std::mt19937 random(5);
  for (bool direct : {true, false}) {
    for (size_t size : {1U, 4096U, 100000U}) {
      TestFolder folder;
      auto writer = smallWriter();
      StatusOr<SpillFile> file =
          SpillFile::create(folder.path(), writer, direct);
      ASSERT_TRUE(file.ok()) << file.status().message();
      std::string text(size, ' ');
      for (char &c : text) {
        c = static_cast<char>(random());
      }
      for (size_t at = 0; at < size; at += 777) {
        ASSERT_TRUE(
            file->append(text.data() + at, std::min<size_t>(777, size - at))
                .ok());
      }
      ASSERT_TRUE(file->finish().ok());
      EXPECT_EQ(file->size(), size);
      EXPECT_EQ(folder.names(), "");
      AlignedBuffer buffer;
      for (int i = 0; i < 20; ++i) {
        size_t from = random() % size, bytes = 1 + random() % (size - from);
        StatusOr<std::string_view> back = file->read(from, bytes, &buffer);
        ASSERT_TRUE(back.ok()) << back.status().message();
        ASSERT_EQ(*back, std::string_view(text).substr(from, bytes));
      }
      EXPECT_EQ(file->read(1, size, &buffer).status().code(),
                StatusCode::Internal);
    }
  }
}

TEST(SpillFile, FullDiskNamesTheFolderAndTheWayOut) {
  TestFolder folder;
  filecalls::setHook([](filecalls::Call call) {
    return call == filecalls::Call::Write ? ENOSPC : 0;
  });
  StatusOr<SpillFile> file = SpillFile::create(folder.path(), smallWriter());
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->append("text", 4).ok());
  Status status = file->finish();
  filecalls::setHook(nullptr);
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_NE(status.message().find(folder.path()), std::string::npos);
  EXPECT_NE(status.message().find("--temp-dir"), std::string::npos);
}

TEST(SpillFile, MissingFolderIsNamed) {
  StatusOr<SpillFile> file =
      SpillFile::create("/no/such/folder", smallWriter());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), StatusCode::NotFound);
}

} // namespace
} // namespace bertc
