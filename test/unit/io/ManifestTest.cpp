// SPDX-License-Identifier: Apache-2.0
//
// Manifests see what a set of valid record files cannot say of itself.
#include "io/Manifest.h"
#include "test/unit/io/TestSupport.h"

#include <gmock/gmock.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::HasSubstr;

/// Two shards and their manifest in DIR/train.
class ManifestTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_OK(makeDirectories(train_));
    std::vector<RecordFileInfo> infos;
    for (const char *name : {"part-1", "part-0"}) {
      auto writer = TfRecordWriter::create(joinPath(train_, name));
      ASSERT_OK(writer);
      ASSERT_OK(writer->append("record one"));
      ASSERT_OK(writer->append("record two"));
      auto info = writer->finish();
      ASSERT_OK(info);
      infos.push_back(*info);
    }
    manifest_ = makeManifest(infos, {{"seed", "12345"}});
    ASSERT_OK(writeManifest(manifestPath(train_), manifest_));
  }

  test::TemporaryFolder folder_;
  std::string train_ = folder_.file("train");
  Manifest manifest_;
};

TEST_F(ManifestTest, StandsBesideAFolderAndAFile) {
  EXPECT_EQ(manifestPath(train_), train_ + "_manifest.json");
  EXPECT_EQ(manifestPath(train_ + "/"), train_ + "_manifest.json");
  EXPECT_EQ(manifestPath(train_ + "/part-0"), train_ + "/part-0.manifest.json");
}

TEST_F(ManifestTest, RoundTrips) {
  auto read = readManifest(manifestPath(train_));
  ASSERT_OK(read);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].name, "part-0");
  EXPECT_EQ(read->totalRecords(), 4u);
  EXPECT_EQ(read->totalBytes(), 4u * 26);
  EXPECT_EQ(read->files[1].sha256, manifest_.files[1].sha256);
  EXPECT_EQ(read->attributes.at("seed"), "12345");
  EXPECT_OK(verifyManifest(train_, ManifestCheck::Hashes));
}

TEST_F(ManifestTest, SeesACutAtARecordBoundary) {
  std::string path = train_ + "/part-1";
  test::put(path, test::get(path).substr(0, 26));
  EXPECT_EQ(errorOf(verifyManifest(train_, ManifestCheck::Sizes)),
            "'" + path + "' has 26 bytes, its manifest says 52");
}

TEST_F(ManifestTest, SeesMissingSurplusAndChangedFiles) {
  std::string path = train_ + "/part-1", bytes = test::get(path);
  std::string swapped = bytes.substr(26) + bytes.substr(0, 26);
  test::put(path, swapped);
  EXPECT_OK(verifyManifest(train_, ManifestCheck::Sizes));
  EXPECT_THAT(errorOf(verifyManifest(train_, ManifestCheck::Hashes)),
              HasSubstr("has sha256"));
  ASSERT_OK(removeFile(path));
  EXPECT_THAT(errorOf(verifyManifest(train_, ManifestCheck::Sizes)),
              HasSubstr("listed in the manifest but missing"));
  test::put(path, bytes);
  test::put(train_ + "/part-2", "");
  EXPECT_THAT(errorOf(verifyManifest(train_, ManifestCheck::Sizes)),
              HasSubstr("part-2' is not listed in the manifest"));
}

TEST_F(ManifestTest, AbsenceIsNotFound) {
  ASSERT_OK(removeFile(manifestPath(train_)));
  EXPECT_EQ(verifyManifest(train_, ManifestCheck::Sizes).code(),
            StatusCode::NotFound);
}

TEST_F(ManifestTest, RefusesNamesThatLeaveTheFolder) {
  std::string path = manifestPath(train_), text = test::get(path);
  for (const char *name : {"../x", "/etc/passwd", "..", "a\\u0000b", ""}) {
    std::string hostile = text;
    hostile.replace(hostile.find("part-0"), 6, name);
    test::put(path, hostile);
    EXPECT_THAT(errorOf(readManifest(path)), HasSubstr("is not a file name"))
        << name;
  }
}

TEST_F(ManifestTest, DamageNeverCrashes) {
  test::Seeded random(9);
  std::string path = manifestPath(train_), text = test::get(path);
  for (size_t length = 0; length + 2 < text.size(); ++length) {
    test::put(path, text.substr(0, length));
    EXPECT_EQ(readManifest(path).status().code(), StatusCode::Corrupt);
  }
  for (int i = 0; i < 2000; ++i) {
    test::put(path, test::mutate(text, random));
    auto read = readManifest(path);
    if (!read.ok()) {
      EXPECT_THAT(read.status().message(), HasSubstr(path));
    }
  }
}

} // namespace
} // namespace bertc
