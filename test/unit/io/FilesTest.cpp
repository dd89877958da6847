// SPDX-License-Identifier: Apache-2.0
//
// Files that are whole or absent, under every failure of the system calls.
#include "io/Files.h"
#include "io/AlignedBuffer.h"
#include "io/FileCalls.h"
#include "test/unit/io/TestSupport.h"

#include <cerrno>
#include <gmock/gmock.h>
#include <sys/stat.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Makes the N-th call on files answer with `what`; counts the calls.
struct Fault {
  static int countdown, what, calls;
  static int hook(filecalls::Call) {
    ++calls;
    return countdown-- == 0 ? what : 0;
  }
  Fault(int callNumber, int answer) {
    countdown = callNumber;
    what = answer;
    calls = 0;
    filecalls::setHook(hook);
  }
  ~Fault() { filecalls::setHook(nullptr); }
};
int Fault::countdown, Fault::what, Fault::calls;

/// All entries of a folder, hidden ones too.
size_t entryCount(const std::string &folder) {
  auto it = std::filesystem::directory_iterator(folder);
  return static_cast<size_t>(std::distance(begin(it), end(it)));
}

Status writeThings(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  BERTC_RETURN_IF_ERROR(file.append("small "));
  BERTC_RETURN_IF_ERROR(file.append(std::string(400000, 'x')));
  BERTC_RETURN_IF_ERROR(file.append(" tail"));
  BERTC_RETURN_IF_ERROR(file.writeAt(0, "SMALL", 5));
  return file.commit();
}

const std::string kThings = "SMALL " + std::string(400000, 'x') + " tail";

TEST(AtomicFile, AppearsWholeAtCommit) {
  test::TemporaryFolder folder;
  std::string path = folder.file("out");
  {
    auto file = AtomicFile::create(path);
    ASSERT_OK(file);
    ASSERT_OK(file->append("half"));
    EXPECT_FALSE(fileExists(path));
    EXPECT_EQ(entryCount(folder.path()), 1u);
    EXPECT_THAT(*listFiles(folder.path()), ElementsAre());
  }
  EXPECT_EQ(entryCount(folder.path()), 0u);
  ASSERT_OK(writeThings(path));
  EXPECT_EQ(test::get(path), kThings);
  EXPECT_EQ(entryCount(folder.path()), 1u);
}

TEST(AtomicFile, EveryFailureLeavesTheOldFileAndNothingElse) {
  test::TemporaryFolder folder;
  std::string path = folder.file("out");
  for (int error : {ENOSPC, EIO, EDQUOT, EROFS}) {
    bool passed = false;
    int faults = 0;
    for (int call = 0; !passed; ++call) {
      test::put(path, "old");
      Fault fault(call, error);
      Status status = writeThings(path);
      passed = Fault::countdown >= 0; // the fault was never reached
      ASSERT_EQ(status.ok(), passed);
      EXPECT_EQ(entryCount(folder.path()), 1u);
      if (!passed) {
        ++faults;
        EXPECT_THAT(status.message(), HasSubstr(folder.path()));
        EXPECT_EQ(status.code(), error == ENOSPC || error == EDQUOT
                                     ? StatusCode::ResourceExhausted
                                     : StatusCode::IoError);
        // Only the fsync of the folder comes after the rename.
        std::string content = test::get(path);
        EXPECT_TRUE(content == "old" || content == kThings);
      }
    }
    EXPECT_GE(faults, 6);
    EXPECT_EQ(test::get(path), kThings);
  }
}

Status writeStream(const std::string &path, const std::string &content) {
  BERTC_ASSIGN_OR_RETURN(AtomicFile file,
                         AtomicFile::createStreaming(path, {}));
  BERTC_RETURN_IF_ERROR(file.append(content));
  EXPECT_EQ(file.size(), content.size());
  return file.commit();
}

TEST(AtomicFile, StreamsAreWholeOrAbsentToo) {
  test::TemporaryFolder folder;
  std::string path = folder.file("out"), content(5000000, 'x');
  content += "tail";
  {
    auto file = AtomicFile::createStreaming(path, {});
    ASSERT_OK(file);
    ASSERT_OK(file->append(content));
    EXPECT_FALSE(file->writeAt(0, "x", 1).ok());
    EXPECT_FALSE(fileExists(path));
  }
  EXPECT_EQ(entryCount(folder.path()), 0u);
  bool passed = false;
  for (int call = 0; !passed; ++call) {
    test::put(path, "old");
    Fault fault(call, ENOSPC);
    Status status = writeStream(path, content);
    passed = Fault::countdown >= 0;
    ASSERT_EQ(status.ok(), passed) << status.message();
    EXPECT_EQ(entryCount(folder.path()), 1u);
    std::string found = test::get(path);
    EXPECT_TRUE(found == "old" || found == content) << call;
  }
  EXPECT_EQ(test::get(path), content);
}

TEST(AtomicFile, ShortWritesAndInterruptionsAreRetried) {
  test::TemporaryFolder folder;
  std::string path = folder.file("out");
  for (int answer : {filecalls::kCutShort, EINTR}) {
    for (int call = 1; call < 4; ++call) {
      Fault fault(call, answer);
      ASSERT_OK(writeThings(path));
      EXPECT_EQ(test::get(path), kThings);
    }
  }
}

