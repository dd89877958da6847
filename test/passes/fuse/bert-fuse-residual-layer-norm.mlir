// RUN: bertc-opt --bert-fuse-residual-layer-norm %s | FileCheck %s

!x = tensor<4x8xf32>
!h = tensor<8xf32>
!s = tensor<4xf32>
!r = tensor<4xi32>

// Tests that dropout, sum and norm become one operation, which also gives the
// sum to the gradient.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: %[[Y:.*]], %[[Z:.*]], %[[M:.*]], %[[R:.*]] = bert.residual_layer_norm %arg0, %arg1, %arg2, %arg3, %arg4 {eps = 9.99999974E-6 : f32, op_id = 3 : i32, rate = 1.000000e-01 : f32, scope = "LayerNorm"}
// CHECK-NEXT: return %[[Y]], %[[Z]], %[[M]], %[[R]]
func.func @forward(%x: !x, %residual: !x, %gamma: !h, %beta: !h, %rng: !r) -> (!x, !x, !s, !s) {
  %0 = bert.dropout %x, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!x, !r) -> !x
  %1 = bert.add %0, %residual : (!x, !x) -> !x
  %2:3 = bert.layer_norm %1, %gamma, %beta {eps = 1.0e-5 : f32, scope = "LayerNorm"} : (!x, !h, !h) -> (!x, !s, !s)
  return %2#0, %1, %2#1, %2#2 : !x, !x, !s, !s
}

// Tests the sum with the dropout on the other side.
// CHECK-LABEL: func.func @swapped
// CHECK-NEXT: bert.residual_layer_norm %arg0, %arg1, %arg2, %arg2, %arg3
func.func @swapped(%x: !x, %residual: !x, %gamma: !h, %rng: !r) -> !x {
  %0 = bert.dropout %x, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!x, !r) -> !x
  %1 = bert.add %residual, %0 : (!x, !x) -> !x
  %2:3 = bert.layer_norm %1, %gamma, %gamma {eps = 1.0e-5 : f32} : (!x, !h, !h) -> (!x, !s, !s)
  return %2#0 : !x
}

// Tests that row numbers go along, forward and backward.
// CHECK-LABEL: func.func @numbered_rows
// CHECK-NEXT: bert.residual_layer_norm %arg0, %arg1, %arg2, %arg2, %arg3 rows %arg4 {{.*}}op_id = 3
// CHECK-LABEL: func.func @numbered_rows_backward
// CHECK-NEXT: bert.residual_layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg3, %arg4 rows %arg5 {{.*}}op_id = 3
func.func @numbered_rows(%x: !x, %residual: !x, %gamma: !h, %rng: !r, %rows: tensor<4xi32>) -> !x {
  %0 = bert.dropout %x, %rng, %rows {op_id = 3 : i32, rate = 0.1 : f32} : (!x, !r, tensor<4xi32>) -> !x
  %1 = bert.add %0, %residual : (!x, !x) -> !x
  %2:3 = bert.layer_norm %1, %gamma, %gamma {eps = 1.0e-5 : f32} : (!x, !h, !h) -> (!x, !s, !s)
  return %2#0 : !x
}
func.func @numbered_rows_backward(%dy: !x, %z: !x, %gamma: !h, %s: !s, %rng: !r, %rows: tensor<4xi32>) -> (!x, !x) {
  %0:3 = bert.layer_norm_grad %dy, %z, %gamma, %s, %s : (!x, !x, !h, !s, !s) -> (!x, !h, !h)
  %1 = bert.dropout_grad %0#0, %rng, %rows {op_id = 3 : i32, rate = 0.1 : f32} : (!x, !r, tensor<4xi32>) -> !x
  return %0#0, %1 : !x, !x
}

