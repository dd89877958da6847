// SPDX-License-Identifier: Apache-2.0
#include "data/Pipeline.h"

#include <atomic>
#include <chrono>
#include <stdexcept>

#include <gtest/gtest.h>

namespace bertc {
namespace {

/// Numbers 0 to count - 1.
auto countTo(int count) {
  return [count, next = 0]() mutable -> StatusOr<std::optional<int>> {
    return next < count ? std::optional<int>(next++) : std::nullopt;
  };
}

TEST(Pipeline, ResultsComeInOrderAtAnyNumberOfJobs) {
  for (int jobs : {1, 2, 5}) {
    std::vector<int> seen;
    auto work = [](int, int item) -> StatusOr<int> {
      // Uneven work, so that threads overtake each other.
      std::this_thread::sleep_for(std::chrono::microseconds(item % 7 * 50));
      return item * 2;
    };
    auto consume = [&](int result) {
      seen.push_back(result);
      return Status();
    };
    ASSERT_TRUE(
        (Pipeline<int, int>::run(jobs, countTo(200), work, consume)).ok());
    ASSERT_EQ(seen.size(), 200U);
    for (int i = 0; i < 200; ++i) {
      ASSERT_EQ(seen[static_cast<size_t>(i)], i * 2);
    }
  }
}

TEST(Pipeline, WorkErrorStopsEverything) {
  std::atomic<int> consumed{0};
  auto work = [](int, int item) -> StatusOr<int> {
    return item == 20 ? StatusOr<int>(corrupt("item 20")) : item;
  };
  auto consume = [&](int) {
    ++consumed;
    return Status();
  };
  Status status = Pipeline<int, int>::run(3, countTo(1000000), work, consume);
  EXPECT_EQ(status.message(), "item 20");
  EXPECT_LE(consumed, 20);
}

TEST(Pipeline, TakeAndConsumeErrorsAreReturned) {
  auto work = [](int, int item) -> StatusOr<int> { return item; };
  auto noTake = []() -> StatusOr<std::optional<int>> {
    return ioError("cannot take");
  };
  auto fine = [](int) { return Status(); };
  EXPECT_EQ((Pipeline<int, int>::run(2, noTake, work, fine)).message(),
            "cannot take");
  auto refuse = [](int) { return resourceExhausted("full"); };
  EXPECT_EQ((Pipeline<int, int>::run(2, countTo(50), work, refuse)).message(),
            "full");
}

TEST(Pipeline, ExceptionsBecomeErrors) {
  auto work = [](int, int item) -> StatusOr<int> {
    if (item == 5) {
      throw std::bad_alloc();
    }
    return item;
  };
  auto fine = [](int) { return Status(); };
  EXPECT_EQ((Pipeline<int, int>::run(2, countTo(50), work, fine)).code(),
            StatusCode::ResourceExhausted);
}

TEST(Pipeline, FewItemsAreInMemory) {
  std::atomic<int> alive{0}, most{0};
  auto take = [&, next = 0]() mutable -> StatusOr<std::optional<int>> {
    most = std::max(most.load(), ++alive);
    return next < 500 ? std::optional<int>(next++) : std::nullopt;
  };
  auto work = [](int, int item) -> StatusOr<int> {
    // The first item is slow: others must wait for it.
    std::this_thread::sleep_for(std::chrono::milliseconds(item == 0 ? 50 : 0));
    return item;
  };
  auto consume = [&](int) {
    --alive;
    return Status();
  };
  ASSERT_TRUE((Pipeline<int, int>::run(4, take, work, consume)).ok());
  EXPECT_LE(most, 4 * 3 + 2);
}

} // namespace
} // namespace bertc
