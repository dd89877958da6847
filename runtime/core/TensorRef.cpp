// SPDX-License-Identifier: Apache-2.0
//
// Geometry of dtypes, shapes and strided windows.

#include "runtime/core/StepHandler.h"

namespace bertc::rt {

size_t dtypeBytes(DType dtype) {
  switch (dtype) {
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::BF16:
    return 2;
  case DType::I64:
    return 8;
  case DType::Bool:
    return 1;
  }
  return 0;
}

const char *dtypeName(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return "f32";
  case DType::BF16:
    return "bf16";
  case DType::I32:
    return "i32";
  case DType::I64:
    return "i64";
  case DType::Bool:
    return "bool";
  }
  return "unknown";
}

int64_t numElements(const Shape &shape) {
  int64_t n = 1;
  for (int64_t dim : shape) {
    n *= dim;
  }
  return n;
}

std::string shapeString(const Shape &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  }
  return text + "]";
}

int64_t TensorRef::numElements() const {
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) {
    n *= dims[i];
  }
  return n;
}

size_t TensorRef::extentBytes() const {
  int64_t last = 0;
  for (int i = 0; i < rank; ++i) {
    last += (dims[i] - 1) * strides[i];
  }
  return static_cast<size_t>(last + 1) * dtypeBytes(dtype);
}

bool TensorRef::isDense() const {
  int64_t expected = 1;
  for (int i = rank - 1; i >= 0; --i) {
    if (dims[i] != 1 && strides[i] != expected) {
      return false;
    }
    expected *= dims[i];
  }
  return true;
}

std::string TensorRef::describe() const {
  std::string text = std::string(dtypeName(dtype)) + " " + shapeString(shape());
  if (!isDense()) {
    text += " strides " + shapeString(Shape(strides, strides + rank));
  }
  return text;
}

TensorRef describeTensor(const plan::Tensor &tensor) {
  TensorRef ref;
  ref.present = true;
  ref.dtype = static_cast<DType>(tensor.dtype());
  ref.storage = tensor.storage();
  ref.index = tensor.index();
  ref.rank = static_cast<int>(tensor.shape()->size());
  bool strided = tensor.strides() != nullptr && tensor.strides()->size() != 0;
  int64_t dense = 1;
  for (int i = ref.rank - 1; i >= 0; --i) {
    auto at = static_cast<flatbuffers::uoffset_t>(i);
    ref.dims[i] = tensor.shape()->Get(at);
    ref.strides[i] = strided ? tensor.strides()->Get(at) : dense;
    dense *= ref.dims[i];
  }
  return ref;
}

bool sameShape(const TensorRef &a, const TensorRef &b) {
  return a.shape() == b.shape();
}

// Strides of axes of size 1 do not matter.
static bool sameStrides(const TensorRef &a, const TensorRef &b) {
  for (int i = 0; i < a.rank; ++i) {
    if (a.dims[i] != 1 && a.strides[i] != b.strides[i]) {
      return false;
    }
  }
  return true;
}

bool sameWindow(const TensorRef &a, const TensorRef &b) {
  return a.data == b.data && a.dtype == b.dtype && sameShape(a, b) &&
         sameStrides(a, b);
}

// Windows of one strided pattern, `delta` elements apart, are disjoint when
// delta is reached by no difference of two multi-indices. Walks the axes from
// the largest stride down; exact because no window overlaps itself.
static bool shiftedPatternMeets(const TensorRef &t, int64_t delta, int axisMask,
                                int depth) {
  int axis = -1;
  for (int i = 0; i < t.rank; ++i) {
    if (((axisMask >> i) & 1) == 0 && t.dims[i] != 1 &&
        (axis < 0 || t.strides[i] > t.strides[axis])) {
      axis = i;
    }
  }
  if (axis < 0) {
    return delta == 0;
  }
  // delta = q * stride + r with r in (-stride, stride): two candidates for q.
  int64_t stride = t.strides[axis];
  int64_t q = delta / stride;
  for (int64_t candidate : {q, delta < 0 ? q - 1 : q + 1}) {
    if (candidate > -t.dims[axis] && candidate < t.dims[axis] &&
        shiftedPatternMeets(t, delta - candidate * stride,
                            axisMask | (1 << axis), depth + 1)) {
      return true;
    }
  }
  return false;
}

bool overlaps(const TensorRef &a, const TensorRef &b) {
  if (a.data == nullptr || b.data == nullptr) {
    return false;
  }
  auto aBegin = reinterpret_cast<uintptr_t>(a.data);
  auto bBegin = reinterpret_cast<uintptr_t>(b.data);
  if (aBegin >= bBegin + b.extentBytes() ||
      bBegin >= aBegin + a.extentBytes()) {
    return false;
  }
  auto apart = static_cast<int64_t>(bBegin) - static_cast<int64_t>(aBegin);
  auto size = static_cast<int64_t>(dtypeBytes(a.dtype));
  if (a.dtype != b.dtype || !sameShape(a, b) || !sameStrides(a, b) ||
      apart % size != 0) {
    return true;
  }
  return shiftedPatternMeets(a, apart / size, 0, 0);
}

} // namespace bertc::rt
