// SPDX-License-Identifier: Apache-2.0
//
// The `bert` dialect: registration, the names of the attributes it puts on
// modules and functions, and its enumerations. BertDialect.td says what a
// module of this dialect looks like.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/bert/BertDialect.h.inc"
#include "dialects/bert/BertEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/bert/BertAttributes.h.inc"

namespace bertc::bert {

/// On a module: a dictionary that says what was compiled.
constexpr llvm::StringLiteral kModelAttr = "bert.model";
/// On a function, unit: it is an entry point of the plan.
constexpr llvm::StringLiteral kEntryAttr = "bert.entry";
/// On a function: a dictionary from the scope of an operation to the rule that
/// chose its precision.
constexpr llvm::StringLiteral kPrecisionAttr = "bert.precision";
/// On a module that was compiled for several workers: a dictionary that says
/// how they add up their gradients.
///   workers        i64, how many were planned for, at least 2
///   micro_batches  unit, present when they do so after every micro-batch
///   wire           #bert.wire
///   buckets        lists of symbols, of accumulators in the order in which the
///                  backward pass finishes their gradients
constexpr llvm::StringLiteral kExchangeAttr = "bert.exchange";
/// On an argument or result of an entry point: its name in the plan.
constexpr llvm::StringLiteral kNameAttr = "bert.name";

/// What `read` and `assign` have effects on, each at the variable it names.
struct VariableResource : mlir::SideEffects::Resource::Base<VariableResource> {
  llvm::StringRef getName() final { return "bert variable"; }
};

} // namespace bertc::bert
