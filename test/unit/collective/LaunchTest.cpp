// SPDX-License-Identifier: Apache-2.0
#include "runtime/collective/Launch.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bertc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

TEST(Launch, readsTheEnvironmentOfOpenMpi) {
  EXPECT_EQ(rt::Launch::fromEnvironment().size, 1);
  setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  setenv("OMPI_COMM_WORLD_RANK", "3", 1);
  setenv("OMPI_MCA_odls_base_sigkill_timeout", "60", 1);
  rt::Launch launch = rt::Launch::fromEnvironment();
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.rank, 3);
  EXPECT_EQ(launch.secondsToLeave, 60);
  unsetenv("OMPI_COMM_WORLD_SIZE");
  unsetenv("OMPI_COMM_WORLD_RANK");
  unsetenv("OMPI_MCA_odls_base_sigkill_timeout");
}

TEST(Launch, saysWhatIsMissing) {
  setenv("BERTC_MPI_LIBRARY", "no-such-library.so", 1);
  Status status = rt::mpiTransport().status();
  unsetenv("BERTC_MPI_LIBRARY");
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_THAT(status.message(), HasSubstr("libopenmpi-dev"));
  EXPECT_THAT(status.message(), HasSubstr("no-such-library.so"));
}

TEST(Launch, ranksWithTheSameCpusDivideThem) {
  std::vector<int> four = {0, 2, 1, 3}, six = {0, 1, 2, 3, 4, 5};
  EXPECT_THAT(rt::shareCpus({four, four}, 0), ElementsAre(0, 2));
  EXPECT_THAT(rt::shareCpus({four, four}, 1), ElementsAre(1, 3));
  EXPECT_THAT(rt::shareCpus({six, six, six, six}, 1), ElementsAre(1, 2));
  EXPECT_THAT(rt::shareCpus({six, six, six, six}, 3), ElementsAre(4, 5));
  // Those that the launcher has given different ones keep them.
  EXPECT_THAT(rt::shareCpus({{0}, {1}}, 1), ElementsAre(1));
  EXPECT_THAT(rt::shareCpus({four, six, four}, 2), ElementsAre(1, 3));
  EXPECT_THAT(rt::shareCpus({four, six, four}, 1),
              ElementsAre(0, 1, 2, 3, 4, 5));
  // More ranks than CPUs.
  EXPECT_THAT(rt::shareCpus({{0, 1}, {0, 1}, {0, 1}}, 2), ElementsAre(0));
}

TEST(Launch, pinsWhatItMay) {
  std::vector<int> before = rt::allowedCpus();
  ASSERT_FALSE(before.empty());
  ASSERT_TRUE(rt::pinTo({before.back()}).ok());
  EXPECT_THAT(rt::allowedCpus(), ElementsAre(before.back()));
  EXPECT_TRUE(rt::pinTo(before).ok());
}

} // namespace
