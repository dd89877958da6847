// SPDX-License-Identifier: Apache-2.0
#include "data/TempFile.h"

#include <gtest/gtest.h>

#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

TEST(TempFile, ReadsBackAnywhereAndHasNoName) {
  TestFolder folder;
  StatusOr<TempFile> file = TempFile::create(folder.path(), 16);
  ASSERT_TRUE(file.ok()) << file.status().message();
  std::string text;
  for (int i = 0; i < 100; ++i) {
    std::string part = std::to_string(i) + ",";
    ASSERT_TRUE(file->append(part.data(), part.size()).ok());
    text += part;
  }
  EXPECT_EQ(file->size(), text.size());
  ASSERT_TRUE(file->flush().ok());
  std::string back(50, ' ');
  ASSERT_TRUE(file->readAt(20, back.data(), back.size()).ok());
  EXPECT_EQ(back, text.substr(20, 50));
  for (uint64_t limit : {text.size() - 1, text.size()}) {
    ASSERT_TRUE(file->cache(limit).ok());
    std::string again(50, ' ');
    ASSERT_TRUE(file->readAt(20, again.data(), again.size()).ok());
    EXPECT_EQ(again, back);
    EXPECT_FALSE(file->readAt(text.size(), again.data(), 1).ok());
  }
  EXPECT_EQ(folder.names(), "");
}

TEST(TempFile, ReadingPastTheEndIsAnError) {
  TestFolder folder;
  StatusOr<TempFile> file = TempFile::create(folder.path());
  ASSERT_TRUE(file.ok());
  char byte;
  EXPECT_EQ(file->readAt(0, &byte, 1).code(), StatusCode::Internal);
}

TEST(TempFile, MissingFolderIsNamed) {
  StatusOr<TempFile> file = TempFile::create("/no/such/folder");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), StatusCode::NotFound);
  EXPECT_NE(file.status().message().find("/no/such/folder"), std::string::npos);
}

} // namespace
} // namespace bertc
