// SPDX-License-Identifier: Apache-2.0
//
// Loading: what a whole file must look like before its meaning matters.

#include "runtime/core/CpuFeatures.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;

Status loadBytes(const std::vector<uint8_t> &bytes) {
  return Plan::fromBytes(bytes.data(), bytes.size(), "t.plan").status();
}

TEST(PlanFile, describesEntriesVariablesAndModel) {
  StatusOr<Plan> plan = tinyModel().load();
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  ASSERT_NE(plan->findEntry("main"), nullptr);
  EXPECT_EQ(plan->findEntry("main")->numSteps, 7u);
  ASSERT_NE(plan->findEntry("main")->findInput("ids"), nullptr);
  EXPECT_EQ(plan->findEntry("main")->findInput("ids")->dtype, DType::I32);
  EXPECT_EQ(plan->findEntry("main")->findOutput("y")->shape, Shape({4, 8}));
  EXPECT_EQ(plan->findEntry("main")->findOutput("z"), nullptr);
  ASSERT_NE(plan->findVariable("kernel"), nullptr);
  EXPECT_EQ(plan->findVariable("kernel")->bytes(), 256u);
  EXPECT_EQ(plan->findVariable("nothing"), nullptr);
  EXPECT_EQ(plan->model().task, "encode");
  EXPECT_EQ(plan->sha256().size(), 64u);
}

TEST(PlanFile, loadsAFileAndNamesAMissingOne) {
  std::string path = ::testing::TempDir() + "/tiny.plan";
  std::vector<uint8_t> bytes = tinyModel().build();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  StatusOr<Plan> plan = Plan::load(path);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->path(), path);
  std::remove(path.c_str());
  Status gone = Plan::load(path).status();
  EXPECT_EQ(gone.code(), StatusCode::NotFound);
  EXPECT_THAT(gone.message(), HasSubstr(path));
  EXPECT_EQ(Plan::load(::testing::TempDir()).status().code(),
            StatusCode::IoError);
}

TEST(PlanFile, refusesAFileTooShort) {
  EXPECT_THAT(loadBytes({1, 2, 3}).message(),
              HasSubstr("has 3 bytes, too few for a plan"));
}

TEST(PlanFile, refusesAnotherIdentifier) {
  std::vector<uint8_t> bytes = tinyModel().build();
  bytes[4] = 'X';
  Status status = loadBytes(bytes);
  EXPECT_EQ(status.code(), StatusCode::Corrupt);
  EXPECT_THAT(status.message(), HasSubstr("identifier 'BRTP' is missing"));
}

TEST(PlanFile, refusesAnotherSchemaVersion) {
  PlanBuilder b = tinyModel();
  b.plan.schema_version = 999;
  Status status = b.verify();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("schema version 999"));
}

TEST(PlanFile, refusesAHashThatDoesNotMatch) {
  std::vector<uint8_t> bytes = tinyModel().build();
  // The producer's text: structure and meaning stay sound.
  auto at = std::search(bytes.begin(), bytes.end(), "test", "test" + 4);
  ASSERT_NE(at, bytes.end());
  *at = 'T';
  EXPECT_THAT(loadBytes(bytes).message(),
              HasSubstr("does not match its sha256"));
}

TEST(PlanFile, refusesAHashOfAnotherLength) {
  PlanBuilder b = tinyModel();
  b.plan.sha256.assign(31, 0);
  EXPECT_THAT(b.verify().message(), HasSubstr("sha256 has 31 bytes"));
}

TEST(PlanFile, refusesAnotherTarget) {
  PlanBuilder b = tinyModel();
  b.plan.target = "gaudi9";
  Status status = b.verify();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(status.message(),
              HasSubstr("target 'gaudi9', this runtime executes "
                        "'cpu', 'gaudi' and 'gaudi2'"));
}

TEST(PlanFile, refusesAnUnknownInstructionSet) {
  PlanBuilder b = tinyModel();
  b.plan.cpu_isa = "avx1024";
  EXPECT_EQ(b.verify().code(), StatusCode::Corrupt);
}

TEST(PlanFile, refusesAnInstructionSetThisCpuLacks) {
  if (usableIsa() == Isa::Amx) {
    GTEST_SKIP() << "this CPU has every instruction set";
  }
  PlanBuilder b = tinyModel();
  b.plan.cpu_isa = "amx";
  Status status = b.verify();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("needs amx"));
}

TEST(PlanFile, refusesEveryTruncation) {
  std::vector<uint8_t> bytes = tinyModel().build();
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<uint8_t> cut(bytes.begin(),
                             bytes.begin() + static_cast<ptrdiff_t>(size));
    ASSERT_FALSE(loadBytes(cut).ok()) << size << " of " << bytes.size();
  }
}

} // namespace
} // namespace bertc::rt::test
