// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/ParallelMemory.h"

#include "runtime/core/StepHandler.h"
#include "runtime/kernels/philox/Philox.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bertc::rt {
namespace {

// Large enough to amortise a task, a multiple of the page size.
constexpr size_t kChunk = size_t{1} << 20;

// Names a variable independently of its index: plans of one model for other
// shapes or tasks start from the same values. FNV-1a, 32 bits.
uint32_t nameHash(const std::string &name) {
  uint32_t hash = 2166136261u;
  for (char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  }
  return hash;
}

// Quantile function of the normal distribution: sqrt(2) erfinv(x), for |x| at
// most 0.9545. Single-precision central polynomial of M. Giles, "Approximating
// the erfinv function", GPU Computing Gems (2010).
float normalQuantile(float x) {
  float w = -std::log((1.0f - x) * (1.0f + x)) - 2.5f;
  float p = 2.81022636e-08f;
  p = 3.43273939e-07f + p * w;
  p = -3.5233877e-06f + p * w;
  p = -4.39150654e-06f + p * w;
  p = 0.00021858087f + p * w;
  p = -0.00125372503f + p * w;
  p = -0.00417768164f + p * w;
  p = 0.246640727f + p * w;
  p = 1.50140941f + p * w;
  return 1.41421356f * p * x;
}

// Inverse transform: u in (0, 1) is mapped to the part of the distribution
// between two deviations below and above the mean, which holds erf(sqrt(2)).
float truncatedNormal(uint32_t bits) {
  constexpr float kInside = 0.954499736f;
  float u = (static_cast<float>(bits >> 8) + 0.5f) * 0x1p-24f;
  float z = normalQuantile(kInside * (2.0f * u - 1.0f));
  return std::min(2.0f, std::max(-2.0f, z));
}

void fillTruncatedNormal(const VariableInfo &v, uint64_t seed, float *data) {
  int64_t n = numElements(v.shape);
  uint32_t hash = nameHash(v.name);
  // Distinguishes these numbers from dropout's under the same seed.
  constexpr uint32_t kInitialisation = 0x696e6974;
#pragma omp parallel for schedule(static)
  for (int64_t block = 0; block < (n + 3) / 4; ++block) {
    philox::Block out = philox::philox4x32(
        {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), hash,
         kInitialisation},
        static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
    for (int64_t i = 0; i < 4 && block * 4 + i < n; ++i) {
      data[block * 4 + i] =
          v.initValue * truncatedNormal(out[static_cast<size_t>(i)]);
    }
  }
}

template <typename T> void fillConstant(T value, int64_t n, void *data) {
  auto *out = static_cast<T *>(data);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < n; ++i) {
    out[i] = value;
  }
}

} // namespace

void parallelCopy(void *to, const void *from, size_t bytes) {
  if (to == from) {
    return;
  }
  auto chunks = static_cast<int64_t>((bytes + kChunk - 1) / kChunk);
#pragma omp parallel for schedule(static) if (chunks > 1)
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    size_t begin = static_cast<size_t>(chunk) * kChunk;
    std::memcpy(static_cast<std::byte *>(to) + begin,
                static_cast<const std::byte *>(from) + begin,
                std::min(kChunk, bytes - begin));
  }
}

void copyToDense(const TensorRef &from, void *to) {
  size_t size = dtypeBytes(from.dtype);
  if (from.isDense()) {
    parallelCopy(to, from.data, from.numElements() * size);
    return;
  }
  int64_t n = from.numElements();
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < n; ++i) {
    int64_t rest = i;
    int64_t at = 0;
    for (int axis = from.rank - 1; axis >= 0; --axis) {
      at += rest % from.dims[axis] * from.strides[axis];
      rest /= from.dims[axis];
    }
    std::memcpy(static_cast<std::byte *>(to) + i * size,
                static_cast<const std::byte *>(from.data) + at * size, size);
  }
}

void initialiseVariable(const VariableInfo &variable, uint64_t seed,
                        void *data) {
  int64_t n = numElements(variable.shape);
  if (variable.init == InitKind::TruncatedNormal) {
    fillTruncatedNormal(variable, seed, static_cast<float *>(data));
    return;
  }
  uint32_t bits = 0;
  std::memcpy(&bits, &variable.initValue, sizeof bits);
  switch (variable.dtype) {
  case DType::F32:
    fillConstant(variable.initValue, n, data);
    break;
  case DType::BF16:
    fillConstant(static_cast<uint16_t>(bits >> 16), n, data);
    break;
  case DType::I32:
    fillConstant(static_cast<int32_t>(variable.initValue), n, data);
    break;
  case DType::I64:
    fillConstant(static_cast<int64_t>(variable.initValue), n, data);
    break;
  case DType::Bool:
    fillConstant(static_cast<uint8_t>(variable.initValue != 0), n, data);
    break;
  }
}

} // namespace bertc::rt
