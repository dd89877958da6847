// SPDX-License-Identifier: Apache-2.0
// Two modules are compared on the same random tensors.
// RUN: bertc-opt %s -canonicalize -o %t.same.mlir
// RUN: bertc-interpret %t.same.mlir f --compare %s | FileCheck %s --check-prefix=SAME
// RUN: sed 's/bert.add/bert.sub/' %s > %t.other.mlir
// RUN: not bertc-interpret %t.other.mlir f --compare %s --seed 5 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: bertc-interpret %t.other.mlir f --compare %s --atol 100 | FileCheck %s --check-prefix=SAME

// SAME: f: equal within the tolerance
// OTHER: error: seed 5: result 0 (unnamed) of f: 4 of 4 elements differ by more than 1e-06 + 1e-05 |expected|; worst at

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = bert.constant {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %a = bert.add %x, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = bert.mul %a, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}
