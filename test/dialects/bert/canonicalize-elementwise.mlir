// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @identity_goes
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>
// CHECK-NEXT: return %[[X]]
func.func @identity_goes(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bert.identity %x : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: @two_signs_cancel
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>
// CHECK-NEXT: return %[[X]]
func.func @two_signs_cancel(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bert.neg %x : (tensor<2xf32>) -> tensor<2xf32>
  %z = bert.neg %y : (tensor<2xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// CHECK-LABEL: @unused_result_goes
// CHECK-NEXT: return
func.func @unused_result_goes(%x: tensor<2xf32>) {
  %y, %m, %r = bert.layer_norm %x, %x, %x {eps = 0.0 : f32} : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<f32>, tensor<f32>)
  return
}

// A cast there and back is nothing when the way there loses nothing.
// CHECK-LABEL: @widening_cast_and_back
// CHECK-SAME: %[[X:.*]]: tensor<2xbf16>
// CHECK-NEXT: return %[[X]]
func.func @widening_cast_and_back(%x: tensor<2xbf16>) -> tensor<2xbf16> {
  %y = bert.cast %x : (tensor<2xbf16>) -> tensor<2xf32>
  %z = bert.cast %y : (tensor<2xf32>) -> tensor<2xbf16>
  return %z : tensor<2xbf16>
}

// CHECK-LABEL: @narrowing_cast_and_back_stays
// CHECK-COUNT-2: bert.cast
func.func @narrowing_cast_and_back_stays(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bert.cast %x : (tensor<2xf32>) -> tensor<2xbf16>
  %z = bert.cast %y : (tensor<2xbf16>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// CHECK-LABEL: @cast_chain_shortens
// CHECK-SAME: %[[X:.*]]: tensor<2xi1>
// CHECK-NEXT: %[[Y:.*]] = bert.cast %[[X]] : (tensor<2xi1>) -> tensor<2xf32>
// CHECK-NEXT: return %[[Y]]
func.func @cast_chain_shortens(%x: tensor<2xi1>) -> tensor<2xf32> {
  %y = bert.cast %x : (tensor<2xi1>) -> tensor<2xi32>
  %z = bert.cast %y : (tensor<2xi32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// Float to integer to float truncates, so it is not shortened.
// CHECK-LABEL: @truncating_cast_chain_stays
// CHECK-COUNT-2: bert.cast
func.func @truncating_cast_chain_stays(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bert.cast %x : (tensor<2xf32>) -> tensor<2xi32>
  %z = bert.cast %y : (tensor<2xi32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// CHECK-LABEL: @neutral_operands_go
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK-NEXT: return %[[X]]
func.func @neutral_operands_go(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %zero = bert.constant {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %one = bert.constant {value = dense<1.0> : tensor<3xf32>} : () -> tensor<3xf32>
  %a = bert.add %zero, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = bert.sub %a, %zero : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %c = bert.mul %one, %b : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %d = bert.div %c, %one : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %d : tensor<2x3xf32>
}

// CHECK-LABEL: @neutral_operand_that_broadcasts_stays
// CHECK: bert.add
func.func @neutral_operand_that_broadcasts_stays(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %zero = bert.constant {value = dense<0.0> : tensor<2x1xf32>} : () -> tensor<2x1xf32>
  %y = bert.add %x, %zero : (tensor<3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// 0 - x is not x, and x may be NaN in x 0.
// CHECK-LABEL: @zero_on_the_left_and_times_zero_stay
// CHECK: bert.sub
// CHECK: bert.mul
func.func @zero_on_the_left_and_times_zero_stay(%x: tensor<2xf32>) -> tensor<2xf32> {
  %zero = bert.constant {value = dense<0.0> : tensor<2xf32>} : () -> tensor<2xf32>
  %y = bert.sub %zero, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %z = bert.mul %y, %zero : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// CHECK-LABEL: @splats_are_computed
// CHECK-NEXT: %[[C:.*]] = bert.constant {value = dense<-4.500000e+00> : tensor<64x512xf32>}
// CHECK-NEXT: return %[[C]]
func.func @splats_are_computed() -> tensor<64x512xf32> {
  %a = bert.constant {value = dense<3.0> : tensor<64x512xf32>} : () -> tensor<64x512xf32>
  %b = bert.constant {value = dense<2.25> : tensor<f32>} : () -> tensor<f32>
  %r = bert.sqrt %b : (tensor<f32>) -> tensor<f32>
  %c = bert.mul %a, %r : (tensor<64x512xf32>, tensor<f32>) -> tensor<64x512xf32>
  %d = bert.neg %c : (tensor<64x512xf32>) -> tensor<64x512xf32>
  return %d : tensor<64x512xf32>
}

// CHECK-LABEL: @unary_functions_of_constants
// CHECK-DAG: dense<1.000000e+00> : tensor<f32>
// CHECK-DAG: dense<0.000000e+00> : tensor<f32>
// CHECK-DAG: dense<5.000000e-01> : tensor<f32>
// CHECK-NOT: bert.exp
// CHECK-NOT: bert.log
// CHECK-NOT: bert.rsqrt
// CHECK-NOT: bert.tanh
func.func @unary_functions_of_constants() -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %zero = bert.constant {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %four = bert.constant {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
  %a = bert.exp %zero : (tensor<f32>) -> tensor<f32>
  %b = bert.log %a : (tensor<f32>) -> tensor<f32>
  %c = bert.rsqrt %four : (tensor<f32>) -> tensor<f32>
  %d = bert.tanh %zero : (tensor<f32>) -> tensor<f32>
  return %a, %b, %c, %d : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// CHECK-LABEL: @small_constants_broadcast
// CHECK-NEXT: %[[C:.*]] = bert.constant {value = dense<{{\[}}[11, 12], [21, 22]]> : tensor<2x2xi32>}
// CHECK-NEXT: return %[[C]]
func.func @small_constants_broadcast() -> tensor<2x2xi32> {
  %a = bert.constant {value = dense<[1, 2]> : tensor<2xi32>} : () -> tensor<2xi32>
  %b = bert.constant {value = dense<[[10], [20]]> : tensor<2x1xi32>} : () -> tensor<2x1xi32>
  %c = bert.add %a, %b : (tensor<2xi32>, tensor<2x1xi32>) -> tensor<2x2xi32>
  return %c : tensor<2x2xi32>
}

// The sum does not fit in 32 bits.
// CHECK-LABEL: @overflow_is_left_alone
// CHECK: bert.add
func.func @overflow_is_left_alone() -> tensor<i32> {
  %a = bert.constant {value = dense<2147483647> : tensor<i32>} : () -> tensor<i32>
  %b = bert.add %a, %a : (tensor<i32>, tensor<i32>) -> tensor<i32>
  return %b : tensor<i32>
}

// The result would have more elements than the two constants together.
// CHECK-LABEL: @large_results_are_not_stored
// CHECK: bert.add
func.func @large_results_are_not_stored() -> tensor<33x32xf32> {
  %a = bert.constant {value = dense<"0x0000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F000000400000803F00000040"> : tensor<32xf32>} : () -> tensor<32xf32>
  %b = bert.constant {value = dense<1.0> : tensor<33x1xf32>} : () -> tensor<33x1xf32>
  %c = bert.add %a, %b : (tensor<32xf32>, tensor<33x1xf32>) -> tensor<33x32xf32>
  return %c : tensor<33x32xf32>
}

// CHECK-LABEL: @compare_and_select_of_constants
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>, %[[Y:.*]]: tensor<2xf32>
// CHECK-NEXT: return %[[X]], %[[Y]]
func.func @compare_and_select_of_constants(%x: tensor<2xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %a = bert.constant {value = dense<1> : tensor<2xi32>} : () -> tensor<2xi32>
  %b = bert.constant {value = dense<2> : tensor<2xi32>} : () -> tensor<2xi32>
  %lt = bert.compare %a, %b {predicate = #bert.predicate<lt>} : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
  %gt = bert.compare %a, %b {predicate = #bert.predicate<gt>} : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
  %p = bert.select %lt, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %q = bert.select %gt, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %p, %q : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @select_that_broadcasts_stays
// CHECK: bert.select
func.func @select_that_broadcasts_stays(%x: tensor<f32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  %c = bert.constant {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %z = bert.select %c, %x, %y : (tensor<i1>, tensor<f32>, tensor<2xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// CHECK-LABEL: @same_operands
// CHECK-SAME: %[[C:.*]]: tensor<2xi1>, %[[X:.*]]: tensor<2xf32>
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]]
func.func @same_operands(%c: tensor<2xi1>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %a = bert.maximum %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %b = bert.minimum %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %d = bert.select %c, %x, %x : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %a, %b, %d : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
