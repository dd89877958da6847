// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(bert-narrow-rows))' | FileCheck %s

// Everything behind the attention; the product's operand and the residual are
// gathered, the layer norm in the middle has two users inside.
// CHECK-LABEL: func.func @layer(
// CHECK-SAME: %[[X:[^:]*]]: tensor<18x4xf32>, %[[RESIDUAL:[^:]*]]: tensor<18x4xf32>
// CHECK-SAME: %[[MASKED:[^:]*]]: tensor<2x3xi32>
func.func @layer(%x: tensor<18x4xf32>, %residual: tensor<18x4xf32>, %w: tensor<4x4xf32>, %b: tensor<4xf32>, %masked: tensor<2x3xi32>, %rng: tensor<4xi32>) -> (tensor<2x3x4xf32>, tensor<2x1x4xf32>) {
  // CHECK: %[[FIRST:.*]] = bert.constant {scope = "layer/output/rows/Const_1", value = dense<0> : tensor<2x1xi32>}
  // CHECK-NEXT: %[[ROWS:.*]] = bert.row_numbers %[[MASKED]], %[[FIRST]] {scope = "layer/output/rows/RowNumbers", sequence_length = 9 : i64} : (tensor<2x3xi32>, tensor<2x1xi32>) -> tensor<8xi32>
  // CHECK-NEXT: %[[XR:.*]] = bert.gather %[[X]], %[[ROWS]] {scope = "layer/output/rows/GatherV2_0"} : (tensor<18x4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  // CHECK-NEXT: %[[P:.*]] = bert.matmul %[[XR]], %{{.*}} -> tensor<8x4xf32>
  // CHECK-NEXT: %[[A:.*]] = bert.bias_add %[[P]], %{{.*}} -> tensor<8x4xf32>
  // CHECK-NEXT: %[[D:.*]] = bert.dropout %[[A]], %{{.*}}, %[[ROWS]] {op_id = 1 : i32, rate = 1.000000e-01 : f32} : (tensor<8x4xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<8x4xf32>
  // CHECK-NEXT: %[[RR:.*]] = bert.gather %[[RESIDUAL]], %[[ROWS]] {scope = "layer/output/rows/GatherV2_1"} {{.*}} -> tensor<8x4xf32>
  // CHECK-NEXT: %[[Z:.*]] = bert.add %[[D]], %[[RR]] : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK-NEXT: %[[N:.*]], %{{.*}}, %{{.*}} = bert.layer_norm %[[Z]], {{.*}} -> (tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>)
  // CHECK-NEXT: %[[Q:.*]] = bert.matmul %[[N]], {{.*}} -> tensor<8x4xf32>
  // CHECK-NEXT: %[[G:.*]] = bert.gelu %[[Q]] : (tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK-NEXT: %[[Y:.*]] = bert.add %[[G]], %[[N]] {{.*}} -> tensor<8x4xf32>
  // CHECK-DAG: %[[S0:.*]] = bert.slice %[[Y]] {scope = "head/GatherV2/Slice", sizes = array<i64: 6, 4>, starts = array<i64: 0, 0>}
  // CHECK-DAG: %[[R0:.*]] = bert.reshape %[[S0]] {scope = "head/GatherV2/Reshape"} {{.*}} -> tensor<2x3x4xf32>
  // CHECK-DAG: %[[S1:.*]] = bert.slice %[[Y]] {{.*}}sizes = array<i64: 2, 4>, starts = array<i64: 6, 0>}
  // CHECK-DAG: %[[R1:.*]] = bert.reshape %[[S1]] {{.*}} -> tensor<2x1x4xf32>
  // CHECK: return %[[R0]], %[[R1]]
  %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.bias_add %0, %b : (tensor<18x4xf32>, tensor<4xf32>) -> tensor<18x4xf32>
  %2 = bert.dropout %1, %rng {rate = 0.1 : f32, op_id = 1 : i32} : (tensor<18x4xf32>, tensor<4xi32>) -> tensor<18x4xf32>
  %3 = bert.add %2, %residual : (tensor<18x4xf32>, tensor<18x4xf32>) -> tensor<18x4xf32>
  %4, %mean, %rstd = bert.layer_norm %3, %b, %b {eps = 0.5 : f32} : (tensor<18x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<18x4xf32>, tensor<18xf32>, tensor<18xf32>)
  %5 = bert.matmul %4, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %6 = bert.gelu %5 : (tensor<18x4xf32>) -> tensor<18x4xf32>
  %7 = bert.add %6, %4 {scope = "layer/output/add"} : (tensor<18x4xf32>, tensor<18x4xf32>) -> tensor<18x4xf32>
  %8 = bert.reshape %7 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %9 = bert.gather %8, %masked {batch_dims = 1 : i64, scope = "head/GatherV2"} : (tensor<2x9x4xf32>, tensor<2x3xi32>) -> tensor<2x3x4xf32>
  %10 = bert.reshape %7 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %11 = bert.slice %10 {starts = array<i64: 0, 0, 0>, sizes = array<i64: 2, 1, 4>} : (tensor<2x9x4xf32>) -> tensor<2x1x4xf32>
  return %9, %11 : tensor<2x3x4xf32>, tensor<2x1x4xf32>
}