TEST(AtomicFile, RefusesWhatIsNotAFile) {
  test::TemporaryFolder folder;
  EXPECT_THAT(errorOf(AtomicFile::create("/dev/null")),
              HasSubstr("not a regular file"));
  EXPECT_THAT(errorOf(AtomicFile::create(folder.path())),
              HasSubstr("not a regular file"));
  EXPECT_THAT(errorOf(AtomicFile::create("")), HasSubstr("not a file name"));
  auto missing = AtomicFile::create(folder.file("no/such/file"));
  EXPECT_EQ(missing.status().code(), StatusCode::NotFound);
}

TEST(Files, ReadsWholeFilesUpToALimit) {
  test::TemporaryFolder folder;
  std::string path = folder.file("a");
  test::put(path, "hello");
  EXPECT_EQ(*readFile(path), "hello");
  EXPECT_EQ(errorOf(readFile(path, 4)),
            "'" + path + "' has 5 bytes, expected at most 4");
  EXPECT_EQ(readFile(folder.file("b")).status().code(), StatusCode::NotFound);
  EXPECT_THAT(errorOf(readFile(folder.path())), HasSubstr("is a folder"));
  EXPECT_THAT(errorOf(readFile("/dev/zero")), HasSubstr("not a regular file"));
}

TEST(Files, MapsFiles) {
  test::TemporaryFolder folder;
  std::string path = folder.file("a");
  test::put(path, "hello");
  auto file = MappedFile::open(path);
  ASSERT_OK(file);
  MappedFile moved = std::move(*file);
  EXPECT_EQ(moved.view(), "hello");
  test::put(folder.file("empty"), "");
  auto empty = MappedFile::open(folder.file("empty"));
  ASSERT_OK(empty);
  EXPECT_EQ(empty->size(), 0u);
}

TEST(Files, ReadsByPosition) {
  test::TemporaryFolder folder;
  test::put(folder.file("a"), "0123456789");
  auto file = InputFile::open(folder.file("a"));
  ASSERT_OK(file);
  char buffer[8] = {};
  EXPECT_EQ(*file->readAt(7, buffer, 8), 3u);
  EXPECT_EQ(std::string(buffer, 3), "789");
  EXPECT_EQ(*file->readAt(20, buffer, 8), 0u);
}

TEST(Files, ReadsDirectlyWhatIsAlignedAndFallsBackOtherwise) {
  test::Seeded random(6);
  std::string content = random.bytes(100001);
  test::put("files-test-direct", content);
  auto file = InputFile::open("files-test-direct");
  ::unlink("files-test-direct");
  ASSERT_OK(file);
  file->readDirectly();
  AlignedBuffer buffer(1 << 17);
  for (uint64_t offset : {0, 8192, 98304}) {
    size_t got = *file->readAt(offset, buffer.data(), buffer.capacity());
    EXPECT_EQ(std::string(buffer.data(), got), content.substr(offset));
  }
  EXPECT_EQ(*file->readAt(17, buffer.data() + 3, 1000), 1000u);
  EXPECT_EQ(std::string(buffer.data() + 3, 1000), content.substr(17, 1000));
}

TEST(Paths, TakesPathsApart) {
  EXPECT_EQ(parentDirectory("a/b/c"), "a/b");
  EXPECT_EQ(parentDirectory("a/b/"), "a");
  EXPECT_EQ(parentDirectory("c"), ".");
  EXPECT_EQ(parentDirectory("/c"), "/");
  EXPECT_EQ(parentDirectory("/"), "/");
  EXPECT_EQ(baseName("a/b/c"), "c");
  EXPECT_EQ(joinPath("a", "b"), "a/b");
  EXPECT_EQ(joinPath("a/", "b"), "a/b");
  EXPECT_EQ(joinPath(".", "b"), "b");
  EXPECT_EQ(joinPath("a", "/b"), "/b");
}

TEST(Paths, MakesFolders) {
  test::TemporaryFolder folder;
  std::string deep = folder.file("x/y/z");
  EXPECT_OK(makeDirectories(deep));
  EXPECT_OK(makeDirectories(deep));
  EXPECT_TRUE(directoryExists(deep));
  test::put(folder.file("file"), "");
  EXPECT_FALSE(makeDirectories(folder.file("file/sub")).ok());
}

TEST(Paths, ExpandsInputs) {
  test::TemporaryFolder folder;
  for (const char *name : {"b.rec", "a.rec", "with,comma", ".hidden"}) {
    test::put(folder.file(name), "");
  }
  std::string a = folder.file("a.rec"), b = folder.file("b.rec");
  EXPECT_THAT(*expandInputs({folder.path()}),
              ElementsAre(a, b, folder.file("with,comma")));
  EXPECT_THAT(*expandInputs({folder.file("*.rec")}), ElementsAre(a, b));
  EXPECT_THAT(*expandInputs({b + "," + a}), ElementsAre(b, a));
  EXPECT_THAT(*expandInputs({folder.file("with,comma")}),
              ElementsAre(folder.file("with,comma")));
  EXPECT_EQ(errorOf(expandInputs({a, folder.file("*.txt")})),
            "no input file matches '" + folder.file("*.txt") + "'");
  EXPECT_FALSE(expandInputs({}).ok());
}

} // namespace
} // namespace bertc
