// SPDX-License-Identifier: Apache-2.0
//
// The model of scaling against sums done by hand.
#include "compiler/inspect/Scaling.h"
#include "compiler/inspect/ScalingReport.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bertc {
namespace {

using Algorithm = ScalingInput::Algorithm;

/// A step of a second, gradients of 400 MB, links of 1 GB/s.
ScalingInput simple() {
  ScalingInput in;
  in.stepSeconds = 1;
  in.sequences = 8;
  in.gradients = 100000000;
  in.network = {1e9, 0};
  in.host = {2e9, 0};
  return in;
}

ScalingRow rowOf(const ScalingInput &in, int64_t workers) {
  auto rows = predictScaling(in, {workers});
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  return rows.ok() ? rows->front() : ScalingRow();
}

std::string errorOf(const ScalingInput &in, int64_t workers = 2) {
  return predictScaling(in, {workers}).status().message();
}

TEST(LargestOfNormals, HasTheKnownValues) {
  EXPECT_EQ(largestOfNormals(1), 0);
  EXPECT_NEAR(largestOfNormals(2), 1 / std::sqrt(M_PI), 1e-9);
  EXPECT_NEAR(largestOfNormals(3), 1.5 / std::sqrt(M_PI), 1e-9);
  EXPECT_NEAR(largestOfNormals(10), 1.5387527308, 1e-8);
  EXPECT_NEAR(largestOfNormals(100), 2.5075936, 1e-6);
  EXPECT_GT(largestOfNormals(1000000), 4.8);
  EXPECT_LT(largestOfNormals(1000000), 4.9);
}

TEST(Scaling, OneWorkerReducesNothing) {
  ScalingInput in = simple();
  in.accumulation = 4;
  in.updateSeconds = 0.5;
  in.spread = 0.3;
  ScalingRow row = rowOf(in, 1);
  EXPECT_DOUBLE_EQ(row.total, 4.5);
  EXPECT_DOUBLE_EQ(row.sequencesPerSecond, 32 / 4.5);
  EXPECT_EQ(row.exposed, 0);
  EXPECT_EQ(row.sentBytes, 0);
  EXPECT_EQ(row.efficiency, 1);
}

TEST(Scaling, RingSendsTwiceAllButOnePart) {
  ScalingInput in = simple();
  in.network.latency = 1e-3;
  ScalingRow row = rowOf(in, 4);
  EXPECT_DOUBLE_EQ(row.sentBytes, 1.5 * 4e8);
  EXPECT_NEAR(row.allReduce, 1.5 * 0.4 + 6e-3, 1e-12);
  EXPECT_DOUBLE_EQ(row.exposed, row.allReduce);
  EXPECT_NEAR(row.efficiency, 1 / 1.606, 1e-12);
  in.wireBytes = 2;
  EXPECT_NEAR(rowOf(in, 4).allReduce, 1.5 * 0.2 + 6e-3, 1e-12);
  in.buckets = 10;
  EXPECT_NEAR(rowOf(in, 4).allReduce, 1.5 * 0.2 + 60e-3, 1e-12);
}

TEST(Scaling, RingIsAsSlowAsItsSlowestLink) {
  ScalingInput in = simple();
  in.ranksPerHost = 2;
  EXPECT_NEAR(rowOf(in, 2).allReduce, 0.4 / 2, 1e-12);
  EXPECT_NEAR(rowOf(in, 4).allReduce, 1.5 * 0.4, 1e-12);
  in.host.bandwidth = 5e8;
  EXPECT_NEAR(rowOf(in, 4).allReduce, 1.5 * 0.8, 1e-12);
  in.network.latency = 1e-3;
  EXPECT_NEAR(rowOf(in, 4).allReduce, 1.5 * 0.8 + 6e-3, 1e-12);
}

TEST(Scaling, HierarchyReducesInsideAndBetweenHosts) {
  ScalingInput in = simple();
  in.algorithm = Algorithm::Hierarchical;
  in.ranksPerHost = 4;
  in.host.latency = 1e-4;
  in.network.latency = 1e-3;
  EXPECT_NEAR(rowOf(in, 16).allReduce, 1.5 * 0.2 + 6e-4 + 1.5 * 0.4 + 6e-3,
              1e-12);
  EXPECT_NEAR(rowOf(in, 4).allReduce, 1.5 * 0.2 + 6e-4, 1e-12);
  EXPECT_EQ(rowOf(in, 16).hosts, 4);
}

TEST(Scaling, AddingTakesItsTime) {
  ScalingInput in = simple();
  in.sumBandwidth = 4e9;
  EXPECT_NEAR(rowOf(in, 4).allReduce, 1.5 * 0.4 + 0.75 * 0.1, 1e-12);
}

TEST(Scaling, WhatOverlapsIsNotWaitedFor) {
  ScalingInput in = simple();
  in.overlap = 0.5;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.6, 1e-12) << "one bucket comes last";
  in.buckets = 5;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.6 - 0.5 * 0.8, 1e-12);
  in.overlap = 1;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.6 / 5, 1e-12) << "the last bucket";
  EXPECT_NEAR(rowOf(in, 4).allReduce, 0.6, 1e-12);
}

