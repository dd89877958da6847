// SPDX-License-Identifier: Apache-2.0

#include "dialects/cpu/CpuDialect.h"

#include "dialects/cpu/CpuOps.h"
#include "dialects/cpu/Verify.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace {

/// Reads "[98304, 64, 1]"; the list may be empty.
ParseResult parseStrides(AsmParser &parser, SmallVector<int64_t> &strides) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(strides.emplace_back());
  });
}

void printStrides(AsmPrinter &printer, ArrayRef<int64_t> strides) {
  printer << '[';
  llvm::interleaveComma(strides, printer);
  printer << ']';
}

} // namespace

#include "dialects/cpu/CpuDialect.cpp.inc"
#include "dialects/cpu/CpuEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/cpu/CpuAttrs.cpp.inc"

#include "dialects/cpu/CpuInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/cpu/CpuOps.cpp.inc"

namespace bertc::cpu {

void CpuDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/cpu/CpuAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/cpu/CpuOps.cpp.inc"
      >();
}

LogicalResult
LayoutAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                           function_ref<InFlightDiagnostic()> emitError) const {
  if (getStrides().size() != shape.size()) { // C1 of a layout
    return emitError() << "expected a layout with " << shape.size()
                       << " strides, found " << getStrides().size();
  }
  if (getOffset() < 0 || // C2 of a layout
      llvm::any_of(getStrides(), [](int64_t s) { return s <= 0; })) {
    return emitError() << "expected a layout with positive strides and an "
                          "offset that is not negative, found "
                       << *this;
  }
  return success();
}

LogicalResult checkBroadcast(Operation *op, StringRef name, Value value,
                             ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> from = shapeOf(value);
  bool fits = from.size() <= shape.size();
  for (size_t i = 0; fits && i < from.size(); ++i) {
    int64_t d = from[from.size() - 1 - i];
    fits = d == 1 || d == shape[shape.size() - 1 - i];
  }
  if (fits) {
    return success();
  }
  return op->emitOpError() << "expected " << name << " to broadcast to "
                           << shapeText(shape) << ", found " << shapeText(from);
}

LogicalResult checkBroadcastResult(Operation *op, ArrayRef<Value> operands,
                                   ArrayRef<int64_t> shape) {
  SmallVector<int64_t> together;
  for (Value operand : operands) {
    ArrayRef<int64_t> own = shapeOf(operand);
    if (own.size() > together.size()) {
      together.insert(together.begin(), own.size() - together.size(), 1);
    }
    for (size_t i = 0; i < own.size(); ++i) {
      int64_t &d = together[together.size() - own.size() + i];
      if (d != own[i] && d != 1 && own[i] != 1) {
        return op->emitOpError()
               << "expected operands that broadcast, found "
               << shapeText(together) << " and " << shapeText(own);
      }
      d = d == 1 ? own[i] : d;
    }
  }
  if (ArrayRef(together) == shape) {
    return success();
  }
  return op->emitOpError() << "expected a result of shape "
                           << shapeText(together) << ", found "
                           << shapeText(shape);
}

LogicalResult checkVariable(Operation *op, StringRef name, Value value) {
  if (value.getDefiningOp<VariableRefOp>()) {
    return success();
  }
  return op->emitOpError() << "expected " << name
                           << " to be made by cpu.variable_ref";
}

LogicalResult checkRate(Operation *op, llvm::APFloat rate) {
  float value = rate.convertToFloat();
  if (value >= 0.0f && value < 1.0f) {
    return success();
  }
  return op->emitOpError() << "expected a rate in [0, 1), found " << value;
}

} // namespace bertc::cpu
