// SPDX-License-Identifier: Apache-2.0
//
// Streams and events: order on a stream, waiting between streams, queries,
// times, events of external tensors.
#include "test/unit/synapse-stand-in/StandIn.h"

#include <chrono>

using namespace bertc::standin;

namespace {

class StreamTest : public DeviceTest {
protected:
  synEventHandle event(uint32_t flags = 0) {
    synEventHandle made = nullptr;
    EXPECT_SYN(synEventCreate(&made, device_, flags));
    return made;
  }
  synStreamHandle stream() {
    synStreamHandle made = nullptr;
    EXPECT_SYN(synStreamCreateGeneric(&made, device_, 0));
    return made;
  }
};

TEST_F(StreamTest, workRunsInOrder) {
  uint64_t address = deviceMalloc(128);
  for (uint32_t i = 1; i <= 100; i++) {
    ASSERT_SYN(synMemsetD32Async(address, i, 32, stream_));
  }
  ASSERT_SYN(synStreamSynchronize(stream_));
  float expected = 0;
  uint32_t hundred = 100;
  std::memcpy(&expected, &hundred, 4);
  EXPECT_EQ(download(address, 32), std::vector<float>(32, expected));
}

TEST_F(StreamTest, queriesTellBusyAndDone) {
  restartWith("slow_stream_ms=50");
  uint64_t address = deviceMalloc(128);
  synEventHandle done = event();
  EXPECT_SYN(synStreamQuery(stream_));
  EXPECT_SYN(synEventQuery(done));
  ASSERT_SYN(synMemsetD8Async(address, 1, 1, stream_));
  ASSERT_SYN(synEventRecord(done, stream_));
  EXPECT_STATUS(synBusy, synStreamQuery(stream_));
  EXPECT_STATUS(synBusy, synEventQuery(done));
  EXPECT_SYN(synEventSynchronize(done));
  EXPECT_SYN(synStreamSynchronize(stream_));
  EXPECT_SYN(synStreamQuery(stream_));
  EXPECT_SYN(synEventQuery(done));
  EXPECT_SYN(synDeviceSynchronize(device_));
}

TEST_F(StreamTest, aStreamWaitsForTheEventOfAnother) {
  restartWith("slow_stream_ms=10");
  uint64_t address = deviceMalloc(128), copy = deviceMalloc(128);
  synStreamHandle second = stream();
  synEventHandle done = event();
  // Without the wait the copy would come long before the last memset.
  for (uint32_t i = 0; i < 5; i++) {
    ASSERT_SYN(synMemsetD32Async(address, 0x3f800000, 4, stream_));
  }
  ASSERT_SYN(synEventRecord(done, stream_));
  ASSERT_SYN(synStreamWaitEvent(second, done, 0));
  ASSERT_SYN(synMemCopyAsync(second, address, 16, copy, DRAM_TO_DRAM));
  ASSERT_SYN(synStreamSynchronize(second));
  EXPECT_EQ(download(copy, 4), std::vector<float>(4, 1.0f));
}

TEST_F(StreamTest, waitingForAnEventThatNobodyRecordedHoldsNothingUp) {
  ASSERT_SYN(synStreamWaitEvent(stream_, event(), 0));
  EXPECT_SYN(synStreamSynchronize(stream_));
}

TEST_F(StreamTest, timesAreCollectedOnRequest) {
  restartWith("slow_stream_ms=20");
  uint64_t address = deviceMalloc(128), ns = 0;
  synEventHandle start = event(EVENT_COLLECT_TIME),
                 end = event(EVENT_COLLECT_TIME), plain = event();
  EXPECT_STATUS(synFailedToCollectTime, synEventElapsedTime(&ns, start, end));
  ASSERT_SYN(synEventRecord(start, stream_));
  ASSERT_SYN(synMemsetD8Async(address, 1, 1, stream_));
  ASSERT_SYN(synEventRecord(end, stream_));
  EXPECT_STATUS(synBusy, synEventElapsedTime(&ns, start, end));
  ASSERT_SYN(synEventSynchronize(end));
  ASSERT_SYN(synEventElapsedTime(&ns, start, end));
  EXPECT_GE(ns, 20u * 1000 * 1000);
  ASSERT_SYN(synEventElapsedTime(&ns, start, nullptr));
  ASSERT_SYN(synEventRecord(plain, stream_));
  EXPECT_STATUS(synFailedToCollectTime, synEventElapsedTime(&ns, start, plain));
}

TEST_F(StreamTest, handlesAreChecked) {
  synEventHandle gone = event();
  ASSERT_SYN(synEventDestroy(gone));
  EXPECT_STATUS(synInvalidEventHandle, synEventDestroy(gone));
  EXPECT_STATUS(synInvalidEventHandle, synEventRecord(gone, stream_));
  EXPECT_STATUS(synInvalidEventHandle, synEventQuery(gone));
  EXPECT_STATUS(synInvalidEventHandle, synEventSynchronize(gone));
  EXPECT_STATUS(synInvalidEventHandle, synStreamWaitEvent(stream_, gone, 0));
  synEventHandle live = event();
  EXPECT_STATUS(synInvalidArgument, synEventCreate(&gone, device_, 8));
  EXPECT_STATUS(synInvalidArgument, synStreamWaitEvent(stream_, live, 1));
  ASSERT_SYN(synStreamDestroy(stream_));
  EXPECT_STATUS(synInvalidArgument, synStreamDestroy(stream_));
  EXPECT_STATUS(synInvalidArgument, synStreamSynchronize(stream_));
  EXPECT_STATUS(synInvalidArgument, synStreamQuery(stream_));
  EXPECT_STATUS(synInvalidArgument, synEventRecord(live, stream_));
  synStreamHandle other = nullptr;
  EXPECT_STATUS(synInvalidArgument, synStreamCreateGeneric(&other, device_, 1));
  EXPECT_STATUS(synInvalidArgument, synStreamCreateGeneric(&other, 5, 0));
}

TEST_F(StreamTest, destroyingAStreamFinishesItsWork) {
  uint64_t address = deviceMalloc(128);
  synStreamHandle second = stream();
  for (int i = 0; i < 50; i++) {
    ASSERT_SYN(synMemsetD32Async(address, 0x3f800000, 32, second));
  }
  ASSERT_SYN(synStreamDestroy(second));
  EXPECT_EQ(download(address, 32), std::vector<float>(32, 1.0f));
}

TEST_F(StreamTest, aHangingStreamEndsWithItsDevice) {
  restartWith("slow_stream_ms=1000000");
  uint64_t address = deviceMalloc(128);
  ASSERT_SYN(synMemsetD8Async(address, 1, 1, stream_));
  synEventHandle never = event();
  ASSERT_SYN(synEventRecord(never, stream_));
  ASSERT_SYN(synStreamWaitEvent(stream(), never, 0));
  EXPECT_STATUS(synBusy, synStreamQuery(stream_));
  auto start = std::chrono::steady_clock::now();
  ASSERT_SYN(synDeviceRelease(device_));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

/// t = a + a (external), c = t * a.
class ExternalTest : public StreamTest {
protected:
  void open(const std::string &faults) {
    if (!faults.empty()) {
      restartWith(faults);
    }
    GraphBuilder graph;
    synTensor a = graph.persistent("a", {4}), t = graph.persistent("t", {4});
    ASSERT_SYN(synTensorSetExternal(t, true));
    graph.node("add_fwd_f32", {a, a}, {t});
    graph.node("mult_fwd_f32", {t, a}, {graph.persistent("c", {4})});
    recipe_ = graph.compile();
    a_ = deviceMalloc(1024);
    list_.add("a", a_).add("t", a_ + 128).add("c", a_ + 256);
    const char *names[] = {"a", "t", "c"};
    uint64_t ids[3];
    ASSERT_SYN(synTensorRetrieveIds(recipe_, names, ids, 3));
    for (int i = 0; i < 3; i++) {
      list_.infos[i].tensorId = ids[i];
    }
  }
  synRecipeHandle recipe_ = nullptr;
  uint64_t a_ = 0;
  LaunchList list_;
};

TEST_F(ExternalTest, theEventOfATensorClosesWhenItIsMade) {
  open("");
  upload(a_, {1, 2, 3, 4});
  synEventHandle made = event();
  ASSERT_SYN(synEventMapTensor(&made, 1, &list_.infos[1], recipe_));
  synStreamHandle second = stream();
  uint64_t copy = deviceMalloc(128);
  ASSERT_SYN(synLaunchWithExternalEvents(stream_, list_.infos.data(), 3, 0,
                                         recipe_, &made, 1, 0));
  ASSERT_SYN(synStreamWaitEvent(second, made, 0));
  ASSERT_SYN(synMemCopyAsync(second, a_ + 128, 16, copy, DRAM_TO_DRAM));
  ASSERT_SYN(synStreamSynchronize(second));
  EXPECT_EQ(download(copy, 4), (std::vector<float>{2, 4, 6, 8}));
  EXPECT_EQ(download(a_ + 256, 4), (std::vector<float>{2, 8, 18, 32}));
}

TEST_F(ExternalTest, onlyExternalTensorsHaveEvents) {
  open("");
  synEventHandle made = event();
  EXPECT_STATUS(synInvalidArgument,
                synEventMapTensor(&made, 1, &list_.infos[0], recipe_));
  EXPECT_STATUS(synInvalidArgument,
                synLaunchWithExternalEvents(stream_, list_.infos.data(), 3, 0,
                                            recipe_, &made, 1, 0));
  EXPECT_TRUE(lastMessageHas("mapped to no tensor of the recipe"));
}

TEST_F(ExternalTest, theEventOfALaunchThatFailsClosesToo) {
  open("slow_stream_ms=20");
  synEventHandle made = event();
  ASSERT_SYN(synEventMapTensor(&made, 1, &list_.infos[1], recipe_));
  ASSERT_SYN(synLaunchWithExternalEvents(stream_, list_.infos.data(), 3, 0,
                                         recipe_, &made, 1, 0));
  ASSERT_SYN(synDeviceFree(device_, a_, 0));
  EXPECT_STATUS(synFail, synEventSynchronize(made));
}

} // namespace
