// SPDX-License-Identifier: Apache-2.0
//
// Values, order and traffic of the collectives.
#include "runtime/kernels/common/Bf16.h"
#include "test/unit/collective/FakeNetwork.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <thread>

using namespace bertc;
using rt::Collective;
using rt::WireType;

namespace {

rt::CollectiveOptions smallMessages() {
  rt::CollectiveOptions options;
  options.messageElements = 5;
  options.say = [](const std::string &) {};
  return options;
}

/// Numbers of every rank, of very different sizes, so that the order of
/// additions shows in the bits.
std::vector<std::vector<float>> randomInputs(int ranks, int64_t elements,
                                             unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> inputs(static_cast<size_t>(ranks));
  for (std::vector<float> &input : inputs) {
    for (int64_t i = 0; i < elements; ++i) {
      input.push_back(normal(random) *
                      std::pow(10.0f, static_cast<float>(random() % 7)));
    }
  }
  return inputs;
}

/// What the header of RingAlgorithms.h promises, without a network.
std::vector<float> expectedSum(const std::vector<std::vector<float>> &inputs,
                               bool bf16) {
  auto ranks = static_cast<int64_t>(inputs.size());
  auto elements = static_cast<int64_t>(inputs[0].size());
  std::vector<float> sum(inputs[0].size());
  auto narrow = [&](float value) {
    return bf16 ? rt::kernels::bf16ToFloat(rt::kernels::floatToBf16(value))
                : value;
  };
  for (int64_t part = 0; part < ranks; ++part) {
    int64_t end = elements * (part + 1) / ranks;
    for (int64_t i = elements * part / ranks; i < end; ++i) {
      float total = inputs[static_cast<size_t>(part)][i];
      for (int64_t k = 1; k < ranks; ++k) {
        total =
            inputs[static_cast<size_t>((part + k) % ranks)][i] + narrow(total);
      }
      sum[i] = narrow(total);
    }
  }
  return sum;
}

struct Case {
  int ranks;
  int64_t elements;
};

class RingTest : public testing::TestWithParam<Case> {};

TEST_P(RingTest, sumsInRingOrderWithTheLeastTraffic) {
  auto [ranks, elements] = GetParam();
  unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (WireType type : {WireType::F32, WireType::BF16}) {
    auto inputs = randomInputs(ranks, elements, seed);
    std::vector<float> expected =
        expectedSum(inputs, type == WireType::BF16 && ranks > 1);
    test::FakeNetwork network(ranks, seed);
    auto all = test::openAll(network, smallMessages());
    test::onAll(all, [&](Collective &one) {
      std::vector<float> &mine = inputs[static_cast<size_t>(one.rank())];
      Status status = one.allReduceSum(mine.data(), elements, type, "sums");
      EXPECT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(mine, expected);
      EXPECT_TRUE(one.finish().ok());
    });
    uint64_t sent = 0, width = type == WireType::F32 ? 4 : 2;
    for (auto &one : all) {
      sent += one->traffic().reduced;
    }
    EXPECT_EQ(sent, 2 * static_cast<uint64_t>(ranks - 1) *
                        static_cast<uint64_t>(elements) * width);
  }
}

TEST_P(RingTest, itsHalvesGiveTheSameBitsAndTraffic) {
  auto [ranks, elements] = GetParam();
  unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto inputs = randomInputs(ranks, elements, seed);
  std::vector<float> expected = expectedSum(inputs, false);
  test::FakeNetwork network(ranks, seed);
  auto all = test::openAll(network, smallMessages());
  test::onAll(all, [&, ranks = ranks, elements = elements](Collective &one) {
    std::vector<float> &mine = inputs[static_cast<size_t>(one.rank())];
    auto reduced = one.startReduceScatter(mine.data(), elements, WireType::F32,
                                          "gradients");
    ASSERT_TRUE(one.wait(reduced).ok());
    // The parts go to other places, cut where each rank's first element is.
    std::vector<float> first(static_cast<size_t>(ranks), -1.0f);
    std::vector<float> rest(static_cast<size_t>(elements), -1.0f);
    std::vector<std::vector<rt::FloatStretch>> places;
    for (int rank = 0; rank < ranks; ++rank) {
      auto [begin, end] = rt::ringPart(rank, ranks, elements);
      places.emplace_back();
      if (begin < end) {
        places.back() = {{&first[static_cast<size_t>(rank)], 1},
                         {rest.data() + begin + 1, end - begin - 1}};
      }
      if (rank == one.rank() && begin < end) {
        first[static_cast<size_t>(rank)] = mine[static_cast<size_t>(begin)];
        std::copy(mine.begin() + begin + 1, mine.begin() + end,
                  rest.begin() + begin + 1);
      }
    }
    ASSERT_TRUE(one.wait(one.startAllGather(places, "weights")).ok());
    for (int rank = 0; rank < ranks; ++rank) {
      auto [begin, end] = rt::ringPart(rank, ranks, elements);
      for (int64_t i = begin; i < end; ++i) {
        ASSERT_EQ(i == begin ? first[static_cast<size_t>(rank)]
                             : rest[static_cast<size_t>(i)],
                  expected[static_cast<size_t>(i)])
            << i;
      }
    }
    EXPECT_TRUE(one.finish().ok());
  });
  uint64_t sent = 0;
  for (auto &one : all) {
    sent += one->traffic().reduced;
  }
  EXPECT_EQ(sent, 8 * static_cast<uint64_t>(ranks - 1) *
                      static_cast<uint64_t>(elements));
}

INSTANTIATE_TEST_SUITE_P(Shapes, RingTest,
                         testing::Values(Case{1, 7}, Case{2, 1}, Case{2, 64},
                                         Case{3, 0}, Case{3, 2}, Case{3, 100},
                                         Case{4, 101}, Case{5, 1000},
                                         Case{7, 333}));

TEST(Ring, severalSumsUnderWayAreDoneInOrder) {
  test::FakeNetwork network(3, 1);
  auto all = test::openAll(network, smallMessages());
  test::onAll(all, [&](Collective &one) {
    std::vector<std::vector<float>> data(6, std::vector<float>(40));
    std::vector<Collective::Ticket> tickets;
    for (size_t i = 0; i < data.size(); ++i) {
      data[i].assign(40, static_cast<float>(one.rank() + 1) *
                             static_cast<float>(i));
      tickets.push_back(
          one.startAllReduceSum(data[i].data(), 40, WireType::F32, "bucket"));
    }
    for (size_t i = data.size(); i-- > 0;) {
      EXPECT_TRUE(one.wait(tickets[i]).ok());
      EXPECT_EQ(data[i], std::vector<float>(40, 6.0f * static_cast<float>(i)));
    }
    EXPECT_TRUE(one.wait(0).ok());
    EXPECT_TRUE(one.finish().ok());
  });
}

TEST(Ring, passesValuesRound) {
  test::FakeNetwork network(4, 1);
  auto all = test::openAll(network, smallMessages());
  test::onAll(all, [&](Collective &one) {
    std::string text = one.isRoot() ? std::string(1234, 'x') : "";
    ASSERT_TRUE(one.broadcast(&text, "a text").ok());
    EXPECT_EQ(text, std::string(1234, 'x'));
    // Of different lengths, one of them empty.
    std::string mine(static_cast<size_t>(one.rank()) * 3, 'a');
    auto values = one.allGather(mine, "values");
    ASSERT_TRUE(values.ok());
    EXPECT_EQ(*values,
              (std::vector<std::string>{"", "aaa", "aaaaaa", "aaaaaaaaa"}));
    auto some = one.gather(mine, "values of rank 0");
    ASSERT_TRUE(some.ok());
    EXPECT_EQ(*some, one.isRoot() ? *values : std::vector<std::string>());
    EXPECT_TRUE(one.barrier("a barrier").ok());
    EXPECT_TRUE(one.finish().ok());
  });
}

TEST(Ring, aStopIsKnownToAll) {
  test::FakeNetwork network(3, 1);
  auto all = test::openAll(network, smallMessages());
  EXPECT_FALSE(all[0]->stopAnnounced());
  all[2]->announceStop();
  for (auto &one : all) {
    for (int i = 0; i < 2000 && !one->stopAnnounced(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(one->stopAnnounced()) << one->rank();
  }
  test::onAll(all, [](Collective &one) { EXPECT_TRUE(one.finish().ok()); });
}

} // namespace
