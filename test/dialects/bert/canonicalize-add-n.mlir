// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @one_operand
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>
// CHECK-NEXT: return %[[X]]
func.func @one_operand(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bert.add_n %x : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: @first_operand_flattens
// CHECK-SAME: %[[A:.*]]: tensor<2xf32>, %[[B:.*]]: tensor<2xf32>, %[[C:.*]]: tensor<2xf32>
// CHECK-NEXT: bert.add_n %[[A]], %[[B]], %[[C]]
func.func @first_operand_flattens(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xf32>) -> tensor<2xf32> {
  %x = bert.add_n %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %y = bert.add_n %x, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// Sums are added from the left: a + (b + c) rounds otherwise than a + b + c.
// CHECK-LABEL: @other_operands_do_not_flatten
// CHECK-COUNT-2: bert.add_n
func.func @other_operands_do_not_flatten(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xf32>) -> tensor<2xf32> {
  %x = bert.add_n %b, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %y = bert.add_n %a, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: @shared_sum_does_not_flatten
// CHECK-COUNT-2: bert.add_n
func.func @shared_sum_does_not_flatten(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %x = bert.add_n %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %y = bert.add_n %x, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %x, %y : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @zeros_go
// CHECK-SAME: %[[A:.*]]: tensor<2xf32>, %[[B:.*]]: tensor<2xf32>
// CHECK-NEXT: bert.add_n %[[A]], %[[B]] :
func.func @zeros_go(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2xf32> {
  %zero = bert.constant {value = dense<0.0> : tensor<2xf32>} : () -> tensor<2xf32>
  %y = bert.add_n %a, %zero, %b : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: @nothing_but_zeros
// CHECK-NEXT: %[[Z:.*]] = bert.constant {value = dense<0.000000e+00>
// CHECK-NEXT: return %[[Z]]
func.func @nothing_but_zeros() -> tensor<2xf32> {
  %zero = bert.constant {value = dense<0.0> : tensor<2xf32>} : () -> tensor<2xf32>
  %y = bert.add_n %zero, %zero : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
