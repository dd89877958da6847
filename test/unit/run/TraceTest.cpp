// SPDX-License-Identifier: Apache-2.0
#include "run/Trace.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace bertc;

namespace {

TEST(TraceTest, stepsNestInTheirEntry) {
  Trace trace;
  {
    Trace::Span span(&trace, "train_step");
    for (int i = 0; i < 3; ++i) {
      int64_t begin = monotonicNs();
      rt::StepEvent event = {"train_step", 0,  "bert/\"x\"", "Matmul", "brgemm",
                             10,           20, begin,        begin + 1};
      while (monotonicNs() <= begin + 1) {
      }
      trace.addStep(event);
    }
  }
  auto document = nlohmann::json::parse(trace.json());
  const auto &events = document["traceEvents"];
  ASSERT_EQ(events.size(), 5u); // with the track's name
  const auto &entry = events[4];
  EXPECT_EQ(entry["name"], "train_step");
  double begin = entry["ts"], end = begin + double(entry["dur"]);
  double previousEnd = begin;
  for (size_t i = 1; i <= 3; ++i) {
    const auto &step = events[i];
    EXPECT_EQ(step["ph"], "X");
    EXPECT_EQ(step["name"], "bert/\"x\"");
    EXPECT_EQ(step["cat"], "Matmul");
    EXPECT_EQ(step["args"]["implementation"], "brgemm");
    EXPECT_EQ(step["args"]["flops"], 10);
    EXPECT_GE(double(step["ts"]), previousEnd - 1e-3);
    previousEnd = double(step["ts"]) + double(step["dur"]);
  }
  EXPECT_LE(previousEnd, end + 1e-3);
}

TEST(TraceTest, unitsOfADeviceHaveTheirOwnTracks) {
  Trace trace;
  rt::StepEvent event = {"e", 0, "graph", "Graph", "", 0, 0, 1000, 5000};
  trace.addStep(event);
  for (const char *unit : {"TPC 1", "MME 0", "TPC 1"}) {
    event.track = unit;
    trace.addStep(event);
  }
  auto events = nlohmann::json::parse(trace.json())["traceEvents"];
  ASSERT_EQ(events.size(), 3u + 4);
  std::vector<std::string> names = {"steps", "TPC 1", "MME 0"};
  for (size_t track = 0; track < names.size(); ++track) {
    EXPECT_EQ(events[track]["args"]["name"], names[track]);
    EXPECT_EQ(events[track]["tid"], track);
  }
  std::vector<int> tracks = {0, 1, 2, 1};
  for (size_t i = 0; i < tracks.size(); ++i) {
    EXPECT_EQ(events[3 + i]["tid"], tracks[i]);
  }
}

TEST(TraceTest, noTraceNoEvent) {
  Trace::Span span(nullptr, "x");
  EXPECT_EQ(Trace().size(), 0u);
}

} // namespace
