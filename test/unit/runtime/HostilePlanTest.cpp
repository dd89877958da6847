// SPDX-License-Identifier: Apache-2.0
//
// Thousands of damaged plans, resealed so that the hash does not save us: each
// one is refused or runs, and none crashes. Meant for the sanitizer build.

#include "test/unit/runtime/PlanBuilder.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace bertc::rt::test {
namespace {

// Loads, and if it loads runs every entry on zeros.
void use(const std::vector<uint8_t> &bytes) {
  StatusOr<Plan> plan = Plan::fromBytes(bytes.data(), bytes.size(), "h.plan");
  constexpr uint64_t kSmall = uint64_t{16} << 20;
  if (!plan.ok() || plan->arenaBytes() > kSmall ||
      plan->stateBytes() > kSmall) {
    return;
  }
  StatusOr<std::unique_ptr<Session>> session = Session::create(*plan, {1});
  if (!session.ok() || !(*session)->initialise(1).ok()) {
    return;
  }
  for (const EntryInfo &entry : plan->entries()) {
    std::vector<std::vector<std::byte>> storage;
    NamedInputs inputs;
    for (const TensorInfo &info : entry.inputs) {
      storage.emplace_back(numElements(info.shape) * dtypeBytes(info.dtype));
      inputs.push_back(
          {info.name, {info.dtype, info.shape, storage.back().data()}});
    }
    NamedOutputs outputs;
    for (const TensorInfo &info : entry.outputs) {
      storage.emplace_back(numElements(info.shape) * dtypeBytes(info.dtype));
      outputs.push_back(
          {info.name, {info.dtype, info.shape, storage.back().data()}});
    }
    (void)(*session)->run(entry.name, inputs, outputs);
  }
}

TEST(HostilePlan, everyBitFlipIsRefusedOrRuns) {
  const std::vector<uint8_t> whole = tinyModel().build();
  for (size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; bit += 3) {
      std::vector<uint8_t> bytes = whole;
      bytes[i] = static_cast<uint8_t>(bytes[i] ^ (1 << ((bit + i) % 8)));
      reseal(bytes);
      use(bytes);
    }
  }
}

TEST(HostilePlan, randomDamageIsRefusedOrRuns) {
  constexpr uint32_t kSeed = 20240607;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const std::vector<uint8_t> whole = tinyModel().build();
  const uint32_t interesting[] = {
      0, 1, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0x3fffffff, 64};
  for (int round = 0; round < 4000; ++round) {
    std::vector<uint8_t> bytes = whole;
    int changes = 1 + static_cast<int>(random() % 4);
    for (int change = 0; change < changes; ++change) {
      size_t at = random() % (bytes.size() - 4);
      if (random() % 2 == 0) {
        bytes[at] = static_cast<uint8_t>(random());
      } else {
        std::memcpy(&bytes[at / 4 * 4], &interesting[random() % 8], 4);
      }
    }
    reseal(bytes);
    use(bytes);
  }
}

} // namespace
} // namespace bertc::rt::test
