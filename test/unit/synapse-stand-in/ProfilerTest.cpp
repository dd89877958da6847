// SPDX-License-Identifier: Apache-2.0
//
// The profiler: which events are collected, and how they are given out.
#include "test/unit/synapse-stand-in/StandIn.h"

#include <algorithm>

using namespace bertc::standin;

namespace {

class ProfilerTest : public DeviceTest {
protected:
  /// Runs a product and a sum between start and stop.
  void trace(synTraceType type) {
    GraphBuilder graph;
    synTensor a = graph.persistent("a", {2, 2}),
              t = graph.persistent("t", {2, 2});
    graph.node("gemm", {a, a}, {t}, nullptr, 0, "product");
    graph.node("add_fwd_f32", {t, t}, {graph.persistent("c", {2, 2})}, nullptr,
               0, "sum");
    synRecipeHandle recipe = graph.compile();
    uint64_t memory = deviceMalloc(1024);
    LaunchList list;
    list.add("a", memory).add("t", memory + 128).add("c", memory + 256);
    ASSERT_SYN(synProfilerStart(type, device_));
    ASSERT_SYN(list.launch(stream_, recipe));
    ASSERT_SYN(synStreamSynchronize(stream_));
    ASSERT_SYN(synProfilerStop(type, device_));
    ASSERT_SYN(list.launch(stream_, recipe)); // Not in the trace.
    ASSERT_SYN(synStreamSynchronize(stream_));
  }
  void get(synTraceType type) {
    size_t bytes = 0;
    ASSERT_SYN(synProfilerGetTrace(type, device_, synTraceFormatTEF, nullptr,
                                   &bytes, &count_));
    buffer_.resize(bytes / sizeof(synTraceEvent) + 1);
    ASSERT_SYN(synProfilerGetTrace(type, device_, synTraceFormatTEF,
                                   buffer_.data(), &bytes, &count_));
  }
  std::vector<std::string> names() {
    std::vector<std::string> result;
    for (size_t i = 0; i < count_; i++) {
      if (buffer_[i].type == 'X') {
        result.push_back(buffer_[i].name);
      }
    }
    return result;
  }

  std::vector<synTraceEvent> buffer_;
  size_t count_ = 0;
};

TEST_F(ProfilerTest, theDevicesTraceHasItsNodes) {
  trace(synTraceDevice);
  get(synTraceDevice);
  EXPECT_EQ(names(), (std::vector<std::string>{"product", "sum"}));
  const synTraceEvent &product = buffer_[count_ - 2];
  EXPECT_STREQ(product.category, "MME");
  EXPECT_GT(product.duration, 0);
  EXPECT_GE(buffer_[count_ - 1].timestamp,
            product.timestamp + product.duration);
  EXPECT_EQ(buffer_[0].type, 'M');
  EXPECT_STREQ(buffer_[0].arguments.metadata.name, "host");
}

TEST_F(ProfilerTest, theHostsTraceHasItsCalls) {
  uint64_t begin = 0;
  trace(synTraceHost);
  get(synTraceHost);
  std::vector<std::string> calls = names();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "synLaunch"), 1);
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "product"), 0);
  ASSERT_SYN(synProfilerStart(synTraceAll, device_));
  ASSERT_SYN(synProfilerGetCurrentTimeNS(&begin));
  ASSERT_SYN(synProfilerAddCustomMeasurement("mine", begin));
  ASSERT_SYN(synProfilerStop(synTraceAll, device_));
  get(synTraceAll);
  calls = names();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "mine"), 1);
}

TEST_F(ProfilerTest, argumentsAreChecked) {
  trace(synTraceAll);
  size_t bytes = 8, count = 0;
  synTraceEvent event;
  EXPECT_STATUS(synInvalidArgument,
                synProfilerGetTrace(synTraceAll, device_, synTraceFormatTEF,
                                    &event, &bytes, &count));
  EXPECT_STATUS(synInvalidArgument,
                synProfilerGetTrace(synTraceAll, device_, synTraceFormat(3),
                                    &event, &bytes, &count));
  EXPECT_STATUS(synInvalidArgument, synProfilerStart(synTraceType(0), device_));
  EXPECT_STATUS(synInvalidArgument, synProfilerStart(synTraceAll, 4));
  uint32_t needed = 0;
  EXPECT_SYN(synProfilerQueryRequiredMemory(device_, &needed));
  std::vector<char> own(needed);
  EXPECT_SYN(synProfilerSetUserBuffer(device_, own.data()));
}

} // namespace
