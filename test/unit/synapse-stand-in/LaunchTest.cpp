// SPDX-License-Identifier: Apache-2.0
//
// Launches: what they compute and what they refuse.
#include "test/unit/synapse-stand-in/StandIn.h"

using namespace bertc::standin;

namespace {

/// c = a x b, two rows of two; the simplest graph that runs.
class LaunchTest : public DeviceTest {
protected:
  void SetUp() override {
    DeviceTest::SetUp();
    GraphBuilder graph;
    graph.node("gemm",
               {graph.persistent("a", {2, 2}), graph.persistent("b", {2, 2})},
               {graph.persistent("c", {2, 2})});
    recipe_ = graph.compile();
    a_ = deviceMalloc(1024);
    b_ = a_ + 128;
    c_ = a_ + 256;
    upload(a_, {1, 2, 3, 4});
    upload(b_, {1, 0, 1, 1});
  }
  LaunchList all() {
    return LaunchList().add("a", a_).add("b", b_).add("c", c_);
  }

  synRecipeHandle recipe_ = nullptr;
  uint64_t a_ = 0, b_ = 0, c_ = 0;
};

TEST_F(LaunchTest, computesTheNodesAndTouchesNothingElse) {
  upload(c_ + 16, {7, 7, 7, 7});
  ASSERT_SYN(all().launch(stream_, recipe_));
  EXPECT_EQ(download(c_, 8), (std::vector<float>{3, 2, 7, 4, 7, 7, 7, 7}));
  EXPECT_EQ(download(a_, 4), (std::vector<float>{1, 2, 3, 4}));
}

TEST_F(LaunchTest, launchesById) {
  const char *names[] = {"a", "b", "c"};
  uint64_t ids[3];
  ASSERT_SYN(synTensorRetrieveIds(recipe_, names, ids, 3));
  LaunchList list = all();
  for (int i = 0; i < 3; i++) {
    list.infos[i].tensorName = nullptr;
    list.infos[i].tensorId = ids[i];
  }
  // An invalid id is skipped.
  list.add(nullptr, 0);
  ASSERT_SYN(synLaunch(stream_, list.infos.data(), 4, 0, recipe_, 0));
  EXPECT_EQ(download(c_, 4), (std::vector<float>{3, 2, 7, 4}));
}

TEST_F(LaunchTest, writesIdsBackWhenItMatchesByName) {
  LaunchList list = all();
  ASSERT_SYN(list.launch(stream_, recipe_));
  uint64_t id = 0;
  const char *name = "b";
  ASSERT_SYN(synTensorRetrieveIds(recipe_, &name, &id, 1));
  EXPECT_EQ(list.infos[1].tensorId, id);
}

TEST_F(LaunchTest, everyPersistentTensorIsGiven) {
  EXPECT_STATUS(
      synInvalidArgument,
      LaunchList().add("a", a_).add("b", b_).launch(stream_, recipe_));
  EXPECT_TRUE(lastMessageHas("persistent tensor c is not given"));
  EXPECT_STATUS(synInvalidArgument,
                all().add("d", a_).launch(stream_, recipe_));
  LaunchList list = all();
  list.infos[0].tensorId = 77;
  EXPECT_STATUS(synInvalidArgument,
                synLaunch(stream_, list.infos.data(), 3, 0, recipe_, 0));
}

TEST_F(LaunchTest, addressesLieInLiveMemoryAndAreAligned) {
  c_ += 64;
  EXPECT_STATUS(synInvalidArgument, all().launch(stream_, recipe_));
  EXPECT_TRUE(lastMessageHas("not at a multiple of 128 bytes"));
  c_ = a_ + 1024;
  EXPECT_STATUS(synInvalidArgument, all().launch(stream_, recipe_));
  EXPECT_TRUE(lastMessageHas("not inside one allocation"));
  c_ = deviceMalloc(128);
  EXPECT_SYN(all().launch(stream_, recipe_));
  ASSERT_SYN(synStreamSynchronize(stream_));
  ASSERT_SYN(synDeviceFree(device_, c_, 0));
  EXPECT_STATUS(synInvalidArgument, all().launch(stream_, recipe_));
}

TEST_F(LaunchTest, aSectionWithoutAnAddressIsRefused) {
  c_ = 0;
  EXPECT_STATUS(synFailedSectionValidation, all().launch(stream_, recipe_));
}

TEST_F(LaunchTest, writtenMemoryIsOfOneSection) {
  c_ = b_;
  EXPECT_STATUS(synFailedSectionValidation, all().launch(stream_, recipe_));
  EXPECT_TRUE(lastMessageHas("overlaps, and one is written"));
  // Two that are only read may be the same.
  c_ = a_ + 256;
  b_ = a_;
  EXPECT_SYN(all().launch(stream_, recipe_));
}

TEST_F(LaunchTest, typesSizesAndFlagsAreChecked) {
  LaunchList list = all();
  list.infos[0].tensorType = HOST_TO_DEVICE_TENSOR;
  EXPECT_STATUS(synInvalidArgument, list.launch(stream_, recipe_));
  list = all();
  list.infos[0].tensorSize[0] = 2;
  EXPECT_STATUS(synInvalidTensorDimensions, list.launch(stream_, recipe_));
  list.infos[0].tensorSize[1] = 2;
  EXPECT_SYN(list.launch(stream_, recipe_));
  EXPECT_STATUS(synInvalidArgument,
                synLaunch(stream_, list.infos.data(), 3, 0, recipe_, 4));
  EXPECT_STATUS(synInvalidArgument, list.launch(nullptr, recipe_));
  EXPECT_STATUS(synInvalidArgument, list.launch(stream_, nullptr));
}

TEST_F(LaunchTest, aRecipeRunsOnItsTypeOfDevice) {
  GraphBuilder graph(synDeviceGaudi);
  synTensor a = graph.persistent("a", {2, 2});
  graph.node("gemm", {a, a}, {graph.persistent("c", {2, 2})});
  synRecipeHandle recipe = graph.compile();
  EXPECT_STATUS(synDeviceTypeMismatch,
                LaunchList().add("a", a_).add("c", c_).launch(stream_, recipe));
}

TEST_F(LaunchTest, constantsAreInTheRecipe) {
  GraphBuilder graph;
  synTensor b = graph.tensor("b", {2, 2});
  float data[4] = {1, 1, 1, 1};
  ASSERT_SYN(synTensorSetHostPtr(b, data, 16, syn_type_float, true));
  data[0] = 5; // It was copied.
  graph.node("add_fwd_f32", {graph.persistent("a", {2, 2}), b},
             {graph.persistent("c", {2, 2})});
  synRecipeHandle recipe = graph.compile();
  ASSERT_SYN(LaunchList().add("a", a_).add("c", c_).launch(stream_, recipe));
  EXPECT_EQ(download(c_, 4), (std::vector<float>{2, 3, 4, 5}));
}

/// y = (a + a) * a through the workspace.
class WorkspaceTest : public LaunchTest {
protected:
  void SetUp() override {
    LaunchTest::SetUp();
    recipe_ = build();
  }
  synRecipeHandle build() {
    GraphBuilder graph;
    synTensor a = graph.persistent("a", {4}), t = graph.tensor("t", {4});
    graph.node("add_fwd_f32", {a, a}, {t});
    graph.node("mult_fwd_f32", {t, a}, {graph.persistent("c", {4})});
    return graph.compile();
  }
  LaunchList two() { return LaunchList().add("a", a_).add("c", c_); }
};

TEST_F(WorkspaceTest, isUsedAndMustBeThere) {
  uint64_t bytes = 0;
  ASSERT_SYN(synWorkspaceGetSize(&bytes, recipe_));
  EXPECT_EQ(bytes, 128u);
  EXPECT_STATUS(synInvalidArgument, two().launch(stream_, recipe_));
  EXPECT_TRUE(lastMessageHas("needs a workspace of 128 bytes"));
  uint64_t workspace = deviceMalloc(256);
  EXPECT_STATUS(synInvalidArgument,
                two().launch(stream_, recipe_, workspace + 64));
  EXPECT_STATUS(synInvalidArgument,
                two().launch(stream_, recipe_, workspace + 256));
  EXPECT_STATUS(synFailedSectionValidation, two().launch(stream_, recipe_, a_));
  ASSERT_SYN(two().launch(stream_, recipe_, workspace));
  EXPECT_EQ(download(c_, 4), (std::vector<float>{2, 8, 18, 32}));
  EXPECT_EQ(download(workspace, 4), (std::vector<float>{2, 4, 6, 8}));
}

/// Two tensors of one section, at 0 and at 256 bytes.
class SectionLaunchTest : public LaunchTest {
protected:
  void SetUp() override {
    LaunchTest::SetUp();
    GraphBuilder graph;
    synSectionHandle section = graph.section();
    synTensor a = graph.tensor("a", {4}, section);
    graph.node("add_fwd_f32", {a, a}, {graph.tensor("c", {4}, section, 256)});
    recipe_ = graph.compile();
  }
};

TEST_F(SectionLaunchTest, addressesAgreeWithOffsets) {
  EXPECT_SYN(
      LaunchList().add("a", a_).add("c", a_ + 256).launch(stream_, recipe_));
  EXPECT_EQ(download(a_ + 256, 4), (std::vector<float>{2, 4, 6, 8}));
  EXPECT_STATUS(
      synFailedSectionValidation,
      LaunchList().add("a", a_).add("c", a_ + 128).launch(stream_, recipe_));
}

TEST_F(SectionLaunchTest, anAddressOfZeroIsDeducedFromItsMates) {
  EXPECT_SYN(
      LaunchList().add("c", a_ + 256).add("a", 0).launch(stream_, recipe_));
  EXPECT_EQ(download(a_ + 256, 4), (std::vector<float>{2, 4, 6, 8}));
}

/// w is read by `y = w + g`, then updated: `w = w * g`.
TEST_F(LaunchTest, updatesInPlaceAfterItsReaders) {
  GraphBuilder graph;
  synSectionHandle section = graph.section();
  synTensor before = graph.tensor("w_old", {4}, section);
  synTensor after = graph.tensor("w_new", {4}, section);
  synTensor g = graph.persistent("g", {4});
  // The writer is created first: only the edge puts it last.
  synNodeId writer = graph.node("mult_fwd_f32", {before, g}, {after});
  synNodeId reader =
      graph.node("add_fwd_f32", {before, g}, {graph.persistent("y", {4})});
  ASSERT_SYN(synNodeDependencySet(graph.graph, &reader, &writer, 1, 1));
  synRecipeHandle recipe = graph.compile();
  upload(b_, {10, 10, 10, 10});
  LaunchList list;
  list.add("w_old", a_).add("w_new", a_).add("g", b_).add("y", c_);
  ASSERT_SYN(list.launch(stream_, recipe));
  EXPECT_EQ(download(c_, 4), (std::vector<float>{11, 12, 13, 14}));
  EXPECT_EQ(download(a_, 4), (std::vector<float>{10, 20, 30, 40}));
}

TEST_F(LaunchTest, aResultMayLieOnAnOperandOfAnyKernel) {
  GraphBuilder graph;
  synSectionHandle section = graph.section();
  synTensor a = graph.tensor("a", {2, 2}, section);
  graph.node("gemm", {a, graph.persistent("b", {2, 2})},
             {graph.tensor("c", {2, 2}, section)});
  synRecipeHandle recipe = graph.compile();
  LaunchList list;
  ASSERT_SYN(
      list.add("a", a_).add("b", b_).add("c", a_).launch(stream_, recipe));
  EXPECT_EQ(download(a_, 4), (std::vector<float>{3, 2, 7, 4}));
}

TEST_F(LaunchTest, memoryGivenBackBeforeTheLaunchRunsFailsTheStream) {
  restartWith("slow_stream_ms=20");
  GraphBuilder graph;
  synTensor a = graph.persistent("a", {2, 2});
  graph.node("gemm", {a, a}, {graph.persistent("c", {2, 2})});
  recipe_ = graph.compile();
  a_ = deviceMalloc(128);
  c_ = deviceMalloc(128);
  ASSERT_SYN(LaunchList().add("a", a_).add("c", c_).launch(stream_, recipe_));
  ASSERT_SYN(synDeviceFree(device_, c_, 0));
  EXPECT_STATUS(synFail, synStreamSynchronize(stream_));
  EXPECT_TRUE(lastMessageHas("was given back before the launch ran"));
}

} // namespace
