// SPDX-License-Identifier: Apache-2.0
//
// Building graphs: what sections, tensors, nodes and control edges refuse.
#include "test/unit/synapse-stand-in/StandIn.h"

using namespace bertc::standin;

namespace {

using GraphTest = LibraryTest;

TEST_F(GraphTest, typesOfDevicesAreChecked) {
  synGraphHandle graph = nullptr;
  EXPECT_STATUS(synInvalidArgument, synGraphCreate(&graph, synDeviceGaudi3));
  EXPECT_STATUS(synUnsupported, synGraphCreateEager(&graph, synDeviceGaudi));
  ASSERT_SYN(synGraphCreateEager(&graph, synDeviceGaudi2));
  EXPECT_SYN(synGraphDestroy(graph));
  EXPECT_STATUS(synInvalidArgument, synGraphDestroy(graph));
}

TEST_F(GraphTest, attributesAreChecked) {
  GraphBuilder graph;
  synGraphAttribute attribute = GRAPH_ATTRIBUTE_INFERENCE;
  uint64_t value = 1;
  EXPECT_SYN(synGraphSetAttribute(graph.graph, &attribute, &value, 1));
  attribute = synGraphAttribute(9);
  EXPECT_STATUS(synInvalidArgument,
                synGraphSetAttribute(graph.graph, &attribute, &value, 1));
}

TEST_F(GraphTest, aNewSectionIsPersistentOnly) {
  GraphBuilder graph;
  synSectionHandle section = graph.section();
  bool persistent = false, isConst = true, rmw = true;
  uint64_t group = 7;
  ASSERT_SYN(synSectionGetPersistent(section, &persistent));
  ASSERT_SYN(synSectionGetConst(section, &isConst));
  ASSERT_SYN(synSectionGetRMW(section, &rmw));
  ASSERT_SYN(synSectionGetGroup(section, &group));
  EXPECT_TRUE(persistent);
  EXPECT_FALSE(isConst);
  EXPECT_FALSE(rmw);
  EXPECT_EQ(group, 0u);
}

TEST_F(GraphTest, sectionsRefuseWhatDoesNotGoTogether) {
  GraphBuilder graph;
  synSectionHandle section = graph.section();
  EXPECT_STATUS(synUnsupported, synSectionSetRMW(section, true));
  EXPECT_STATUS(synUnsupported, synSectionSetGroup(section, 256));
  EXPECT_SYN(synSectionSetGroup(section, 255));
  ASSERT_SYN(synSectionSetPersistent(section, false));
  ASSERT_SYN(synSectionSetRMW(section, true));
  EXPECT_STATUS(synUnsupported, synSectionSetPersistent(section, true));
  synSectionHandle other = nullptr;
  EXPECT_STATUS(synInvalidArgument, synSectionCreate(&other, 1, graph.graph));
}

TEST_F(GraphTest, aSectionWithATensorIsFrozen) {
  GraphBuilder graph;
  synSectionHandle section = graph.section();
  graph.tensor("a", {4}, section);
  EXPECT_STATUS(synFail, synSectionSetPersistent(section, false));
  EXPECT_STATUS(synFail, synSectionSetRMW(section, true));
  // What stays as it is may be said.
  EXPECT_SYN(synSectionSetPersistent(section, true));
}

TEST_F(GraphTest, aSectionOutlivesItsGraphAndItsTensors) {
  GraphBuilder graph;
  synSectionHandle section = graph.section();
  graph.tensor("a", {4}, section);
  ASSERT_SYN(synGraphDestroy(graph.graph));
  EXPECT_SYN(synSectionDestroy(section));
  EXPECT_STATUS(synInvalidArgument, synSectionDestroy(section));
}

TEST_F(GraphTest, sectionAndTensorAreOfOneGraph) {
  GraphBuilder one, two;
  synTensor tensor = one.tensor("a", {4});
  EXPECT_STATUS(synInvalidArgument,
                synTensorAssignToSection(tensor, two.section(), 0));
  EXPECT_TRUE(lastMessageHas("the section is of another graph"));
}

TEST_F(GraphTest, namesOfTensorsAreUniqueInAGraph) {
  GraphBuilder graph, other;
  graph.tensor("a", {4});
  synTensor tensor = nullptr;
  EXPECT_STATUS(synNameIsAlreadyUsed,
                synTensorHandleCreate(&tensor, graph.graph, DATA_TENSOR, "a"));
  other.tensor("a", {4});
  EXPECT_SYN(synTensorHandleCreate(&tensor, graph.graph, DATA_TENSOR, nullptr));
  char name[32];
  EXPECT_SYN(synTensorGetName(tensor, sizeof(name), name));
  EXPECT_STREQ(name, "tensor_0");
  EXPECT_STATUS(synInvalidArgument, synTensorGetName(tensor, 2, name));
}

TEST_F(GraphTest, aNameIsFreeAgainWhenItsTensorIsDestroyed) {
  GraphBuilder graph;
  ASSERT_SYN(synTensorDestroy(graph.tensor("a", {4})));
  graph.tensor("a", {4});
}

TEST_F(GraphTest, theGraphFreesItsTensors) {
  GraphBuilder graph;
  synTensor tensor = graph.tensor("a", {4});
  ASSERT_SYN(synGraphDestroy(graph.graph));
  EXPECT_STATUS(synInvalidArgument, synTensorDestroy(tensor));
}

TEST_F(GraphTest, geometriesAreChecked) {
  GraphBuilder graph;
  synTensor tensor = graph.tensor("a", {4});
  synTensorGeometry geometry{};
  EXPECT_STATUS(synInvalidTensorDimensions,
                synTensorSetGeometry(tensor, &geometry, synGeometrySizes));
  geometry.dims = 26;
  EXPECT_STATUS(synInvalidTensorDimensions,
                synTensorSetGeometry(tensor, &geometry, synGeometrySizes));
  geometry.dims = 2;
  geometry.sizes[0] = 3;
  EXPECT_STATUS(synInvalidTensorDimensions,
                synTensorSetGeometry(tensor, &geometry, synGeometrySizes));
  geometry.sizes[1] = 1;
  EXPECT_STATUS(synUnsupported,
                synTensorSetGeometry(tensor, &geometry, synGeometryDims));
  EXPECT_SYN(synTensorSetGeometry(tensor, &geometry, synGeometrySizes));
  geometry.sizes[1] = 2;
  EXPECT_STATUS(synUnsupported,
                synTensorSetGeometry(tensor, &geometry, synGeometryMinSizes));
}

TEST_F(GraphTest, layoutsAreDense) {
  GraphBuilder graph;
  synTensor tensor = graph.tensor("a", {4, 4});
  synTensorDeviceFullLayout layout{};
  layout.deviceDataType = syn_type_bf16;
  EXPECT_SYN(synTensorSetDeviceFullLayout(tensor, &layout));
  layout.strides[1] = 8;
  EXPECT_STATUS(synInvalidArgument,
                synTensorSetDeviceFullLayout(tensor, &layout));
  EXPECT_STATUS(synUnsupported,
                synTensorSetDeviceDataType(tensor, syn_type_int4));
  synTensorPermutation permutation{};
  permutation.dims = 2;
  permutation.permutation[1] = 1;
  EXPECT_SYN(synTensorSetPermutation(tensor, &permutation));
  std::swap(permutation.permutation[0], permutation.permutation[1]);
  EXPECT_STATUS(synUnsupported, synTensorSetPermutation(tensor, &permutation));
  EXPECT_SYN(synTensorSetAllowPermutation(tensor, 1));
  EXPECT_STATUS(synInvalidArgument, synTensorSetSectionOffset(tensor, 128));
}

TEST_F(GraphTest, constantsOutsideAConstSectionHaveAtMostAMebibyte) {
  GraphBuilder graph;
  std::vector<float> data((1 << 18) + 1);
  synTensor tensor = graph.tensor("a", {data.size()});
  EXPECT_STATUS(synInvalidArgument,
                synTensorSetHostPtr(tensor, data.data(), (1 << 20) + 4,
                                    syn_type_float, true));
  EXPECT_TRUE(lastMessageHas("needs a constant section"));
  EXPECT_SYN(
      synTensorSetHostPtr(tensor, data.data(), 1 << 20, syn_type_float, true));
  synSectionHandle section = graph.section();
  ASSERT_SYN(synSectionSetConst(section, true));
  synTensor large = graph.tensor("b", {data.size()}, section);
  EXPECT_SYN(synTensorSetHostPtr(large, data.data(), (1 << 20) + 4,
                                 syn_type_float, true));
  EXPECT_STATUS(synUnsupported, synTensorSetHostPtr(large, data.data(), 4,
                                                    syn_type_int32, true));
}

TEST_F(GraphTest, aTensorThatANodeUsesIsFrozen) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {2, 2}),
            c = graph.persistent("c", {2, 2});
  graph.node("gemm", {a, a}, {c});
  synTensorGeometry geometry{};
  geometry.dims = 1;
  geometry.sizes[0] = 4;
  for (synTensor tensor : {a, c}) {
    EXPECT_STATUS(synObjectAlreadyInitialized,
                  synTensorSetGeometry(tensor, &geometry, synGeometrySizes));
    EXPECT_STATUS(synObjectAlreadyInitialized,
                  synTensorSetDeviceDataType(tensor, syn_type_bf16));
    EXPECT_STATUS(synObjectAlreadyInitialized,
                  synTensorAssignToSection(tensor, graph.section(), 0));
    EXPECT_STATUS(synObjectAlreadyInitialized,
                  synTensorSetExternal(tensor, true));
  }
}

