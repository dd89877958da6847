// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// Row-major [M,K] is [K,M]: operands stay in their order.
// CHECK-LABEL: func.func @matmul
// CHECK: synapse.node "gemm"(%{{.*}}, %{{.*}}) {params = {transpose_a = false, transpose_b = false}, scope = "m"} : (tensor<3x2xf32>, tensor<4x3xf32>) -> tensor<4x2xf32>
func.func @matmul(%a: tensor<2x3xf32> {bert.name = "a"}, %b: tensor<3x4xf32> {bert.name = "b"}) -> (tensor<2x4xf32> {bert.name = "c"}) attributes {bert.entry} {
  %0 = bert.matmul %a, %b {scope = "m"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @transposed
// CHECK: synapse.node "gemm"(%{{.*}}, %{{.*}}) {params = {transpose_a = true, transpose_b = true}} : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<4x2xf32>
func.func @transposed(%a: tensor<3x2xbf16> {bert.name = "a"}, %b: tensor<4x3xbf16> {bert.name = "b"}) -> (tensor<2x4xf32> {bert.name = "c"}) attributes {bert.entry} {
  %0 = bert.matmul %a, %b {transpose_a, transpose_b} : (tensor<3x2xbf16>, tensor<4x3xbf16>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @batch_matmul
// CHECK: %[[S:.*]] = synapse.node "batch_gemm"(%[[Q:.*]], %[[K:.*]]) {params = {transpose_a = false, transpose_b = true}} : (tensor<16x8x4x2xbf16>, tensor<16x6x4x2xbf16>) -> tensor<6x8x4x2xbf16>
// CHECK: synapse.node "batch_gemm"(%[[S]], %[[Q]]) {params = {transpose_a = true, transpose_b = false}} : (tensor<6x8x4x2xbf16>, tensor<16x8x4x2xbf16>) -> tensor<16x6x4x2xbf16>
func.func @batch_matmul(%q: tensor<2x4x8x16xbf16> {bert.name = "q"}, %k: tensor<2x4x6x16xbf16> {bert.name = "k"}) -> (tensor<2x4x6x16xbf16> {bert.name = "c"}) attributes {bert.entry} {
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x4x8x16xbf16>, tensor<2x4x6x16xbf16>) -> tensor<2x4x8x6xbf16>
  %1 = bert.batch_matmul %0, %q {adj_x} : (tensor<2x4x8x6xbf16>, tensor<2x4x8x16xbf16>) -> tensor<2x4x6x16xbf16>
  return %1 : tensor<2x4x6x16xbf16>
}

// CHECK-LABEL: func.func @bias_add_grad
// CHECK: %[[R:.*]] = synapse.node "reshape"(%{{.*}}) : (tensor<3x5x2xf32>) -> tensor<3x10xf32>
// CHECK: %[[S:.*]] = synapse.node "reduce_sum_fwd_f32"(%[[R]]) {params = {reductionDimension = 1 : i32}} : (tensor<3x10xf32>) -> tensor<3x1xf32>
// CHECK: synapse.node "reshape"(%[[S]]) : (tensor<3x1xf32>) -> tensor<3xf32>
func.func @bias_add_grad(%dy: tensor<2x5x3xf32> {bert.name = "dy"}) -> (tensor<3xf32> {bert.name = "d"}) attributes {bert.entry} {
  %0 = bert.bias_add_grad %dy : (tensor<2x5x3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// Rows of bf16 are summed in f32 by the matrix engine.
// CHECK-LABEL: func.func @bias_add_grad_bf16
// CHECK: %[[ONE:.*]] = synapse.node "constant_bf16"() {params = {value = 1.000000e+00 : f32}} : () -> tensor<10x1xbf16>
// CHECK: synapse.node "gemm"(%[[ONE]], %{{.*}}) {{.*}} : (tensor<10x1xbf16>, tensor<3x10xbf16>) -> tensor<3x1xf32>
// CHECK: synapse.node "gemm"({{.*}}) {{.*}} -> tensor<3x1xbf16>
func.func @bias_add_grad_bf16(%dy: tensor<2x5x3xbf16> {bert.name = "dy"}) -> (tensor<3xf32> {bert.name = "d"}, tensor<3xbf16> {bert.name = "e"}) attributes {bert.entry} {
  %0 = bert.bias_add_grad %dy : (tensor<2x5x3xbf16>) -> tensor<3xf32>
  %1 = bert.bias_add_grad %dy : (tensor<2x5x3xbf16>) -> tensor<3xbf16>
  return %0, %1 : tensor<3xf32>, tensor<3xbf16>
}
