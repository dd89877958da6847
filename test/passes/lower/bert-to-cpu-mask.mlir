// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -bert-to-cpu | FileCheck %s

// CHECK-LABEL: func.func @mask
// CHECK-SAME: %[[N:.*]]: tensor<2x8xi32>
func.func @mask(%n: tensor<2x8xi32> {bert.name = "n"}) -> (tensor<2x1x8x8xf32> {bert.name = "m"}) attributes {bert.entry} {
  // CHECK-NEXT: %[[R:.*]] = cpu.key_ranges %[[N]] {scope = "mask"} : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
  // CHECK-NEXT: %[[M:.*]] = cpu.range_mask %[[R]] : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
  // CHECK-NEXT: return %[[M]]
  %r = bert.key_ranges %n {scope = "mask"} : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
  %m = bert.range_mask %r : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
  return %m : tensor<2x1x8x8xf32>
}

// -----

func.func @neutral(%n: tensor<2x8xi32> {bert.name = "n"}) -> (tensor<2x1x8x8xf32> {bert.name = "m"}) attributes {bert.entry} {
  // expected-error @below {{cannot be lowered; run -bert-packed-attention-mask before}}
  %m = bert.packed_mask %n : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
  return %m : tensor<2x1x8x8xf32>
}
