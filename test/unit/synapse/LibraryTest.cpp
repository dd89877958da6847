// SPDX-License-Identifier: Apache-2.0
//
// Opening SynapseAI's library and its device: every way it can fail, and what
// is said then.

#include "runtime/synapse/Library.h"
#include "runtime/synapse/Device.h"
#include "test/unit/synapse/GraphPlan.h"
#include "test/unit/synapse/StandIn.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

namespace bertc::rt::test {
namespace {

using namespace syn;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct SynapseLibraryTest : StandInTest {
  Status opened(const std::string &path) {
    Status status = openLibrary(path).status();
    EXPECT_EQ(status.code(), StatusCode::Unavailable) << status.message();
    EXPECT_EQ(exitCode(status), 5);
    return status;
  }
  /// Through the public interface, with the plan for Gaudi2.
  Status sessionStatus(const SessionOptions &options) {
    return Session::create(*smallDevicePlan().load(), options).status();
  }
};

TEST_F(SynapseLibraryTest, opensTheOneGiven) {
  StatusOr<LibraryPtr> opened = openLibrary(library());
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ((*opened)->path(), library());
  EXPECT_THAT((*opened)->version(), HasSubstr("1.21.0-stand-in+"));
  EXPECT_EQ(*opened, *openLibrary(library())) << "opened twice";
}

TEST_F(SynapseLibraryTest, opensTheOneOfTheEnvironment) {
  ScopedVariable variable("BERTC_SYNAPSE_LIBRARY", library());
  EXPECT_TRUE(openLibrary("").ok());
}

TEST_F(SynapseLibraryTest, noLibrary) {
  if (openLibrary("").ok()) {
    GTEST_SKIP() << "the loader finds SynapseAI's library on this machine";
  }
  EXPECT_THAT(opened("").message(),
              AllOf(HasSubstr("tried libSynapse.so ("),
                    HasSubstr("libSynapse.so.1 ("),
                    HasSubstr("--synapse-library or BERTC_SYNAPSE_LIBRARY")));
  SessionOptions none = options();
  none.synapseLibrary.clear();
  EXPECT_THAT(sessionStatus(none).message(),
              HasSubstr("cannot execute plan test.plan for gaudi2: cannot load "
                        "SynapseAI's library"));
}

TEST_F(SynapseLibraryTest, noSuchFile) {
  EXPECT_THAT(opened(folder / "none.so").message(),
              AllOf(HasSubstr("none.so"), HasSubstr("No such file"),
                    HasSubstr("--synapse-library"),
                    Not(HasSubstr("libSynapse.so"))));
}

TEST_F(SynapseLibraryTest, aFileOfTheWorkingFolderNeedsItsPath) {
  std::ofstream(folder / "libown.so") << "not for the loader to find";
  std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  std::string message = opened("libown.so").message();
  std::filesystem::current_path(before);
  EXPECT_THAT(message, HasSubstr("of that name is a file here: ./libown.so"));
}

TEST_F(SynapseLibraryTest, aFileThatIsNoLibrary) {
  std::ofstream(folder / "text.so") << "not a library";
  EXPECT_THAT(opened(folder / "text.so").message(),
              AllOf(HasSubstr("text.so"), HasSubstr("--synapse-library")));
}

TEST_F(SynapseLibraryTest, aLibraryOfSomethingElse) {
  EXPECT_THAT(opened(BERTC_FOREIGN_LIBRARY).message(),
              AllOf(HasSubstr("is not SynapseAI's library: it has no function "
                              "synInitialize"),
                    HasSubstr("--synapse-library")));
}

TEST_F(SynapseLibraryTest, aMissingFunctionIsNamed) {
  EXPECT_THAT(opened(BERTC_PARTIAL_LIBRARY).message(),
              AllOf(HasSubstr("has no function synDestroy and lacks "),
                    HasSubstr("SynapseAI 1.16 to 1.21 have")));
}

TEST_F(SynapseLibraryTest, theFirstGenerationIsRecognised) {
  EXPECT_THAT(opened(BERTC_OLD_LIBRARY).message(),
              HasSubstr("is of the first generation of SynapseAI"));
}

TEST_F(SynapseLibraryTest, anOlderReleaseIsRefusedByItsNumber) {
  ScopedVariable version("SYNAPSE_STAND_IN_VERSION", "1.15.1-5");
  EXPECT_THAT(opened(library()).message(),
              AllOf(HasSubstr("is release 1.15.1-5"),
                    HasSubstr("bertc speaks SynapseAI 1.16 to 1.21")));
  EXPECT_THAT(accounting().left, IsEmpty());
  ScopedVariable unchecked("BERTC_SYNAPSE_UNCHECKED", "1");
  EXPECT_TRUE(openLibrary(library()).ok());
}

TEST_F(SynapseLibraryTest, anUnknownGenerationIsFoundByAskingIt) {
  ScopedVariable odd("SYNAPSE_STAND_IN_FAULT", "synDeviceTypeGetAttribute:2=1");
  EXPECT_THAT(opened(library()).message(),
              AllOf(HasSubstr("of a generation that bertc does not know"),
                    HasSubstr("device type 4, it fails "
                              "(synDeviceTypeGetAttribute: "
                              "synInvalidArgument (1)")));
}

TEST_F(SynapseLibraryTest, noDeviceOfThePlansType) {
  ScopedVariable other("SYNAPSE_STAND_IN_DEVICES", "gaudi:3");
  Status status = sessionStatus(options());
  EXPECT_EQ(exitCode(status), 5);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("the plan is for gaudi2, and this machine has no "
                              "such device (there are: 3 gaudi)"),
                    HasSubstr("--target")));
  EXPECT_THAT(accounting().left, IsEmpty());
}

