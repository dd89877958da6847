// SPDX-License-Identifier: Apache-2.0
#include "data/ShuffleStore.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

PretrainInstance makeInstance(int32_t number) {
  PretrainInstance instance;
  instance.ids = {2, number, 3, number + 1, 3};
  instance.firstSegment = 3;
  instance.isRandomNext = number % 2 == 1;
  instance.maskedPositions = {1};
  instance.maskedLabels = {number};
  return instance;
}

/// First tokens of `count` instances in the order the store returns them.
std::vector<int32_t> shuffled(int count, uint64_t expectedBytes,
                              uint64_t memoryBytes) {
  TestFolder folder;
  StatusOr<ShuffleStore> store =
      ShuffleStore::create(folder.path(), expectedBytes, memoryBytes);
  EXPECT_TRUE(store.ok()) << store.status().message();
  Random keys{99};
  std::string packed;
  for (int i = 0; i < count; ++i) {
    packInstance(makeInstance(i), keys.next(), &packed);
    if (i % 100 == 99) {
      EXPECT_TRUE(store->add(packed).ok());
      packed.clear();
    }
  }
  EXPECT_TRUE(store->add(packed).ok());
  EXPECT_EQ(store->size(), static_cast<uint64_t>(count));
  std::vector<int32_t> order;
  for (;;) {
    StatusOr<std::shared_ptr<SortedInstances>> part = store->next();
    EXPECT_TRUE(part.ok()) << part.status().message();
    if (!part.ok() || !*part) {
      return order;
    }
    EXPECT_LE((*part)->byteSize(), memoryBytes);
    for (size_t i = 0; i < (*part)->size(); ++i) {
      PretrainInstance instance;
      EXPECT_TRUE(unpackInstance((**part)[i], &instance));
      order.push_back(instance.ids[1]);
    }
  }
}

TEST(PackInstance, RoundTripsNarrowAndWide) {
  // 65535 is the last id that fits 16 bits; labels count too.
  PretrainInstance narrow = makeInstance(65534);
  PretrainInstance wide = makeInstance(65535);
  PretrainInstance wideLabel = makeInstance(41);
  wideLabel.maskedLabels = {70000};
  std::vector<size_t> sizes;
  for (const PretrainInstance &instance : {narrow, wide, wideLabel}) {
    PretrainInstance back;
    std::string packed = "before";
    packInstance(instance, 7, &packed);
    packed = packed.substr(6);
    ASSERT_TRUE(unpackInstance(packed, &back));
    EXPECT_EQ(back.ids, instance.ids);
    EXPECT_EQ(back.firstSegment, 3U);
    EXPECT_EQ(back.isRandomNext, instance.isRandomNext);
    EXPECT_EQ(back.maskedPositions, instance.maskedPositions);
    EXPECT_EQ(back.maskedLabels, instance.maskedLabels);
    EXPECT_FALSE(unpackInstance(packed.substr(0, packed.size() - 1), &back));
    EXPECT_FALSE(unpackInstance("", &back));
    sizes.push_back(packed.size());
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{16 + 5 * 2 + 4, 16 + 5 * 4 + 6,
                                        16 + 5 * 4 + 6}));
}

TEST(ShuffleStore, ReturnsEverythingInAnotherOrder) {
  std::vector<int32_t> order = shuffled(5000, 0, 1U << 30);
  ASSERT_EQ(order.size(), 5000U);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int32_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(order[static_cast<size_t>(i)], i);
  }
}

TEST(ShuffleStore, OrderDoesNotDependOnMemory) {
  std::vector<int32_t> order = shuffled(5000, 0, 1U << 30);
  // Spread over files from the start.
  EXPECT_EQ(shuffled(5000, 150000, 12000), order);
  // A guess that was far too low: files are spread again, twice.
  EXPECT_EQ(shuffled(5000, 0, 1700), order);
  EXPECT_EQ(shuffled(5000, 5000, 1700), order);
}

TEST(ShuffleStore, EmptyStoreEndsAtOnce) {
  EXPECT_TRUE(shuffled(0, 1000, 1000).empty());
}

} // namespace
} // namespace bertc
