// SPDX-License-Identifier: Apache-2.0
//
// Streams past the page cache and through it: the same bytes, the same errors.
#include "io/DirectStream.h"
#include "io/FileCalls.h"
#include "test/unit/io/TestSupport.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <gmock/gmock.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::HasSubstr;

/// An open file in `parent`; removed at the end.
class OpenFile {
public:
  explicit OpenFile(const std::string &parent)
      : path_(parent + "/bertc-direct-XXXXXX"), fd_(::mkstemp(path_.data())) {
    EXPECT_GE(fd_, 0) << path_;
  }
  ~OpenFile() {
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  int fd() const { return fd_; }
  const std::string &path() const { return path_; }
  bool direct() const { return (::fcntl(fd_, F_GETFL) & O_DIRECT) != 0; }

private:
  std::string path_;
  int fd_;
};

/// Answers the N-th write (from 0) with `answer`.
struct WriteFault {
  static inline std::atomic<int> countdown, answer;
  static int hook(filecalls::Call call) {
    return call == filecalls::Call::Write && countdown-- == 0 ? answer.load()
                                                              : 0;
  }
  WriteFault(int number, int what) {
    countdown = number;
    answer = what;
    filecalls::setHook(hook);
  }
  ~WriteFault() { filecalls::setHook(nullptr); }
};

std::shared_ptr<BackgroundWriter> smallWriter() {
  return std::make_shared<BackgroundWriter>(8192, 2);
}

/// Appends `content` in pieces of random sizes; what was observed goes to
/// *seen.
Status stream(OpenFile &file, const std::string &content, bool direct,
              test::Seeded &random, std::string *seen) {
  DirectStream::Options options;
  options.direct = direct;
  options.observe = [seen](const char *data, size_t bytes) {
    seen->append(data, bytes);
  };
  DirectStream out(file.fd(), file.path(), std::move(options), smallWriter());
  for (size_t at = 0; at < content.size();) {
    size_t count =
        std::min<size_t>(1 + random.below(20000), content.size() - at);
    BERTC_RETURN_IF_ERROR(out.append(content.data() + at, count));
    at += count;
  }
  EXPECT_EQ(out.size(), content.size());
  return out.finish();
}

TEST(DirectStream, WritesAndObservesEveryByteOnEveryFileSystem) {
  test::Seeded random(1);
  for (const std::string &parent :
       {std::string("/dev/shm"), std::string(".")}) {
    for (bool direct : {true, false}) {
      for (size_t size : {0u, 1u, 4095u, 4096u, 8192u, 8193u, 100000u}) {
        std::string content = random.bytes(size), seen;
        OpenFile file(parent);
        ASSERT_OK(stream(file, content, direct, random, &seen));
        EXPECT_EQ(test::get(file.path()), content) << parent << " " << size;
        EXPECT_EQ(seen, content);
      }
    }
  }
}

TEST(DirectStream, StaysDirectUntilTheLastBytes) {
  OpenFile file(".");
  if (!filecalls::setDirect(file.fd(), true)) {
    GTEST_SKIP() << "this file system does not write past the page cache";
  }
  DirectStream out(file.fd(), file.path(), {}, smallWriter());
  std::string block(8192, 'x');
  for (int i = 0; i < 8; ++i) {
    ASSERT_OK(out.append(block.data(), block.size()));
  }
  EXPECT_TRUE(file.direct());
  ASSERT_OK(out.append("tail", 4));
  ASSERT_OK(out.finish());
  EXPECT_FALSE(file.direct());
  EXPECT_EQ(test::get(file.path()).size(), 8 * 8192 + 4u);
}

TEST(DirectStream, RefusedTransfersGoThroughTheCache) {
  test::Seeded random(2);
  std::string content = random.bytes(50000);
  // EINVAL is how a device refuses; a transfer cut short leaves the next one
  // at an offset that it refuses by itself.
  for (int answer : {EINVAL, filecalls::kCutShort, EINTR}) {
    for (int number = 0; number < 6; ++number) {
      OpenFile file(".");
      if (!filecalls::setDirect(file.fd(), true)) {
        GTEST_SKIP() << "this file system does not write past the page cache";
      }
      WriteFault fault(number, answer);
      std::string seen;
      ASSERT_OK(stream(file, content, true, random, &seen));
      EXPECT_EQ(test::get(file.path()), content);
      EXPECT_EQ(seen, content);
    }
  }
}

TEST(DirectStream, ErrorsOfTheWriterAreReported) {
  test::Seeded random(3);
  std::string content = random.bytes(100000);
  for (int number = 0; number < 13; ++number) {
    OpenFile file("/dev/shm");
    WriteFault fault(number, ENOSPC);
    std::string seen;
    Status status = stream(file, content, true, random, &seen);
    EXPECT_EQ(status.code(), StatusCode::ResourceExhausted) << number;
    EXPECT_THAT(errorOf(status), HasSubstr(file.path()));
  }
}

TEST(DirectStream, RefusalWithoutDirectWritingIsAnError) {
  test::Seeded random(4);
  OpenFile file(".");
  WriteFault fault(1, EINVAL);
  std::string seen;
  EXPECT_EQ(stream(file, random.bytes(50000), false, random, &seen).code(),
            StatusCode::IoError);
}

TEST(BackgroundWriter, RunsJobsInOrderAndKeepsTheFirstError) {
  BackgroundWriter writer(4096, 2);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK(writer.submit(writer.acquire(), [&order, i](const auto &) {
      order.push_back(i);
      return Status();
    }));
  }
  ASSERT_OK(writer.drain());
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  for (const char *message : {"first", "second"}) {
    (void)writer.submit(writer.acquire(),
                        [message](const auto &) { return ioError(message); });
  }
  EXPECT_EQ(errorOf(writer.drain()), "first");
  EXPECT_EQ(errorOf(writer.submit(writer.acquire(),
                                  [](const auto &) { return Status(); })),
            "first");
}

TEST(BackgroundWriter, DestructionForgetsWhatWaits) {
  std::atomic<int> done{0};
  {
    BackgroundWriter writer(4096, 50);
    for (int i = 0; i < 50; ++i) {
      ASSERT_OK(writer.submit(writer.acquire(), [&done](const auto &) {
        ++done;
        ::usleep(1000);
        return Status();
      }));
    }
  }
  EXPECT_LT(done, 50);
}

} // namespace
} // namespace bertc
