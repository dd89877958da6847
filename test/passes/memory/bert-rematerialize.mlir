// RUN: bertc-opt --bert-rematerialize %s | FileCheck %s

!x = tensor<8x8xf32>
!s = tensor<2x2x4x4xf32>
!m = tensor<2x1x1x4xf32>
!h = tensor<8xf32>
!v = tensor<8xf32>
!r = tensor<4xi32>

// Tests that an activation that waits long for its gradient is computed again
// just before.
// CHECK-LABEL: func.func @activation
// CHECK: %[[Y:.*]] = bert.gelu %arg0 {approximate = #bert.gelu<tanh>, scope = "act"}
// CHECK: bert.matmul %[[Y]], %arg1
// CHECK: %[[AGAIN:.*]] = bert.gelu %arg0 {approximate = #bert.gelu<tanh>, scope = "act"}
// CHECK-NEXT: bert.matmul %[[AGAIN]], %{{.*}} {transpose_a}
// CHECK-NEXT: bert.gelu_grad %{{.*}}, %arg0
func.func @activation(%x: !x, %w: !x) -> (!x, !x) {
  %y = bert.gelu %x {approximate = #bert.gelu<tanh>, scope = "act"} : (!x) -> !x
  %m = bert.matmul %y, %w : (!x, !x) -> !x
  %w0 = bert.tanh %m : (!x) -> !x
  %w1 = bert.tanh %w0 : (!x) -> !x
  %w2 = bert.tanh %w1 : (!x) -> !x
  %w3 = bert.tanh %w2 : (!x) -> !x
  %w4 = bert.tanh %w3 : (!x) -> !x
  %w5 = bert.tanh %w4 : (!x) -> !x
  %w6 = bert.tanh %w5 : (!x) -> !x
  %w7 = bert.tanh %w6 : (!x) -> !x
  %w8 = bert.tanh %w7 : (!x) -> !x
  %w9 = bert.tanh %w8 : (!x) -> !x
  %w10 = bert.tanh %w9 : (!x) -> !x
  %w11 = bert.tanh %w10 : (!x) -> !x
  %w12 = bert.tanh %w11 : (!x) -> !x
  %w13 = bert.tanh %w12 : (!x) -> !x
  %w14 = bert.tanh %w13 : (!x) -> !x
  %w15 = bert.tanh %w14 : (!x) -> !x
  %w16 = bert.tanh %w15 : (!x) -> !x
  %w17 = bert.tanh %w16 : (!x) -> !x
  %w18 = bert.tanh %w17 : (!x) -> !x
  %w19 = bert.tanh %w18 : (!x) -> !x
  %w20 = bert.tanh %w19 : (!x) -> !x
  %w21 = bert.tanh %w20 : (!x) -> !x
  %w22 = bert.tanh %w21 : (!x) -> !x
  %w23 = bert.tanh %w22 : (!x) -> !x
  %w24 = bert.tanh %w23 : (!x) -> !x
  %w25 = bert.tanh %w24 : (!x) -> !x
  %w26 = bert.tanh %w25 : (!x) -> !x
  %w27 = bert.tanh %w26 : (!x) -> !x
  %w28 = bert.tanh %w27 : (!x) -> !x
  %w29 = bert.tanh %w28 : (!x) -> !x
  %w30 = bert.tanh %w29 : (!x) -> !x
  %w31 = bert.tanh %w30 : (!x) -> !x
  %w32 = bert.tanh %w31 : (!x) -> !x
  %w33 = bert.tanh %w32 : (!x) -> !x
  %w34 = bert.tanh %w33 : (!x) -> !x
  %w35 = bert.tanh %w34 : (!x) -> !x
  %w36 = bert.tanh %w35 : (!x) -> !x
  %w37 = bert.tanh %w36 : (!x) -> !x
  %w38 = bert.tanh %w37 : (!x) -> !x
  %w39 = bert.tanh %w38 : (!x) -> !x
  %w40 = bert.tanh %w39 : (!x) -> !x
  %w41 = bert.tanh %w40 : (!x) -> !x
  %w42 = bert.tanh %w41 : (!x) -> !x
  %w43 = bert.tanh %w42 : (!x) -> !x
  %w44 = bert.tanh %w43 : (!x) -> !x
  %dw = bert.matmul %y, %w44 {transpose_a} : (!x, !x) -> !x
  %dx = bert.gelu_grad %w44, %x {approximate = #bert.gelu<tanh>} : (!x, !x) -> !x
  return %dw, %dx : !x, !x
}

// Tests that nothing is computed twice for a short wait.
// CHECK-LABEL: func.func @short_wait
// CHECK: bert.gelu
// CHECK-NOT: bert.gelu %
func.func @short_wait(%x: !x, %w: !x) -> (!x, !x) {
  %y = bert.gelu %x : (!x) -> !x
  %m = bert.matmul %y, %w : (!x, !x) -> !x
  %w0 = bert.tanh %m : (!x) -> !x
  %w1 = bert.tanh %w0 : (!x) -> !x
  %w2 = bert.tanh %w1 : (!x) -> !x
  %w3 = bert.tanh %w2 : (!x) -> !x
  %w4 = bert.tanh %w3 : (!x) -> !x
  %w5 = bert.tanh %w4 : (!x) -> !x
  %w6 = bert.tanh %w5 : (!x) -> !x
  %w7 = bert.tanh %w6 : (!x) -> !x
  %w8 = bert.tanh %w7 : (!x) -> !x
  %w9 = bert.tanh %w8 : (!x) -> !x
  %dw = bert.matmul %y, %w9 {transpose_a} : (!x, !x) -> !x
  %dx = bert.gelu_grad %w9, %x : (!x, !x) -> !x
  return %dw, %dx : !x, !x
}

// Tests that nothing is computed twice when that would keep the source alive.
// CHECK-LABEL: func.func @source_not_alive
// CHECK: bert.gelu
// CHECK-NOT: bert.gelu %
func.func @source_not_alive(%x: !x, %w: !x) -> !x {
  %y = bert.gelu %x : (!x) -> !x
  %m = bert.matmul %y, %w : (!x, !x) -> !x
  %w0 = bert.tanh %m : (!x) -> !x
  %w1 = bert.tanh %w0 : (!x) -> !x
  %w2 = bert.tanh %w1 : (!x) -> !x
  %w3 = bert.tanh %w2 : (!x) -> !x
  %w4 = bert.tanh %w3 : (!x) -> !x
  %w5 = bert.tanh %w4 : (!x) -> !x
  %w6 = bert.tanh %w5 : (!x) -> !x
  %w7 = bert.tanh %w6 : (!x) -> !x
  %w8 = bert.tanh %w7 : (!x) -> !x
  %w9 = bert.tanh %w8 : (!x) -> !x
  %w10 = bert.tanh %w9 : (!x) -> !x
  %w11 = bert.tanh %w10 : (!x) -> !x
  %w12 = bert.tanh %w11 : (!x) -> !x
  %w13 = bert.tanh %w12 : (!x) -> !x
  %w14 = bert.tanh %w13 : (!x) -> !x
  %w15 = bert.tanh %w14 : (!x) -> !x
  %w16 = bert.tanh %w15 : (!x) -> !x
  %w17 = bert.tanh %w16 : (!x) -> !x
  %w18 = bert.tanh %w17 : (!x) -> !x
  %w19 = bert.tanh %w18 : (!x) -> !x
  %w20 = bert.tanh %w19 : (!x) -> !x
  %w21 = bert.tanh %w20 : (!x) -> !x
  %w22 = bert.tanh %w21 : (!x) -> !x
  %w23 = bert.tanh %w22 : (!x) -> !x
  %w24 = bert.tanh %w23 : (!x) -> !x
  %w25 = bert.tanh %w24 : (!x) -> !x
  %w26 = bert.tanh %w25 : (!x) -> !x
  %w27 = bert.tanh %w26 : (!x) -> !x
  %w28 = bert.tanh %w27 : (!x) -> !x
  %w29 = bert.tanh %w28 : (!x) -> !x
  %w30 = bert.tanh %w29 : (!x) -> !x
  %w31 = bert.tanh %w30 : (!x) -> !x
  %w32 = bert.tanh %w31 : (!x) -> !x
  %w33 = bert.tanh %w32 : (!x) -> !x
  %w34 = bert.tanh %w33 : (!x) -> !x
  %w35 = bert.tanh %w34 : (!x) -> !x
  %w36 = bert.tanh %w35 : (!x) -> !x
  %w37 = bert.tanh %w36 : (!x) -> !x
  %w38 = bert.tanh %w37 : (!x) -> !x
  %w39 = bert.tanh %w38 : (!x) -> !x
  %w40 = bert.tanh %w39 : (!x) -> !x
  %w41 = bert.tanh %w40 : (!x) -> !x
  %w42 = bert.tanh %w41 : (!x) -> !x
  %w43 = bert.tanh %w42 : (!x) -> !x
  %w44 = bert.tanh %w43 : (!x) -> !x
  %dw = bert.matmul %y, %w44 {transpose_a} : (!x, !x) -> !x
  return %dw : !x
}

// Tests that probabilities are dropped again by the same numbers.
// CHECK-LABEL: func.func @probabilities
// CHECK: %[[D:.*]], %[[S:.*]] = bert.attention_softmax
// CHECK: bert.batch_matmul %[[D]], %arg0
// CHECK: %[[AGAIN:.*]] = bert.dropout %[[S]], %arg2 {op_id = 3 : i32, rate = 1.000000e-01 : f32}
// CHECK-NEXT: bert.batch_matmul %[[AGAIN]]
// CHECK-NEXT: bert.attention_softmax_grad %{{.*}}, %[[S]], %arg2
func.func @probabilities(%x: !s, %mask: !m, %rng: !r) -> (!s, !s) {
  %d, %s = bert.attention_softmax %x, %mask, %rng {scale = 0.5 : f32, rate = 0.1 : f32, op_id = 3 : i32} : (!s, !m, !r) -> (!s, !s)
  %m = bert.batch_matmul %d, %x : (!s, !s) -> !s
  %w0 = bert.tanh %m : (!s) -> !s
  %w1 = bert.tanh %w0 : (!s) -> !s
  %w2 = bert.tanh %w1 : (!s) -> !s
  %w3 = bert.tanh %w2 : (!s) -> !s
  %w4 = bert.tanh %w3 : (!s) -> !s
  %w5 = bert.tanh %w4 : (!s) -> !s
  %w6 = bert.tanh %w5 : (!s) -> !s
  %w7 = bert.tanh %w6 : (!s) -> !s
  %w8 = bert.tanh %w7 : (!s) -> !s
  %w9 = bert.tanh %w8 : (!s) -> !s
  %w10 = bert.tanh %w9 : (!s) -> !s
  %w11 = bert.tanh %w10 : (!s) -> !s
  %w12 = bert.tanh %w11 : (!s) -> !s
  %w13 = bert.tanh %w12 : (!s) -> !s
  %w14 = bert.tanh %w13 : (!s) -> !s
  %w15 = bert.tanh %w14 : (!s) -> !s
  %w16 = bert.tanh %w15 : (!s) -> !s
  %w17 = bert.tanh %w16 : (!s) -> !s
  %w18 = bert.tanh %w17 : (!s) -> !s
  %w19 = bert.tanh %w18 : (!s) -> !s
  %w20 = bert.tanh %w19 : (!s) -> !s
  %w21 = bert.tanh %w20 : (!s) -> !s
  %w22 = bert.tanh %w21 : (!s) -> !s
  %w23 = bert.tanh %w22 : (!s) -> !s
  %w24 = bert.tanh %w23 : (!s) -> !s
  %w25 = bert.tanh %w24 : (!s) -> !s
  %w26 = bert.tanh %w25 : (!s) -> !s
  %w27 = bert.tanh %w26 : (!s) -> !s
  %w28 = bert.tanh %w27 : (!s) -> !s
  %w29 = bert.tanh %w28 : (!s) -> !s
  %w30 = bert.tanh %w29 : (!s) -> !s
  %w31 = bert.tanh %w30 : (!s) -> !s
  %w32 = bert.tanh %w31 : (!s) -> !s
  %w33 = bert.tanh %w32 : (!s) -> !s
  %w34 = bert.tanh %w33 : (!s) -> !s
  %w35 = bert.tanh %w34 : (!s) -> !s
  %w36 = bert.tanh %w35 : (!s) -> !s
  %w37 = bert.tanh %w36 : (!s) -> !s
  %w38 = bert.tanh %w37 : (!s) -> !s
  %w39 = bert.tanh %w38 : (!s) -> !s
  %w40 = bert.tanh %w39 : (!s) -> !s
  %w41 = bert.tanh %w40 : (!s) -> !s
  %w42 = bert.tanh %w41 : (!s) -> !s
  %w43 = bert.tanh %w42 : (!s) -> !s
  %w44 = bert.tanh %w43 : (!s) -> !s
  %dv = bert.batch_matmul %d, %w44 {adj_x} : (!s, !s) -> !s
  %dx = bert.attention_softmax_grad %w44, %s, %rng {scale = 0.5 : f32, rate = 0.1 : f32, op_id = 3 : i32} : (!s, !s, !r) -> !s
  return %dv, %dx : !s, !s
}

// Tests that a normalised sum is normalised again.
// CHECK-LABEL: func.func @norm
// CHECK: %[[Y:.*]], %[[Z:.*]], %[[MEAN:.*]], %[[RSTD:.*]] = bert.residual_layer_norm
// CHECK: bert.matmul %[[Y]]
// CHECK: %[[AGAIN:.*]], %{{.*}}, %{{.*}} = bert.layer_norm %[[Z]], %arg1, %arg1
// CHECK-NEXT: bert.matmul %[[AGAIN]]
// CHECK-NEXT: bert.layer_norm_grad %{{.*}}, %[[Z]], %arg1, %[[MEAN]], %[[RSTD]]
func.func @norm(%x: !x, %g: !h, %rng: !r) -> (!x, !x) {
  %y, %z, %mean, %rstd = bert.residual_layer_norm %x, %x, %g, %g, %rng {eps = 1.0e-5 : f32, rate = 0.1 : f32, op_id = 3 : i32} : (!x, !x, !h, !h, !r) -> (!x, !x, !v, !v)
  %m = bert.matmul %y, %x : (!x, !x) -> !x
  %w0 = bert.tanh %m : (!x) -> !x
  %w1 = bert.tanh %w0 : (!x) -> !x
  %w2 = bert.tanh %w1 : (!x) -> !x
  %w3 = bert.tanh %w2 : (!x) -> !x
  %w4 = bert.tanh %w3 : (!x) -> !x
  %w5 = bert.tanh %w4 : (!x) -> !x
  %w6 = bert.tanh %w5 : (!x) -> !x
  %w7 = bert.tanh %w6 : (!x) -> !x
  %w8 = bert.tanh %w7 : (!x) -> !x
  %w9 = bert.tanh %w8 : (!x) -> !x
  %w10 = bert.tanh %w9 : (!x) -> !x
  %w11 = bert.tanh %w10 : (!x) -> !x
  %w12 = bert.tanh %w11 : (!x) -> !x
  %w13 = bert.tanh %w12 : (!x) -> !x
  %w14 = bert.tanh %w13 : (!x) -> !x
  %w15 = bert.tanh %w14 : (!x) -> !x
  %w16 = bert.tanh %w15 : (!x) -> !x
  %w17 = bert.tanh %w16 : (!x) -> !x
  %w18 = bert.tanh %w17 : (!x) -> !x
  %w19 = bert.tanh %w18 : (!x) -> !x
  %w20 = bert.tanh %w19 : (!x) -> !x
  %w21 = bert.tanh %w20 : (!x) -> !x
  %w22 = bert.tanh %w21 : (!x) -> !x
  %w23 = bert.tanh %w22 : (!x) -> !x
  %w24 = bert.tanh %w23 : (!x) -> !x
  %w25 = bert.tanh %w24 : (!x) -> !x
  %w26 = bert.tanh %w25 : (!x) -> !x
  %w27 = bert.tanh %w26 : (!x) -> !x
  %w28 = bert.tanh %w27 : (!x) -> !x
  %w29 = bert.tanh %w28 : (!x) -> !x
  %w30 = bert.tanh %w29 : (!x) -> !x
  %w31 = bert.tanh %w30 : (!x) -> !x
  %w32 = bert.tanh %w31 : (!x) -> !x
  %w33 = bert.tanh %w32 : (!x) -> !x
  %w34 = bert.tanh %w33 : (!x) -> !x
  %w35 = bert.tanh %w34 : (!x) -> !x
  %w36 = bert.tanh %w35 : (!x) -> !x
  %w37 = bert.tanh %w36 : (!x) -> !x
  %w38 = bert.tanh %w37 : (!x) -> !x
  %w39 = bert.tanh %w38 : (!x) -> !x
  %w40 = bert.tanh %w39 : (!x) -> !x
  %w41 = bert.tanh %w40 : (!x) -> !x
  %w42 = bert.tanh %w41 : (!x) -> !x
  %w43 = bert.tanh %w42 : (!x) -> !x
  %w44 = bert.tanh %w43 : (!x) -> !x
  %dw = bert.matmul %y, %w44 {transpose_a} : (!x, !x) -> !x
  %dz:3 = bert.layer_norm_grad %w44, %z, %g, %mean, %rstd : (!x, !x, !h, !v, !v) -> (!x, !h, !h)
  return %dw, %dz#0 : !x, !x
}