TEST(Scaling, BucketsOfAPlanGoWhenTheirGradientsAreKnown) {
  ScalingInput in = simple();
  in.network.latency = 1e-3;
  // 6 latencies and 1.5 * 0.4 s of traffic: 66, 246 and 306 ms.
  in.planned = {{0.1, 0.9}, {0.4, 0.4}, {0.5, 0}};
  EXPECT_NEAR(rowOf(in, 4).allReduce, 0.618, 1e-12);
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.306, 1e-12) << "the last one alone";
  in.planned[1].workLeft = 0.2;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.352, 1e-12) << "behind the second";
  in.planned[0].workLeft = 0.01;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.608, 1e-12) << "all in a row";
  in.planned = {{1, 0.5}};
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.106, 1e-12);
  // Even buckets in a window are the same as these.
  in.planned = {{0.25, 0.3}, {0.25, 0.2}, {0.25, 0.1}, {0.25, 0}};
  ScalingInput even = simple();
  even.network.latency = 1e-3;
  even.buckets = 4;
  even.overlap = 0.4;
  EXPECT_NEAR(rowOf(in, 4).exposed, rowOf(even, 4).exposed, 1e-12);
}

TEST(Scaling, WhatCoresDoIsNotHidden) {
  ScalingInput in = simple();
  in.overlap = 1;
  in.buckets = 1000;
  in.sumBandwidth = 4e9;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.075, 1e-3) << "adding";
  in.sumBandwidth = 0;
  in.ranksPerHost = 4;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.3, 1e-12) << "copies in a host";
  in.coresCopy = false;
  EXPECT_NEAR(rowOf(in, 4).exposed, 0.0003, 1e-12) << "links of devices";
}

TEST(Scaling, AccumulationMakesTheAllReduceRarer) {
  ScalingInput in = simple();
  in.accumulation = 8;
  EXPECT_NEAR(rowOf(in, 4).efficiency, 8 / 8.6, 1e-12);
  in.everyMicroBatch = true;
  EXPECT_NEAR(rowOf(in, 4).efficiency, 8 / (8 + 8 * 0.6), 1e-12);
  EXPECT_DOUBLE_EQ(rowOf(in, 4).sentBytes, 8 * 6e8);
}

TEST(Scaling, RanksOfAHostSlowEachOtherDown) {
  ScalingInput in = simple();
  in.ranksPerHost = 5;
  in.fullHostStep = 1.2;
  in.fullHostUpdate = 3;
  in.updateSeconds = 0.1;
  EXPECT_NEAR(rowOf(in, 1).compute, 1, 1e-12);
  EXPECT_NEAR(rowOf(in, 3).compute, 1.1, 1e-12);
  EXPECT_NEAR(rowOf(in, 3).update, 0.2, 1e-12);
  EXPECT_NEAR(rowOf(in, 10).compute, 1.2, 1e-12);
}

