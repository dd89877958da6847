// SPDX-License-Identifier: Apache-2.0
//
// Zeroing in chunks; streaming stores where Operand.h says that they pay.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/common/ZeroMemory.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/common/ZeroMemory.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

void streamZeros(char *data, int64_t bytes) {
  constexpr int64_t kVector = static_cast<int64_t>(kLanes * sizeof(float));
  int64_t i = 0;
  while (i < bytes && reinterpret_cast<uintptr_t>(data + i) % kVector != 0) {
    data[i++] = 0;
  }
  for (; i + kVector <= bytes; i += kVector) {
    hn::Stream(hn::Zero(DF()), DF(), reinterpret_cast<float *>(data + i));
  }
  for (; i < bytes; ++i) {
    data[i] = 0;
  }
  finishStreams(true);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstring>

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(streamZeros);
} // namespace

void zeroMemory(void *data, int64_t bytes) {
  auto *start = static_cast<char *>(data);
  parallelRanges(bytes, 4 * kTaskElements, [&](int64_t begin, int64_t end) {
    if (bytes >= kStreamBytes) {
      HWY_DYNAMIC_DISPATCH(streamZeros)(start + begin, end - begin);
    } else {
      std::memset(start + begin, 0, static_cast<size_t>(end - begin));
    }
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
