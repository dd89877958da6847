// RUN: bertc-opt --bert-fuse-attention %s | FileCheck %s

// Tests that products and softmax are one operation without a gradient.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: %[[OUT:.*]], %{{.*}} = bert.attention %arg0, %arg1, %arg2 mask %arg5 rng %arg4 {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"}
// CHECK-NEXT: return %[[OUT]]
func.func @forward(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %mask: tensor<2x1x1x8xf32>) -> tensor<2x3x8x4xf32> {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %1, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3 : tensor<2x3x8x4xf32>
}

// Tests that the gradient needs nothing of the forward pass but the sums.
// CHECK-LABEL: func.func @gradient
// CHECK-NEXT: %[[OUT:.*]], %[[LSE:.*]] = bert.attention %arg0, %arg1, %arg2 mask %arg5 rng %arg4
// CHECK-NEXT: %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = bert.attention_grad %arg3, %arg0, %arg1, %arg2, %[[LSE]] mask %arg5 rng %arg4 {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "grad"}
// CHECK-NEXT: return %[[OUT]], %[[DQ]], %[[DK]], %[[DV]]
func.func @gradient(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %mask: tensor<2x1x8x8xf32>) -> (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"} : (tensor<2x3x8x8xf32>, tensor<2x1x8x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %1, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %4 = bert.batch_matmul %dout, %v {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %5 = bert.batch_matmul %1, %dout {adj_x} : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %6 = bert.attention_softmax_grad %4, %2, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "grad"} : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>, tensor<4xi32>) -> tensor<2x3x8x8xf32>
  %7 = bert.batch_matmul %6, %k : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %8 = bert.batch_matmul %6, %q {adj_x} : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3, %7, %8, %5 : tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>
}

// Tests that ranges of keys take the place of the mask made of them.
// CHECK-LABEL: func.func @ranges
// CHECK-NEXT: bert.attention %arg0, %arg1, %arg2 ranges %arg5 rng %arg4
// CHECK-NEXT: return
func.func @ranges(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %ranges: tensor<2x8x2xi32>) -> tensor<2x3x8x4xf32> {
  %mask = bert.range_mask %ranges : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"} : (tensor<2x3x8x8xf32>, tensor<2x1x8x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %1, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3 : tensor<2x3x8x4xf32>
}

// Tests that nothing is fused when the probabilities are wanted.
// CHECK-LABEL: func.func @probabilities_wanted
// CHECK-NOT: bert.attention %
func.func @probabilities_wanted(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %mask: tensor<2x1x1x8xf32>) -> (tensor<2x3x8x4xf32>, tensor<2x3x8x8xf32>) {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %1, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3, %2 : tensor<2x3x8x4xf32>, tensor<2x3x8x8xf32>
}

// Tests that nothing is fused when the scores are wanted.
// CHECK-LABEL: func.func @scores_wanted
// CHECK-NOT: bert.attention %
func.func @scores_wanted(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %mask: tensor<2x1x1x8xf32>) -> (tensor<2x3x8x4xf32>, tensor<2x3x8x8xf32>) {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %1, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3, %0 : tensor<2x3x8x4xf32>, tensor<2x3x8x8xf32>
}

// Tests that nothing is fused when a product of the gradient is missing.
// CHECK-LABEL: func.func @part_of_the_gradient
// CHECK-NOT: bert.attention %
func.func @part_of_the_gradient(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %mask: tensor<2x1x1x8xf32>) -> (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %1, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %4 = bert.batch_matmul %dout, %v {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %5 = bert.batch_matmul %1, %dout {adj_x} : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %6 = bert.attention_softmax_grad %4, %2, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "grad"} : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>, tensor<4xi32>) -> tensor<2x3x8x8xf32>
  %7 = bert.batch_matmul %6, %k : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3, %7, %5 : tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>
}

// Tests that nothing is fused when the values are transposed.
// CHECK-LABEL: func.func @transposed_values
// CHECK-NOT: bert.attention %
func.func @transposed_values(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %mask: tensor<2x1x1x8xf32>, %u: tensor<2x3x4x8xf32>) -> tensor<2x3x8x4xf32> {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32, scope = "softmax"} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %4 = bert.batch_matmul %1, %u {adj_y} : (tensor<2x3x8x8xf32>, tensor<2x3x4x8xf32>) -> tensor<2x3x8x4xf32>
  return %4 : tensor<2x3x8x4xf32>
}

