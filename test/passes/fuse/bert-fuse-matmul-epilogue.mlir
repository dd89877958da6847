// RUN: bertc-opt --bert-fuse-matmul-epilogue %s | FileCheck %s

// Tests that an activation is applied by the product.
// CHECK-LABEL: func.func @activation
// CHECK-NEXT: %[[C:.*]] = bert.matmul_epilogue %arg0, %arg1 bias %arg2 {activation = #bert.activation<gelu>, scope = "dense/MatMul", transpose_b}
// CHECK-NEXT: %[[D:.*]] = bert.matmul_epilogue %[[C]], %arg1 {activation = #bert.activation<tanh>}
// CHECK-NEXT: return %[[D]]
func.func @activation(%a: tensor<2x3xf32>, %b: tensor<3x3xf32>, %bias: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = bert.matmul_bias %a, %b, %bias {scope = "dense/MatMul", transpose_b} : (tensor<2x3xf32>, tensor<3x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = bert.gelu %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = bert.matmul %1, %b : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %3 = bert.tanh %2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}

// Tests that an activation is not fused when something else, such as its
// gradient, needs the product.
// CHECK-LABEL: func.func @product_needed
// CHECK-NOT: bert.matmul_epilogue
func.func @product_needed(%a: tensor<2x3xf32>, %b: tensor<3x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = bert.matmul %a, %b : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %1 = bert.relu %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}

// Tests that products add what there is so far, and that an operand that comes
// after them is added at the end.
// CHECK-LABEL: func.func @sum
// CHECK: %[[Q:.*]] = bert.matmul_epilogue %arg0, %arg1 residual %arg2 {scope = "q"}
// CHECK-NEXT: %[[LATE:.*]] = bert.tanh %arg2
// CHECK-NEXT: %[[K:.*]] = bert.matmul_epilogue %arg0, %arg1 residual %[[Q]] {scope = "k"}
// CHECK-NEXT: %[[SUM:.*]] = bert.add_n %[[K]], %[[LATE]] {scope = "sum"}
// CHECK-NEXT: return %[[SUM]]
func.func @sum(%a: tensor<2x3xf32>, %b: tensor<3x3xf32>, %r: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = bert.matmul %a, %b {scope = "q"} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %1 = bert.tanh %r : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = bert.matmul %a, %b {scope = "k"} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %3 = bert.add_n %2, %1, %0, %r {scope = "sum"} : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}

// Tests that nothing is fused when the product is made first, is added twice or
// is broadcast.
// CHECK-LABEL: func.func @no_sum
// CHECK-NOT: bert.matmul_epilogue
func.func @no_sum(%a: tensor<1x3xf32>, %b: tensor<3x3xf32>, %r: tensor<2x3xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>, tensor<2x3xf32>) {
  %0 = bert.matmul %a, %b : (tensor<1x3xf32>, tensor<3x3xf32>) -> tensor<1x3xf32>
  %1 = bert.tanh %a : (tensor<1x3xf32>) -> tensor<1x3xf32>
  %2 = bert.add %0, %1 : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
  %3 = bert.matmul %1, %b : (tensor<1x3xf32>, tensor<3x3xf32>) -> tensor<1x3xf32>
  %4 = bert.add %3, %3 : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
  %5 = bert.matmul %2, %b : (tensor<1x3xf32>, tensor<3x3xf32>) -> tensor<1x3xf32>
  %6 = bert.add %r, %5 : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return %2, %4, %6 : tensor<1x3xf32>, tensor<1x3xf32>, tensor<2x3xf32>
}

// Tests that the derivative is made beside the gelu that is needed once more,
// and that the product is multiplied by it.
// CHECK-LABEL: func.func @derivative
// CHECK: %[[FIRST:.*]] = bert.gelu %arg0
// CHECK: bert.matmul %[[FIRST]]
// CHECK: %[[Y:.*]], %[[D:.*]] = bert.gelu_with_derivative %arg0
// CHECK: %[[DX:.*]] = bert.matmul_epilogue %arg2, %arg1 factor %[[D]] {transpose_b}
// CHECK: %[[DW:.*]] = bert.matmul %[[Y]], %arg2 {transpose_a}
// CHECK: return %{{.*}}, %[[DX]], %[[DW]]
func.func @derivative(%x: tensor<2x3xbf16>, %w: tensor<3x4xbf16>, %dy: tensor<2x4xbf16>) -> (tensor<2x4xbf16>, tensor<2x3xbf16>, tensor<3x4xbf16>) {
  %0 = bert.gelu %x : (tensor<2x3xbf16>) -> tensor<2x3xbf16>
  %1 = bert.matmul %0, %w : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xbf16>
  %2 = bert.matmul %dy, %w {transpose_b} : (tensor<2x4xbf16>, tensor<3x4xbf16>) -> tensor<2x3xbf16>
  %3 = bert.matmul %0, %dy {transpose_a} : (tensor<2x3xbf16>, tensor<2x4xbf16>) -> tensor<3x4xbf16>
  %4 = bert.gelu_grad %2, %x : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<2x3xbf16>
  return %1, %4, %3 : tensor<2x4xbf16>, tensor<2x3xbf16>, tensor<3x4xbf16>
}

// Tests that a gelu gradient is not fused when nobody needs gelu again, when
// that is another form, or when the gradient that comes in is no product.
// CHECK-LABEL: func.func @no_derivative
// CHECK-NOT: bert.gelu_with_derivative
func.func @no_derivative(%x: tensor<2x3xbf16>, %w: tensor<3x3xbf16>, %dy: tensor<2x3xbf16>) -> (tensor<2x3xbf16>, tensor<2x3xbf16>, tensor<2x3xbf16>, tensor<3x3xbf16>) {
  %0 = bert.gelu %x {approximate = #bert.gelu<tanh>} : (tensor<2x3xbf16>) -> tensor<2x3xbf16>
  %1 = bert.matmul %dy, %w {transpose_b} : (tensor<2x3xbf16>, tensor<3x3xbf16>) -> tensor<2x3xbf16>
  %2 = bert.gelu_grad %1, %x : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<2x3xbf16>
  %3 = bert.gelu_grad %dy, %x : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<2x3xbf16>
  %4 = bert.matmul %0, %dy {transpose_a} : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<3x3xbf16>
  return %0, %2, %3, %4 : tensor<2x3xbf16>, tensor<2x3xbf16>, tensor<2x3xbf16>, tensor<3x3xbf16>
}

// Tests that f32 is left to bert-fuse-gelu-backward.
// CHECK-LABEL: func.func @f32_derivative
// CHECK-NOT: bert.gelu_with_derivative
func.func @f32_derivative(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>, %dy: tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<3x4xf32>) {
  %0 = bert.gelu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = bert.matmul %dy, %w {transpose_b} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %2 = bert.matmul %0, %dy {transpose_a} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %3 = bert.gelu_grad %1, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %3, %2 : tensor<2x3xf32>, tensor<3x4xf32>
}
