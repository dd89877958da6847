// SPDX-License-Identifier: Apache-2.0
//
// AllReduce and AllReduceSettle: what they hand to an exchange and when, that
// what is formed again has the bits of what would have been formed in the first
// place, and what they refuse.

#include "test/unit/steps/StepTesting.h"

#include "bertc/exchange.h"

#include <numeric>

namespace bertc::rt {
namespace {

/// Two workers alike: a sum is twice what there is. Writes down what is called.
class Twins : public GradientExchange {
public:
  bool early() const override { return early_; }
  Status start(uint32_t bucket, float *data, int64_t elements) override {
    calls_ +=
        " start" + std::to_string(bucket) + ":" + std::to_string(elements);
    for (int64_t i = 0; i < elements; ++i) {
      data[i] *= 2;
    }
    return Status();
  }
  StatusOr<bool> mustRepeat(bool clips) override {
    calls_ += clips ? " clips" : " keeps";
    return clips || otherClips_ || !early_;
  }
  Status finish() override {
    calls_ += " finish";
    return Status();
  }
  std::vector<ExchangeSpan> takeSpans() override { return {}; }

  bool early_ = true, otherClips_ = false;
  std::string calls_;
};

struct AllReduceStep : StepUnderTest<plan::AllReduceParamsT> {
  AllReduceStep() {
    params.bucket = 3;
    params.early = true;
    for (int64_t offset : {0, 16}) { // 16 bytes between them
      TensorRef t = tensor({3, 4}, memory);
      t.data = memory.data() + offset;
      t.storage = plan::Storage::Variable;
      t.index = static_cast<uint32_t>(offset);
      inputs.push_back(t);
    }
    outputs = inputs;
  }
  std::vector<float> memory = std::vector<float>(64, 1.0f);
};

TEST(AllReduce, startsItsBucketAsOnePiece) {
  AllReduceStep step;
  Twins exchange;
  step.exchange = &exchange;
  ASSERT_TRUE(step.run().ok());
  EXPECT_EQ(exchange.calls_, " start3:28");
  EXPECT_EQ(step.memory[27], 2.0f);
  EXPECT_EQ(step.memory[28], 1.0f);
}

TEST(AllReduce, isLeftToSettlingWhenNothingIsSentEarly) {
  AllReduceStep step;
  Twins exchange;
  exchange.early_ = false;
  step.exchange = &exchange;
  ASSERT_TRUE(step.run().ok());
  EXPECT_EQ(exchange.calls_, "");
  step.params.early = false; // but one that nothing settles is not
  ASSERT_TRUE(step.run().ok());
  EXPECT_EQ(exchange.calls_, " start3:28");
}

TEST(AllReduce, doesNothingAlone) {
  AllReduceStep step;
  ASSERT_TRUE(step.run().ok());
  EXPECT_EQ(step.memory, std::vector<float>(64, 1.0f));
}

TEST(AllReduce, refusesWhatIsNotOneBucket) {
  AllReduceStep apart;
  apart.inputs[1].data = apart.memory.data() + 50;
  apart.outputs = apart.inputs;
  EXPECT_REFUSED(apart.run(), "variable 1 does not lie behind the one before");
  AllReduceStep arena;
  arena.inputs[0].storage = plan::Storage::Arena;
  arena.outputs = arena.inputs;
  EXPECT_REFUSED(arena.run(), "variable 0 is not a variable");
  AllReduceStep other;
  other.outputs[1] = other.outputs[0];
  EXPECT_REFUSED(other.run(), "output 1 is not the storage of input 1");
}

/// Two buckets: the first two variables, the third one.
struct SettleStep : StepUnderTest<plan::AllReduceSettleParamsT> {
  explicit SettleStep(float clip) : scale{clip} {
    params.bucket_sizes = {2, 1};
    std::iota(old.begin(), old.end(), 1.0f);
    for (size_t i = 0; i < gradient.size(); ++i) {
      gradient[i] = 0.1f * static_cast<float>(i) - 1;
      memory[i] = 1000; // what the sums were
    }
    inputs.push_back(tensor({}, scale));
    for (auto *values : {&memory, &old, &gradient}) {
      for (int64_t offset : {0, 16, 32}) {
        TensorRef t = tensor({3, 4}, *values);
        t.data = values->data() + offset;
        t.storage = plan::Storage::Variable;
        inputs.push_back(t);
      }
    }
    outputs.assign(inputs.begin() + 1, inputs.begin() + 4);
  }

  /// Runs, and compares with old + scale * gradient, `times` over.
  void expectFormedAgain(float times) {
    ASSERT_TRUE(run().ok());
    for (size_t first : {0, 16, 32}) {
      for (size_t i = first; i < first + 12; ++i) {
        EXPECT_EQ(memory[i], times * std::fma(scale[0], gradient[i], old[i]));
      }
    }
  }

  std::vector<float> scale;
  std::vector<float> memory = std::vector<float>(64),
                     old = std::vector<float>(64),
                     gradient = std::vector<float>(64);
};

TEST(AllReduceSettle, leavesWhatNobodyClips) {
  SettleStep step(1);
  Twins exchange;
  step.exchange = &exchange;
  ASSERT_TRUE(step.run().ok());
  EXPECT_EQ(exchange.calls_, " keeps finish");
  EXPECT_EQ(step.memory, std::vector<float>(64, 1000.0f));
}

TEST(AllReduceSettle, formsAgainWhatItClips) {
  SettleStep step(0.25f);
  Twins exchange;
  step.exchange = &exchange;
  step.expectFormedAgain(2);
  EXPECT_EQ(exchange.calls_, " clips finish start0:28 start1:12 finish");
}

TEST(AllReduceSettle, formsAgainWhatOthersClipOrNobodyHasSent) {
  for (bool early : {true, false}) {
    SettleStep step(1);
    Twins exchange;
    exchange.early_ = early;
    exchange.otherClips_ = early;
    step.exchange = &exchange;
    step.expectFormedAgain(2);
  }
}

TEST(AllReduceSettle, aloneClipsOnly) {
  SettleStep clips(0.5f), keeps(1), unknown(NAN);
  clips.expectFormedAgain(1);
  ASSERT_TRUE(keeps.run().ok());
  EXPECT_EQ(keeps.memory, std::vector<float>(64, 1000.0f));
  ASSERT_TRUE(unknown.run().ok());
  EXPECT_TRUE(std::isnan(unknown.memory[0]));
}

TEST(AllReduceSettle, refusesOtherOperands) {
  SettleStep sizes(1);
  sizes.params.bucket_sizes = {2, 2};
  EXPECT_REFUSED(sizes.run(),
                 "bucket 1 has 2 variables of the 1 that are left");
  sizes.params.bucket_sizes = {2};
  EXPECT_REFUSED(sizes.run(), "its buckets have 2 of 3 variables");
  SettleStep shape(1);
  shape.inputs[9].dims[0] = 2;
  EXPECT_REFUSED(shape.run(), "grad 2");
  SettleStep count(1);
  count.inputs.pop_back();
  EXPECT_REFUSED(count.run(), "");
}

} // namespace
} // namespace bertc::rt
