// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -cse | FileCheck %s

bert.variable @w : tensor<2xf32>

// CHECK-LABEL: @equal_operations_merge
// CHECK-COUNT-1: bert.exp
// CHECK-NOT: bert.exp
func.func @equal_operations_merge(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %a = bert.exp %x : (tensor<2xf32>) -> tensor<2xf32>
  %b = bert.exp %x : (tensor<2xf32>) -> tensor<2xf32>
  return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @dropouts_of_different_ids_stay_apart
// CHECK-COUNT-2: bert.dropout
func.func @dropouts_of_different_ids_stay_apart(%x: tensor<2xf32>, %r: tensor<4xi32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %a = bert.dropout %x, %r {rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2xf32>, tensor<4xi32>) -> tensor<2xf32>
  %b = bert.dropout %x, %r {rate = 0.5 : f32, op_id = 2 : i32} : (tensor<2xf32>, tensor<4xi32>) -> tensor<2xf32>
  return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @reads_merge_up_to_an_assignment
// CHECK-NEXT: %[[A:.*]] = bert.read @w
// CHECK-NEXT: bert.assign @w
// CHECK-NEXT: %[[B:.*]] = bert.read @w
// CHECK-NEXT: return %[[A]], %[[A]], %[[B]]
func.func @reads_merge_up_to_an_assignment(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %a = bert.read @w : tensor<2xf32>
  %b = bert.read @w : tensor<2xf32>
  bert.assign @w, %x : tensor<2xf32>
  %c = bert.read @w : tensor<2xf32>
  return %a, %b, %c : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @unread_value_goes
// CHECK-NEXT: return
func.func @unread_value_goes() {
  %a = bert.read @w : tensor<2xf32>
  return
}
