// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/Threads.h"

#include <gtest/gtest.h>
#include <omp.h>
#include <xmmintrin.h>

namespace bertc::rt {
namespace {

TEST(RunThreads, setsCountAndFlushingInEveryThreadAndRestoresTheCaller) {
  int before = omp_get_max_threads();
  unsigned mode = _mm_getcsr();
  {
    RunThreads scope(3);
    EXPECT_EQ(omp_get_max_threads(), 3);
    int flushing = 0;
#pragma omp parallel reduction(+ : flushing)
    flushing += (_mm_getcsr() & 0x8040) == 0x8040 ? 1 : 0;
    EXPECT_EQ(flushing, 3);
  }
  EXPECT_EQ(omp_get_max_threads(), before);
  EXPECT_EQ(_mm_getcsr() & 0x8040, mode & 0x8040);
}

TEST(RunThreads, zeroMeansWhatOpenMpWouldUse) {
  EXPECT_EQ(resolveThreads(0), omp_get_max_threads());
  EXPECT_EQ(resolveThreads(5), 5);
}

} // namespace
} // namespace bertc::rt