TEST_F(GraphTest, nodesCheckTheirArguments) {
  GraphBuilder graph, other;
  synTensor a = graph.persistent("a", {2, 2}),
            c = graph.persistent("c", {2, 2});
  synTensor foreign = other.persistent("a", {2, 2}), bare = nullptr;
  ASSERT_SYN(synTensorHandleCreate(&bare, graph.graph, DATA_TENSOR, "bare"));
  auto create = [&](synTensor in, synTensor out, const std::string &guid) {
    return synNodeCreate(graph.graph, &in, &out, 1, 1, nullptr, 0, guid.c_str(),
                         "n", nullptr, nullptr);
  };
  EXPECT_STATUS(synInvalidArgument, create(a, c, std::string(64, 'g')));
  EXPECT_STATUS(synInvalidArgument, create(a, c, ""));
  EXPECT_STATUS(synInvalidArgument, create(foreign, c, "identity"));
  EXPECT_STATUS(synInvalidTensorProperties, create(bare, c, "identity"));
  EXPECT_STATUS(synInvalidArgument,
                synNodeCreate(graph.graph, &a, &c, 1, 1, nullptr, 4, "identity",
                              "n", nullptr, nullptr));
  EXPECT_SYN(create(a, c, "identity"));
  EXPECT_STATUS(synInvalidArgument, create(a, c, "identity"));
  EXPECT_TRUE(lastMessageHas("tensor c is made by another node"));
}

