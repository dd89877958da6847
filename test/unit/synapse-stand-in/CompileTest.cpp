// SPDX-License-Identifier: Apache-2.0
//
// Compiling graphs: every rule that a graph can break.
#include "test/unit/synapse-stand-in/StandIn.h"

using namespace bertc::standin;

namespace {

using CompileTest = LibraryTest;

TEST_F(CompileTest, needsNoDeviceAndGivesARecipe) {
  GraphBuilder graph;
  graph.node("add_fwd_f32",
             {graph.persistent("a", {4}), graph.persistent("b", {4})},
             {graph.persistent("c", {4})});
  EXPECT_SYN(synRecipeDestroy(graph.compile()));
}

TEST_F(CompileTest, aGraphCompilesOnce) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {4});
  graph.node("add_fwd_f32", {a, a}, {graph.persistent("c", {4})});
  graph.compile();
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("the graph is compiled already"));
  synTensor late = nullptr;
  EXPECT_STATUS(synFail,
                synTensorHandleCreate(&late, graph.graph, DATA_TENSOR, "late"));
  EXPECT_STATUS(synFail, synNodeCreate(graph.graph, &a, &a, 1, 1, nullptr, 0,
                                       "identity", "late", nullptr, nullptr));
}

TEST_F(CompileTest, aGraphHasNodesAndArguments) {
  GraphBuilder graph;
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("the graph has no nodes"));
  synRecipeHandle recipe = nullptr;
  EXPECT_STATUS(synInvalidArgument,
                synGraphCompile(&recipe, graph.graph, nullptr, nullptr));
  EXPECT_STATUS(synInvalidArgument,
                synGraphCompile(&recipe, nullptr, "recipe", nullptr));
}

TEST_F(CompileTest, refusesUnknownKernels) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {4});
  graph.node("no_such_thing_f32", {a}, {graph.persistent("b", {4})});
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("no_such_thing_f32: no kernel of this name"));
}

TEST_F(CompileTest, asksTheKernelAboutItsOperands) {
  GraphBuilder graph;
  graph.node("gemm",
             {graph.persistent("a", {3, 2}), graph.persistent("b", {4, 2})},
             {graph.persistent("c", {4, 2})}, nullptr, 0, "product");
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("node product: gemm"));
}

TEST_F(CompileTest, refusesKernelsThatTheDeviceLacks) {
  GraphBuilder graph(synDeviceGaudi);
  graph.node("masked_batch_gemm",
             {graph.persistent("a", {4, 4, 1, 1}),
              graph.persistent("b", {4, 4, 1, 1}),
              graph.persistent("ma", {2, 4, 1, 1}),
              graph.persistent("mb", {4, 2, 1, 1})},
             {graph.persistent("c", {4, 4, 1, 1})});
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("not on this device"));
}

TEST_F(CompileTest, refusesRanksAboveEight) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {1, 1, 1, 1, 1, 1, 1, 1, 2});
  graph.node("add_fwd_f32", {a, a},
             {graph.persistent("b", {1, 1, 1, 1, 1, 1, 1, 1, 2})});
  EXPECT_STATUS(synInvalidTensorDimensions, graph.tryCompile());
}

TEST_F(CompileTest, refusesKernelsOfMoreThanEightTensors) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {4});
  graph.node("add_fwd_f32", std::vector<synTensor>(8, a),
             {graph.persistent("c", {4})});
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("9 tensors, a kernel takes at most 8"));
}

TEST_F(CompileTest, inputsComeFromOutside) {
  GraphBuilder graph;
  synTensor a = graph.tensor("a", {4});
  graph.node("add_fwd_f32", {a, a}, {graph.persistent("c", {4})});
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("tensor a is read, but no node makes it"));
}

