// SPDX-License-Identifier: Apache-2.0
//
// The `cpu` dialect: its registration, enumerations and layout attribute.
// Operations are in CpuOps.h, layout arithmetic in Layout.h.
#pragma once

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/TensorEncoding.h"

#include "dialects/cpu/CpuDialect.h.inc"
#include "dialects/cpu/CpuEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/cpu/CpuAttrs.h.inc"
