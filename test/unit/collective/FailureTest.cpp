// SPDX-License-Identifier: Apache-2.0
//
// A rank that is lost makes the calls of all others fail in time, naming it and
// what was being done.
#include "test/unit/collective/FakeNetwork.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

using namespace bertc;
using rt::Collective;
using rt::WireType;
using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

namespace {

/// Long enough that a busy machine does not look like a lost rank.
constexpr double limit = 2;

rt::CollectiveOptions options() {
  rt::CollectiveOptions options;
  options.limitSeconds = limit;
  options.say = [](const std::string &) {};
  return options;
}

double secondsOf(const std::function<void()> &body) {
  auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

TEST(Failure, aStoppedRankIsNamed) {
  test::FakeNetwork network(3, 1);
  auto all = test::openAll(network, options());
  network.stop(1);
  double seconds = secondsOf([&] {
    test::onAll(all, [&](Collective &one) {
      if (one.rank() == 1) {
        return;
      }
      std::vector<float> data(100);
      Status status = one.allReduceSum(data.data(), 100, WireType::F32,
                                       "gradients of update 7");
      EXPECT_EQ(status.code(), StatusCode::IoError);
      EXPECT_THAT(status.message(), HasSubstr("rank 1"));
      EXPECT_THAT(status.message(), HasSubstr("gradients of update 7"));
      // And so does every later call.
      EXPECT_FALSE(one.barrier("later").ok());
    });
  });
  EXPECT_GE(seconds, limit * 0.9);
  EXPECT_LT(seconds, limit * 5);
  network.resume();
}

TEST(Failure, silentRanksAreNamedToWhoIsAskedToEnd) {
  test::FakeNetwork network(3, 1);
  std::mutex mutex;
  std::string lines;
  std::atomic<bool> asked{false};
  rt::CollectiveOptions settings = options();
  settings.limitSeconds = 6;
  settings.endAsked = [&] { return asked.load(); };
  settings.say = [&](const std::string &line) {
    std::lock_guard<std::mutex> lock(mutex);
    lines += line + "\n";
  };
  auto all = test::openAll(network, settings);
  network.stop(1);
  asked = true;
  test::onAll(all, [&](Collective &one) {
    std::vector<float> data(100);
    if (one.rank() != 1) {
      (void)one.allReduceSum(data.data(), 100, WireType::F32,
                             "gradients of update 7");
    }
  });
  network.resume();
  std::lock_guard<std::mutex> lock(mutex);
  size_t told = lines.find("rank 0: asked to end; rank 1 ");
  ASSERT_NE(told, std::string::npos) << lines;
  EXPECT_THAT(lines.substr(told, lines.find('\n', told) - told),
              HasSubstr("during 'gradients of update 7'"));
  // Once, and before the limit is over.
  EXPECT_EQ(lines.find("rank 0: asked to end", told + 1), std::string::npos);
  EXPECT_LT(told, lines.find("has not answered for 6 s"));
}

TEST(Failure, aRankThatStopsBetweenTheHalvesIsNamed) {
  test::FakeNetwork network(3, 1);
  auto all = test::openAll(network, options());
  std::vector<std::vector<float>> data(3, std::vector<float>(100));
  auto dataOf = [&](Collective &one) {
    return data[static_cast<size_t>(one.rank())].data();
  };
  test::onAll(all, [&](Collective &one) {
    EXPECT_TRUE(one.wait(one.startReduceScatter(dataOf(one), 100, WireType::F32,
                                                "gradients of update 7"))
                    .ok());
  });
  network.stop(2);
  test::onAll(all, [&](Collective &one) {
    if (one.rank() == 2) {
      return;
    }
    std::vector<std::vector<rt::FloatStretch>> places(3);
    for (int rank = 0; rank < 3; ++rank) {
      auto [begin, end] = rt::ringPart(rank, 3, 100);
      places[static_cast<size_t>(rank)] = {{dataOf(one) + begin, end - begin}};
    }
    Status status =
        one.wait(one.startAllGather(places, "variables of update 7"));
    EXPECT_EQ(status.code(), StatusCode::IoError);
    EXPECT_THAT(status.message(), HasSubstr("rank 2"));
    EXPECT_THAT(status.message(), HasSubstr("variables of update 7"));
  });
  network.resume();
}

TEST(Failure, aCutLinkIsSeenFromBothSides) {
  test::FakeNetwork network(4, 1);
  auto all = test::openAll(network, options());
  network.cut(1, 3);
  test::onAll(all, [&](Collective &one) {
    // The others hear from the two why they gave up.
    Status status;
    for (int i = 0; i < 1000 && status.ok(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      status = one.barrier("values");
    }
    EXPECT_FALSE(status.ok());
    if (one.rank() % 2 == 1) {
      EXPECT_THAT(status.message(), HasSubstr("rank"));
    } else {
      EXPECT_THAT(status.message(), HasSubstr("has not answered"));
    }
  });
}

TEST(Failure, aRankThatIsElsewhereIsNamed) {
  test::FakeNetwork network(2, 1);
  auto all = test::openAll(network, options());
  test::onAll(all, [&](Collective &one) {
    ASSERT_TRUE(one.barrier("the first one").ok());
    if (one.rank() == 1) {
      return;
    }
    Status status = one.barrier("the second one");
    EXPECT_THAT(status.message(), HasSubstr("rank 1"));
    EXPECT_THAT(status.message(),
                HasSubstr("has not come beyond 'the first one'"));
    EXPECT_THAT(status.message(), HasSubstr("during 'the second one'"));
  });
}

TEST(Failure, aBusyRankIsWaitedFor) {
  test::FakeNetwork network(2, 1);
  auto all = test::openAll(network, options());
  test::onAll(all, [&](Collective &one) {
    if (one.isRoot()) {
      Collective::Busy busy(&one);
      std::this_thread::sleep_for(std::chrono::duration<double>(limit * 1.7));
    }
    Status status = one.barrier("a checkpoint");
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(one.finish().ok());
  });
}

TEST(WaitUntil, endsWhenItIsDoneOrFails) {
  test::FakeNetwork network(2, 1);
  auto all = test::openAll(network, options());
  std::array<Status, 2> ends;
  test::onAll(all, [&](Collective &one) {
    int asked = 0;
    Status done = one.waitUntil(
        [&]() -> StatusOr<bool> { return ++asked == 100; }, "the devices");
    EXPECT_TRUE(done.ok()) << done.message();
    EXPECT_EQ(asked, 100);
    ends[static_cast<size_t>(one.rank())] = one.waitUntil(
        []() -> StatusOr<bool> { return unavailable("a port is down"); },
        "the devices again");
  });
  EXPECT_TRUE(ends[0].code() == StatusCode::Unavailable ||
              ends[1].code() == StatusCode::Unavailable);
  for (size_t rank : {0, 1}) {
    const Status &own = ends[rank], &other = ends[1 - rank];
    std::string name = "rank " + std::to_string(1 - rank) + " \\(.*, pid .*\\)";
    if (own.code() == StatusCode::Unavailable) {
      // Behind who had not said yet that it is there, too.
      EXPECT_THAT(own.message(),
                  AnyOf("a port is down",
                        MatchesRegex(name + " has not come beyond '(the start "
                                            "of the run|the devices)': "
                                            "a port is down")));
    } else {
      // It heard of the other's failure before its own was one.
      EXPECT_EQ(own.code(), StatusCode::IoError) << own.message();
      EXPECT_EQ(other.code(), StatusCode::Unavailable) << other.message();
      EXPECT_THAT(own.message(), MatchesRegex(name + " gave up: .*"));
      EXPECT_THAT(own.message(), EndsWith(" gave up: " + other.message()));
    }
  }
}

TEST(WaitUntil, aRankThatStopsOrDoesNotComeIsNamed) {
  for (bool devicesFail : {false, true}) {
    test::FakeNetwork network(3, 1);
    auto all = test::openAll(network, options());
    test::onAll(all, [&](Collective &one) {
      EXPECT_TRUE(one.barrier("counts of update 7").ok());
      if (one.rank() == 1) {
        return; // it answers, but is elsewhere
      }
      Status status = one.waitUntil(
          [&]() -> StatusOr<bool> {
            return devicesFail ? StatusOr<bool>(unavailable("timed out"))
                               : StatusOr<bool>(false);
          },
          "gradients of update 7");
      EXPECT_THAT(status.message(), HasSubstr("rank 1"));
      if (devicesFail) {
        // At once, when on a busy machine word of rank 1 may not be here yet.
        EXPECT_THAT(status.message(),
                    AnyOf(HasSubstr("beyond 'counts of update 7'"),
                          HasSubstr("beyond 'the start of the run'")));
        EXPECT_THAT(status.message(), HasSubstr("timed out"));
      } else {
        EXPECT_THAT(status.message(), HasSubstr("beyond 'counts of update 7'"));
      }
    });
  }
  test::FakeNetwork network(2, 1);
  auto all = test::openAll(network, options());
  network.stop(1);
  test::onAll(all, [&](Collective &one) {
    if (one.rank() == 0) {
      Status status = one.waitUntil([]() -> StatusOr<bool> { return false; },
                                    "gradients of update 7");
      EXPECT_THAT(status.message(), HasSubstr("rank 1 "));
      EXPECT_THAT(status.message(), HasSubstr("has not answered"));
      EXPECT_THAT(status.message(), HasSubstr("'gradients of update 7'"));
    }
  });
  network.resume();
}

TEST(Failure, ranksInDifferentCollectivesAreToldSo) {
  test::FakeNetwork network(2, 1);
  auto all = test::openAll(network, options());
  test::onAll(all, [&](Collective &one) {
    std::vector<float> data(64);
    Status status =
        one.isRoot()
            ? one.allReduceSum(data.data(), 64, WireType::F32, "sums")
            : one.broadcast(data.data(), 64 * sizeof(float), "weights");
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.message(), HasSubstr("rank"));
  });
}

TEST(Failure, aTransportThatDoesNotStartIsGivenUp) {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false, left = false;
  auto opened = rt::openRing(
      [&]() -> StatusOr<std::unique_ptr<rt::Transport>> {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [&] { return released; });
        left = true;
        changed.notify_all();
        return unavailable("too late");
      },
      options());
  EXPECT_EQ(opened.status().message(),
            "the processes of this run have not found each other for 4 s");
  std::unique_lock<std::mutex> lock(mutex);
  released = true;
  changed.notify_all();
  changed.wait(lock, [&] { return left; });
}

TEST(Failure, aFactoryThatFailsIsTheError) {
  auto opened = rt::openRing(
      []() -> StatusOr<std::unique_ptr<rt::Transport>> {
        return unavailable("no network");
      },
      options());
  EXPECT_EQ(opened.status().message(), "no network");
}

} // namespace