// -----

// One reader takes all rows as they are; a slice may begin anywhere.
// CHECK-LABEL: func.func @slice(
// CHECK: bert.constant {value = dense<{{\[}}[2, 3], [2, 3]]> : tensor<2x2xi32>}
// CHECK: %[[P:.*]] = bert.matmul {{.*}} -> tensor<4x4xf32>
// CHECK-NEXT: bert.reshape %[[P]] : (tensor<4x4xf32>) -> tensor<2x2x4xf32>
func.func @slice(%x: tensor<18x4xf32>, %w: tensor<4x4xf32>) -> tensor<2x2x4xf32> {
  %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.reshape %0 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %2 = bert.slice %1 {starts = array<i64: 0, 2, 0>, sizes = array<i64: 2, 2, 4>} : (tensor<2x9x4xf32>) -> tensor<2x2x4xf32>
  return %2 : tensor<2x2x4xf32>
}

// -----

// What has another user is gathered, not narrowed.
// CHECK-LABEL: func.func @shared(
// CHECK: %[[P:.*]] = bert.matmul {{.*}} -> tensor<18x4xf32>
// CHECK: %[[R:.*]] = bert.gather %[[P]]
// CHECK-NEXT: bert.matmul %[[R]], {{.*}} -> tensor<2x4xf32>
func.func @shared(%x: tensor<18x4xf32>, %w: tensor<4x4xf32>) -> (tensor<2x1x4xf32>, tensor<18x4xf32>) {
  %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.matmul %0, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %2 = bert.reshape %1 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %3 = bert.slice %2 {starts = array<i64: 0, 0, 0>, sizes = array<i64: 2, 1, 4>} : (tensor<2x9x4xf32>) -> tensor<2x1x4xf32>
  return %3, %0 : tensor<2x1x4xf32>, tensor<18x4xf32>
}

// -----

// So is what the product reads as a weight as well.
// CHECK-LABEL: func.func @weight(
// CHECK: %[[G:.*]] = bert.gelu {{.*}} -> tensor<4x4xf32>
// CHECK: %[[R:.*]] = bert.gather %[[G]], {{.*}} -> tensor<2x4xf32>
// CHECK-NEXT: bert.matmul %[[R]], %[[G]] {{.*}} -> tensor<2x4xf32>
func.func @weight(%x: tensor<4x4xf32>) -> tensor<2x1x4xf32> {
  %0 = bert.gelu %x : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = bert.matmul %0, %0 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = bert.reshape %1 : (tensor<4x4xf32>) -> tensor<2x2x4xf32>
  %3 = bert.slice %2 {starts = array<i64: 0, 0, 0>, sizes = array<i64: 2, 1, 4>} : (tensor<2x2x4xf32>) -> tensor<2x1x4xf32>
  return %3 : tensor<2x1x4xf32>
}

// -----

// Is not narrowed when somebody reads all rows,
// CHECK-LABEL: func.func @read_whole(
// CHECK-NOT: bert.row_numbers
func.func @read_whole(%x: tensor<18x4xf32>, %w: tensor<4x4xf32>) -> (tensor<2x1x4xf32>, tensor<2x9x4xf32>) {
  %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.reshape %0 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %2 = bert.slice %1 {starts = array<i64: 0, 0, 0>, sizes = array<i64: 2, 1, 4>} : (tensor<2x9x4xf32>) -> tensor<2x1x4xf32>
  return %2, %1 : tensor<2x1x4xf32>, tensor<2x9x4xf32>
}

