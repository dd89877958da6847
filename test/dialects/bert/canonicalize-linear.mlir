// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @transposes_go_into_matmul
// CHECK-SAME: %[[A:.*]]: tensor<3x2xf32>, %[[B:.*]]: tensor<3x4xf32>
// CHECK-NEXT: bert.matmul %[[A]], %[[B]] {transpose_a} : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
func.func @transposes_go_into_matmul(%a: tensor<3x2xf32>, %b: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %at = bert.transpose %a {permutation = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %bt = bert.transpose %b {permutation = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %c = bert.matmul %at, %bt {transpose_b} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  return %c : tensor<2x4xf32>
}

// CHECK-LABEL: @transpose_goes_into_batch_matmul
// CHECK-SAME: %[[A:.*]]: tensor<5x2x3xf32>, %[[B:.*]]: tensor<5x4x3xf32>
// CHECK-NEXT: bert.batch_matmul %[[A]], %[[B]] {adj_y} : (tensor<5x2x3xf32>, tensor<5x4x3xf32>) -> tensor<5x2x4xf32>
func.func @transpose_goes_into_batch_matmul(%a: tensor<5x2x3xf32>, %b: tensor<5x4x3xf32>) -> tensor<5x2x4xf32> {
  %bt = bert.transpose %b {permutation = array<i64: 0, 2, 1>} : (tensor<5x4x3xf32>) -> tensor<5x3x4xf32>
  %c = bert.batch_matmul %a, %bt : (tensor<5x2x3xf32>, tensor<5x3x4xf32>) -> tensor<5x2x4xf32>
  return %c : tensor<5x2x4xf32>
}

// CHECK-LABEL: @other_transposes_stay
// CHECK: bert.transpose
func.func @other_transposes_stay(%a: tensor<2x5x3xf32>, %b: tensor<5x3x4xf32>) -> tensor<5x2x4xf32> {
  %at = bert.transpose %a {permutation = array<i64: 1, 0, 2>} : (tensor<2x5x3xf32>) -> tensor<5x2x3xf32>
  %c = bert.batch_matmul %at, %b : (tensor<5x2x3xf32>, tensor<5x3x4xf32>) -> tensor<5x2x4xf32>
  return %c : tensor<5x2x4xf32>
}

// CHECK-LABEL: @dropout_of_nothing_goes
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>
// CHECK-NEXT: return %[[X]], %[[X]]
func.func @dropout_of_nothing_goes(%x: tensor<8xf32>, %rng: tensor<4xi32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %a = bert.dropout %x, %rng {rate = 0.0 : f32, op_id = 1 : i32} : (tensor<8xf32>, tensor<4xi32>) -> tensor<8xf32>
  %b = bert.dropout_grad %x, %rng {rate = 7.0e-6 : f32, op_id = 1 : i32} : (tensor<8xf32>, tensor<4xi32>) -> tensor<8xf32>
  return %a, %b : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: @smallest_dropout_stays
// CHECK: bert.dropout
func.func @smallest_dropout_stays(%x: tensor<8xf32>, %rng: tensor<4xi32>) -> tensor<8xf32> {
  %a = bert.dropout %x, %rng {rate = 8.0e-6 : f32, op_id = 1 : i32} : (tensor<8xf32>, tensor<4xi32>) -> tensor<8xf32>
  return %a : tensor<8xf32>
}
