// RUN: bertc-opt --bert-to-synapse="device=gaudi" %s -split-input-file | FileCheck %s --check-prefixes=CHECK,GAUDI
// RUN: bertc-opt --bert-to-synapse="device=gaudi2" %s -split-input-file | FileCheck %s --check-prefixes=CHECK,GAUDI2

// The explicit mask of packed sequences; padding among the keys is -1.
// CHECK-LABEL: func.func @packed_mask
// CHECK: %[[N:.*]] = synapse.node "cast_i32_to_f32"(%{{.*}}) {{.*}} : (tensor<8x2xi32>) -> tensor<8x2xf32>
// CHECK: %[[ZERO:.*]] = synapse.node "constant_f32"() {params = {value = 0.000000e+00 : f32}} : () -> tensor<1xf32>
// CHECK: %[[PAD:.*]] = synapse.node "equal_fwd_f32"(%[[N]], %[[ZERO]])
// CHECK: %[[NO:.*]] = synapse.node "constant_f32"() {params = {value = -1.000000e+00 : f32}}
// CHECK: %[[K:.*]] = synapse.node "where_fwd_f32"(%[[PAD]], %[[NO]], %[[N]])
// CHECK-DAG: %[[KEYS:.*]] = synapse.node "reshape"(%[[K]]) : (tensor<8x2xf32>) -> tensor<8x1x1x2xf32>
// CHECK-DAG: %[[Q:.*]] = synapse.node "reshape"(%[[N]]) : (tensor<8x2xf32>) -> tensor<1x8x1x2xf32>
// CHECK: %[[QS:.*]] = synapse.node "broadcast"(%[[Q]]) : (tensor<1x8x1x2xf32>) -> tensor<8x8x1x2xf32>
// CHECK: %[[SAME:.*]] = synapse.node "equal_fwd_f32"(%[[QS]], %[[KEYS]])
// CHECK: synapse.node "where_fwd_f32"(%[[SAME]], %[[ZERO]], %{{.*}}) : (tensor<8x8x1x2xi8>, tensor<1xf32>, tensor<1xf32>) -> tensor<8x8x1x2xf32>
func.func @packed_mask(%numbers: tensor<2x8xi32> {bert.name = "input_mask"}) -> (tensor<2x1x8x8xf32> {bert.name = "mask"}) attributes {bert.entry} {
  %0 = bert.packed_mask %numbers : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
  return %0 : tensor<2x1x8x8xf32>
}

// -----

// Gaudi2 adds the mask in the product itself, both layers the same factors.
// CHECK-LABEL: func.func @packed_scores
// CHECK: %[[SCALED:.*]] = synapse.node "mult_fwd_bf16"(%[[Q:.*]], %{{.*}}) : (tensor<4x8x3x2xbf16>, tensor<1xbf16>) -> tensor<4x8x3x2xbf16>
// GAUDI: %[[S:.*]] = synapse.node "batch_gemm"(%[[SCALED]], %[[Q]])
// GAUDI: synapse.node "add_fwd_bf16"(%[[S]], %{{.*}}) {scope = "sum"}
// GAUDI: synapse.node "batch_gemm"
// GAUDI2: synapse.node "masked_batch_gemm"(%[[SCALED]], %[[Q]], %[[OWN:.*]], %[[OTHERS:.*]]) {params = {transpose_a = false, transpose_b = true}, scope = "sum"} : (tensor<4x8x3x2xbf16>, tensor<4x8x3x2xbf16>, tensor<3x8x1x2xbf16>, tensor<3x8x1x2xbf16>) -> tensor<8x8x3x2xbf16>
// GAUDI2-NOT: equal_fwd
// GAUDI2: synapse.node "masked_batch_gemm"({{.*}}, {{.*}}, %[[OWN]], %[[OTHERS]])
module attributes {bert.model = {packed = 3 : i64}} {
func.func @packed_scores(%numbers: tensor<2x8xi32> {bert.name = "input_mask"}, %q: tensor<2x3x8x4xbf16> {bert.name = "q"}) -> (tensor<2x3x8x8xbf16> {bert.name = "s"}, tensor<2x3x8x8xbf16> {bert.name = "t"}) attributes {bert.entry} {
  %0 = bert.packed_mask %numbers : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
  %mask = bert.cast %0 : (tensor<2x1x8x8xf32>) -> tensor<2x1x8x8xbf16>
  %scale = bert.constant {value = dense<0.5> : tensor<bf16>} : () -> tensor<bf16>
  %1 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xbf16>, tensor<2x3x8x4xbf16>) -> tensor<2x3x8x8xbf16>
  %2 = bert.mul %1, %scale : (tensor<2x3x8x8xbf16>, tensor<bf16>) -> tensor<2x3x8x8xbf16>
  %3 = bert.add %2, %mask {scope = "sum"} : (tensor<2x3x8x8xbf16>, tensor<2x1x8x8xbf16>) -> tensor<2x3x8x8xbf16>
  %4 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xbf16>, tensor<2x3x8x4xbf16>) -> tensor<2x3x8x8xbf16>
  %5 = bert.mul %4, %scale : (tensor<2x3x8x8xbf16>, tensor<bf16>) -> tensor<2x3x8x8xbf16>
  %6 = bert.add %mask, %5 : (tensor<2x1x8x8xbf16>, tensor<2x3x8x8xbf16>) -> tensor<2x3x8x8xbf16>
  return %3, %6 : tensor<2x3x8x8xbf16>, tensor<2x3x8x8xbf16>
}
}

