// SPDX-License-Identifier: Apache-2.0
//
// Rates of links from times of all-reduces.
#include "tools/allreduce-bench/LinkFit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bertc {
namespace {

/// Times on 4 ranks of 2 GB/s and 50 microseconds.
std::vector<LinkPoint> exact() {
  std::vector<LinkPoint> points;
  for (double bytes : {16.0, 1e6, 1e9}) {
    points.push_back({bytes, 6 * (50e-6 + bytes / 4 / 2e9)});
  }
  return points;
}

TEST(LinkFit, FindsTheRatesBehindTimes) {
  auto rates = fitLinkRates(exact(), 4);
  ASSERT_TRUE(rates.ok()) << rates.status().message();
  EXPECT_NEAR(rates->bandwidth, 2e9, 1e3);
  EXPECT_NEAR(rates->latency, 50e-6, 1e-12);
}

TEST(LinkFit, LatencyIsNeverNegative) {
  auto rates = fitLinkRates({{1e6, 1e-3}, {2e6, 2.5e-3}}, 2);
  ASSERT_TRUE(rates.ok()) << rates.status().message();
  EXPECT_EQ(rates->latency, 0);
}

TEST(LinkFit, RefusesTimesWithoutSense) {
  std::vector<LinkPoint> falling = {{1e6, 2e-3}, {2e6, 1e-3}};
  EXPECT_THAT(fitLinkRates(falling, 2).status().message(),
              testing::HasSubstr("do not grow with the size"));
  std::vector<LinkPoint> same = {{1e6, 1e-3}, {1e6, 1e-3}};
  EXPECT_FALSE(fitLinkRates(same, 2).ok());
  EXPECT_FALSE(fitLinkRates({{1e6, 1e-3}}, 2).ok());
  EXPECT_FALSE(fitLinkRates(exact(), 1).ok());
}

} // namespace
} // namespace bertc
