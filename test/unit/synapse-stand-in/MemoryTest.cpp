// SPDX-License-Identifier: Apache-2.0
//
// Device memory, host memory that the device may reach, copies and fills.
#include "test/unit/synapse-stand-in/StandIn.h"

using namespace bertc::standin;

namespace {

class MemoryTest : public DeviceTest {
protected:
  template <class T> uint64_t address(T *pointer) {
    return reinterpret_cast<uint64_t>(pointer);
  }
};

TEST_F(MemoryTest, addressesAreAlignedAndNoPointers) {
  uint64_t one = deviceMalloc(1), two = deviceMalloc(129),
           three = deviceMalloc(128);
  EXPECT_EQ(one % 128, 0u);
  EXPECT_EQ(two, one + 128);
  EXPECT_EQ(three, two + 256);
  // Not an address that a program of x86-64 can have.
  EXPECT_GE(one, uint64_t(1) << 48);
  ASSERT_SYN(synDeviceFree(device_, two, 0));
  EXPECT_EQ(deviceMalloc(256), two);
}

TEST_F(MemoryTest, theDeviceHasItsSizeAndNoMore) {
  uint64_t buffer = 0;
  // Most of it at once; costs the host nothing until it is touched.
  uint64_t large = deviceMalloc(uint64_t(90) << 30);
  EXPECT_STATUS(synOutOfDeviceMemory,
                synDeviceMalloc(device_, uint64_t(7) << 30, 0, 0, &buffer));
  EXPECT_TRUE(lastMessageHas("7516192768 bytes asked, 6442450944 of "));
  ASSERT_SYN(synDeviceFree(device_, large, 0));
  EXPECT_SYN(synDeviceMalloc(device_, uint64_t(7) << 30, 0, 0, &buffer));
  restartWith("memory=1000");
  EXPECT_STATUS(synOutOfDeviceMemory,
                synDeviceMalloc(device_, 1001, 0, 0, &buffer));
  EXPECT_SYN(synDeviceMalloc(device_, 500, 0, 0, &buffer));
}

TEST_F(MemoryTest, argumentsAreChecked) {
  uint64_t buffer = 0;
  void *host = nullptr;
  EXPECT_STATUS(synInvalidArgument, synDeviceMalloc(device_, 0, 0, 0, &buffer));
  EXPECT_STATUS(synInvalidArgument, synDeviceMalloc(device_, 8, 0, 1, &buffer));
  EXPECT_STATUS(synInvalidArgument, synDeviceMalloc(7, 8, 0, 0, &buffer));
  EXPECT_STATUS(synInvalidArgument, synDeviceFree(device_, 4096, 0));
  EXPECT_STATUS(synInvalidArgument,
                synDeviceFree(device_, deviceMalloc(256) + 128, 0));
  EXPECT_STATUS(synInvalidArgument, synHostMalloc(device_, 0, 0, &host));
  EXPECT_STATUS(synInvalidArgument, synHostFree(device_, &buffer, 0));
}

TEST_F(MemoryTest, hostMemoryMustBeMapped) {
  uint64_t device = deviceMalloc(256);
  std::vector<char> own(256);
  EXPECT_STATUS(
      synMappingNotFound,
      synMemCopyAsync(stream_, address(own.data()), 256, device, HOST_TO_DRAM));
  ASSERT_SYN(synHostMap(device_, 128, own.data()));
  EXPECT_STATUS(
      synMappingNotFound,
      synMemCopyAsync(stream_, address(own.data()), 129, device, HOST_TO_DRAM));
  EXPECT_SYN(synMemCopyAsync(stream_, address(own.data()) + 28, 100, device,
                             HOST_TO_DRAM));
  EXPECT_STATUS(synInvalidArgument, synHostMap(device_, 8, own.data() + 8));
  ASSERT_SYN(synStreamSynchronize(stream_));
  ASSERT_SYN(synHostUnmap(device_, own.data()));
  EXPECT_STATUS(synMappingNotFound, synHostUnmap(device_, own.data()));
  EXPECT_STATUS(
      synMappingNotFound,
      synMemCopyAsync(stream_, device, 8, address(own.data()), DRAM_TO_HOST));
}

TEST_F(MemoryTest, hostMemoryOfTheLibraryIsMapped) {
  void *host = nullptr;
  ASSERT_SYN(synHostMalloc(device_, 100, 0, &host));
  std::memset(host, 7, 100);
  uint64_t device = deviceMalloc(128);
  ASSERT_SYN(
      synMemCopyAsync(stream_, address(host), 100, device, HOST_TO_DRAM));
  ASSERT_SYN(synMemsetD8Async(device, 9, 50, stream_));
  ASSERT_SYN(
      synMemCopyAsync(stream_, device, 100, address(host), DRAM_TO_HOST));
  ASSERT_SYN(synStreamSynchronize(stream_));
  EXPECT_EQ(static_cast<char *>(host)[49], 9);
  EXPECT_EQ(static_cast<char *>(host)[50], 7);
  EXPECT_STATUS(synMappingNotFound, synHostUnmap(device_, host));
  ASSERT_SYN(synHostFree(device_, host, 0));
  EXPECT_STATUS(synInvalidArgument, synHostFree(device_, host, 0));
}

TEST_F(MemoryTest, deviceRangesLieInOneAllocation) {
  uint64_t one = deviceMalloc(128), two = deviceMalloc(128);
  EXPECT_STATUS(synInvalidArgument,
                synMemCopyAsync(stream_, one, 129, two, DRAM_TO_DRAM));
  EXPECT_STATUS(synInvalidArgument,
                synMemCopyAsync(stream_, one, 64, two + 65, DRAM_TO_DRAM));
  EXPECT_STATUS(synInvalidArgument, synMemsetD32Async(one, 0, 33, stream_));
  EXPECT_STATUS(synInvalidArgument,
                synMemsetD32Async(one, 0, ~size_t(0) / 2, stream_));
  EXPECT_STATUS(synInvalidArgument, synMemsetD16Async(one - 2, 0, 1, stream_));
  EXPECT_STATUS(synInvalidArgument,
                synMemCopyAsync(stream_, one, 8, two, synDmaDir(3)));
  EXPECT_SYN(synMemCopyAsync(stream_, one, 128, two, DRAM_TO_DRAM));
}

TEST_F(MemoryTest, severalCopiesAreOneCall) {
  uint64_t device = deviceMalloc(256);
  upload(device, {1, 2, 3, 4});
  uint64_t sources[] = {device, device + 8}, bytes[] = {8, 8};
  uint64_t targets[] = {device + 136, device + 128};
  ASSERT_SYN(synMemCopyAsyncMultiple(stream_, sources, bytes, targets,
                                     DRAM_TO_DRAM, 2));
  EXPECT_EQ(download(device + 128, 4), (std::vector<float>{3, 4, 1, 2}));
  bytes[1] = 1000;
  EXPECT_STATUS(synInvalidArgument,
                synMemCopyAsyncMultiple(stream_, sources, bytes, targets,
                                        DRAM_TO_DRAM, 2));
}

TEST_F(MemoryTest, fillsOfAllWidths) {
  uint64_t device = deviceMalloc(128);
  ASSERT_SYN(synMemsetD32Async(device, 0x40000000, 2, stream_));
  ASSERT_SYN(synMemsetD16Async(device + 4, 0x3f80, 1, stream_));
  ASSERT_SYN(synMemsetD16Async(device + 6, 0x3f80, 1, stream_));
  std::vector<float> values = download(device, 2);
  EXPECT_EQ(values[0], 2.0f);
  uint32_t bits = 0;
  std::memcpy(&bits, &values[1], 4);
  EXPECT_EQ(bits, 0x3f803f80u);
}

TEST_F(MemoryTest, hostMemoryUnmappedBeforeTheCopyRunsFailsTheStream) {
  restartWith("slow_stream_ms=20");
  std::vector<char> own(64);
  ASSERT_SYN(synHostMap(device_, 64, own.data()));
  ASSERT_SYN(synMemCopyAsync(stream_, deviceMalloc(128), 64,
                             address(own.data()), DRAM_TO_HOST));
  ASSERT_SYN(synHostUnmap(device_, own.data()));
  EXPECT_STATUS(synMappingNotFound, synStreamSynchronize(stream_));
}

} // namespace
