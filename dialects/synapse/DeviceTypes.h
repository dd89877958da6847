// SPDX-License-Identifier: Apache-2.0
//
// How tensors of the host, row-major, look on the device, fastest-varying
// dimension first.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"

namespace bertc::synapse {

/// Dimensions in reverse, a scalar as [1], bool as i8: tensor<4x8xi1> becomes
/// tensor<8x4xi8>. The element type is not looked at otherwise.
mlir::RankedTensorType deviceType(mlir::RankedTensorType rowMajor);

/// Dimensions in reverse; what a tensor without kHostTypeAttr is to the host.
mlir::RankedTensorType reversedType(mlir::RankedTensorType type);

/// Row-major types of an entry's arguments and results: kHostTypeAttr where it
/// is, else reversedType().
mlir::RankedTensorType hostTypeOfArgument(mlir::func::FuncOp entry,
                                          unsigned index);
mlir::RankedTensorType hostTypeOfResult(mlir::func::FuncOp entry,
                                        unsigned index);

/// Bytes of all elements, dense.
int64_t bytesOf(mlir::RankedTensorType type);

} // namespace bertc::synapse
