// SPDX-License-Identifier: Apache-2.0

#include "dialects/cpu/Layout.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace bertc::cpu {

SmallVector<int64_t> denseStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i) {
    strides[i] = strides[i + 1] * shape[i + 1];
  }
  return strides;
}

Window windowOf(RankedTensorType type) {
  Window window;
  window.shape.assign(type.getShape().begin(), type.getShape().end());
  if (auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding())) {
    window.strides.assign(layout.getStrides().begin(),
                          layout.getStrides().end());
    window.offset = layout.getOffset();
  } else {
    window.strides = denseStrides(type.getShape());
  }
  return window;
}

RankedTensorType typeOf(const Window &window, Type elementType) {
  if (window.offset == 0 && isContiguous(window)) {
    return RankedTensorType::get(window.shape, elementType);
  }
  auto layout =
      LayoutAttr::get(elementType.getContext(), window.strides, window.offset);
  return RankedTensorType::get(window.shape, elementType, layout);
}

bool isContiguous(const Window &window) {
  int64_t expected = 1;
  for (int64_t i = static_cast<int64_t>(window.shape.size()) - 1; i >= 0; --i) {
    if (window.shape[i] == 1) {
      continue;
    }
    if (window.strides[i] != expected) {
      return false;
    }
    expected *= window.shape[i];
  }
  return true;
}

bool isContiguous(RankedTensorType type) {
  return !type.getEncoding() || isContiguous(windowOf(type));
}

bool isDense(Type type) { return !cast<RankedTensorType>(type).getEncoding(); }

int64_t extentOf(const Window &window) {
  int64_t last = window.offset;
  for (size_t i = 0; i < window.shape.size(); ++i) {
    last += (window.shape[i] - 1) * window.strides[i];
  }
  return last + 1;
}

namespace {

/// A run of source dimensions that strides walk as one.
struct Run {
  int64_t size;
  int64_t stride;
};

/// Merges neighbouring dimensions that are contiguous with respect to each
/// other; dimensions of size 1 vanish.
SmallVector<Run> mergeDimensions(const Window &window) {
  SmallVector<Run> runs;
  for (size_t i = 0; i < window.shape.size(); ++i) {
    if (window.shape[i] == 1) {
      continue;
    }
    if (!runs.empty() &&
        runs.back().stride == window.strides[i] * window.shape[i]) {
      runs.back().size *= window.shape[i];
      runs.back().stride = window.strides[i];
    } else {
      runs.push_back({window.shape[i], window.strides[i]});
    }
  }
  return runs;
}

} // namespace

std::optional<Window> reshapeWindow(const Window &window,
                                    ArrayRef<int64_t> shape) {
  Window result;
  result.shape.assign(shape.begin(), shape.end());
  result.strides.assign(shape.size(), 1);
  result.offset = window.offset;
  SmallVector<Run> runs = mergeDimensions(window);
  // Split the runs into the new dimensions from the last one on.
  size_t left = runs.size();
  int64_t rest = 1, stride = 1;
  for (int64_t i = static_cast<int64_t>(shape.size()) - 1; i >= 0; --i) {
    if (shape[i] == 1) {
      result.strides[i] = stride;
      continue;
    }
    if (rest == 1) {
      if (left == 0) {
        return std::nullopt;
      }
      --left;
      rest = runs[left].size;
      stride = runs[left].stride;
    }
    if (rest % shape[i] != 0) {
      return std::nullopt;
    }
    result.strides[i] = stride;
    stride *= shape[i];
    rest /= shape[i];
  }
  if (rest != 1 || left != 0) {
    return std::nullopt;
  }
  return result;
}

Window transposeWindow(const Window &window, ArrayRef<int64_t> permutation) {
  Window result;
  result.offset = window.offset;
  for (int64_t axis : permutation) {
    result.shape.push_back(window.shape[axis]);
    result.strides.push_back(window.strides[axis]);
  }
  return result;
}

Window sliceWindow(const Window &window, ArrayRef<int64_t> starts,
                   ArrayRef<int64_t> sizes) {
  Window result = window;
  for (size_t i = 0; i < sizes.size(); ++i) {
    result.offset += starts[i] * window.strides[i];
    result.shape[i] = sizes[i];
  }
  return result;
}

} // namespace bertc::cpu
