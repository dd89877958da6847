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
    EXPECT_LE((*part)->bytes.size(), memoryBytes);
    for (std::string_view view : (*part)->instances) {
      PretrainInstance instance;
      EXPECT_TRUE(unpackInstance(view, &instance));
      order.push_back(instance.ids[1]);
    }
  }
}

TEST(PackInstance, RoundTrips) {
  PretrainInstance instance = makeInstance(41), back;
  std::string packed;
  packInstance(instance, 7, &packed);
  ASSERT_TRUE(unpackInstance(packed, &back));
  EXPECT_EQ(back.ids, instance.ids);
  EXPECT_EQ(back.firstSegment, 3U);
  EXPECT_TRUE(back.isRandomNext);
  EXPECT_EQ(back.maskedPositions, instance.maskedPositions);
  EXPECT_EQ(back.maskedLabels, instance.maskedLabels);
  EXPECT_FALSE(unpackInstance(packed.substr(0, 30), &back));
  EXPECT_FALSE(unpackInstance("", &back));
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
  EXPECT_EQ(shuffled(5000, 260000, 20000), order);
  // A guess that was far too low: files are spread again, twice.
  EXPECT_EQ(shuffled(5000, 0, 3000), order);
  EXPECT_EQ(shuffled(5000, 8000, 3000), order);
}

TEST(ShuffleStore, EmptyStoreEndsAtOnce) {
  EXPECT_TRUE(shuffled(0, 1000, 1000).empty());
}

} // namespace
} // namespace bertc
