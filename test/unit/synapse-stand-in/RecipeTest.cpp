// SPDX-License-Identifier: Apache-2.0
//
// Recipes: what they tell, and their way to disk and back.
#include "test/unit/synapse-stand-in/StandIn.h"

#include <fstream>
#include <iterator>

using namespace bertc::standin;

namespace {

/// y = (a + k) + b with a constant k and b in a constant section.
class RecipeTest : public DeviceTest {
protected:
  void SetUp() override {
    DeviceTest::SetUp();
    GraphBuilder graph;
    synTensor a = graph.persistent("a", {4}), k = graph.tensor("k", {4});
    float ones[] = {1, 1, 1, 1}, twos[] = {2, 2, 2, 2};
    ASSERT_SYN(synTensorSetHostPtr(k, ones, 16, syn_type_float, true));
    synSectionHandle section = graph.section();
    ASSERT_SYN(synSectionSetConst(section, true));
    synTensor b = graph.tensor("b", {4}, section);
    ASSERT_SYN(synTensorSetHostPtr(b, twos, 16, syn_type_float, true));
    synTensor t = graph.tensor("t", {4});
    graph.node("add_fwd_f32", {a, k}, {t});
    graph.node("add_fwd_f32", {t, b}, {graph.persistent("y", {4})});
    recipe_ = graph.compile();
    ASSERT_SYN(synGraphDestroy(graph.graph));
    path_ = testing::TempDir() + "/stand-in-test.recipe";
  }
  void TearDown() override {
    std::remove(path_.c_str());
    DeviceTest::TearDown();
  }
  std::string read() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string &bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  std::vector<float> run(synRecipeHandle recipe) {
    uint64_t a = deviceMalloc(1024);
    upload(a, {1, 2, 3, 4});
    upload(a + 128, {2, 2, 2, 2});
    LaunchList list;
    list.add("a", a).add("b", a + 128).add("y", a + 256);
    EXPECT_SYN(list.launch(stream_, recipe, a + 512));
    std::vector<float> result = download(a + 256, 4);
    EXPECT_SYN(synDeviceFree(device_, a, 0));
    return result;
  }

