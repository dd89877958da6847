// SPDX-License-Identifier: Apache-2.0
//
// Packed against unpacked: the same sequences, several a row and one a row,
// without dropout, give the same losses, gradients, accumulators, evaluation
// sums and predictions. Exact arithmetic within 1e-5 (the 1e-5 in the
// denominators of packed means, divided by the number of sequences), plans in
// f32 within 1e-5 for losses and 1e-4 for gradients (2-norm of each tensor).

#include "test/unit/compiler/emit/PackedModels.h"
#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace bertc {
namespace {

using interpret::Tensor;
using interpret::TensorMap;

constexpr uint64_t kSeed = 31;

struct Packs {
  std::string name;
  int64_t packed;    // K
  int64_t positions; // S of a pack
  std::vector<std::vector<int>> lengths;
};

void PrintTo(const Packs &packs, std::ostream *out) { *out << packs.name; }

/// Four packs of 1 to K sequences of at least 2 tokens, with and without room
/// left at their ends. The name has the seed.
Packs randomLengths(int64_t packed, uint64_t seed) {
  std::mt19937_64 random(seed);
  auto upTo = [&](int64_t most) {
    return 1 + static_cast<int64_t>(random() % most);
  };
  Packs packs{"K" + std::to_string(packed) + "Random" + std::to_string(seed),
              packed,
              packedMostPositions,
              {}};
  for (int pack = 0; pack < 4; ++pack) {
    int64_t left = pack == 0 ? packs.positions : 1 + upTo(packs.positions - 1);
    packs.lengths.emplace_back();
    for (int64_t i = upTo(packed); i > 0 && left >= 2; --i) {
      bool last = i == 1;
      int64_t length = last ? left : 1 + upTo(std::max<int64_t>(left - 3, 1));
      packs.lengths.back().push_back(static_cast<int>(length));
      left -= length;
    }
  }
  return packs;
}

const PackedEngine kEngines[] = {{"Interpreted", Phase::Optimizer, 1e-5, 1e-5},
                                 {"Fused", Phase::Fuse, 1e-5, 1e-5},
                                 {"Plan", Phase::Plan, 1e-5, 1e-4}};

class Packed
    : public testing::TestWithParam<std::tuple<Task, Packs, PackedEngine>> {
protected:
  Packed()
      : engine_(std::get<2>(GetParam())),
        samples_(randomPacks(std::get<1>(GetParam()).lengths, packedVocabulary,
                             kSeed)),
        plain_(engine_, std::get<0>(GetParam()), samples_) {
    const auto &[task, packs, engine] = GetParam();
    options_.task = task;
    options_.packed = packs.packed;
    options_.batchSize = static_cast<int64_t>(packs.lengths.size());
    options_.maxSeqLength = packs.positions;
    options_.maxPredictionsPerSeq = 6;
  }

  StatusOr<TensorMap> run(const std::string &entry) {
    return runModel(engine_, options_, entry, batchOf(samples_, options_));
  }

  /// All of `expected`, by name.
  void compare(const TensorMap &found, const TensorMap &expected) {
    double largest = 0.0;
    for (const auto &[name, tensor] : expected) {
      largest = std::max(largest, normOf(tensor));
    }
    for (const auto &[name, tensor] : expected) {
      ASSERT_EQ(found.count(name), 1U) << name;
      bool loss = tensor.rank() == 0;
      expectClose(name, found.at(name), tensor,
                  loss ? engine_.lossTolerance : engine_.tensorTolerance,
                  loss ? 0.0 : 1e-2 * engine_.tensorTolerance * largest);
    }
  }

  const PackedEngine engine_;
  SamplePacks samples_;
  UnpackedModel plain_;
  ModelOptions options_;
};

/// The share of each gradient that clipping by global norm 1 leaves, times
/// loss_scale.
double clippedScale(const TensorMap &gradients) {
  double squares = 0.0;
  for (const auto &[name, tensor] : gradients) {
    if (tensor.rank() > 0) {
      squares += std::pow(packedLossScale * normOf(tensor), 2);
    }
  }
  return packedLossScale / std::max(1.0, std::sqrt(squares));
}

TEST_P(Packed, lossesAndGradients) {
  StatusOr<TensorMap> found = run("gradients");
  ASSERT_TRUE(found.ok()) << found.status().message();
  StatusOr<TensorMap> expected = plain_.run("gradients");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  ASSERT_EQ(found->size(), expected->size());
  compare(*found, *expected);
}

/// What a training step adds up is the clipped gradient of the unpacked loss.
TEST_P(Packed, accumulators) {
  StatusOr<TensorMap> found = run("train_step");
  ASSERT_TRUE(found.ok()) << found.status().message();
  StatusOr<TensorMap> gradients = plain_.run("gradients");
  ASSERT_TRUE(gradients.ok()) << gradients.status().message();
  ASSERT_EQ(found->size(), gradients->size());
  const double scale = clippedScale(*gradients);
  TensorMap expected;
  for (auto &[name, tensor] : *gradients) {
    bool loss = tensor.rank() == 0;
    for (double &value : tensor.values) {
      value *= loss ? 1.0 : scale;
    }
    expected[loss ? name : name + "/accum"] = std::move(tensor);
  }
  compare(*found, expected);
}

TEST_P(Packed, evaluation) {
  StatusOr<TensorMap> found = run("evaluate");
  ASSERT_TRUE(found.ok()) << found.status().message();
  StatusOr<TensorMap> expected = plain_.run("evaluate");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  ASSERT_GE(expected->size(), 3U);
  compare(*found, *expected);
}

/// Every prediction of a sequence is where the packed layout says, and places
/// without a sequence hold finite numbers.
TEST_P(Packed, predictions) {
  StatusOr<TensorMap> found = run("predict");
  ASSERT_TRUE(found.ok()) << found.status().message();
  for (const auto &[name, tensor] : *found) {
    for (int64_t i = 0; i < tensor.size(); ++i) {
      ASSERT_TRUE(std::isfinite(tensor[i])) << name << " " << i;
    }
  }
  StatusOr<std::vector<SequenceRows>> expected = plain_.predict();
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  std::vector<SequenceRows> rows = rowsBySequence(*found, samples_, options_);
  ASSERT_EQ(rows.size(), expected->size());
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), (*expected)[i].size());
    for (const auto &[name, values] : (*expected)[i]) {
      ASSERT_EQ(rows[i].at(name).size(), values.size()) << name;
      for (size_t j = 0; j < values.size(); ++j) {
        EXPECT_NEAR(rows[i].at(name)[j], values[j],
                    engine_.lossTolerance * (1.0 + std::abs(values[j])))
            << name << ", sequence " << i << ", element " << j;
      }
    }
  }
}