// Tests the form without dropout.
// CHECK-LABEL: func.func @without_dropout
// CHECK-NEXT: bert.residual_layer_norm %arg0, %arg1, %arg2, %arg2 {eps = {{.*}}, op_id = 0 : i32, rate = 0.000000e+00 : f32}
func.func @without_dropout(%x: !x, %residual: !x, %gamma: !h) -> !x {
  %0 = bert.add %x, %residual : (!x, !x) -> !x
  %1:3 = bert.layer_norm %0, %gamma, %gamma {eps = 1.0e-5 : f32} : (!x, !h, !h) -> (!x, !s, !s)
  return %1#0 : !x
}

// Tests that gamma may be read between the sum and the norm.
// CHECK-LABEL: func.func @gamma_read_late
// CHECK: %[[G:.*]] = bert.read @gamma
// CHECK-NEXT: bert.residual_layer_norm %arg0, %arg1, %[[G]], %[[G]]
bert.variable @gamma : !h
func.func @gamma_read_late(%x: !x, %residual: !x) -> !x {
  %0 = bert.add %x, %residual : (!x, !x) -> !x
  %gamma = bert.read @gamma : !h
  %1:3 = bert.layer_norm %0, %gamma, %gamma {eps = 1.0e-5 : f32} : (!x, !h, !h) -> (!x, !s, !s)
  return %1#0 : !x
}

// Tests that a dropout with another use stays outside.
// CHECK-LABEL: func.func @dropout_used_twice
// CHECK: %[[D:.*]] = bert.dropout
// CHECK: bert.residual_layer_norm %[[D]], %arg1, %arg2, %arg2 {eps
func.func @dropout_used_twice(%x: !x, %residual: !x, %gamma: !h, %rng: !r) -> (!x, !x) {
  %0 = bert.dropout %x, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!x, !r) -> !x
  %1 = bert.add %0, %residual : (!x, !x) -> !x
  %2:3 = bert.layer_norm %1, %gamma, %gamma {eps = 1.0e-5 : f32} : (!x, !h, !h) -> (!x, !s, !s)
  return %0, %2#0 : !x, !x
}

// Tests that a sum that broadcasts is not fused.
// CHECK-LABEL: func.func @broadcast
// CHECK-NOT: bert.residual_layer_norm
func.func @broadcast(%x: !x, %row: !h) -> !x {
  %0 = bert.add %x, %row : (!x, !h) -> !x
  %1:3 = bert.layer_norm %0, %row, %row {eps = 1.0e-5 : f32} : (!x, !h, !h) -> (!x, !s, !s)
  return %1#0 : !x
}

// Tests that the gradient of the norm takes that of the dropout with it, and
// that the gradient of the sum is still there for the residual.
// CHECK-LABEL: func.func @backward
// CHECK-NEXT: %[[DX:.*]], %[[DR:.*]], %[[DG:.*]], %[[DB:.*]] = bert.residual_layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg3, %arg4 {op_id = 3 : i32, rate = 1.000000e-01 : f32}
// CHECK-NEXT: return %[[DX]], %[[DR]], %[[DG]], %[[DB]]
func.func @backward(%dy: !x, %z: !x, %gamma: !h, %s: !s, %rng: !r) -> (!x, !x, !h, !h) {
  %0:3 = bert.layer_norm_grad %dy, %z, %gamma, %s, %s : (!x, !x, !h, !s, !s) -> (!x, !h, !h)
  %1 = bert.dropout_grad %0#0, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!x, !r) -> !x
  return %1, %0#0, %0#1, %0#2 : !x, !x, !h, !h
}

// Tests that the gradient of a norm alone stays as it is.
// CHECK-LABEL: func.func @backward_without_dropout
// CHECK-NOT: bert.residual_layer_norm_grad
func.func @backward_without_dropout(%dy: !x, %z: !x, %gamma: !h, %s: !s) -> !x {
  %0:3 = bert.layer_norm_grad %dy, %z, %gamma, %s, %s : (!x, !x, !h, !s, !s) -> (!x, !h, !h)
  return %0#0 : !x
}
