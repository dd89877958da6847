// RUN: bertc-opt --bert-fuse-gelu-backward %s | FileCheck %s

// Tests that gelu, its gradient and the sum of that over rows become one
// operation, made as soon as the gradient that comes in is there.
// CHECK-LABEL: func.func @backward
// CHECK: %[[FIRST:.*]] = bert.gelu %arg0
// CHECK: bert.matmul %[[FIRST]]
// CHECK: %[[DY:.*]] = bert.matmul %arg2, %arg1 {transpose_b}
// CHECK-NEXT: %[[Y:.*]], %[[DX:.*]], %[[DB:.*]] = bert.gelu_backward %[[DY]], %arg0 {scope = "gelu"}
// CHECK: %[[DW:.*]] = bert.matmul %[[Y]], %arg2 {transpose_a}
// CHECK-NOT: bert.gelu_grad
// CHECK-NOT: bert.bias_add_grad
// CHECK: return %{{.*}}, %[[DX]], %[[DW]], %[[DB]]
func.func @backward(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>, %dy: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x3xf32>, tensor<3x4xf32>, tensor<3xf32>) {
  %0 = bert.gelu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = bert.matmul %0, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %2 = bert.matmul %dy, %w {transpose_b} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %3 = bert.matmul %0, %dy {transpose_a} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %4 = bert.gelu_grad %2, %x {scope = "gelu"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = bert.bias_add_grad %4 : (tensor<2x3xf32>) -> tensor<3xf32>
  return %1, %4, %3, %5 : tensor<2x4xf32>, tensor<2x3xf32>, tensor<3x4xf32>, tensor<3xf32>
}

// Tests that a gradient is not fused when nobody needs gelu again or when that
// is another form.
// CHECK-LABEL: func.func @no_value
// CHECK-NOT: bert.gelu_backward
func.func @no_value(%x: tensor<2x3xf32>, %w: tensor<3x3xf32>, %dy: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3x3xf32>) {
  %0 = bert.gelu %x {approximate = #bert.gelu<tanh>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = bert.matmul %dy, %w {transpose_b} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %2 = bert.gelu_grad %1, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = bert.bias_add_grad %2 : (tensor<2x3xf32>) -> tensor<3xf32>
  %4 = bert.matmul %0, %dy {transpose_a} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
  return %2, %3, %4 : tensor<2x3xf32>, tensor<3xf32>, tensor<3x3xf32>
}

// Tests that a gradient is not fused without a bias before gelu.
// CHECK-LABEL: func.func @no_bias
// CHECK-NOT: bert.gelu_backward
func.func @no_bias(%x: tensor<2x3xf32>, %w: tensor<3x3xf32>, %dy: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x3xf32>) {
  %0 = bert.gelu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = bert.matmul %dy, %w {transpose_b} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %2 = bert.gelu_grad %1, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = bert.matmul %0, %dy {transpose_a} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
  return %2, %3 : tensor<2x3xf32>, tensor<3x3xf32>
}

// Tests that bf16 is left to the product's epilogue.
// CHECK-LABEL: func.func @bf16
// CHECK-NOT: bert.gelu_backward
func.func @bf16(%x: tensor<2x3xbf16>, %w: tensor<3x3xbf16>, %dy: tensor<2x3xbf16>) -> (tensor<2x3xbf16>, tensor<3xbf16>, tensor<3x3xbf16>) {
  %0 = bert.gelu %x : (tensor<2x3xbf16>) -> tensor<2x3xbf16>
  %1 = bert.matmul %dy, %w {transpose_b} : (tensor<2x3xbf16>, tensor<3x3xbf16>) -> tensor<2x3xbf16>
  %2 = bert.gelu_grad %1, %x : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<2x3xbf16>
  %3 = bert.bias_add_grad %2 : (tensor<2x3xbf16>) -> tensor<3xbf16>
  %4 = bert.matmul %0, %dy {transpose_a} : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<3x3xbf16>
  return %2, %3, %4 : tensor<2x3xbf16>, tensor<3xbf16>, tensor<3x3xbf16>
}