/// Of squad.
class PackedSpans : public Packed {};

/// Outside its sequence no token can be the answer.
TEST_P(PackedSpans, spansStayInsideTheirSequence) {
  StatusOr<TensorMap> found = run("predict");
  ASSERT_TRUE(found.ok()) << found.status().message();
  TensorMap batch = batchOf(samples_, options_);
  const Tensor &mask = batch.at("input_mask");
  int64_t positions = options_.maxSeqLength;
  for (const char *name : {"start_logits", "end_logits"}) {
    const Tensor &logits = found->at(name);
    ASSERT_EQ(logits.size(), options_.batchSize * options_.packed * positions);
    for (int64_t i = 0; i < logits.size(); ++i) {
      int64_t row = i / positions / options_.packed;
      int64_t number = i / positions % options_.packed + 1;
      bool own = mask[row * positions + i % positions] == number;
      EXPECT_EQ(logits[i] == -10000, !own) << name << " " << i;
    }
  }
}

std::string nameOf(
    const testing::TestParamInfo<std::tuple<Task, Packs, PackedEngine>> &info) {
  return std::string(taskName(std::get<0>(info.param))) + "_" +
         std::get<1>(info.param).name + "_" + std::get<2>(info.param).name;
}

const Packs kChosen[] = {{"K1", 1, 12, {{5}, {12}, {9}}},
                         {"K2", 2, 12, {{5, 7}, {9}, {3, 6}}},
                         {"K3", 3, 16, {{5, 4, 7}, {2, 9}, {16}, {3, 3}}},
                         {"K3Full", 3, 12, {{4, 3, 5}}}};
const Packs kRandom[] = {randomLengths(1, 1), randomLengths(2, 2),
                         randomLengths(2, 3), randomLengths(3, 4),
                         randomLengths(3, 5), randomLengths(3, 6)};
const Task kTasks[] = {Task::Pretrain, Task::Classify, Task::Squad};

INSTANTIATE_TEST_SUITE_P(Chosen, Packed,
                         testing::Combine(testing::ValuesIn(kTasks),
                                          testing::ValuesIn(kChosen),
                                          testing::ValuesIn(kEngines)),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Random, Packed,
                         testing::Combine(testing::ValuesIn(kTasks),
                                          testing::ValuesIn(kRandom),
                                          testing::ValuesIn(kEngines)),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Random, PackedSpans,
                         testing::Combine(testing::Values(Task::Squad),
                                          testing::ValuesIn(kRandom),
                                          testing::ValuesIn(kEngines)),
                         nameOf);

} // namespace
} // namespace bertc
