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
