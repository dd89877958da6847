// SPDX-License-Identifier: Apache-2.0
//
// The products around attention, forward and backward, with heads in blocks,
// against the same with every value asked for as a result, which has to be row
// by row: the same bits.

#include "runtime/core/CpuFeatures.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <list>
#include <random>

namespace bertc::rt::test {
namespace {

constexpr uint32_t kSeed = 816;

class AttentionLayer {
public:
  explicit AttentionLayer(int64_t positions) : positions_(positions) {}

  /// The results y, dx, the gradients of the weights; with `asked` the values
  /// between as well.
  StatusOr<std::list<std::vector<std::byte>>> run(bool asked) {
    addSteps(asked);
    BERTC_ASSIGN_OR_RETURN(Plan plan, b_.load());
    BERTC_ASSIGN_OR_RETURN(auto session, Session::create(plan, {1}));
    for (const char *name : {"wq", "wk", "wv", "wo"}) {
      std::vector<float> weights(kHidden * kHidden);
      for (float &weight : weights) {
        weight = uniform();
      }
      BERTC_RETURN_IF_ERROR(session->setVariable(
          name, {DType::F32, {kHidden, kHidden}, weights.data()}));
    }
    BERTC_RETURN_IF_ERROR(session->run("main", given_, taken_));
    return std::move(results_);
  }

private:
  static constexpr int64_t kBatch = 2, kHeads = 2, kSize = 32;
  static constexpr int64_t kHidden = kHeads * kSize;

  int64_t tokens() const { return kBatch * positions_; }
  float uniform() {
    return std::uniform_real_distribution<float>(-1, 1)(random_);
  }
  uint32_t values() { return b_.arena({tokens(), kHidden}, DType::BF16); }
  uint32_t heads(uint32_t t) {
    return b_.view(t, {kBatch, kHeads, positions_, kSize},
                   {positions_ * kHidden, kSize, kHidden, 1});
  }
  uint32_t byColumns(uint32_t t) {
    return b_.view(t, {kHidden, tokens()}, {1, kHidden});
  }
  uint32_t packed(uint32_t variable, bool transposed) {
    uint32_t index = b_.packedWeight(variable, transposed, tokens());
    b_.plan.packed_weights[index]->dtype = plan::DType::BF16;
    return b_.onPacked(index);
  }

  uint32_t input(const char *name) {
    std::vector<std::byte> &bytes =
        inputs_.emplace_back(static_cast<size_t>(tokens() * kHidden) * 2);
    for (size_t i = 0; i < bytes.size(); i += 2) {
      float value = uniform();
      std::memcpy(&bytes[i], reinterpret_cast<std::byte *>(&value) + 2, 2);
    }
    uint32_t t = values();
    b_.input(name, t);
    given_.push_back({name, {DType::BF16, {tokens(), kHidden}, bytes.data()}});
    return t;
  }
  void result(const std::string &name, uint32_t t, int64_t rows) {
    std::vector<std::byte> &bytes =
        results_.emplace_back(static_cast<size_t>(rows * kHidden) * 2);
    b_.output(name, t);
    taken_.push_back({name, {DType::BF16, {rows, kHidden}, bytes.data()}});
  }

  uint32_t product(uint32_t a, uint32_t b, uint32_t residual = kNoOperand) {
    uint32_t c = values();
    b_.step(plan::MatmulParamsT(), {a, b, kNoOperand, residual}, {c});
    return c;
  }
  void weightGradient(const char *name, uint32_t x, uint32_t dy) {
    uint32_t c = b_.arena({kHidden, kHidden}, DType::BF16);
    b_.step(plan::MatmulParamsT(), {byColumns(x), dy}, {c});
    result(name, c, kHidden);
  }

  void addSteps(bool asked) {
    uint32_t x = input("x"), dy = input("dy"), w[4];
    for (int i = 0; i < 4; ++i) {
      w[i] = b_.variable(std::string("w") + "qkvo" [i], { kHidden, kHidden });
    }
    uint32_t q = values(), k = values(), v = values(), out = values();
    b_.step(plan::MatmulGroupParamsT(),
            {x, packed(w[0], false), packed(w[1], false), packed(w[2], false)},
            {q, k, v});
    uint32_t lse = b_.arena({kBatch, kHeads, positions_});
    b_.step(plan::AttentionParamsT(), {heads(q), heads(k), heads(v)},
            {heads(out), lse});
    result("y", product(out, packed(w[3], false)), tokens());
    uint32_t dout = product(dy, packed(w[3], true));
    weightGradient("dwo", out, dy);
    uint32_t dq = values(), dk = values(), dv = values();
    b_.step(plan::AttentionGradParamsT(),
            {heads(dout), heads(q), heads(k), heads(v), lse},
            {heads(dq), heads(dk), heads(dv)});
    weightGradient("dwq", x, dq);
    weightGradient("dwk", x, dk);
    weightGradient("dwv", x, dv);
    uint32_t sum = product(dq, packed(w[0], true));
    sum = product(dk, packed(w[1], true), sum);
    result("dx", product(dv, packed(w[2], true), sum), tokens());
    if (asked) {
      for (uint32_t t : {q, k, v, out, dout, dq, dk, dv}) {
        result("value " + std::to_string(t), t, tokens());
      }
    }
  }

  int64_t positions_;
  PlanBuilder b_;
  std::mt19937 random_{kSeed};
  /// In lists, where they stay when others are added.
  std::list<std::vector<std::byte>> inputs_, results_;
  NamedInputs given_;
  NamedOutputs taken_;
};

// What the steps say of themselves while the entry is prepared.
std::string dispatchOf(int64_t positions) {
  setenv("BERTC_VERBOSE", "dispatch", 1);
  testing::internal::CaptureStderr();
  auto results = AttentionLayer(positions).run(false);
  std::string text = testing::internal::GetCapturedStderr();
  unsetenv("BERTC_VERBOSE");
  EXPECT_TRUE(results.ok()) << results.status().message();
  return text;
}

TEST(BlockedAttention, HasTheBitsItHasRowByRow) {
  for (int64_t positions : {32, 96}) {
    auto blocked = AttentionLayer(positions).run(false);
    auto rows = AttentionLayer(positions).run(true);
    ASSERT_TRUE(blocked.ok()) << blocked.status().message();
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    ASSERT_EQ(blocked->size(), 6u);
    auto expected = rows->begin();
    for (const std::vector<std::byte> &result : *blocked) {
      EXPECT_TRUE(result == *expected) << "seed " << kSeed;
      EXPECT_TRUE(std::any_of(result.begin(), result.end(),
                              [](std::byte v) { return v != std::byte{0}; }));
      ++expected;
    }
  }
}

TEST(BlockedAttention, KeepsHeadsInBlocksOnTiles) {
  if (tileUnit() == TileUnit::None) {
    GTEST_SKIP() << "no tile unit, nor one emulated";
  }
  std::string text = dispatchOf(64);
  EXPECT_THAT(
      text, testing::HasSubstr("(in blocks: output 0, output 1, output 2)\n"));
  EXPECT_THAT(text, testing::HasSubstr(
                        "(in blocks: input 0, input 1, input 2, output 0)\n"));
  EXPECT_THAT(text, testing::HasSubstr("(in blocks: input 0, input 1, input 2, "
                                       "input 3, output 0, output 1, output "
                                       "2)\n"));
  // A row of blocks would have rows of two sequences.
  EXPECT_THAT(dispatchOf(48),
              testing::Not(testing::HasSubstr("attention (in blocks")));
}

} // namespace
} // namespace bertc::rt::test