// -----

// nor when as many rows are read as there are,
// CHECK-LABEL: func.func @many(
// CHECK-NOT: bert.row_numbers
func.func @many(%x: tensor<18x4xf32>, %w: tensor<4x4xf32>, %p: tensor<2x9xi32>) -> tensor<2x9x4xf32> {
  %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.reshape %0 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %2 = bert.gather %1, %p {batch_dims = 1 : i64} : (tensor<2x9x4xf32>, tensor<2x9xi32>) -> tensor<2x9x4xf32>
  return %2 : tensor<2x9x4xf32>
}

// -----

// nor without a product to be saved,
// CHECK-LABEL: func.func @cheap(
// CHECK-NOT: bert.row_numbers
func.func @cheap(%x: tensor<18x4xf32>) -> tensor<2x1x4xf32> {
  %0 = bert.gelu %x : (tensor<18x4xf32>) -> tensor<18x4xf32>
  %1 = bert.reshape %0 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %2 = bert.slice %1 {starts = array<i64: 0, 0, 0>, sizes = array<i64: 2, 1, 4>} : (tensor<2x9x4xf32>) -> tensor<2x1x4xf32>
  return %2 : tensor<2x1x4xf32>
}

// -----

// nor when parts of rows are read, or rows of all sequences by one index,
// CHECK-LABEL: func.func @columns(
// CHECK-NOT: bert.row_numbers
func.func @columns(%x: tensor<18x4xf32>, %w: tensor<4x4xf32>, %p: tensor<1xi32>) -> (tensor<2x1x2xf32>, tensor<1x9x4xf32>) {
  %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.reshape %0 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %2 = bert.slice %1 {starts = array<i64: 0, 0, 0>, sizes = array<i64: 2, 1, 2>} : (tensor<2x9x4xf32>) -> tensor<2x1x2xf32>
  %3 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %4 = bert.reshape %3 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %5 = bert.gather %4, %p : (tensor<2x9x4xf32>, tensor<1xi32>) -> tensor<1x9x4xf32>
  return %2, %5 : tensor<2x1x2xf32>, tensor<1x9x4xf32>
}

// -----

// nor past an operation that mixes rows: the product with x transposed, and the
// sum with one row for all.
// CHECK-LABEL: func.func @mixes(
// CHECK: bert.matmul {{.*}}transpose_a{{.*}} -> tensor<18x4xf32>
// CHECK: %[[SUM:.*]] = bert.add {{.*}} -> tensor<18x4xf32>
// CHECK: bert.gather %[[SUM]]
func.func @mixes(%x: tensor<4x18xf32>, %w: tensor<4x4xf32>, %row: tensor<4xf32>) -> tensor<2x1x4xf32> {
  %0 = bert.matmul %x, %w {transpose_a} : (tensor<4x18xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.add %0, %row : (tensor<18x4xf32>, tensor<4xf32>) -> tensor<18x4xf32>
  %2 = bert.matmul %1, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %3 = bert.reshape %2 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %4 = bert.slice %3 {starts = array<i64: 0, 0, 0>, sizes = array<i64: 2, 1, 4>} : (tensor<2x9x4xf32>) -> tensor<2x1x4xf32>
  return %4 : tensor<2x1x4xf32>
}

// -----

// nor when the positions come after the product.
// CHECK-LABEL: func.func @late(
// CHECK-NOT: bert.row_numbers
func.func @late(%x: tensor<18x4xf32>, %w: tensor<4x4xf32>, %p: tensor<6xi32>) -> tensor<2x3x4xf32> {
  %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
  %1 = bert.reshape %0 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
  %2 = bert.reshape %p : (tensor<6xi32>) -> tensor<2x3xi32>
  %3 = bert.gather %1, %2 {batch_dims = 1 : i64} : (tensor<2x9x4xf32>, tensor<2x3xi32>) -> tensor<2x3x4xf32>
  return %3 : tensor<2x3x4xf32>
}
