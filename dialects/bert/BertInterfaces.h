// SPDX-License-Identifier: Apache-2.0
//
// The operation interfaces of the `bert` dialect, generated from
// BertInterfaces.td.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace bertc::bert {

/// What an operation in bf16 asks of an operand and says of a result; see
/// PrecisionOpInterface.
enum class Precision {
  /// Always f32.
  Wide,
  /// bf16 or f32.
  Either,
  /// bf16.
  Narrow,
};

/// Whether types that were given fit those that were inferred: equal, or f32
/// where bf16 was inferred, as operations with sums in f32 allow.
bool equalOrWider(mlir::TypeRange inferred, mlir::TypeRange given);

} // namespace bertc::bert

#include "dialects/bert/BertInterfaces.h.inc"