// Tests that attention without dropout is fused: the values are multiplied with
// the softmax itself.
// CHECK-LABEL: func.func @no_dropout
// CHECK-NEXT: %[[OUT:.*]], %{{.*}} = bert.attention %arg0, %arg1, %arg2 mask %arg3 {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32}
// CHECK-NEXT: return %[[OUT]]
func.func @no_dropout(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %mask: tensor<2x1x1x8xf32>) -> tensor<2x3x8x4xf32> {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %2, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3 : tensor<2x3x8x4xf32>
}

// Tests that its gradient is fused as well.
// CHECK-LABEL: func.func @no_dropout_gradient
// CHECK-NEXT: %[[OUT:.*]], %[[LSE:.*]] = bert.attention %arg0, %arg1, %arg2 mask %arg4
// CHECK-NEXT: %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = bert.attention_grad %arg3, %arg0, %arg1, %arg2, %[[LSE]] mask %arg4 {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32}
// CHECK-NEXT: return %[[OUT]], %[[DQ]], %[[DK]], %[[DV]]
func.func @no_dropout_gradient(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %dout: tensor<2x3x8x4xf32>, %mask: tensor<2x1x8x8xf32>) -> (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32} : (tensor<2x3x8x8xf32>, tensor<2x1x8x8xf32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %2, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %4 = bert.batch_matmul %dout, %v {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %5 = bert.batch_matmul %2, %dout {adj_x} : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %6 = bert.attention_softmax_grad %4, %2 {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32} : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  %7 = bert.batch_matmul %6, %k : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %8 = bert.batch_matmul %6, %q {adj_x} : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3, %7, %8, %5 : tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>
}

// Tests that nothing is fused when the softmax before dropout is multiplied too.
// CHECK-LABEL: func.func @undropped_wanted
// CHECK-NOT: bert.attention %
func.func @undropped_wanted(%q: tensor<2x3x8x4xf32>, %k: tensor<2x3x8x4xf32>, %v: tensor<2x3x8x4xf32>, %rng: tensor<4xi32>, %mask: tensor<2x1x1x8xf32>) -> (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask, %rng {op_id = 3 : i32, rate = 1.000000e-01 : f32, scale = 5.000000e-01 : f32} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %1, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %4 = bert.batch_matmul %2, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3, %4 : tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>
}

// Tests that attention in bf16 is fused; the sums of its softmax are f32.
// CHECK-LABEL: func.func @bf16
// CHECK: %[[OUT:.*]], %{{.*}} = bert.attention %arg0, %arg1, %arg2 mask %{{.*}} {{.*}} : (tensor<2x3x8x4xbf16>, tensor<2x3x8x4xbf16>, tensor<2x3x8x4xbf16>, tensor<2x1x1x8xbf16>) -> (tensor<2x3x8x4xbf16>, tensor<2x3x8xf32>)
// CHECK-NEXT: return %[[OUT]]
func.func @bf16(%q: tensor<2x3x8x4xbf16>, %k: tensor<2x3x8x4xbf16>, %v: tensor<2x3x8x4xbf16>, %mask: tensor<2x1x1x8xf32>) -> tensor<2x3x8x4xbf16> {
  %m = bert.cast %mask : (tensor<2x1x1x8xf32>) -> tensor<2x1x1x8xbf16>
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xbf16>, tensor<2x3x8x4xbf16>) -> tensor<2x3x8x8xbf16>
  %1, %2 = bert.attention_softmax %0, %m {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32} : (tensor<2x3x8x8xbf16>, tensor<2x1x1x8xbf16>) -> (tensor<2x3x8x8xbf16>, tensor<2x3x8x8xbf16>)
  %3 = bert.batch_matmul %2, %v : (tensor<2x3x8x8xbf16>, tensor<2x3x8x4xbf16>) -> tensor<2x3x8x4xbf16>
  return %3 : tensor<2x3x8x4xbf16>
}

// Tests that nothing is fused when the scores are kept in f32.
// CHECK-LABEL: func.func @wide_scores
// CHECK-NOT: bert.attention %
func.func @wide_scores(%q: tensor<2x3x8x4xbf16>, %k: tensor<2x3x8x4xbf16>, %v: tensor<2x3x8x4xf32>, %mask: tensor<2x1x1x8xf32>) -> tensor<2x3x8x4xf32> {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xbf16>, tensor<2x3x8x4xbf16>) -> tensor<2x3x8x8xf32>
  %1, %2 = bert.attention_softmax %0, %mask {op_id = 0 : i32, rate = 0.000000e+00 : f32, scale = 5.000000e-01 : f32} : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>) -> (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>)
  %3 = bert.batch_matmul %2, %v : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %3 : tensor<2x3x8x4xf32>
}