  synRecipeHandle recipe_ = nullptr;
  std::string path_;
};

TEST_F(RecipeTest, tellsItsSizes) {
  const synRecipeAttribute wanted[] = {RECIPE_ATTRIBUTE_WORKSPACE_SIZE,
                                       RECIPE_ATTRIBUTE_NUM_PERSISTENT_TENSORS,
                                       RECIPE_ATTRIBUTE_HOST_MEM_SIZE,
                                       RECIPE_ATTRIBUTE_NUM_EXTERNAL_TENSORS,
                                       RECIPE_ATTRIBUTE_PERSISTENT_TENSORS_SIZE,
                                       RECIPE_ATTRIBUTE_CONST_SECTIONS_SIZE,
                                       RECIPE_ATTRIBUTE_DEVICE_MEMORY_SIZE};
  uint64_t values[7];
  ASSERT_SYN(synRecipeGetAttribute(values, wanted, 7, recipe_));
  EXPECT_EQ(values[0], 128u);
  EXPECT_EQ(values[1], 3u);
  EXPECT_GT(values[2], 0u);
  EXPECT_EQ(values[3], 0u);
  EXPECT_EQ(values[4], 48u);
  EXPECT_EQ(values[5], 16u);
  EXPECT_EQ(values[6], 16u);
  auto unknown = synRecipeAttribute(9);
  EXPECT_STATUS(synInvalidArgument,
                synRecipeGetAttribute(values, &unknown, 1, recipe_));
  uint32_t amount = 0;
  ASSERT_SYN(synTensorRetrievePersistentAmount(recipe_, &amount));
  EXPECT_EQ(amount, 3u);
  ASSERT_SYN(synTensorRetrieveLaunchAmount(recipe_, &amount));
  EXPECT_EQ(amount, 3u);
}

TEST_F(RecipeTest, tellsOfItsTensors) {
  uint64_t ids[3];
  ASSERT_SYN(synTensorRetrieveLaunchIds(recipe_, ids, 3));
  EXPECT_STATUS(synInvalidArgument,
                synTensorRetrieveLaunchIds(recipe_, ids, 4));
  std::vector<synRetrievedLaunchTensorInfo> infos(4);
  for (int i = 0; i < 3; i++) {
    infos[i].tensorId = ids[i];
  }
  infos[3].tensorId = 99;
  ASSERT_SYN(synTensorRetrieveLaunchInfoById(recipe_, 4, infos.data()));
  EXPECT_STREQ(infos[2].tensorName, "y");
  EXPECT_EQ(infos[2].tensorDims, 1u);
  EXPECT_EQ(infos[2].tensorMaxSize[0], 4u);
  EXPECT_EQ(infos[2].tensorDataType, syn_type_float);
  EXPECT_FALSE(infos[2].isInput);
  EXPECT_TRUE(infos[0].isInput);
  EXPECT_EQ(infos[3].tensorType, TENSOR_TYPE_INVALID);
  const char *none = "t";
  EXPECT_STATUS(synInvalidArgument,
                synTensorRetrieveIds(recipe_, &none, ids, 1));
}

TEST_F(RecipeTest, givesTheDataOfConstantSections) {
  std::vector<synRetrievedLaunchTensorInfo> infos(1);
  const char *name = "b";
  ASSERT_SYN(synTensorRetrieveIds(recipe_, &name, &infos[0].tensorId, 1));
  ASSERT_SYN(synTensorRetrieveLaunchInfoById(recipe_, 1, infos.data()));
  synSectionId section = infos[0].tensorSectionId;
  uint64_t value = 0;
  ASSERT_SYN(synRecipeSectionGetProp(recipe_, section, IS_CONST, &value));
  EXPECT_EQ(value, 1u);
  ASSERT_SYN(synRecipeSectionGetProp(recipe_, section, SECTION_SIZE, &value));
  EXPECT_EQ(value, 16u);
  ASSERT_SYN(synRecipeSectionGetProp(recipe_, section, SECTION_DATA, &value));
  EXPECT_EQ(*reinterpret_cast<const float *>(value), 2.0f);
  ASSERT_SYN(synRecipeSectionHostBuffersClear(recipe_, &section, 1));
  EXPECT_STATUS(
      synInvalidArgument,
      synRecipeSectionGetProp(recipe_, section, SECTION_DATA, &value));
  EXPECT_STATUS(synInvalidArgument,
                synRecipeSectionGetProp(recipe_, 9, SECTION_SIZE, &value));
  section = 9;
  EXPECT_STATUS(synInvalidArgument,
                synRecipeSectionHostBuffersClear(recipe_, &section, 1));
}

TEST_F(RecipeTest, aRecipeFromDiskRunsAlike) {
  std::vector<float> expected{4, 5, 6, 7};
  EXPECT_EQ(run(recipe_), expected);
  ASSERT_SYN(synRecipeSerialize(recipe_, path_.c_str()));
  ASSERT_SYN(synRecipeDestroy(recipe_));
  EXPECT_STATUS(synInvalidArgument, synRecipeDestroy(recipe_));
  synRecipeHandle loaded = nullptr;
  ASSERT_SYN(synRecipeDeSerialize(&loaded, path_.c_str()));
  EXPECT_EQ(run(loaded), expected);
  // The same bytes again.
  std::string first = read();
  ASSERT_SYN(synRecipeSerialize(loaded, path_.c_str()));
  EXPECT_EQ(read(), first);
  // The version comes first, as in the real file.
  EXPECT_EQ(first.substr(0, 8), std::string("\1\0\0\0\3\0\0\0", 8));
}

TEST_F(RecipeTest, badFilesAreRefused) {
  synRecipeHandle loaded = nullptr;
  EXPECT_STATUS(synWrongParamsFile,
                synRecipeDeSerialize(&loaded, "/nonexistent/file"));
  EXPECT_STATUS(synFail, synRecipeSerialize(recipe_, "/nonexistent/file"));
  ASSERT_SYN(synRecipeSerialize(recipe_, path_.c_str()));
  std::string good = read();
  auto refused = [&](const std::string &bytes) {
    write(bytes);
    return synRecipeDeSerialize(&loaded, path_.c_str()) == synWrongParamsFile;
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("a text"));
  EXPECT_TRUE(refused(good + "x"));
  for (size_t length : {size_t(8), good.size() / 2, good.size() - 1}) {
    EXPECT_TRUE(refused(good.substr(0, length))) << length;
  }
  for (size_t i : {size_t(0), size_t(4), size_t(12), size_t(16), size_t(24),
                   good.size() / 2, good.size() - 1}) {
    std::string changed = good;
    changed[i] ^= 1;
    EXPECT_TRUE(refused(changed)) << "byte " << i;
  }
  write(good);
  EXPECT_SYN(synRecipeDeSerialize(&loaded, path_.c_str()));
}

TEST_F(RecipeTest, aRecipeOfAnotherTypeOfDeviceIsRefused) {
  ASSERT_SYN(synRecipeSerialize(recipe_, path_.c_str()));
  ASSERT_SYN(synDeviceRelease(device_));
  ASSERT_SYN(synDeviceAcquireByDeviceType(&device_, synDeviceGaudi));
  synRecipeHandle loaded = nullptr;
  EXPECT_STATUS(synDeviceTypeMismatch,
                synRecipeDeSerialize(&loaded, path_.c_str()));
}

} // namespace