TEST_F(GraphTest, aConstantIsNoResult) {
  GraphBuilder graph;
  synTensor a = graph.tensor("a", {2});
  float data[2] = {1, 2};
  ASSERT_SYN(synTensorSetHostPtr(a, data, 8, syn_type_float, true));
  synTensor b = graph.persistent("b", {2});
  EXPECT_STATUS(synInvalidArgument,
                synNodeCreate(graph.graph, &b, &a, 1, 1, nullptr, 0, "identity",
                              "n", nullptr, nullptr));
}

TEST_F(GraphTest, controlEdgesNameNodes) {
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {2});
  synNodeId one = graph.node("identity", {a}, {graph.persistent("b", {2})});
  synNodeId two = graph.node("identity", {a}, {graph.persistent("c", {2})});
  EXPECT_SYN(synNodeDependencySet(graph.graph, &one, &two, 1, 1));
  EXPECT_STATUS(synInvalidArgument,
                synNodeDependencySet(graph.graph, &one, &one, 1, 1));
  synNodeId none = 7;
  EXPECT_STATUS(synInvalidArgument,
                synNodeDependencySet(graph.graph, &one, &none, 1, 1));
  EXPECT_STATUS(synInvalidArgument,
                synNodeDependencySet(graph.graph, &one, &two, 0, 1));
  EXPECT_SYN(synNodeSetDeterministic(graph.graph, one, true));
  EXPECT_SYN(synNodeSetRoundingMode(graph.graph, one, synRoundToNearest));
  EXPECT_STATUS(synInvalidArgument,
                synNodeSetRoundingMode(graph.graph, one, synRoundingMode(9)));
  EXPECT_STATUS(synInvalidArgument,
                synNodeSetDeterministic(graph.graph, none, true));
  EXPECT_SYN(synNodeTypeSetPrecision(graph.graph, "gemm", syn_type_float));
}

} // namespace
