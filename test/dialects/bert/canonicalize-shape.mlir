// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @reshape_to_itself_and_back
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK-NEXT: return %[[X]], %[[X]]
func.func @reshape_to_itself_and_back(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %a = bert.reshape %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = bert.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
  %c = bert.reshape %b : (tensor<6xf32>) -> tensor<2x3xf32>
  return %a, %c : tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @reshape_chain_shortens
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK-NEXT: %[[Y:.*]] = bert.reshape %[[X]] : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: return %[[Y]]
func.func @reshape_chain_shortens(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %a = bert.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
  %b = bert.reshape %a : (tensor<6xf32>) -> tensor<3x2xf32>
  return %b : tensor<3x2xf32>
}

// CHECK-LABEL: @reshape_of_constant
// CHECK-NEXT: bert.constant {value = dense<{{\[}}[1, 2], [3, 4]]> : tensor<2x2xi32>}
// CHECK-NEXT: return
func.func @reshape_of_constant() -> tensor<2x2xi32> {
  %a = bert.constant {value = dense<[1, 2, 3, 4]> : tensor<4xi32>} : () -> tensor<4xi32>
  %b = bert.reshape %a : (tensor<4xi32>) -> tensor<2x2xi32>
  return %b : tensor<2x2xi32>
}

// CHECK-LABEL: @transposes_cancel
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>
// CHECK-NEXT: return %[[X]]
func.func @transposes_cancel(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %a = bert.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %b = bert.transpose %a {permutation = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %b : tensor<2x3x4xf32>
}

// CHECK-LABEL: @transposes_compose
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>
// CHECK-NEXT: %[[Y:.*]] = bert.transpose %[[X]] {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
// CHECK-NEXT: return %[[Y]]
func.func @transposes_compose(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %a = bert.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %b = bert.transpose %a {permutation = array<i64: 2, 0, 1>} : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  return %b : tensor<3x4x2xf32>
}

// CHECK-LABEL: @splats_only_change_shape
// CHECK-NEXT: bert.constant {value = dense<2.000000e+00> : tensor<5x2x3xf32>}
// CHECK-NEXT: return
func.func @splats_only_change_shape() -> tensor<5x2x3xf32> {
  %a = bert.constant {value = dense<2.0> : tensor<3x4xf32>} : () -> tensor<3x4xf32>
  %b = bert.slice %a {starts = array<i64: 0, 1>, sizes = array<i64: 3, 2>} : (tensor<3x4xf32>) -> tensor<3x2xf32>
  %c = bert.transpose %b {permutation = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %d = bert.broadcast_to %c : (tensor<2x3xf32>) -> tensor<5x2x3xf32>
  return %d : tensor<5x2x3xf32>
}

// CHECK-LABEL: @transpose_of_other_constants_stays
// CHECK: bert.transpose
func.func @transpose_of_other_constants_stays() -> tensor<2x1xi32> {
  %a = bert.constant {value = dense<[[1, 2]]> : tensor<1x2xi32>} : () -> tensor<1x2xi32>
  %b = bert.transpose %a {permutation = array<i64: 1, 0>} : (tensor<1x2xi32>) -> tensor<2x1xi32>
  return %b : tensor<2x1xi32>
}

// CHECK-LABEL: @whole_slice_goes
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK-NEXT: return %[[X]]
func.func @whole_slice_goes(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = bert.slice %x {starts = array<i64: 0, 0>, sizes = array<i64: 2, 3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: @slice_of_slice
// CHECK-SAME: %[[X:.*]]: tensor<9x9xf32>
// CHECK-NEXT: %[[Y:.*]] = bert.slice %[[X]] {sizes = array<i64: 2, 3>, starts = array<i64: 3, 5>} : (tensor<9x9xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @slice_of_slice(%x: tensor<9x9xf32>) -> tensor<2x3xf32> {
  %a = bert.slice %x {starts = array<i64: 2, 1>, sizes = array<i64: 4, 8>} : (tensor<9x9xf32>) -> tensor<4x8xf32>
  %b = bert.slice %a {starts = array<i64: 1, 4>, sizes = array<i64: 2, 3>} : (tensor<4x8xf32>) -> tensor<2x3xf32>
  return %b : tensor<2x3xf32>
}

// CHECK-LABEL: @concat_of_one
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>
// CHECK-NEXT: return %[[X]]
func.func @concat_of_one(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bert.concat %x {axis = 0 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: @broadcasts_compose
// CHECK-SAME: %[[X:.*]]: tensor<1xf32>
// CHECK-NEXT: %[[Y:.*]] = bert.broadcast_to %[[X]] : (tensor<1xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @broadcasts_compose(%x: tensor<1xf32>) -> tensor<4x3xf32> {
  %a = bert.broadcast_to %x : (tensor<1xf32>) -> tensor<3xf32>
  %b = bert.broadcast_to %a : (tensor<3xf32>) -> tensor<4x3xf32>
  %c = bert.broadcast_to %b : (tensor<4x3xf32>) -> tensor<4x3xf32>
  return %c : tensor<4x3xf32>
}

// CHECK-LABEL: @reduction_of_ones_is_a_reshape
// CHECK-SAME: %[[X:.*]]: tensor<1x3x1xf32>
// CHECK-NEXT: %[[A:.*]] = bert.reshape %[[X]] {scope = "s"} : (tensor<1x3x1xf32>) -> tensor<3xf32>
// CHECK-NEXT: return %[[A]], %[[X]], %[[X]]
func.func @reduction_of_ones_is_a_reshape(%x: tensor<1x3x1xf32>) -> (tensor<3xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>) {
  %a = bert.reduce_sum %x {axes = array<i64: 0, 2>, scope = "s"} : (tensor<1x3x1xf32>) -> tensor<3xf32>
  %b = bert.reduce_mean %x {axes = array<i64: 0>, keep_dims} : (tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %c = bert.reduce_max %x {axes = array<i64>} : (tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  return %a, %b, %c : tensor<3xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>
}

// CHECK-LABEL: @other_reductions_stay
// CHECK: bert.reduce_sum
func.func @other_reductions_stay(%x: tensor<1x3xf32>) -> tensor<f32> {
  %a = bert.reduce_sum %x {axes = array<i64: 0, 1>} : (tensor<1x3xf32>) -> tensor<f32>
  return %a : tensor<f32>
}
