// SPDX-License-Identifier: Apache-2.0
//
// The generated half of the operations; each family's constraints and type
// inference are in the file of the same name as its .td.
#include "dialects/bert/BertOps.h"

#include "mlir/IR/Builders.h"

#include "dialects/bert/BertInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/bert/BertOps.cpp.inc"
