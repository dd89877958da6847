// SPDX-License-Identifier: Apache-2.0
#include "io/PackingMetadata.h"

#include "io/Files.h"
#include "io/Manifest.h"
#include "test/unit/io/TestSupport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bertc;
using testing::HasSubstr;

namespace {

class PackingMetadataTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(makeDirectories(folder_ + "/set/training").ok());
  }
  void write(const std::string &name, const std::string &text) {
    ASSERT_TRUE(writeFileAtomically(folder_ + "/" + name, text).ok());
  }
  test::TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
};

TEST_F(PackingMetadataTest, readsTheReferencesFile) {
  write("set_metadata.json",
        R"({"avg_seq_per_sample": 2.25, "top_8_strategies": [7, 1]})");
  auto metadata = readPackingMetadata(folder_ + "/set_metadata.json");
  ASSERT_TRUE(metadata.ok()) << metadata.status().message();
  EXPECT_EQ(metadata->expectedSequences, 2.25);
  EXPECT_EQ(metadata->sequencesPerPack, 0);
}

TEST_F(PackingMetadataTest, takesTheNumberOfSequencesFromTheManifest) {
  write("set_metadata.json", R"({"avg_seq_per_sample": 1.5})");
  Manifest manifest;
  manifest.attributes["max_sequences_per_pack"] = "2";
  ASSERT_TRUE(writeManifest(folder_ + "/set_manifest.json", manifest).ok());
  auto metadata = readPackingMetadata(folder_ + "/set_metadata.json");
  ASSERT_TRUE(metadata.ok()) << metadata.status().message();
  EXPECT_EQ(metadata->sequencesPerPack, 2);

  manifest.attributes["max_sequences_per_pack"] = "two";
  ASSERT_TRUE(writeManifest(folder_ + "/set_manifest.json", manifest).ok());
  metadata = readPackingMetadata(folder_ + "/set_metadata.json");
  EXPECT_THAT(metadata.status().message(),
              HasSubstr("max_sequences_per_pack is 'two'"));
}

TEST_F(PackingMetadataTest, namesWhatIsMissing) {
  write("set_metadata.json", R"({"packs": 3})");
  auto metadata = readPackingMetadata(folder_ + "/set_metadata.json");
  EXPECT_EQ(metadata.status().code(), StatusCode::Corrupt);
  EXPECT_THAT(metadata.status().message(),
              HasSubstr("a number under 'avg_seq_per_sample'"));
  EXPECT_FALSE(readPackingMetadata(folder_ + "/none_metadata.json").ok());
}

TEST_F(PackingMetadataTest, isFoundBesideTheFolderOrTheOneAbove) {
  EXPECT_EQ(findPackingMetadata({folder_ + "/set/training"}), "");
  write("set_metadata.json", "{}");
  std::string above = folder_ + "/set_metadata.json";
  EXPECT_EQ(findPackingMetadata({folder_ + "/set"}), above);
  EXPECT_EQ(findPackingMetadata({folder_ + "/set/training/"}), above);
  EXPECT_EQ(findPackingMetadata({folder_ + "/set/part*"}), above);
  write("set/training_metadata.json", "{}");
  EXPECT_EQ(findPackingMetadata({folder_ + "/set/training"}),
            folder_ + "/set/training_metadata.json");
  // Two sets have no average in common.
  EXPECT_EQ(findPackingMetadata({folder_ + "/set/training", folder_ + "/set"}),
            "");
}

} // namespace
