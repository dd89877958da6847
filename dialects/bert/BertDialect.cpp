// SPDX-License-Identifier: Apache-2.0
//
// Registration of the dialect, and verification of the attributes that it
// defines on modules and functions.
#include "dialects/bert/BertDialect.h"
#include "dialects/bert/BertOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/bert/BertDialect.cpp.inc"
#include "dialects/bert/BertEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/bert/BertAttributes.cpp.inc"

namespace bertc::bert {

void BertDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/bert/BertOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/bert/BertAttributes.cpp.inc"
      >();
}

Operation *BertDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type) {
    return nullptr;
  }
  return ConstantOp::create(builder, loc, elements);
}

/// Checks that names `0 .. count - 1` (as `nameOf` gives them) are all there
/// and differ from each other.
static LogicalResult
verifyNames(func::FuncOp func, StringRef kind, unsigned count,
            llvm::function_ref<StringAttr(unsigned)> nameOf) {
  llvm::StringSet<> seen;
  for (unsigned i = 0; i < count; ++i) {
    StringAttr name = nameOf(i);
    if (!name) {
      return func.emitOpError("is an entry point, so ")
             << kind << " " << i << " needs a '" << kNameAttr << "'";
    }
    if (!seen.insert(name.getValue()).second) {
      return func.emitOpError("has two ")
             << kind << "s named '" << name.getValue() << "'";
    }
  }
  return success();
}

static LogicalResult verifyEntry(Operation *op, Attribute value) {
  auto func = dyn_cast<func::FuncOp>(op);
  if (!func || !isa<UnitAttr>(value)) {
    return op->emitOpError("expected '")
           << kEntryAttr << "' to be a unit attribute of a func.func";
  }
  if (failed(verifyNames(
          func, "argument", func.getNumArguments(), [&](unsigned i) {
            return func.getArgAttrOfType<StringAttr>(i, kNameAttr);
          }))) {
    return failure();
  }
  return verifyNames(func, "result", func.getNumResults(), [&](unsigned i) {
    return func.getResultAttrOfType<StringAttr>(i, kNameAttr);
  });
}

LogicalResult BertDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  if (attribute.getName() == kEntryAttr) {
    return verifyEntry(op, attribute.getValue());
  }
  if (attribute.getName() == kModelAttr) {
    if (!isa<ModuleOp>(op) || !isa<DictionaryAttr>(attribute.getValue())) {
      return op->emitOpError("expected '")
             << kModelAttr << "' to be a dictionary on a module";
    }
    return success();
  }
  if (attribute.getName() == kExchangeAttr) {
    auto exchange = dyn_cast<DictionaryAttr>(attribute.getValue());
    auto workers =
        exchange ? exchange.getAs<IntegerAttr>("workers") : IntegerAttr();
    if (!isa<ModuleOp>(op) || !workers || workers.getInt() < 2 ||
        !exchange.getAs<WireAttr>("wire") ||
        !exchange.getAs<ArrayAttr>("buckets")) {
      return op->emitOpError("expected '")
             << kExchangeAttr
             << "' to be a dictionary on a module, with at least 2 workers, "
                "wire and buckets";
    }
    return success();
  }
  if (attribute.getName() == kPrecisionAttr) {
    auto rules = dyn_cast<DictionaryAttr>(attribute.getValue());
    if (!isa<func::FuncOp>(op) || !rules ||
        !llvm::all_of(rules, [](NamedAttribute rule) {
          return isa<StringAttr>(rule.getValue());
        })) {
      return op->emitOpError("expected '")
             << kPrecisionAttr
             << "' to be a dictionary of strings on a func.func";
    }
    return success();
  }
  return op->emitOpError("has the unknown attribute '")
         << attribute.getName().getValue() << "'; the bert dialect defines '"
         << kEntryAttr << "', '" << kModelAttr << "', '" << kPrecisionAttr
         << "' and '" << kExchangeAttr << "'";
}

static LogicalResult verifyNameAttribute(Operation *op, StringRef kind,
                                         unsigned index,
                                         NamedAttribute attribute) {
  if (attribute.getName() != kNameAttr) {
    return op->emitOpError("has the unknown attribute '")
           << attribute.getName().getValue() << "' on " << kind << " " << index
           << "; the bert dialect defines '" << kNameAttr << "'";
  }
  auto name = dyn_cast<StringAttr>(attribute.getValue());
  if (!name || name.getValue().empty()) {
    return op->emitOpError("expected '")
           << kNameAttr << "' of " << kind << " " << index
           << " to be a string that is not empty";
  }
  return success();
}

LogicalResult BertDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned argIndex,
                                                    NamedAttribute attribute) {
  return verifyNameAttribute(op, "argument", argIndex, attribute);
}

LogicalResult BertDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned resultIndex, NamedAttribute attribute) {
  return verifyNameAttribute(op, "result", resultIndex, attribute);
}

} // namespace bertc::bert
