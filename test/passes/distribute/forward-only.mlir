// SPDX-License-Identifier: Apache-2.0
// Nothing is added to a module that trains nothing.
// RUN: bertc-opt %s -o %t.before.mlir
// RUN: bertc-opt %s -bert-distribute -o %t.after.mlir
// RUN: diff %t.before.mlir %t.after.mlir

bert.variable @w : tensor<4xf32>
func.func @predict(%x: tensor<4xf32> {bert.name = "x"}) -> (tensor<4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<4xf32>
  %y = bert.add %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
