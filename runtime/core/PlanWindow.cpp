// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/PlanWindow.h"

#include "runtime/core/StepHandler.h"

#include <algorithm>
#include <vector>

namespace bertc::rt {
namespace {

// No tensor has more bytes than this; sums of two such numbers do not overflow.
constexpr uint64_t kMaxBytes = uint64_t{1} << 46;

std::string text(const flatbuffers::Vector<int64_t> &v) {
  return shapeString(Shape(v.begin(), v.end()));
}

// The FlatBuffers verifier looks at the alignment of a vector's length only,
// and the builder does not align an empty one (the shape of a scalar).
Status checkAligned(const flatbuffers::Vector<int64_t> &v) {
  if (v.size() != 0 &&
      reinterpret_cast<uintptr_t>(v.data()) % alignof(int64_t) != 0) {
    return corrupt("a shape or stride list is not aligned in the file");
  }
  return Status();
}

struct Axis {
  int64_t count;
  uint64_t stride;
};

// Axes longer than 1 in elements, smallest stride first.
StatusOr<std::vector<Axis>> sortedAxes(const plan::Tensor &tensor) {
  const auto &shape = *tensor.shape();
  const auto *strides = tensor.strides();
  bool strided = strides != nullptr && strides->size() != 0;
  if (strided) {
    BERTC_RETURN_IF_ERROR(checkAligned(*strides));
  }
  if (strided && strides->size() != shape.size()) {
    return corrupt("there are " + std::to_string(strides->size()) +
                   " strides for shape " + text(shape));
  }
  std::vector<Axis> axes;
  uint64_t dense = 1;
  for (uint32_t i = shape.size(); i-- > 0;) {
    int64_t stride = strided ? strides->Get(i) : static_cast<int64_t>(dense);
    if (stride < 1 || static_cast<uint64_t>(stride) > kMaxBytes) {
      return corrupt("stride " + std::to_string(stride) + " of axis " +
                     std::to_string(i) + " is outside [1, 2^46]");
    }
    dense *= static_cast<uint64_t>(shape.Get(i));
    if (shape.Get(i) > 1) {
      axes.push_back({shape.Get(i), static_cast<uint64_t>(stride)});
    }
  }
  std::sort(axes.begin(), axes.end(),
            [](const Axis &a, const Axis &b) { return a.stride < b.stride; });
  return axes;
}

} // namespace

StatusOr<uint64_t> checkedBytes(plan::DType dtype,
                                const flatbuffers::Vector<int64_t> &shape) {
  if (dtype > plan::DType::MAX) {
    return corrupt("dtype " + std::to_string(static_cast<int>(dtype)) +
                   " is unknown");
  }
  if (shape.size() > kMaxRank) {
    return corrupt("shape has " + std::to_string(shape.size()) +
                   " axes, expected at most " + std::to_string(kMaxRank));
  }
  BERTC_RETURN_IF_ERROR(checkAligned(shape));
  uint64_t bytes = dtypeBytes(static_cast<DType>(dtype));
  for (int64_t dim : shape) {
    if (dim < 1) {
      return corrupt("shape " + text(shape) + " has a dimension below 1");
    }
    if (static_cast<uint64_t>(dim) > kMaxBytes / bytes) {
      return corrupt("shape " + text(shape) + " has more than 2^46 bytes");
    }
    bytes *= static_cast<uint64_t>(dim);
  }
  return bytes;
}

StatusOr<ByteWindow> checkedWindow(const plan::Tensor &tensor) {
  BERTC_RETURN_IF_ERROR(checkedBytes(tensor.dtype(), *tensor.shape()).status());
  BERTC_ASSIGN_OR_RETURN(std::vector<Axis> axes, sortedAxes(tensor));
  uint64_t size = dtypeBytes(static_cast<DType>(tensor.dtype()));
  if (tensor.offset() % size != 0 || tensor.offset() > kMaxBytes) {
    return corrupt("offset " + std::to_string(tensor.offset()) +
                   " is not a multiple of the element size " +
                   std::to_string(size) + " below 2^46");
  }
  uint64_t span = 1; // elements from the first to past the last so far
  uint64_t run = 1;
  ByteWindow window;
  window.offset = tensor.offset();
  for (const Axis &axis : axes) {
    if (axis.stride < span) {
      return corrupt("strides " + text(*tensor.strides()) + " of shape " +
                     text(*tensor.shape()) + " reach an element twice");
    }
    auto steps = static_cast<uint64_t>(axis.count - 1);
    if (axis.stride > kMaxBytes / (steps * size)) {
      return corrupt("strides span more than 2^46 bytes");
    }
    if (axis.stride == run && window.axes.empty()) {
      run *= static_cast<uint64_t>(axis.count);
    } else {
      window.axes.insert(window.axes.begin(), {axis.count, axis.stride * size});
      window.runs *= static_cast<uint64_t>(axis.count);
    }
    span += steps * axis.stride;
  }
  if (span > kMaxBytes / size) {
    return corrupt("strides span more than 2^46 bytes");
  }
  window.runBytes = run * size;
  window.extent = span * size;
  return window;
}

} // namespace bertc::rt