TEST_F(SynapseLibraryTest, noDeviceAtAll) {
  ScopedVariable other("SYNAPSE_STAND_IN_DEVICES", "gaudi:0");
  EXPECT_THAT(sessionStatus(options()).message(),
              AllOf(HasSubstr("(there are: none)"),
                    HasSubstr("load the driver (habanalabs)"),
                    HasSubstr("bertc compile --target cpu")));
}

// Of kernels that are not there no status speaks.
TEST_F(SynapseLibraryTest, aGraphThatDoesNotCompileWithoutKernels) {
  ScopedVariable fault("SYNAPSE_STAND_IN_FAULT", "synGraphCompile:1+=26");
  auto session = Session::create(*smallDevicePlan().load(), options());
  ASSERT_TRUE(session.ok()) << session.status().message();
  EXPECT_THAT((*session)->prepare("main").message(),
              HasSubstr("cannot compile graph 'main/0' (GC_KERNEL_PATH, which "
                        "names the kernels, is not set): synGraphCompile: "));
  ScopedVariable named("GC_KERNEL_PATH", "/somewhere/libkernels.so");
  EXPECT_THAT((*session)->prepare("main").message(),
              HasSubstr("cannot compile graph 'main/0': synGraphCompile: "));
}

TEST_F(SynapseLibraryTest, aBusyDevice) {
  for (const char *code : {"20", "22", "23"}) {
    ScopedVariable busy("SYNAPSE_STAND_IN_FAULT",
                        std::string("synDeviceAcquireByDeviceType:1=") + code);
    Status status = sessionStatus(options());
    EXPECT_EQ(exitCode(status), 5);
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("cannot have one of the 8 devices of type "
                                "gaudi2"),
                      HasSubstr(std::string("(") + code + ")")));
    EXPECT_THAT(accounting().left, IsEmpty());
  }
}

TEST_F(SynapseLibraryTest, theModuleOfTheEnvironment) {
  ScopedVariable module("HLS_MODULE_ID", "3");
  auto session = Session::create(*smallDevicePlan().load(), options());
  ASSERT_TRUE(session.ok()) << session.status().message();
  EXPECT_THAT((*session)->device(), HasSubstr("gaudi2 module 3"));
}

TEST_F(SynapseLibraryTest, aModuleOfAnotherType) {
  ScopedVariable module("HLS_MODULE_ID", "12"); // of 8 gaudi2 and 8 gaudi
  Status status = sessionStatus(options());
  EXPECT_EQ(exitCode(status), 5);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("the plan is for gaudi2, the device is a gaudi"),
                    HasSubstr("--target gaudi or choose another device by "
                              "HLS_MODULE_ID")));
  EXPECT_THAT(accounting().left, IsEmpty());
}

TEST_F(SynapseLibraryTest, aModuleThatIsNotThere) {
  ScopedVariable module("HLS_MODULE_ID", "99");
  Status status = sessionStatus(options());
  EXPECT_EQ(exitCode(status), 5);
  EXPECT_THAT(status.message(), HasSubstr("cannot use module 99, which "
                                          "HLS_MODULE_ID names (there are: 8 "
                                          "gaudi, 8 gaudi2)"));
}

TEST_F(SynapseLibraryTest, aModuleThatIsNoNumber) {
  for (const char *text : {"", "first", "-1", "3x"}) {
    ScopedVariable module("HLS_MODULE_ID", text);
    Status status = sessionStatus(options());
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr("expected the number of a module"));
  }
}

} // namespace
} // namespace bertc::rt::test
