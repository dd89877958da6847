// RUN: bertc-opt --bert-fuse-qkv %s | FileCheck %s

// Tests that projections become one operation in the place of the last, under
// the scope of the first, and that windows of them wait for it, in order.
// CHECK-LABEL: func.func @fused
// CHECK-NEXT: %[[Q:.*]]:3 = bert.matmul_group %arg0, %arg1, %arg2, %arg3 bias %arg4, %arg4, %arg5 {scope = "query/MatMul"} : (tensor<6x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x2xbf16>, tensor<4xf32>, tensor<4xf32>, tensor<2xbf16>) -> (tensor<6x4xbf16>, tensor<6x4xbf16>, tensor<6x2xf32>)
// CHECK-NEXT: %[[R:.*]] = bert.reshape %[[Q]]#0
// CHECK-NEXT: %[[T:.*]] = bert.transpose %[[R]]
// CHECK-NEXT: %[[K:.*]] = bert.reshape %[[Q]]#1
// CHECK-NEXT: return %[[T]], %[[K]], %[[Q]]#2
func.func @fused(%x: tensor<6x4xbf16>, %wq: tensor<4x4xbf16>, %wk: tensor<4x4xbf16>, %wv: tensor<4x2xbf16>, %b: tensor<4xf32>, %c: tensor<2xbf16>) -> (tensor<3x2x4xbf16>, tensor<2x3x4xbf16>, tensor<6x2xf32>) {
  %q = bert.matmul_bias %x, %wq, %b {scope = "query/MatMul"} : (tensor<6x4xbf16>, tensor<4x4xbf16>, tensor<4xf32>) -> tensor<6x4xbf16>
  %r = bert.reshape %q : (tensor<6x4xbf16>) -> tensor<2x3x4xbf16>
  %t = bert.transpose %r {permutation = array<i64: 1, 0, 2>} : (tensor<2x3x4xbf16>) -> tensor<3x2x4xbf16>
  %k = bert.matmul_bias %x, %wk, %b {scope = "key/MatMul"} : (tensor<6x4xbf16>, tensor<4x4xbf16>, tensor<4xf32>) -> tensor<6x4xbf16>
  %s = bert.reshape %k : (tensor<6x4xbf16>) -> tensor<2x3x4xbf16>
  %v = bert.matmul_bias %x, %wv, %c {scope = "value/MatMul"} : (tensor<6x4xbf16>, tensor<4x2xbf16>, tensor<2xbf16>) -> tensor<6x2xf32>
  return %t, %s, %v : tensor<3x2x4xbf16>, tensor<2x3x4xbf16>, tensor<6x2xf32>
}

// Tests that products without a bias are a group of their own.
// CHECK-LABEL: func.func @without_bias
// CHECK-NEXT: bert.matmul_group %arg0, %arg1, %arg1 bias %arg2, %arg2 :
// CHECK-NEXT: bert.matmul_group %arg0, %arg1, %arg1 :
// CHECK-NEXT: return
func.func @without_bias(%x: tensor<6x4xbf16>, %w: tensor<4x4xbf16>, %b: tensor<4xbf16>) -> (tensor<6x4xbf16>, tensor<6x4xbf16>, tensor<6x4xbf16>, tensor<6x4xbf16>) {
  %0 = bert.matmul_bias %x, %w, %b : (tensor<6x4xbf16>, tensor<4x4xbf16>, tensor<4xbf16>) -> tensor<6x4xbf16>
  %1 = bert.matmul %x, %w : (tensor<6x4xbf16>, tensor<4x4xbf16>) -> tensor<6x4xbf16>
  %2 = bert.matmul_bias %x, %w, %b : (tensor<6x4xbf16>, tensor<4x4xbf16>, tensor<4xbf16>) -> tensor<6x4xbf16>
  %3 = bert.matmul %x, %w : (tensor<6x4xbf16>, tensor<4x4xbf16>) -> tensor<6x4xbf16>
  return %0, %1, %2, %3 : tensor<6x4xbf16>, tensor<6x4xbf16>, tensor<6x4xbf16>, tensor<6x4xbf16>
}