TEST_F(CompileTest, aConstantHasItsTensorsSizeAndPlace) {
  float data[4] = {1, 2, 3, 4};
  GraphBuilder graph;
  synTensor a = graph.tensor("a", {4});
  ASSERT_SYN(synTensorSetHostPtr(a, data, 8, syn_type_float, true));
  graph.node("add_fwd_f32", {a, a}, {graph.persistent("c", {4})});
  EXPECT_STATUS(synInvalidTensorProperties, graph.tryCompile());
  GraphBuilder other;
  synTensor b = other.persistent("b", {4});
  ASSERT_SYN(synTensorSetHostPtr(b, data, 16, syn_type_float, true));
  other.node("add_fwd_f32", {b, b}, {other.persistent("c", {4})});
  EXPECT_STATUS(synInvalidSectionsDefinition, other.tryCompile());
}

TEST_F(CompileTest, externalTensorsArePersistent) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {4}), b = graph.tensor("b", {4});
  ASSERT_SYN(synTensorSetExternal(b, true));
  graph.node("add_fwd_f32", {a, a}, {b});
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("tensor b is external and not persistent"));
}

TEST_F(CompileTest, edgesDoNotRunInACircle) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {4}), b = graph.tensor("b", {4});
  synNodeId one = graph.node("add_fwd_f32", {a, a}, {b});
  synNodeId two =
      graph.node("add_fwd_f32", {b, b}, {graph.persistent("c", {4})});
  ASSERT_SYN(synNodeDependencySet(graph.graph, &two, &one, 1, 1));
  EXPECT_STATUS(synFail, graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("the nodes' edges run in a circle"));
}

/// A variable that `reader` reads and `writer` updates in place.
struct InPlace {
  explicit InPlace(uint64_t newOffset = 0) {
    synSectionHandle section = graph.section();
    synTensor before = graph.tensor("w_old", {64}, section);
    synTensor after = graph.tensor("w_new", {64}, section, newOffset);
    synTensor g = graph.persistent("g", {64});
    reader =
        graph.node("add_fwd_f32", {before, g}, {graph.persistent("y", {64})});
    writer = graph.node("mult_fwd_f32", {g, g}, {after});
  }
  GraphBuilder graph;
  synNodeId reader = 0, writer = 0;
};

TEST_F(CompileTest, tensorsThatShareBytesNeedAnOrder) {
  InPlace update;
  EXPECT_STATUS(synFail, update.graph.tryCompile());
  EXPECT_TRUE(lastMessageHas("share bytes of a section without an order"));
}

TEST_F(CompileTest, aControlEdgeFromTheReaderIsAnOrder) {
  InPlace update;
  ASSERT_SYN(synNodeDependencySet(update.graph.graph, &update.reader,
                                  &update.writer, 1, 1));
  update.graph.compile();
}

TEST_F(CompileTest, theReaderCannotComeAfterTheWriter) {
  InPlace update;
  ASSERT_SYN(synNodeDependencySet(update.graph.graph, &update.writer,
                                  &update.reader, 1, 1));
  EXPECT_STATUS(synFail, update.graph.tryCompile());
}

TEST_F(CompileTest, neighboursInASectionNeedNoOrder) {
  InPlace apart(256);
  apart.graph.compile();
  InPlace touching(252);
  EXPECT_STATUS(synFail, touching.graph.tryCompile());
}

TEST_F(CompileTest, aNodeMayWriteWhatItReads) {
  GraphBuilder graph;
  synSectionHandle section = graph.section();
  synTensor before = graph.tensor("w_old", {64}, section);
  synTensor after = graph.tensor("w_new", {64}, section);
  graph.node("add_fwd_f32", {before, graph.persistent("g", {64})}, {after});
  graph.compile();
}

TEST_F(CompileTest, theWorkspaceIsSharedByTensorsThatDoNotLiveTogether) {
  // A chain of eight results of 256 bytes: two live at once, the last three
  // steps of which one is persistent.
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {64}), last = a;
  for (int i = 0; i < 8; i++) {
    std::string name = "t" + std::to_string(i);
    synTensor next = graph.tensor(name.c_str(), {64});
    graph.node("add_fwd_f32", {last, a}, {next});
    last = next;
  }
  graph.node("add_fwd_f32", {last, a}, {graph.persistent("y", {64})});
  uint64_t bytes = 0;
  ASSERT_SYN(synWorkspaceGetSize(&bytes, graph.compile()));
  EXPECT_EQ(bytes, 512u);
}

} // namespace
