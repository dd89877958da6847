// RUN: bertc-opt --bert-fuse-bias-grad %s | FileCheck %s

// Tests that the sums come from the weight gradient, each in the type it had.
// CHECK-LABEL: func.func @fused
// CHECK-NEXT: %[[DW:.*]], %[[DB:.*]] = bert.matmul_bias_grad %arg0, %arg1 {scope = "dense/MatMul_1"} : (tensor<5x3xbf16>, tensor<5x4xbf16>) -> (tensor<3x4xbf16>, tensor<4xf32>)
// CHECK-NEXT: return %[[DB]], %[[DW]]
func.func @fused(%x: tensor<5x3xbf16>, %dy: tensor<5x4xbf16>) -> (tensor<4xf32>, tensor<3x4xbf16>) {
  %0 = bert.bias_add_grad %dy {scope = "dense/BiasAddGrad"} : (tensor<5x4xbf16>) -> tensor<4xf32>
  %1 = bert.matmul %x, %dy {scope = "dense/MatMul_1", transpose_a} : (tensor<5x3xbf16>, tensor<5x4xbf16>) -> tensor<3x4xbf16>
  return %0, %1 : tensor<4xf32>, tensor<3x4xbf16>
}

// Tests that the sums may come after the product, and that the data gradient,
// which also reads dy, stays as it is.
// CHECK-LABEL: func.func @sums_after
// CHECK-NEXT: bert.matmul %arg1, %arg2 {transpose_b}
// CHECK-NEXT: bert.matmul_bias_grad %arg0, %arg1
// CHECK-NOT: bert.bias_add_grad
func.func @sums_after(%x: tensor<5x3xbf16>, %dy: tensor<5x4xbf16>, %w: tensor<3x4xbf16>) -> (tensor<5x3xbf16>, tensor<3x4xf32>, tensor<4xbf16>) {
  %0 = bert.matmul %dy, %w {transpose_b} : (tensor<5x4xbf16>, tensor<3x4xbf16>) -> tensor<5x3xbf16>
  %1 = bert.matmul %x, %dy {transpose_a} : (tensor<5x3xbf16>, tensor<5x4xbf16>) -> tensor<3x4xf32>
  %2 = bert.bias_add_grad %dy : (tensor<5x4xbf16>) -> tensor<4xbf16>
  return %0, %1, %2 : tensor<5x3xbf16>, tensor<3x4xf32>, tensor<4xbf16>
}

// Tests that one of two products takes the sums, the first.
// CHECK-LABEL: func.func @two_products
// CHECK-NEXT: bert.matmul_bias_grad %arg0
// CHECK-NEXT: bert.matmul %arg1
func.func @two_products(%x: tensor<5x3xbf16>, %z: tensor<5x2xbf16>, %dy: tensor<5x4xbf16>) -> (tensor<3x4xbf16>, tensor<2x4xbf16>, tensor<4xbf16>) {
  %0 = bert.matmul %x, %dy {transpose_a} : (tensor<5x3xbf16>, tensor<5x4xbf16>) -> tensor<3x4xbf16>
  %1 = bert.matmul %z, %dy {transpose_a} : (tensor<5x2xbf16>, tensor<5x4xbf16>) -> tensor<2x4xbf16>
  %2 = bert.bias_add_grad %dy : (tensor<5x4xbf16>) -> tensor<4xbf16>
  return %0, %1, %2 : tensor<3x4xbf16>, tensor<2x4xbf16>, tensor<4xbf16>
}

// Tests that f32 stays with the library.
// CHECK-LABEL: func.func @f32
// CHECK-NOT: bert.matmul_bias_grad
func.func @f32(%x: tensor<5x3xf32>, %dy: tensor<5x4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %0 = bert.bias_add_grad %dy : (tensor<5x4xf32>) -> tensor<4xf32>
  %1 = bert.matmul %x, %dy {transpose_a} : (tensor<5x3xf32>, tensor<5x4xf32>) -> tensor<3x4xf32>
  return %0, %1 : tensor<4xf32>, tensor<3x4xf32>
}

// Tests that dy as the left operand is no match: its columns are rows of dw.
// CHECK-LABEL: func.func @left_operand
// CHECK-NOT: bert.matmul_bias_grad
func.func @left_operand(%x: tensor<5x3xbf16>, %dy: tensor<5x4xbf16>) -> (tensor<4xbf16>, tensor<4x3xbf16>) {
  %0 = bert.bias_add_grad %dy : (tensor<5x4xbf16>) -> tensor<4xbf16>
  %1 = bert.matmul %dy, %x {transpose_a} : (tensor<5x4xbf16>, tensor<5x3xbf16>) -> tensor<4x3xbf16>
  return %0, %1 : tensor<4xbf16>, tensor<4x3xbf16>
}

// Tests that nothing is fused where the sums are needed before the product.
// CHECK-LABEL: func.func @needed_before
// CHECK-NOT: bert.matmul_bias_grad
func.func @needed_before(%x: tensor<5x4xbf16>, %dy: tensor<5x4xbf16>) -> tensor<4x4xbf16> {
  %0 = bert.bias_add_grad %dy : (tensor<5x4xbf16>) -> tensor<4xbf16>
  %1 = bert.bias_add %x, %0 : (tensor<5x4xbf16>, tensor<4xbf16>) -> tensor<5x4xbf16>
  %2 = bert.matmul %1, %dy {transpose_a} : (tensor<5x4xbf16>, tensor<5x4xbf16>) -> tensor<4x4xbf16>
  return %2 : tensor<4x4xbf16>
}

// Tests that more axes than two are left alone.
// CHECK-LABEL: func.func @three_axes
// CHECK-NOT: bert.matmul_bias_grad
func.func @three_axes(%dy: tensor<2x5x4xbf16>) -> tensor<4xbf16> {
  %0 = bert.bias_add_grad %dy : (tensor<2x5x4xbf16>) -> tensor<4xbf16>
  return %0 : tensor<4xbf16>
}
