// SPDX-License-Identifier: Apache-2.0
//
// Scalars that the host computes for a launch.

#include "runtime/synapse/Derived.h"
#include "runtime/kernels/philox/Philox.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>

namespace bertc::rt::syn {
namespace {

using ::testing::HasSubstr;

struct Packed {
  Packed(plan::DerivedKind kind, uint32_t opId, double base) {
    builder.Finish(plan::CreateDerived(builder, kind, opId, base));
  }
  const plan::Derived &get() const {
    return *flatbuffers::GetRoot<plan::Derived>(builder.GetBufferPointer());
  }
  flatbuffers::FlatBufferBuilder builder;
};

TEST(SynapseDerived, aSeedIsAWordOfPhilox) {
  Packed seed(plan::DerivedKind::DropoutSeed, 7, 0);
  StepInputs inputs;
  inputs.rng = {1, -2, 3, 0};
  StatusOr<uint32_t> bits = derivedBits(seed.get(), inputs);
  ASSERT_TRUE(bits.ok());
  EXPECT_EQ(*bits, philox::philox4x32({0, 0, 7, 3}, 1, 0xfffffffeu)[0]);
  inputs.rng.reset();
  EXPECT_THAT(derivedBits(seed.get(), inputs).status().message(),
              HasSubstr("needs an input rng"));
}

TEST(SynapseDerived, theCorrectionIsTakenInDouble) {
  Packed power(plan::DerivedKind::OneMinusPower, 0, 0.999);
  StepInputs inputs;
  EXPECT_THAT(derivedBits(power.get(), inputs).status().message(),
              HasSubstr("needs an input update_step"));
  for (int32_t step : {1, 10, 100000}) {
    inputs.updateStep = step;
    float value = 0;
    uint32_t bits = *derivedBits(power.get(), inputs);
    std::memcpy(&value, &bits, sizeof value);
    EXPECT_EQ(value, static_cast<float>(1.0 - std::pow(0.999, step)));
  }
}

TEST(SynapseDerived, bitZeroOfTheFlagsTurnsDropoutOff) {
  StepInputs inputs;
  EXPECT_FALSE(inputs.deterministic());
  inputs.rng = {0, 0, 0, 2};
  EXPECT_FALSE(inputs.deterministic());
  inputs.rng = {0, 0, 0, 3};
  EXPECT_TRUE(inputs.deterministic());
}

} // namespace
} // namespace bertc::rt::syn
