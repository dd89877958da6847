// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/Threads.h"

#include <omp.h>
#include <xmmintrin.h>

namespace bertc::rt {

static constexpr unsigned kFlushToZero = 0x8000;
static constexpr unsigned kDenormalsAreZero = 0x0040;

RunThreads::RunThreads(int threads)
    : previousThreads_(omp_get_max_threads()), previousMode_(_mm_getcsr()) {
  omp_set_num_threads(threads);
#pragma omp parallel
  _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero);
}

RunThreads::~RunThreads() {
  omp_set_num_threads(previousThreads_);
  _mm_setcsr(previousMode_);
}

int resolveThreads(int wanted) {
  return wanted > 0 ? wanted : omp_get_max_threads();
}

} // namespace bertc::rt