// Tests that groups may be made of each other's results.
// CHECK-LABEL: func.func @chained
// CHECK-NEXT: %[[A:.*]]:2 = bert.matmul_group %arg0, %arg1, %arg1 :
// CHECK-NEXT: %[[B:.*]]:2 = bert.matmul_group %[[A]]#0, %[[A]]#1, %arg1 :
// CHECK-NEXT: return %[[B]]#0, %[[B]]#1
func.func @chained(%x: tensor<4x4xbf16>, %w: tensor<4x4xbf16>) -> (tensor<4x4xbf16>, tensor<4x4xbf16>) {
  %0 = bert.matmul %x, %w : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %1 = bert.matmul %x, %w : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %2 = bert.matmul %0, %1 : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %3 = bert.matmul %0, %w : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  return %2, %3 : tensor<4x4xbf16>, tensor<4x4xbf16>
}

// Tests that a product whose result is needed before the next one is left out,
// and the later ones are fused.
// CHECK-LABEL: func.func @needed_between
// CHECK-NEXT: bert.matmul %arg0, %arg1
// CHECK-NEXT: bert.tanh
// CHECK-NEXT: bert.matmul_group %arg0, %arg1, %arg1 :
// CHECK-NEXT: return
func.func @needed_between(%x: tensor<6x4xbf16>, %w: tensor<4x4xbf16>) -> (tensor<6x4xbf16>, tensor<6x4xbf16>, tensor<6x4xbf16>) {
  %0 = bert.matmul %x, %w : (tensor<6x4xbf16>, tensor<4x4xbf16>) -> tensor<6x4xbf16>
  %1 = bert.tanh %0 : (tensor<6x4xbf16>) -> tensor<6x4xbf16>
  %2 = bert.matmul %x, %w : (tensor<6x4xbf16>, tensor<4x4xbf16>) -> tensor<6x4xbf16>
  %3 = bert.matmul %x, %w : (tensor<6x4xbf16>, tensor<4x4xbf16>) -> tensor<6x4xbf16>
  return %1, %2, %3 : tensor<6x4xbf16>, tensor<6x4xbf16>, tensor<6x4xbf16>
}

// Tests that a product is not fused with one that it is made of, directly or by
// way of a window.
// CHECK-LABEL: func.func @depends
// CHECK-NOT: bert.matmul_group
func.func @depends(%x: tensor<4x4xbf16>, %w: tensor<4x4xbf16>) -> tensor<4x4xbf16> {
  %0 = bert.matmul %x, %w : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %1 = bert.matmul %x, %0 : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %2 = bert.transpose %1 {permutation = array<i64: 1, 0>} : (tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %3 = bert.matmul %x, %2 : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  return %3 : tensor<4x4xbf16>
}

// Tests that f32 stays with the library.
// CHECK-LABEL: func.func @f32
// CHECK-NOT: bert.matmul_group
func.func @f32(%x: tensor<6x4xf32>, %w: tensor<4x4xf32>) -> (tensor<6x4xf32>, tensor<6x4xf32>) {
  %0 = bert.matmul %x, %w : (tensor<6x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
  %1 = bert.matmul %x, %w : (tensor<6x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
  return %0, %1 : tensor<6x4xf32>, tensor<6x4xf32>
}

// Tests that different left operands are no match, nor is the right one.
// CHECK-LABEL: func.func @other_operand
// CHECK-NOT: bert.matmul_group
func.func @other_operand(%x: tensor<4x4xbf16>, %y: tensor<4x4xbf16>, %w: tensor<4x4xbf16>) -> (tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>) {
  %0 = bert.matmul %x, %w : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %1 = bert.matmul %y, %w : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %2 = bert.matmul %w, %x : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  return %0, %1, %2 : tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>
}

// Tests that transposed products, as those of gradients, are no members, nor is
// one with an epilogue; what is left alone stays as it is.
// CHECK-LABEL: func.func @transposed
// CHECK-NOT: bert.matmul_group
func.func @transposed(%x: tensor<4x4xbf16>, %w: tensor<4x4xbf16>) -> (tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>) {
  %0 = bert.matmul %x, %w {transpose_a} : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %1 = bert.matmul %x, %w {transpose_b} : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %2 = bert.matmul_epilogue %x, %w residual %w : (tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  %3 = bert.matmul %x, %w : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x4xbf16>
  return %0, %1, %2, %3 : tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>
}
