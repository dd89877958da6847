// RUN: bertc-opt --bert-fuse-gather-grad %s | FileCheck %s

// Tests that rows are added to the other operands of a sum.
// CHECK-LABEL: func.func @fused
// CHECK-NEXT: %[[BASE:.*]] = bert.add_n %arg0, %arg1 {scope = "sum"}
// CHECK-NEXT: %[[SUM:.*]] = bert.gather_grad_add %[[BASE]], %arg2, %arg3 {scope = "rows"}
// CHECK-NEXT: return %[[SUM]]
func.func @fused(%a: tensor<9x4xf32>, %b: tensor<9x4xf32>, %dy: tensor<3x4xf32>, %i: tensor<3xi32>) -> tensor<9x4xf32> {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>, scope = "rows"} : (tensor<3x4xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.add_n %a, %0, %b {scope = "sum"} : (tensor<9x4xf32>, tensor<9x4xf32>, tensor<9x4xf32>) -> tensor<9x4xf32>
  return %1 : tensor<9x4xf32>
}

// Tests that two sums of rows are one table, and that add counts as a sum.
// CHECK-LABEL: func.func @two
// CHECK-NEXT: %[[BASE:.*]] = bert.gather_grad %arg0
// CHECK-NEXT: %[[SUM:.*]] = bert.gather_grad_add %[[BASE]], %arg0, %arg2
// CHECK-NEXT: return %[[SUM]]
func.func @two(%dy: tensor<3x4xf32>, %i: tensor<3xi32>, %j: tensor<3xi32>) -> tensor<9x4xf32> {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.gather_grad %dy, %j {input_shape = array<i64: 9, 4>} : (tensor<3x4xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  %2 = bert.add %0, %1 : (tensor<9x4xf32>, tensor<9x4xf32>) -> tensor<9x4xf32>
  return %2 : tensor<9x4xf32>
}

// Tests that nothing is fused when the table of rows has another use.
// CHECK-LABEL: func.func @used_twice
// CHECK-NOT: bert.gather_grad_add
func.func @used_twice(%a: tensor<9x4xf32>, %dy: tensor<3x4xf32>, %i: tensor<3xi32>) -> (tensor<9x4xf32>, tensor<9x4xf32>) {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.add %a, %0 : (tensor<9x4xf32>, tensor<9x4xf32>) -> tensor<9x4xf32>
  return %0, %1 : tensor<9x4xf32>, tensor<9x4xf32>
}

// Tests that nothing is fused when an operand is broadcast.
// CHECK-LABEL: func.func @broadcast
// CHECK-NOT: bert.gather_grad_add
func.func @broadcast(%a: tensor<4xf32>, %dy: tensor<3x4xf32>, %i: tensor<3xi32>) -> tensor<9x4xf32> {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.add %0, %a : (tensor<9x4xf32>, tensor<4xf32>) -> tensor<9x4xf32>
  return %1 : tensor<9x4xf32>
}

// Tests that rows are added to one table of bf16, whichever operand it is.
// CHECK-LABEL: func.func @bf16
// CHECK-NEXT: %[[A:.*]] = bert.gather_grad_add %arg0, %arg1, %arg2 {scope = "rows"} : (tensor<9x4xbf16>, tensor<3x4xbf16>, tensor<3xi32>) -> tensor<9x4xbf16>
// CHECK-NEXT: %[[B:.*]] = bert.gather_grad_add %[[A]], %arg1, %arg2
// CHECK-NEXT: return %[[B]]
func.func @bf16(%a: tensor<9x4xbf16>, %dy: tensor<3x4xbf16>, %i: tensor<3xi32>) -> tensor<9x4xbf16> {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>, scope = "rows"} : (tensor<3x4xbf16>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.add_n %a, %0 : (tensor<9x4xbf16>, tensor<9x4xf32>) -> tensor<9x4xbf16>
  %2 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xbf16>, tensor<3xi32>) -> tensor<9x4xf32>
  %3 = bert.add_n %2, %1 : (tensor<9x4xf32>, tensor<9x4xbf16>) -> tensor<9x4xbf16>
  return %3 : tensor<9x4xbf16>
}

// Tests that nothing is fused when the other table is bf16 and the sum is not.
// CHECK-LABEL: func.func @wide_sum
// CHECK-NOT: bert.gather_grad_add
func.func @wide_sum(%a: tensor<9x4xbf16>, %dy: tensor<3x4xf32>, %i: tensor<3xi32>) -> tensor<9x4xf32> {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.add_n %a, %0 : (tensor<9x4xbf16>, tensor<9x4xf32>) -> tensor<9x4xf32>
  return %1 : tensor<9x4xf32>
}

// Tests that nothing is fused when a sum of the others would be rounded to bf16
// before the rows are added.
// CHECK-LABEL: func.func @rounded_before
// CHECK-NOT: bert.gather_grad_add
func.func @rounded_before(%a: tensor<9x4xbf16>, %b: tensor<9x4xbf16>, %dy: tensor<3x4xbf16>, %i: tensor<3xi32>) -> tensor<9x4xbf16> {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xbf16>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.add_n %a, %0, %b : (tensor<9x4xbf16>, tensor<9x4xf32>, tensor<9x4xbf16>) -> tensor<9x4xbf16>
  return %1 : tensor<9x4xbf16>
}

// Tests that nothing is fused when the rows are rounded to bf16 themselves.
// CHECK-LABEL: func.func @rounded_rows
// CHECK-NOT: bert.gather_grad_add
func.func @rounded_rows(%a: tensor<9x4xbf16>, %dy: tensor<3x4xbf16>, %i: tensor<3xi32>) -> tensor<9x4xbf16> {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xbf16>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.cast %0 : (tensor<9x4xf32>) -> tensor<9x4xbf16>
  %2 = bert.add %a, %1 : (tensor<9x4xbf16>, tensor<9x4xbf16>) -> tensor<9x4xbf16>
  return %2 : tensor<9x4xbf16>
}

// Tests that nothing is fused when the rows' table has another use, in bf16.
// CHECK-LABEL: func.func @bf16_used_twice
// CHECK-NOT: bert.gather_grad_add
func.func @bf16_used_twice(%a: tensor<9x4xbf16>, %dy: tensor<3x4xbf16>, %i: tensor<3xi32>) -> (tensor<9x4xf32>, tensor<9x4xbf16>) {
  %0 = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<3x4xbf16>, tensor<3xi32>) -> tensor<9x4xf32>
  %1 = bert.add_n %a, %0 : (tensor<9x4xbf16>, tensor<9x4xf32>) -> tensor<9x4xbf16>
  return %0, %1 : tensor<9x4xf32>, tensor<9x4xbf16>
}
