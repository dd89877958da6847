// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -bert-packed-attention-mask | FileCheck %s --check-prefixes=CHECK,EXPLICIT
// RUN: bertc-opt %s -bert-packed-attention-mask=form=ranges | FileCheck %s --check-prefixes=CHECK,RANGES
// RUN: not bertc-opt %s -bert-packed-attention-mask=form=block 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: form is 'block', expected explicit or ranges

// CHECK-LABEL: func.func @mask(
// CHECK-SAME: %[[N:.*]]: tensor<2x8xi32>
func.func @mask(%n: tensor<2x8xi32>) -> tensor<2x1x8x8xf32> {
  // EXPLICIT: %[[QUERIES:.*]] = bert.reshape %[[N]] {scope = "bert/encoder/PackedMask"} : (tensor<2x8xi32>) -> tensor<2x1x8x1xi32>
  // EXPLICIT: %[[ALL:.*]] = bert.reshape %[[N]] {{.*}} -> tensor<2x1x1x8xi32>
  // EXPLICIT: %[[PADDING:.*]] = bert.compare %[[ALL]], {{.*}}predicate<eq>
  // EXPLICIT: %[[KEYS:.*]] = bert.select %[[PADDING]], {{.*}}, %[[ALL]]
  // EXPLICIT: %[[EQUAL:.*]] = bert.compare %[[QUERIES]], %[[KEYS]] {{.*}}predicate<eq>{{.*}} -> tensor<2x1x8x8xi1>
  // EXPLICIT: %[[MASK:.*]] = bert.select %[[EQUAL]], {{.*}} -> tensor<2x1x8x8xf32>
  // RANGES-NEXT: %[[RANGES:.*]] = bert.key_ranges %[[N]] {scope = "bert/encoder/PackedMask"} : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
  // RANGES-NEXT: %[[MASK:.*]] = bert.range_mask %[[RANGES]] {scope = "bert/encoder/PackedMask"} : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
  // CHECK: return %[[MASK]]
  %m = bert.packed_mask %n {scope = "bert/encoder/PackedMask"} : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
  return %m : tensor<2x1x8x8xf32>
}

// Each mask of a module is replaced, in helpers as well.
// CHECK-LABEL: func.func private @twice(
// CHECK-NOT: bert.packed_mask
// RANGES-COUNT-2: bert.range_mask
func.func private @twice(%a: tensor<1x4xi32>, %b: tensor<1x4xi32>) -> (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) {
  %0 = bert.packed_mask %a : (tensor<1x4xi32>) -> tensor<1x1x4x4xf32>
  %1 = bert.packed_mask %b : (tensor<1x4xi32>) -> tensor<1x1x4x4xf32>
  return %0, %1 : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>
}

// The mask of rows that hold one sequence is no business of this pass.
// CHECK-LABEL: func.func @plain(
// CHECK-NEXT: bert.cast
// CHECK-NEXT: bert.sub
// CHECK-NEXT: return
func.func @plain(%mask: tensor<2x1x1x8xi32>, %one: tensor<f32>) -> tensor<2x1x1x8xf32> {
  %0 = bert.cast %mask : (tensor<2x1x1x8xi32>) -> tensor<2x1x1x8xf32>
  %1 = bert.sub %one, %0 : (tensor<f32>, tensor<2x1x1x8xf32>) -> tensor<2x1x1x8xf32>
  return %1 : tensor<2x1x1x8xf32>
}
