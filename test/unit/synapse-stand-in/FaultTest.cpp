// SPDX-License-Identifier: Apache-2.0
//
// Faults that the environment orders, and the accounting of objects and calls.
#include "test/unit/synapse-stand-in/StandIn.h"

#include <cmath>
#include <fstream>
#include <iterator>

using namespace bertc::standin;

namespace {

using FaultTest = DeviceTest;

TEST_F(FaultTest, theNthCallFailsWithTheStatus) {
  restartWith("synDeviceMalloc:2=4;synHostMalloc:1=3");
  uint64_t buffer = 0;
  void *host = nullptr;
  EXPECT_SYN(synDeviceMalloc(device_, 8, 0, 0, &buffer));
  EXPECT_STATUS(synOutOfDeviceMemory,
                synDeviceMalloc(device_, 8, 0, 0, &buffer));
  EXPECT_TRUE(lastMessageHas("fault ordered for call 2"));
  EXPECT_SYN(synDeviceMalloc(device_, 8, 0, 0, &buffer));
  EXPECT_STATUS(synOutOfHostMemory, synHostMalloc(device_, 8, 0, &host));
  EXPECT_EQ(host, nullptr);
}

TEST_F(FaultTest, orThatCallAndAllLaterOnes) {
  restartWith("synStreamSynchronize:2+=42");
  EXPECT_SYN(synStreamSynchronize(stream_));
  EXPECT_STATUS(synTimeout, synStreamSynchronize(stream_));
  EXPECT_STATUS(synTimeout, synStreamSynchronize(stream_));
}

TEST_F(FaultTest, initializeCanFail) {
  synDestroy();
  Environment faults("SYNAPSE_STAND_IN_FAULT", "synInitialize:1=26");
  EXPECT_STATUS(synFail, synInitialize());
}

/// c = a x a.
synRecipeHandle square() {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {2, 2});
  graph.node("gemm", {a, a}, {graph.persistent("c", {2, 2})});
  synRecipeHandle recipe = graph.compile();
  EXPECT_SYN(synGraphDestroy(graph.graph));
  return recipe;
}

TEST_F(FaultTest, aResetEndsTheDevice) {
  restartWith("reset_after_launch=2");
  synRecipeHandle recipe = square();
  uint64_t a = deviceMalloc(128), c = deviceMalloc(128), other = 0;
  synEventHandle event = nullptr;
  ASSERT_SYN(synEventCreate(&event, device_, 0));
  LaunchList list;
  list.add("a", a).add("c", c);
  EXPECT_SYN(list.launch(stream_, recipe));
  EXPECT_SYN(synStreamSynchronize(stream_));
  EXPECT_SYN(list.launch(stream_, recipe));
  // The stream may learn of it at once or with the next work.
  synStreamSynchronize(stream_);
  EXPECT_STATUS(synDeviceReset, synStreamSynchronize(stream_));
  EXPECT_STATUS(synDeviceReset, list.launch(stream_, recipe));
  EXPECT_STATUS(synDeviceReset, synDeviceMalloc(device_, 8, 0, 0, &other));
  EXPECT_STATUS(synDeviceReset,
                synMemCopyAsync(stream_, a, 8, c, DRAM_TO_DRAM));
  EXPECT_STATUS(synDeviceReset, synEventRecord(event, stream_));
  EXPECT_STATUS(synDeviceReset, synDeviceSynchronize(device_));
  // What gives resources back does so, and tells.
  EXPECT_STATUS(synDeviceReset, synEventDestroy(event));
  EXPECT_STATUS(synInvalidEventHandle, synEventDestroy(event));
  EXPECT_STATUS(synDeviceReset, synDeviceFree(device_, a, 0));
  EXPECT_STATUS(synInvalidArgument, synDeviceFree(device_, a, 0));
  EXPECT_STATUS(synDeviceReset, synStreamDestroy(stream_));
  EXPECT_SYN(synRecipeDestroy(recipe));
  // A device that is given back and taken again is alive.
  ASSERT_SYN(synDeviceRelease(device_));
  ASSERT_SYN(synDeviceAcquireByDeviceType(&device_, synDeviceGaudi2));
  EXPECT_SYN(synDeviceMalloc(device_, 8, 0, 0, &other));
}

