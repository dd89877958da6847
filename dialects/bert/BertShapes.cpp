// SPDX-License-Identifier: Apache-2.0
//
// Shape rules shared by operations, passes and the interpreter.
#include "dialects/bert/BertShapes.h"

#include "dialects/bert/BertInterfaces.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace bertc::bert {

std::optional<Shape> broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes) {
  size_t rank = 0;
  for (ArrayRef<int64_t> shape : shapes) {
    rank = std::max(rank, shape.size());
  }
  Shape result(rank, 1);
  for (ArrayRef<int64_t> shape : shapes) {
    size_t offset = rank - shape.size();
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t &out = result[offset + i];
      if (shape[i] != 1 && out != 1 && out != shape[i]) {
        return std::nullopt;
      }
      out = std::max(out, shape[i]);
    }
  }
  return result;
}

std::optional<Shape> reducedShape(ArrayRef<int64_t> shape,
                                  ArrayRef<int64_t> axes, bool keepDims) {
  int64_t previous = -1;
  for (int64_t axis : axes) {
    if (axis <= previous || axis >= static_cast<int64_t>(shape.size())) {
      return std::nullopt;
    }
    previous = axis;
  }
  Shape result;
  for (size_t d = 0; d < shape.size(); ++d) {
    bool reduced = llvm::is_contained(axes, static_cast<int64_t>(d));
    if (!reduced) {
      result.push_back(shape[d]);
    } else if (keepDims) {
      result.push_back(1);
    }
  }
  return result;
}

std::optional<Shape> gatheredShape(ArrayRef<int64_t> table,
                                   ArrayRef<int64_t> indices,
                                   int64_t batchDims) {
  if (batchDims < 0 || batchDims >= static_cast<int64_t>(table.size()) ||
      batchDims > static_cast<int64_t>(indices.size()) ||
      table.take_front(batchDims) != indices.take_front(batchDims)) {
    return std::nullopt;
  }
  Shape result(indices);
  llvm::append_range(result, table.drop_front(batchDims + 1));
  return result;
}

RankedTensorType statisticsType(RankedTensorType rows) {
  MLIRContext *context = rows.getContext();
  Type element = rows.getElementType().isF64()
                     ? Type(Float64Type::get(context))
                     : Type(Float32Type::get(context));
  return RankedTensorType::get(rows.getShape().drop_back(), element);
}

RankedTensorType widened(RankedTensorType type) {
  return type.getElementType().isBF16()
             ? type.clone(Float32Type::get(type.getContext()))
             : type;
}

bool fitsData(Type parameter, Type data) {
  return parameter == data || (data.isBF16() && parameter.isF32());
}

bool equalOrWider(TypeRange inferred, TypeRange given) {
  return inferred.size() == given.size() &&
         llvm::all_of(llvm::zip(inferred, given), [](auto pair) {
           auto [from, to] = pair;
           auto tensor = dyn_cast<RankedTensorType>(from);
           return from == to || (tensor && widened(tensor) == to);
         });
}

MatmulSizes matmulSizes(ArrayRef<int64_t> a, ArrayRef<int64_t> b,
                        bool transposeA, bool transposeB) {
  a = a.take_back(2);
  b = b.take_back(2);
  return {a[transposeA], a[!transposeA], b[transposeB], b[!transposeB]};
}

std::string shapeText(ArrayRef<int64_t> shape) {
  if (shape.empty()) {
    return "scalar";
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return text;
}

} // namespace bertc::bert
