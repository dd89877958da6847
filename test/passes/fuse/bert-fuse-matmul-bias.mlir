// RUN: bertc-opt --bert-fuse-matmul-bias %s | FileCheck %s

// Tests that a bias is added by the product, which keeps its scope.
// CHECK-LABEL: func.func @fused
// CHECK-NEXT: %[[C:.*]] = bert.matmul_bias %arg0, %arg1, %arg2 {scope = "dense/MatMul", transpose_b}
// CHECK-NEXT: return %[[C]]
func.func @fused(%a: tensor<2x3xf32>, %b: tensor<4x3xf32>, %bias: tensor<4xf32>) -> tensor<2x4xf32> {
  %0 = bert.matmul %a, %b {scope = "dense/MatMul", transpose_b} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  %1 = bert.bias_add %0, %bias {scope = "dense/BiasAdd"} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// Tests that nothing is fused when the product has another use.
// CHECK-LABEL: func.func @product_used_twice
// CHECK-NOT: bert.matmul_bias
func.func @product_used_twice(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %bias: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %0 = bert.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = bert.bias_add %0, %bias : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %0, %1 : tensor<2x4xf32>, tensor<2x4xf32>
}

// Tests that nothing is fused when what the bias is added to is no product.
// CHECK-LABEL: func.func @no_product
// CHECK: bert.bias_add
func.func @no_product(%a: tensor<2x4xf32>, %bias: tensor<4xf32>) -> tensor<2x4xf32> {
  %0 = bert.bias_add %a, %bias : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// Tests that a sum of bf16 products that is wanted in f32 stays f32.
// CHECK-LABEL: func.func @sum_in_f32
// CHECK: bert.matmul_bias {{.*}} -> tensor<2x4xf32>
func.func @sum_in_f32(%a: tensor<2x3xbf16>, %b: tensor<3x4xbf16>, %bias: tensor<4xf32>) -> tensor<2x4xf32> {
  %0 = bert.matmul %a, %b : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xf32>
  %1 = bert.bias_add %0, %bias : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}
