// RUN: bertc-opt --bert-fuse-attention-softmax %s | FileCheck %s

!s = tensor<2x4x8x8xf32>
!m = tensor<2x1x1x8xf32>
!r = tensor<4xi32>

// Tests that scale, mask, softmax and dropout become one operation, whose
// softmax before dropout is there for the gradient.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: %[[D:.*]], %[[S:.*]] = bert.attention_softmax %arg0, %arg1, %arg2 {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 1.250000e-01 : f32, scope = "Softmax"}
// CHECK-NEXT: return %[[D]], %[[S]]
func.func @forward(%scores: !s, %mask: !m, %rng: !r) -> (!s, !s) {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.mul %scores, %scale : (!s, tensor<f32>) -> !s
  %1 = bert.add %0, %mask : (!s, !m) -> !s
  %2 = bert.softmax %1 {scope = "Softmax"} : (!s) -> !s
  %3 = bert.dropout %2, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!s, !r) -> !s
  return %3, %2 : !s, !s
}

// Tests the form without dropout, with operands in the other order and a mask
// for each query.
// CHECK-LABEL: func.func @without_dropout
// CHECK-NEXT: %[[D:.*]], %[[S:.*]] = bert.attention_softmax %arg0, %arg1 {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32}
// CHECK-NEXT: return %[[S]]
func.func @without_dropout(%scores: !s, %mask: tensor<2x1x8x8xf32>) -> !s {
  %scale = bert.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.mul %scale, %scores : (tensor<f32>, !s) -> !s
  %1 = bert.add %mask, %0 : (tensor<2x1x8x8xf32>, !s) -> !s
  %2 = bert.softmax %1 : (!s) -> !s
  return %2 : !s
}

// Tests that of several dropouts none is fused.
// CHECK-LABEL: func.func @two_dropouts
// CHECK: bert.attention_softmax %arg0, %arg1 {op_id = 0 : i32, rate = 0.000000e+00 : f32
// CHECK: bert.dropout
// CHECK: bert.dropout
func.func @two_dropouts(%scores: !s, %mask: !m, %rng: !r) -> (!s, !s) {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.mul %scores, %scale : (!s, tensor<f32>) -> !s
  %1 = bert.add %0, %mask : (!s, !m) -> !s
  %2 = bert.softmax %1 : (!s) -> !s
  %3 = bert.dropout %2, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!s, !r) -> !s
  %4 = bert.dropout %2, %rng {op_id = 4 : i32, rate = 0.1 : f32} : (!s, !r) -> !s
  return %3, %4 : !s, !s
}

// Tests that nothing is fused when the masked scores have another use.
// CHECK-LABEL: func.func @masked_scores_used_twice
// CHECK-NOT: bert.attention_softmax
func.func @masked_scores_used_twice(%scores: !s, %mask: !m) -> (!s, !s) {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.mul %scores, %scale : (!s, tensor<f32>) -> !s
  %1 = bert.add %0, %mask : (!s, !m) -> !s
  %2 = bert.softmax %1 : (!s) -> !s
  return %1, %2 : !s, !s
}

// Tests that nothing is fused when the scale is not a constant.
// CHECK-LABEL: func.func @scale_not_constant
// CHECK-NOT: bert.attention_softmax
func.func @scale_not_constant(%scores: !s, %mask: !m, %scale: tensor<f32>) -> !s {
  %0 = bert.mul %scores, %scale : (!s, tensor<f32>) -> !s
  %1 = bert.add %0, %mask : (!s, !m) -> !s
  %2 = bert.softmax %1 : (!s) -> !s
  return %2 : !s
}

// Tests that nothing is fused when the mask differs from head to head.
// CHECK-LABEL: func.func @mask_of_heads
// CHECK-NOT: bert.attention_softmax
func.func @mask_of_heads(%scores: !s, %mask: !s) -> !s {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.mul %scores, %scale : (!s, tensor<f32>) -> !s
  %1 = bert.add %0, %mask : (!s, !s) -> !s
  %2 = bert.softmax %1 : (!s) -> !s
  return %2 : !s
}

// Tests that the gradients of dropout, softmax and scale become one operation.
// CHECK-LABEL: func.func @backward
// CHECK-NEXT: %[[D:.*]] = bert.attention_softmax_grad %arg0, %arg1, %arg2 {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 1.250000e-01 : f32}
// CHECK-NEXT: return %[[D]]
func.func @backward(%dy: !s, %y: !s, %rng: !r) -> !s {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.dropout_grad %dy, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!s, !r) -> !s
  %1 = bert.softmax_grad %0, %y : (!s, !s) -> !s
  %2 = bert.mul %1, %scale : (!s, tensor<f32>) -> !s
  return %2 : !s
}

// Tests that dropout by row numbers stays outside, forward and backward: the
// fused operations number elements by their place.
// CHECK-LABEL: func.func @numbered_rows
// CHECK: bert.attention_softmax %arg0, %arg1 {op_id = 0 : i32, rate = 0.000000e+00 : f32
// CHECK: bert.dropout {{.*}}, %arg2, %arg3
// CHECK-LABEL: func.func @numbered_rows_backward
// CHECK: %[[G:.*]] = bert.dropout_grad %arg0, %arg2, %arg3
// CHECK: bert.attention_softmax_grad %[[G]], %arg1 {op_id = 0 : i32
func.func @numbered_rows(%scores: !s, %mask: !m, %rng: !r, %rows: tensor<64xi32>) -> !s {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.mul %scores, %scale : (!s, tensor<f32>) -> !s
  %1 = bert.add %0, %mask : (!s, !m) -> !s
  %2 = bert.softmax %1 : (!s) -> !s
  %3 = bert.dropout %2, %rng, %rows {op_id = 3 : i32, rate = 0.1 : f32} : (!s, !r, tensor<64xi32>) -> !s
  return %3 : !s
}
func.func @numbered_rows_backward(%dy: !s, %y: !s, %rng: !r, %rows: tensor<64xi32>) -> !s {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.dropout_grad %dy, %rng, %rows {op_id = 3 : i32, rate = 0.1 : f32} : (!s, !r, tensor<64xi32>) -> !s
  %1 = bert.softmax_grad %0, %y : (!s, !s) -> !s
  %2 = bert.mul %1, %scale : (!s, tensor<f32>) -> !s
  return %2 : !s
}

// Tests that a dropout gradient with another use stays.
// CHECK-LABEL: func.func @dropout_gradient_used_twice
// CHECK: %[[G:.*]] = bert.dropout_grad
// CHECK: bert.attention_softmax_grad %[[G]], %arg1 {op_id = 0 : i32, rate = 0.000000e+00 : f32
func.func @dropout_gradient_used_twice(%dy: !s, %y: !s, %rng: !r) -> (!s, !s) {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.dropout_grad %dy, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (!s, !r) -> !s
  %1 = bert.softmax_grad %0, %y : (!s, !s) -> !s
  %2 = bert.mul %1, %scale : (!s, tensor<f32>) -> !s
  return %0, %2 : !s, !s
}

// Tests that nothing is fused when the softmax gradient has another use.
// CHECK-LABEL: func.func @softmax_gradient_used_twice
// CHECK-NOT: bert.attention_softmax_grad
func.func @softmax_gradient_used_twice(%dy: !s, %y: !s) -> (!s, !s) {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.softmax_grad %dy, %y : (!s, !s) -> !s
  %1 = bert.mul %0, %scale : (!s, tensor<f32>) -> !s
  return %0, %1 : !s, !s
}