TEST_F(FaultTest, poisonFillsNewMemoryAndTheWorkspace) {
  restartWith("poison=1");
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {4}), t = graph.tensor("t", {4});
  graph.node("add_fwd_f32", {a, a}, {t});
  graph.node("add_fwd_f32", {t, t}, {graph.persistent("c", {4})});
  synRecipeHandle recipe = graph.compile();
  uint64_t memory = deviceMalloc(1024);
  EXPECT_TRUE(std::isnan(download(memory, 1)[0]));
  upload(memory, {1, 2, 3, 4});
  upload(memory + 512, std::vector<float>(128, 0.0f));
  LaunchList list;
  list.add("a", memory).add("c", memory + 128);
  ASSERT_SYN(list.launch(stream_, recipe, memory + 512));
  EXPECT_EQ(download(memory + 128, 4), (std::vector<float>{4, 8, 12, 16}));
  // The 16 bytes of t are written, the rest of its 128 is poison, and what
  // lies behind the workspace is as it was.
  EXPECT_TRUE(std::isnan(download(memory + 512 + 16, 1)[0]));
  EXPECT_EQ(download(memory + 512 + 128, 1)[0], 0.0f);
}

TEST_F(FaultTest, nodesCanRunAsLateAsTheirEdgesAllow) {
  // Two nodes without an edge between them write their names into a trace.
  for (bool last : {false, true}) {
    restartWith(last ? "order=last" : "");
    GraphBuilder graph;
    synTensor a = graph.persistent("a", {2, 2});
    graph.node("gemm", {a, a}, {graph.persistent("b", {2, 2})}, nullptr, 0,
               "first");
    graph.node("gemm", {a, a}, {graph.persistent("c", {2, 2})}, nullptr, 0,
               "second");
    synRecipeHandle recipe = graph.compile();
    uint64_t memory = deviceMalloc(1024);
    ASSERT_SYN(synProfilerStart(synTraceDevice, device_));
    LaunchList list;
    list.add("a", memory).add("b", memory + 128).add("c", memory + 256);
    ASSERT_SYN(list.launch(stream_, recipe));
    ASSERT_SYN(synStreamSynchronize(stream_));
    ASSERT_SYN(synProfilerStop(synTraceDevice, device_));
    size_t bytes = 0, count = 0;
    ASSERT_SYN(synProfilerGetTrace(synTraceDevice, device_, synTraceFormatTEF,
                                   nullptr, &bytes, &count));
    std::vector<synTraceEvent> events(bytes / sizeof(synTraceEvent) + 1);
    ASSERT_SYN(synProfilerGetTrace(synTraceDevice, device_, synTraceFormatTEF,
                                   events.data(), &bytes, &count));
    EXPECT_STREQ(events[count - 2].name, last ? "second" : "first");
  }
}

class ReportTest : public DeviceTest {
protected:
  std::string report() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool reports(const std::string &words) {
    return report().find(words) != std::string::npos;
  }
  std::string path_ = testing::TempDir() + "/stand-in-report.json";
  Environment variable_{"SYNAPSE_STAND_IN_REPORT", path_};
};

TEST_F(ReportTest, tellsWhatIsAliveAndHowOftenFunctionsWereCalled) {
  restartWith("synEventCreate:1=26");
  synRecipeHandle recipe = square();
  synEventHandle event = nullptr;
  EXPECT_STATUS(synFail, synEventCreate(&event, device_, 0));
  EXPECT_SYN(synEventCreate(&event, device_, 0));
  deviceMalloc(100);
  synDestroy();
  EXPECT_TRUE(reports("\"recipe\": 1")) << report();
  EXPECT_TRUE(reports("\"event\": 1"));
  EXPECT_TRUE(reports("\"stream\": 1"));
  EXPECT_TRUE(reports("\"graph\": 0"));
  EXPECT_TRUE(reports("\"section\": 2"));
  EXPECT_TRUE(reports("\"device\": 1"));
  EXPECT_TRUE(reports("\"device_bytes\": 128"));
  EXPECT_TRUE(reports("\"peak_device_bytes\": 128"));
  EXPECT_TRUE(reports("\"synEventCreate\": {\"calls\": 2, \"failed\": 1}"));
  EXPECT_NE(recipe, nullptr);
}

TEST_F(ReportTest, tellsWhatWasLeakedWhenTheDeviceWasGivenBack) {
  void *host = nullptr;
  ASSERT_SYN(synHostMalloc(device_, 8, 0, &host));
  ASSERT_SYN(synDeviceRelease(device_));
  synDestroy();
  EXPECT_TRUE(reports("\"leaked\": {\"host_memory\": 1, \"stream\": 1}"))
      << report();
}

TEST_F(ReportTest, tellsOfNothingWhenAllIsGivenBack) {
  ASSERT_SYN(synStreamDestroy(stream_));
  ASSERT_SYN(synDeviceRelease(device_));
  synDestroy();
  EXPECT_TRUE(reports("\"leaked\": {}")) << report();
  EXPECT_TRUE(reports("\"live\": {\"communicator\": 0, \"device\": 0, "
                      "\"device_bytes\": 0, \"device_memory\": 0, \"event\": "
                      "0, \"graph\": 0, \"host_mapping\": 0, \"host_memory\": "
                      "0, \"recipe\": 0, \"section\": 0, \"stream\": 0, "
                      "\"tensor\": 0}"))
      << report();
}

} // namespace
