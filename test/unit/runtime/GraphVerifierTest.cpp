// SPDX-License-Identifier: Apache-2.0
//
// One test for each thing the graphs of a structurally sound plan must not say.

#include "test/unit/runtime/PlanBuilder.h"

#include <gmock/gmock.h>
#include <limits>

namespace bertc::rt::test {
namespace {

using plan::GraphDType;
using plan::GraphStorage;
using ::testing::HasSubstr;

// w += x and y = w + c * seed, as two nodes of one graph: w is a variable [4],
// x an input and y an output [4], c a constant.
struct Sound : PlanBuilder {
  Sound() {
    plan.target = "gaudi";
    variable("w", {4});
    input("x", wide({4}));
    input("rng", wide({4}, DType::I32));
    input("update_step", wide({}, DType::I32));
    y = wide({4});
    output("y", y);
    plan.constants.assign(256, 0);
    derived(plan::DerivedKind::DropoutSeed);
    derived(plan::DerivedKind::OneMinusPower).base = 0.5;
    graph = &addGraph(entry().graphs, "g");
    tensor("x", GraphStorage::Arena, 0, 0);                    // 0
    tensor("w", GraphStorage::Variable, 0, 0);                 // 1
    tensor("w/new", GraphStorage::Variable, 0, 0);             // 2
    tensor("c", GraphStorage::Constant, 0, 128);               // 3
    tensor("power", GraphStorage::Derived, 1, 0).sizes[0] = 1; // 4
    tensor("between", GraphStorage::Workspace, 0, 0);          // 5
    tensor("y", GraphStorage::Arena, 0, 384);                  // 6
    node({3, 4}, {5});
    node({1, 5}, {6});
    node({1, 0}, {2}).after = {1};
  }

  /// An arena tensor at the next multiple of 128 bytes.
  uint32_t wide(Shape shape, DType dtype = DType::F32) {
    uint32_t made = arena(std::move(shape), dtype);
    entry().arena_bytes = (entry().arena_bytes + 127) / 128 * 128;
    plan.arena_bytes = entry().arena_bytes;
    return made;
  }
  plan::DerivedT &derived(plan::DerivedKind kind) {
    entry().derived.push_back(std::make_unique<plan::DerivedT>());
    entry().derived.back()->kind = kind;
    return *entry().derived.back();
  }
  plan::GraphT &addGraph(std::vector<std::unique_ptr<plan::GraphT>> &list,
                         const std::string &name) {
    list.push_back(std::make_unique<plan::GraphT>());
    list.back()->name = name;
    return *list.back();
  }
  plan::GraphTensorT &tensor(const std::string &name, GraphStorage storage,
                             uint32_t index, uint64_t offset) {
    auto made = std::make_unique<plan::GraphTensorT>();
    made->name = name;
    made->sizes = {4};
    made->storage = storage;
    made->index = index;
    made->offset = offset;
    graph->tensors.push_back(std::move(made));
    return *graph->tensors.back();
  }
  plan::GraphNodeT &node(std::vector<uint32_t> inputs,
                         std::vector<uint32_t> outputs) {
    auto made = std::make_unique<plan::GraphNodeT>();
    made->name = "n" + std::to_string(graph->nodes.size());
    made->guid = "add_fwd_f32";
    made->inputs = std::move(inputs);
    made->outputs = std::move(outputs);
    graph->nodes.push_back(std::move(made));
    return *graph->nodes.back();
  }
  plan::GraphTensorT &at(uint32_t i) { return *graph->tensors[i]; }
  plan::GraphNodeT &nodeAt(uint32_t i) { return *graph->nodes[i]; }