TEST(Scaling, TheSlowestRankIsWaitedFor) {
  ScalingInput in = simple();
  in.accumulation = 4;
  in.spread = 0.1;
  double z = largestOfNormals(16);
  EXPECT_NEAR(rowOf(in, 16).waiting, 4 * 0.1 / 2 * z, 1e-9);
  in.everyMicroBatch = true;
  EXPECT_NEAR(rowOf(in, 16).waiting, 4 * 0.1 * z, 1e-9);
}

TEST(Scaling, AShardedOptimizerUpdatesAShare) {
  ScalingInput in = simple();
  in.updateSeconds = 0.4;
  in.shardOptimizer = true;
  EXPECT_NEAR(rowOf(in, 4).update, 0.1, 1e-12);
  EXPECT_NEAR(rowOf(in, 1).update, 0.4, 1e-12);
}

TEST(Scaling, RefusesWhatNoMachineHas) {
  ScalingInput in = simple();
  in.stepSeconds = 0;
  EXPECT_EQ(errorOf(in),
            "the time of a step is missing: give --step-time or --measured");
  in.stepSeconds = -1;
  EXPECT_EQ(errorOf(in), "--step-time is -1 s, expected 1e-06 to 100000");
  in.stepSeconds = std::nan("");
  EXPECT_THAT(errorOf(in), testing::HasSubstr("--step-time is nan s"));
  in = simple();
  in.network.bandwidth = 1e20;
  EXPECT_EQ(errorOf(in),
            "--link-bandwidth is 1e+11 GB/s, expected 1e-05 to 100000");
  in.network.bandwidth = -1;
  EXPECT_THAT(errorOf(in), testing::HasSubstr("--link-bandwidth is -1e-09"));
  in.network = {1e9, -1e-6};
  EXPECT_THAT(errorOf(in), testing::HasSubstr("--link-latency is -1 micro"));
  in = simple();
  in.overlap = 1.5;
  EXPECT_EQ(errorOf(in), "--overlap is 1.5, expected 0 to 1");
  in = simple();
  in.accumulation = 0;
  EXPECT_THAT(errorOf(in), testing::HasSubstr("--num-accumulation-steps is 0"));
  EXPECT_EQ(errorOf(simple(), 0),
            "--scaling-workers has 0, expected 1 to 1000000");
}

TEST(Scaling, AsksForTheLinksThatItNeedsOnly) {
  ScalingInput in = simple();
  in.host = {};
  EXPECT_TRUE(predictScaling(in, {1, 2, 64}).ok());
  in.ranksPerHost = 4;
  EXPECT_EQ(errorOf(in, 8), "--host-bandwidth is missing: 8 workers are up to "
                            "4 ranks on a host");
  in.host = {1e9, 0};
  in.network = {};
  EXPECT_TRUE(predictScaling(in, {1, 2, 4}).ok());
  EXPECT_EQ(errorOf(in, 8), "--link-bandwidth is missing: 8 workers are on "
                            "several hosts of 4 ranks");
}

TEST(ScalingReport, PictureHasAPlaceForEveryNumberOfWorkers) {
  ScalingReport report;
  report.input = simple();
  auto rows = predictScaling(report.input, {1, 2, 1024});
  ASSERT_TRUE(rows.ok());
  report.rows = *rows;
  std::string svg = scalingSvg(report);
  EXPECT_THAT(svg, testing::StartsWith("<svg "));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  EXPECT_THAT(svg, testing::HasSubstr(">1024</text>"));
  EXPECT_THAT(svg, testing::Not(testing::HasSubstr("nan")));
}

} // namespace
} // namespace bertc