// -----

// A mask of keys alone is a column of ones by a row.
// CHECK-LABEL: func.func @padded_scores
// GAUDI2-DAG: %[[ONE:.*]] = synapse.node "constant_f32"() {params = {value = 1.000000e+00 : f32}} : () -> tensor<1x8x1x2xf32>
// GAUDI2-DAG: %[[KEYS:.*]] = synapse.node "reshape"(%{{.*}}) : (tensor<8x1x1x2xf32>) -> tensor<1x8x1x2xf32>
// GAUDI2: synapse.node "masked_batch_gemm"(%{{.*}}, %{{.*}}, %[[ONE]], %[[KEYS]]) {{.*}} -> tensor<8x8x3x2xf32>
func.func @padded_scores(%mask: tensor<2x1x1x8xf32> {bert.name = "mask"}, %q: tensor<2x3x8x4xf32> {bert.name = "q"}) -> (tensor<2x3x8x8xf32> {bert.name = "s"}) attributes {bert.entry} {
  %scale = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %1 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %2 = bert.mul %1, %scale : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x8x8xf32>
  %3 = bert.add %2, %mask : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>) -> tensor<2x3x8x8xf32>
  return %3 : tensor<2x3x8x8xf32>
}

// -----

// Not when the scores are scaled first, nor when somebody else wants them
// without the mask, nor when the mask is any matrix.
// CHECK-LABEL: func.func @other_scores
// CHECK-NOT: masked_batch_gemm
// CHECK: return
func.func @other_scores(%mask: tensor<2x1x1x8xf32> {bert.name = "mask"}, %any: tensor<2x1x8x8xf32> {bert.name = "any"}, %q: tensor<2x3x8x4xf32> {bert.name = "q"}) -> (tensor<2x3x8x8xf32> {bert.name = "s"}, tensor<2x3x8x8xf32> {bert.name = "t"}, tensor<2x3x8x8xf32> {bert.name = "u"}, tensor<2x3x8x8xf32> {bert.name = "v"}) attributes {bert.entry} {
  %scale = bert.constant {value = dense<0.2> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1 = bert.mul %0, %scale : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x8x8xf32>
  %2 = bert.add %1, %mask : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>) -> tensor<2x3x8x8xf32>
  %3 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %4 = bert.add %3, %mask : (tensor<2x3x8x8xf32>, tensor<2x1x1x8xf32>) -> tensor<2x3x8x8xf32>
  %5 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %6 = bert.add %5, %any : (tensor<2x3x8x8xf32>, tensor<2x1x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %2, %3, %4, %6 : tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>
}