  plan::GraphT *graph = nullptr;
  uint32_t y = 0;
};

Status verify(const PlanBuilder &b) {
  std::vector<uint8_t> bytes = b.build();
  return PlanFile::fromBytes(bytes.data(), bytes.size(), "test.plan").status();
}

void expectRefused(const PlanBuilder &b, const std::string &message) {
  Status status = verify(b);
  EXPECT_EQ(status.code(), StatusCode::Corrupt);
  EXPECT_THAT(status.message(), HasSubstr(message));
}

TEST(GraphVerifier, acceptsASoundPlan) {
  Sound b;
  EXPECT_TRUE(verify(b).ok()) << verify(b).message();
}

TEST(GraphVerifier, acceptsAMissingOperand) {
  Sound b;
  b.nodeAt(0).inputs.push_back(0xffffffff);
  EXPECT_TRUE(verify(b).ok()) << verify(b).message();
}

TEST(GraphVerifier, refusesGraphsOnTheCpu) {
  Sound b;
  b.plan.target = "cpu";
  expectRefused(b, "it has graphs or sums before them, which target 'cpu' does "
                   "not run");
}

TEST(GraphVerifier, refusesStepsOnADevice) {
  Sound b;
  b.step(plan::UnaryParamsT(), {0}, {b.y});
  expectRefused(b, "it has steps or the plan packed weights, which target "
                   "'gaudi' does not run");
}

/// A plan for several workers whose entry begins with the sum of a bucket.
struct Exchanging : Sound {
  Exchanging() {
    uint32_t accum = variable("w/accum", {4});
    plan.variables[accum]->role = plan::VariableRole::Accum;
    plan.variables[accum]->owner = 0;
    plan.exchange = std::make_unique<plan::ExchangeT>();
    plan.exchange->workers = 2;
    plan.exchange->buckets.push_back(std::make_unique<plan::BucketT>());
    plan.exchange->buckets[0]->variables = {accum};
    entry().all_reduces = {0};
  }
};

TEST(GraphVerifier, acceptsSumsOverWorkers) {
  Exchanging b;
  EXPECT_TRUE(verify(b).ok()) << verify(b).message();
}

TEST(GraphVerifier, refusesSumsOfUnknownBuckets) {
  for (std::vector<uint32_t> wrong : {std::vector<uint32_t>{1}, {0, 0}}) {
    Exchanging b;
    b.entry().all_reduces = wrong;
    expectRefused(b, "it adds up bucket " + std::to_string(wrong.back()) +
                         ", which the plan does not have, or twice");
  }
  Exchanging b;
  b.plan.exchange.reset();
  expectRefused(b, "it adds up bucket 0, which the plan does not have");
}

TEST(GraphVerifier, refusesSumsOfRoundedGradients) {
  Exchanging b;
  b.plan.exchange->wire = plan::WireType::BF16;
  expectRefused(b, "it adds up gradients that are not f32 on their way");
}

TEST(GraphVerifier, refusesSumsBeforeGraphsOnTheCpu) {
  Exchanging b;
  b.plan.target = "cpu";
  b.entry().graphs.clear();
  expectRefused(b, "it has graphs or sums before them, which target 'cpu' does "
                   "not run");
}

TEST(GraphVerifier, refusesPackedWeightsOnADevice) {
  Sound b;
  b.variable("m", {4, 4});
  b.packedWeight(1, false, 4, 128);
  expectRefused(b, "it has steps or the plan packed weights");
}

TEST(GraphVerifier, refusesAnEntryWithoutGraphs) {
  Sound b;
  b.entry().graphs.clear();
  expectRefused(b, "it has no graphs for target 'gaudi'");
}

TEST(GraphVerifier, refusesAnAbsurdDevice) {
  Sound b;
  b.plan.device_bytes = uint64_t{1} << 47;
  expectRefused(b, "bytes is more than 2^46 bytes");
}

TEST(GraphVerifier, refusesAnInputAtAnOddPlace) {
  Sound b;
  b.entry().tensors[0]->offset = 64;
  expectRefused(b, "an input or output is not dense in the arena at a multiple "
                   "of 128 bytes");
}

TEST(GraphVerifier, refusesAStridedOutput) {
  Sound b;
  b.entry().tensors[b.y]->strides = {1};
  expectRefused(b, "an input or output is not dense in the arena");
}

TEST(GraphVerifier, refusesAnUnknownDerivedNumber) {
  Sound b;
  b.entry().derived[0]->kind = static_cast<plan::DerivedKind>(9);
  expectRefused(b, "unknown kind of derived number 9");
}

TEST(GraphVerifier, refusesASeedWithoutRng) {
  Sound b;
  b.entry().inputs[1]->name = "rug";
  expectRefused(b, "dropout seed: there is no input rng to compute it from");
}

TEST(GraphVerifier, refusesASeedFromAnRngOfAnotherShape) {
  Sound b;
  b.entry().tensors[1]->shape = {3};
  expectRefused(b, "dropout seed: there is no input rng to compute it from");
}

TEST(GraphVerifier, refusesAPowerWithoutAStep) {
  Sound b;
  b.entry().inputs[2]->name = "step";
  expectRefused(b, "one minus power: there is no input update_step");
}

TEST(GraphVerifier, refusesABaseThatIsNoFraction) {
  for (double base : {0.0, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    Sound b;
    b.entry().derived[1]->base = base;
    expectRefused(b, "the base of a power is outside (0, 1)");
  }
}

TEST(GraphVerifier, refusesTwoGraphsOfOneName) {
  Sound b;
  b.addGraph(b.entry().graphs, "g");
  expectRefused(b, "there are two of graph 'g'");
}

TEST(GraphVerifier, refusesAnAbsurdWorkspace) {
  Sound b;
  b.graph->workspace_bytes = uint64_t{1} << 47;
  expectRefused(b, "its workspace is larger than 2^46 bytes");
}

TEST(GraphVerifier, refusesTwoTensorsOfOneName) {
  Sound b;
  b.at(5).name = "x";
  expectRefused(b, "there are two of tensor 'x'");
}

TEST(GraphVerifier, refusesAnUnknownDType) {
  Sound b;
  b.at(5).dtype = static_cast<GraphDType>(7);
  expectRefused(b, "tensor 'between': unknown dtype 7");
}

TEST(GraphVerifier, refusesRanksTheDeviceDoesNotHave) {
  Sound b;
  b.at(5).sizes = {1, 1, 1, 1, 1, 4};
  expectRefused(b, "rank 6 is outside [1, 5]");
  b.at(5).sizes = {};
  expectRefused(b, "rank 0 is outside [1, 5]");
}

TEST(GraphVerifier, refusesSizesThatOverflow) {
  Sound b;
  b.at(5).sizes = {uint64_t{1} << 40, uint64_t{1} << 40};
  expectRefused(b, "makes it empty or larger than 2^46 bytes");
  b.at(5).sizes = {0};
  expectRefused(b, "size 0 makes it empty");
}

TEST(GraphVerifier, refusesAnUnknownStorage) {
  Sound b;
  b.at(5).storage = static_cast<GraphStorage>(9);
  expectRefused(b, "unknown storage 9");
}

TEST(GraphVerifier, refusesAPlaceInTheWorkspace) {
  Sound b;
  b.at(5).offset = 128;
  expectRefused(b, "tensor 'between': it has a place in the workspace");
}

TEST(GraphVerifier, refusesAnUnalignedTensor) {
  Sound b;
  b.at(6).offset = 64;
  expectRefused(b, "offset 64 is not a multiple of 128");
}

TEST(GraphVerifier, refusesATensorOutsideTheArena) {
  Sound b;
  b.at(6).offset = 512;
  expectRefused(b, "bytes 512 + 16 lie outside the arena of 512");
  b.at(6).offset = uint64_t{0} - 128;
  expectRefused(b, "lie outside the arena of 512");
}

TEST(GraphVerifier, refusesAConstantOutsideTheConstants) {
  Sound b;
  b.at(3).offset = 256;
  expectRefused(b, "bytes 256 + 16 lie outside the constants of 256");
}

TEST(GraphVerifier, refusesATensorOnNoVariable) {
  Sound b;
  b.at(1).index = 1;
  expectRefused(b, "variable 1 is not below 1");
}

TEST(GraphVerifier, refusesAPartOfAVariable) {
  Sound b;
  b.at(1).sizes = {3};
  expectRefused(b, "it is not variable 'w' as a whole");
  b.at(1).sizes = {4};
  b.at(1).dtype = GraphDType::I32;
  expectRefused(b, "it is not variable 'w' as a whole");
  b.at(1).dtype = GraphDType::F32;
  b.at(1).offset = 128;
  expectRefused(b, "it is not variable 'w' as a whole");
}

TEST(GraphVerifier, refusesAVariableAtAnOddPlace) {
  Sound b;
  b.plan.variables[0]->offset = 64;
  b.plan.state_bytes += 64;
  expectRefused(b, "variable 'w' is at offset 64, which is not a multiple of "
                   "128");
}

TEST(GraphVerifier, refusesANumberThatIsNotDerived) {
  Sound b;
  b.at(4).index = 2;
  expectRefused(b, "derived number 2 is not below 2");
  b.at(4).index = 0;
  expectRefused(b, "it is not derived number 0");
}

TEST(GraphVerifier, refusesTensorsThatOverlap) {
  Sound b;
  b.at(0).sizes = {100};
  expectRefused(b, "tensors 'x' and 'y' overlap in the arena");
  b.at(6).offset = 0;
  expectRefused(b, "tensors 'x' and 'y' overlap in the arena");
}

TEST(GraphVerifier, refusesOperandsOutOfRange) {
  Sound b;
  b.nodeAt(0).inputs[0] = 7;
  expectRefused(b, "node 0: reads tensor 7 of 7");
  b.nodeAt(0).inputs[0] = 3;
  b.nodeAt(0).outputs[0] = 7;
  expectRefused(b, "node 0: writes tensor 7 of 7");
  b.nodeAt(0).outputs[0] = 0xffffffff;
  expectRefused(b, "node 0: writes tensor 4294967295 of 7");
}

TEST(GraphVerifier, refusesWritingWhatCannotBeWritten) {
  Sound b;
  b.nodeAt(0).outputs[0] = 3;
  expectRefused(b, "node 0: writes tensor 'c', which cannot be written");
  b.nodeAt(0).outputs[0] = 4;
  expectRefused(b, "node 0: writes tensor 'power', which cannot be written");
}

TEST(GraphVerifier, refusesATensorThatTwoNodesWrite) {
  Sound b;
  b.node({0}, {5});
  expectRefused(b, "node 3: writes tensor 'between', which node 0 writes");
}

TEST(GraphVerifier, refusesASectionThatTwoNodesWrite) {
  Sound b;
  b.node({0}, {1});
  expectRefused(b, "node 3: writes the section of tensor 'w', which another "
                   "node writes");
}

TEST(GraphVerifier, refusesReadingAheadOfTheNodeThatWrites) {
  Sound b;
  b.nodeAt(0).inputs[0] = 6;
  expectRefused(b, "node 0: reads tensor 'y' before node 1 writes it");
}

TEST(GraphVerifier, refusesReadingWhatNoNodeWrites) {
  Sound b;
  b.tensor("nobody", GraphStorage::Workspace, 0, 0);
  b.nodeAt(0).inputs[0] = 7;
  expectRefused(b, "node 0: reads tensor 'nobody' of the workspace, which no "
                   "node writes");
}

TEST(GraphVerifier, refusesReadingTheOldContentAfterTheNew) {
  Sound b;
  b.node({1}, {b.graph->nodes[0]->outputs[0]}).outputs = {};
  expectRefused(b, "node 3: reads tensor 'w' after node 2 wrote its section");
}

TEST(GraphVerifier, refusesReadingTheArenaBeforeItIsWritten) {
  Sound b;
  b.wide({4});
  b.entry().tensors.pop_back();
  b.tensor("later", GraphStorage::Arena, 0, 512);
  b.nodeAt(0).inputs[0] = 7;
  expectRefused(b, "node 0: reads tensor 'later' of the arena before it is "
                   "written");
}

TEST(GraphVerifier, refusesTwoNodesOfOneName) {
  Sound b;
  b.nodeAt(1).name = "n0";
  expectRefused(b, "there are two of node 'n0'");
}

TEST(GraphVerifier, refusesAVeryLongGuid) {
  Sound b;
  b.nodeAt(0).guid = std::string(65, 'g');
  expectRefused(b, "its GUID has 65 characters, expected 1 to 64");
  b.nodeAt(0).guid = "";
  expectRefused(b, "its GUID has 0 characters, expected 1 to 64");
}

TEST(GraphVerifier, refusesControlCharacters) {
  Sound b;
  b.nodeAt(0).guid = "add\n";
  expectRefused(b, "GUID has control characters");
  b.nodeAt(0).guid = "add_fwd_f32";
  b.nodeAt(0).scope = "\x1b[0m";
  expectRefused(b, "scope or reason has control characters");
}

TEST(GraphVerifier, refusesAbsurdParameters) {
  Sound b;
  b.nodeAt(0).params.assign(5000, 0);
  expectRefused(b, "its parameters have 5000 bytes, expected at most 4096");
}

TEST(GraphVerifier, refusesWaitingForALaterNode) {
  Sound b;
  b.nodeAt(1).after = {1};
  expectRefused(b, "node 1: waits for node 1, which does not come before it");
  b.nodeAt(1).after = {2};
  expectRefused(b, "node 1: waits for node 2, which does not come before it");
}

TEST(GraphVerifier, refusesAnEmptyRecipe) {
  Sound b;
  b.graph->recipe = std::make_unique<plan::GraphRecipeT>();
  b.graph->recipe->library_version = "1.20";
  expectRefused(b, "its recipe is empty");
  b.graph->recipe->bytes = {1};
  EXPECT_TRUE(verify(b).ok()) << verify(b).message();
}

TEST(GraphVerifier, refusesAnOutputNobodyWrites) {
  Sound b;
  b.at(6).storage = GraphStorage::Workspace;
  b.at(6).offset = 0;
  expectRefused(b, "output 'y'");
}

TEST(GraphVerifier, looksAtTheGraphsWithoutDropoutToo) {
  Sound b;
  plan::GraphT &twin = b.addGraph(b.entry().deterministic_graphs, "g");
  expectRefused(b, "without dropout: nothing writes output 'y'");
  plan::GraphT *whole = b.graph;
  b.graph = &twin;
  b.tensor("y", GraphStorage::Arena, 0, 384);
  b.node({}, {0});
  EXPECT_TRUE(verify(b).ok()) << verify(b).message();
  twin.nodes[0]->guid = "";
  expectRefused(b, "without dropout: graph 'g': node 0");
  b.graph = whole;
}

// Damaged and sealed again, so that the hash does not save us.
TEST(GraphVerifier, refusesOrLoadsEveryBitFlip) {
  Sound b;
  plan::GraphT &twin = b.addGraph(b.entry().deterministic_graphs, "twin");
  b.graph = &twin;
  b.tensor("y", GraphStorage::Arena, 0, 384);
  b.node({}, {0}).params = {1, 0, 0, 0};
  const std::vector<uint8_t> whole = b.build();
  for (size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::vector<uint8_t> bytes = whole;
      bytes[i] = static_cast<uint8_t>(bytes[i] ^ (1 << bit));
      reseal(bytes);
      (void)PlanFile::fromBytes(bytes.data(), bytes.size(), "h.plan");
    }
  }
}

} // namespace
} // namespace bertc::rt::test
