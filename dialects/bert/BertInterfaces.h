// SPDX-License-Identifier: Apache-2.0
//
// The operation interfaces of the `bert` dialect, generated from
// BertInterfaces.td.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

#include "dialects/bert/BertInterfaces.h.inc"
