// SPDX-License-Identifier: Apache-2.0
//
// The library and its devices: initialising, settings, finding and taking a
// device, what a device says of itself.
#include "test/unit/synapse-stand-in/StandIn.h"

using namespace bertc::standin;

namespace {

TEST(UninitialisedTest, callsAreRefusedBeforeInitialize) {
  uint32_t count = 0;
  EXPECT_STATUS(synUninitialized, synDeviceGetCount(&count));
  synGraphHandle graph = nullptr;
  EXPECT_STATUS(synUninitialized, synGraphCreate(&graph, synDeviceGaudi));
  EXPECT_TRUE(lastMessageHas("call synInitialize first"));
  EXPECT_STATUS(synUninitialized, synDestroy());
}

TEST_F(LibraryTest, aSecondInitializeSucceeds) { EXPECT_SYN(synInitialize()); }

TEST_F(LibraryTest, versionIsATextAndTheEnvironmentSetsIt) {
  char text[64];
  ASSERT_SYN(synDriverGetVersion(text, sizeof(text)));
  EXPECT_STREQ(text, "1.21.0-stand-in");
  EXPECT_STATUS(synInvalidArgument, synDriverGetVersion(text, 4));
  Environment other("SYNAPSE_STAND_IN_VERSION", "1.18.0");
  ASSERT_SYN(synDriverGetVersion(text, sizeof(text)));
  EXPECT_STREQ(text, "1.18.0");
}

TEST_F(LibraryTest, settingsAreKept) {
  char value[8];
  EXPECT_STATUS(synInvalidArgument, synConfigurationGet("A", value, 8));
  ASSERT_SYN(synConfigurationSet("A", "true"));
  ASSERT_SYN(synConfigurationGet("A", value, 8));
  EXPECT_STREQ(value, "true");
  EXPECT_STATUS(synInvalidArgument, synConfigurationGet("A", value, 2));
}

TEST_F(LibraryTest, statusesHaveTexts) {
  char text[STATUS_DESCRIPTION_MAX_SIZE];
  for (uint32_t status = 0; status <= synFailTpcKernels; status++) {
    ASSERT_SYN(
        synStatusGetBriefDescription(synStatus(status), text, sizeof(text)));
    EXPECT_STREQ(text, synGetErrorString(synStatus(status)));
    EXPECT_STRNE(text, "unknown status");
  }
  EXPECT_STREQ(synGetErrorString(synStatus(1000)), "unknown status");
}

TEST_F(LibraryTest, theLastErrorIsGivenOnce) {
  synDeviceId id = 0;
  EXPECT_STATUS(synNoDeviceFound, synDeviceAcquireByModuleId(&id, 99));
  EXPECT_STREQ(synGetLastErrorMessage(), "synDeviceAcquireByModuleId: the "
                                         "machine has no module 99");
  EXPECT_EQ(synGetLastError(), synNoDeviceFound);
  EXPECT_EQ(synGetLastError(), synSuccess);
}

TEST_F(LibraryTest, theMachineHasEightOfEachType) {
  uint32_t count = 0;
  ASSERT_SYN(synDeviceGetCount(&count));
  EXPECT_EQ(count, 16u);
  ASSERT_SYN(synDeviceGetCountByDeviceType(&count, synDeviceGaudi2));
  EXPECT_EQ(count, 8u);
  ASSERT_SYN(synDeviceGetCountByDeviceType(&count, synDeviceGaudi3));
  EXPECT_EQ(count, 0u);
  uint32_t ids[16], size = 16;
  ASSERT_SYN(synDeviceGetModuleIDs(ids, &size));
  EXPECT_EQ(size, 16u);
  EXPECT_EQ(ids[15], 15u);
  size = 3;
  EXPECT_STATUS(synInvalidArgument, synDeviceGetModuleIDs(ids, &size));
}

TEST_F(LibraryTest, theEnvironmentSetsTheMachine) {
  Environment devices("SYNAPSE_STAND_IN_DEVICES", "gaudi:2");
  restart("");
  uint32_t count = 0;
  ASSERT_SYN(synDeviceGetCount(&count));
  EXPECT_EQ(count, 2u);
  synDeviceId id = 0;
  EXPECT_STATUS(synNoDeviceFound,
                synDeviceAcquireByDeviceType(&id, synDeviceGaudi2));
  EXPECT_SYN(synDeviceAcquireByDeviceType(&id, synDeviceTypeInvalid));
  synDeviceInfo info;
  ASSERT_SYN(synDeviceGetInfo(id, &info));
  EXPECT_EQ(info.deviceType, synDeviceGaudi);
}

TEST_F(LibraryTest, anUnreadableEnvironmentIsTold) {
  synDestroy();
  {
    Environment devices("SYNAPSE_STAND_IN_DEVICES", "greco:2");
    EXPECT_EQ(synInitialize(), synFail);
    EXPECT_TRUE(lastMessageHas("\"greco:2\" is not gaudi:COUNT"));
  }
  for (const char *bad : {"synLaunch", "synLaunch:0=3", "memory=x", "what=3"}) {
    Environment faults("SYNAPSE_STAND_IN_FAULT", bad);
    EXPECT_EQ(synInitialize(), synFail) << bad;
    EXPECT_TRUE(lastMessageHas(bad)) << synGetLastErrorMessage();
  }
  EXPECT_SYN(synInitialize());
}

TEST_F(LibraryTest, aProcessTakesOneDevice) {
  synDeviceId id = 9, other = 9;
  ASSERT_SYN(synDeviceAcquireByDeviceType(&id, synDeviceGaudi2));
  EXPECT_STATUS(synDeviceAlreadyAcquired,
                synDeviceAcquireByDeviceType(&other, synDeviceGaudi2));
  EXPECT_STATUS(synDeviceAlreadyAcquired,
                synDeviceAcquireByModuleId(&other, 3));
  EXPECT_STATUS(synDeviceAlreadyAcquired, synDeviceAcquire(&other, nullptr));
  EXPECT_STATUS(synInvalidArgument, synDeviceRelease(id + 1));
  ASSERT_SYN(synDeviceRelease(id));
  EXPECT_STATUS(synInvalidArgument, synDeviceRelease(id));
  EXPECT_SYN(synDeviceAcquireByModuleId(&id, 3));
}

TEST_F(LibraryTest, devicesAreFoundByBusAddress) {
  synDeviceId id = 9;
  EXPECT_STATUS(synNoDeviceFound, synDeviceAcquire(&id, "0000:20:00.0"));
  EXPECT_STATUS(synNoDeviceFound, synDeviceAcquire(&id, "nonsense"));
  ASSERT_SYN(synDeviceAcquire(&id, "0000:09:00.0"));
  synDeviceInfoV2 info;
  ASSERT_SYN(synDeviceGetInfoV2(id, &info));
  EXPECT_EQ(info.deviceIndex, 9);
  EXPECT_EQ(info.deviceType, synDeviceGaudi);
  EXPECT_EQ(info.dramSize, uint64_t(32) << 30);
}

TEST_F(DeviceTest, attributesTellMemoryAlignmentAndRank) {
  const synDeviceAttribute wanted[] = {
      DEVICE_ATTRIBUTE_DRAM_SIZE, DEVICE_ATTRIBUTE_DRAM_FREE_SIZE,
      DEVICE_ATTRIBUTE_ADDRESS_ALIGNMENT_SIZE, DEVICE_ATTRIBUTE_MAX_DIMS,
      DEVICE_ATTRIBUTE_DEVICE_TYPE};
  deviceMalloc(1 << 20);
  uint64_t values[5];
  ASSERT_SYN(synDeviceGetAttribute(values, wanted, 5, device_));
  EXPECT_EQ(values[0], uint64_t(96) << 30);
  EXPECT_EQ(values[1], values[0] - (1 << 20));
  EXPECT_EQ(values[2], 128u);
  EXPECT_EQ(values[3], 8u);
  EXPECT_EQ(values[4], synDeviceGaudi2);
  ASSERT_SYN(synDeviceTypeGetAttribute(values, wanted, 1, synDeviceGaudi));
  EXPECT_EQ(values[0], uint64_t(32) << 30);
  EXPECT_STATUS(synUnsupported,
                synDeviceTypeGetAttribute(values, wanted, 2, synDeviceGaudi));
  EXPECT_STATUS(synInvalidArgument,
                synDeviceTypeGetAttribute(values, wanted, 1, synDeviceGoya2));
  auto unknown = synDeviceAttribute(77);
  EXPECT_STATUS(synInvalidArgument,
                synDeviceGetAttribute(values, &unknown, 1, device_));
}

TEST_F(DeviceTest, aDeviceHasANameAndTellsItsMemory) {
  char name[32];
  ASSERT_SYN(synDeviceGetName(name, sizeof(name), device_));
  EXPECT_STREQ(name, "Gaudi2 stand-in");
  EXPECT_STATUS(synInvalidArgument, synDeviceGetName(name, 3, device_));
  uint64_t before = 0, after = 0, total = 0;
  ASSERT_SYN(synDeviceGetMemoryInfo(device_, &before, &total));
  EXPECT_EQ(before, total);
  uint64_t address = deviceMalloc(100);
  ASSERT_SYN(synDeviceGetMemoryInfo(device_, &after, &total));
  EXPECT_EQ(after, total - 128);
  ASSERT_SYN(synDeviceFree(device_, address, 0));
  ASSERT_SYN(synDeviceGetMemoryInfo(device_, &after, &total));
  EXPECT_EQ(after, total);
}

} // namespace
