// SPDX-License-Identifier: Apache-2.0
//
// A MatmulGroup step against Matmul steps for the same products in the same
// plan: the same bits whoever computes them, so these tests run for every level
// of the CPU and with the tile unit emulated.

#include "runtime/core/CpuFeatures.h"
#include "runtime/onednn/Products.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <cstring>
#include <functional>
#include <gmock/gmock.h>
#include <map>
#include <memory>
#include <random>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint32_t kSeed = 4712;

struct Case {
  int64_t m = 45, k = 70;
  std::vector<int64_t> widths = {50, 33, 64};
  DType in = DType::BF16, out = DType::BF16;
  bool packed = true, bias = true;
  /// The first result by columns.
  bool columnMajor = false;
  /// The second weight is used transposed by an earlier step, so that the tile
  /// kernels have it the other way round.
  bool turned = false;
  int threads = 2;
};

std::vector<std::byte> randomBytes(int64_t elements, DType dtype,
                                   std::mt19937 &random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  size_t size = dtypeBytes(dtype);
  std::vector<std::byte> bytes(static_cast<size_t>(elements) * size);
  for (size_t i = 0; i < bytes.size(); i += size) {
    float value = uniform(random);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits >>= size == 2 ? 16 : 0;
    std::memcpy(&bytes[i], &bits, size);
  }
  return bytes;
}

class Trial {
public:
  explicit Trial(const Case &c) : c_(c), random_(kSeed) {
    a_ = input("a", {c.m, c.k}, c.in);
    for (size_t i = 0; i < c.widths.size(); ++i) {
      weights_.push_back(weight(i, {c.k, c.widths[i]}));
    }
    for (size_t i = 0; c.bias && i < c.widths.size(); ++i) {
      biases_.push_back(
          input("bias" + std::to_string(i), {c.widths[i]}, DType::F32));
    }
    std::vector<uint32_t> inputs = {a_}, outputs;
    inputs.insert(inputs.end(), weights_.begin(), weights_.end());
    inputs.insert(inputs.end(), biases_.begin(), biases_.end());
    for (size_t i = 0; i < c.widths.size(); ++i) {
      outputs.push_back(result("group", i));
    }
    b.step(plan::MatmulGroupParamsT(), inputs, outputs);
    for (size_t i = 0; i < c.widths.size(); ++i) {
      inputs = {a_, weights_[i]};
      if (c.bias) {
        inputs.push_back(biases_[i]);
      }
      b.step(plan::MatmulParamsT(), inputs, {result("single", i)});
    }
  }

  /// Runs both, compares, and returns the implementation of the group.
  std::string check() {
    std::string implementation;
    Status status = execute(&implementation);
    EXPECT_TRUE(status.ok()) << status.message();
    for (size_t i = 0; i < c_.widths.size(); ++i) {
      std::string n = std::to_string(i);
      EXPECT_EQ(results_["group" + n], results_["single" + n])
          << "product " << n << " by " << implementation << ", seed " << kSeed;
    }
    return implementation;
  }

  Status execute(std::string *implementation = nullptr) {
    BERTC_ASSIGN_OR_RETURN(Plan plan, b.load());
    BERTC_ASSIGN_OR_RETURN(auto session, Session::create(plan, {c_.threads}));
    for (auto &[name, view] : variables_) {
      BERTC_RETURN_IF_ERROR(session->setVariable(name, view));
    }
    session->setProfileHook([&](const StepEvent &event) {
      if (implementation != nullptr &&
          std::string(event.kind) == "MatmulGroup") {
        *implementation = event.implementation;
      }
    });
    NamedOutputs taken;
    for (auto &[name, shape] : shapes_) {
      results_[name].assign(static_cast<size_t>(shape[0] * shape[1]) *
                                dtypeBytes(c_.out),
                            std::byte{0x55});
      taken.push_back({name, {c_.out, shape, results_[name].data()}});
    }
    return session->run("main", given_, taken);
  }

  PlanBuilder b;

private:
  const void *data(Shape shape, DType dtype) {
    int64_t elements = 1;
    for (int64_t d : shape) {
      elements *= d;
    }
    memory_.push_back(std::make_unique<std::vector<std::byte>>(
        randomBytes(elements, dtype, random_)));
    return memory_.back()->data();
  }

  uint32_t input(const std::string &name, Shape shape, DType dtype) {
    uint32_t tensor = b.arena(shape, dtype);
    b.input(name, tensor);
    given_.push_back({name, {dtype, shape, data(shape, dtype)}});
    return tensor;
  }

  uint32_t weight(size_t i, Shape shape) {
    std::string name = "w" + std::to_string(i);
    if (!c_.packed) {
      return input(name, shape, c_.in);
    }
    uint32_t w = b.variable(name, shape);
    variables_.push_back({name, {DType::F32, shape, data(shape, DType::F32)}});
    if (c_.turned && i == 1) {
      uint32_t y = b.arena({c_.m, shape[1]}, c_.in);
      b.input("y", y);
      given_.push_back(
          {"y", {c_.in, {c_.m, shape[1]}, data({c_.m, shape[1]}, c_.in)}});
      uint32_t dx = b.arena({c_.m, shape[0]}, c_.out);
      b.step(plan::MatmulParamsT(), {y, packed(w, true)}, {dx});
    }
    return packed(w, false);
  }

  uint32_t packed(uint32_t w, bool transposed) {
    uint32_t index = b.packedWeight(w, transposed, c_.m);
    b.plan.packed_weights[index]->dtype = static_cast<plan::DType>(c_.in);
    return b.onPacked(index);
  }

  uint32_t result(const std::string &prefix, size_t i) {
    int64_t n = c_.widths[i];
    bool byColumns = c_.columnMajor && i == 0;
    Shape shape = byColumns ? Shape{n, c_.m} : Shape{c_.m, n};
    uint32_t tensor = b.arena(shape, c_.out);
    std::string name = prefix + std::to_string(i);
    b.output(name, tensor);
    shapes_[name] = shape;
    return byColumns ? b.view(tensor, {c_.m, n}, {1, c_.m}) : tensor;
  }

  Case c_;
  std::mt19937 random_;
  uint32_t a_ = 0;
  std::vector<uint32_t> weights_, biases_;
  std::vector<std::unique_ptr<std::vector<std::byte>>> memory_;
  std::vector<std::pair<std::string, ConstTensorView>> variables_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, std::vector<std::byte>> results_;
  NamedInputs given_;
};

// What the profile is to say where there is a tile unit.
void expectTogether(const std::string &implementation, bool together) {
  if (tileUnit() != TileUnit::None && together) {
    const char *unit =
        tileUnit() == TileUnit::Emulated ? "amx_emulated:" : "amx:";
    EXPECT_EQ(implementation, unit + std::string("gemm_group"));
  } else {
    EXPECT_THAT(implementation, Not(HasSubstr("gemm_group")));
    EXPECT_NE(implementation, "");
  }
}

TEST(MatmulGroup, hasTheBitsOfSingleProducts) {
  for (int threads : {1, 2, 3}) {
    for (DType out : {DType::BF16, DType::F32}) {
      for (bool bias : {false, true}) {
        Case c;
        c.out = out;
        c.bias = bias;
        c.threads = threads;
        expectTogether(Trial(c).check(), true);
      }
    }
  }
}

TEST(MatmulGroup, oddAndLargerShapes) {
  for (auto [m, k] : {std::array<int64_t, 2>{1, 33}, {130, 1100}, {600, 64}}) {
    Case c;
    c.m = m, c.k = k;
    c.widths = {31, 64, 1, 40};
    expectTogether(Trial(c).check(), true);
  }
}

TEST(MatmulGroup, plainWeightsAreMultipliedOneByOne) {
  for (DType in : {DType::BF16, DType::F32}) {
    Case c;
    c.in = c.out = in;
    c.packed = false;
    expectTogether(Trial(c).check(), false);
  }
  Case c;
  c.in = c.out = DType::F32;
  expectTogether(Trial(c).check(), false);
}

TEST(MatmulGroup, resultsByColumnsAndTurnedWeightsToo) {
  Case c;
  c.columnMajor = true;
  expectTogether(Trial(c).check(), false);
  c.columnMajor = false;
  c.turned = true;
  expectTogether(Trial(c).check(), false);
}

std::string
refusal(const std::function<void(plan::EntryT &, plan::StepT &)> &spoil) {
  Case c;
  c.packed = false;
  Trial trial(c);
  plan::EntryT &entry = trial.b.entry();
  spoil(entry, *entry.steps.front());
  return trial.execute().message();
}

TEST(MatmulGroup, refusesOperandsThatDoNotFit) {
  using E = plan::EntryT;
  using S = plan::StepT;
  EXPECT_THAT(refusal([](E &e, S &s) {
                s.outputs.resize(1);
                e.outputs.erase(e.outputs.begin() + 1, e.outputs.begin() + 3);
              }),
              HasSubstr("it makes 1 products, expected at least 2"));
  EXPECT_THAT(
      refusal([](E &, S &s) { s.inputs.pop_back(); }),
      HasSubstr("it has 6 inputs, expected a, 3 b and as many biases or none"));
  EXPECT_THAT(refusal([](E &, S &s) { s.inputs[2] = kNoOperand; }),
              HasSubstr("missing"));
  EXPECT_THAT(refusal([](E &e, S &s) {
                e.tensors[s.outputs[1]]->offset =
                    e.tensors[s.outputs[0]]->offset;
              }),
              HasSubstr("overlaps output"));
  EXPECT_THAT(refusal([](E &, S &s) { std::swap(s.inputs[2], s.inputs[3]); }),
              HasSubstr("product 1: "));
  EXPECT_THAT(refusal([](E &, S &s) { std::swap(s.inputs[4], s.inputs[5]); }),
              HasSubstr("product 0: bias is f32 [33], expected shape [50]"));
}

TEST(MatmulGroup, reportsSeeEveryProduct) {
  Case c;
  c.packed = false;
  c.in = c.out = DType::F32;
  Trial trial(c);
  StatusOr<Plan> plan = trial.b.load();
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  const plan::Entry &entry = *plan->file().root().entries()->Get(0);
  auto products = productsOfStep(entry, *entry.steps()->Get(0));
  ASSERT_TRUE(products.ok()) << products.status().message();
  ASSERT_EQ(products->shapes.size(), 3u);
  EXPECT_EQ(products->shapes[0].describe(), "45x70x50");
  EXPECT_EQ(products->shapes[2].describe(), "45x70x64");
  EXPECT_EQ(products->layout, "nn");
  EXPECT_EQ(products->epilogue, "bias");
}

} // namespace
} // namespace bertc::rt::test
