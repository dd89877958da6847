// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// CHECK-LABEL: func.func @one_dimension
// CHECK: %[[S:.*]] = synapse.node "reduce_sum_fwd_f32"(%[[X:.*]]) {params = {reductionDimension = 1 : i32}} : (tensor<4x3x2xf32>) -> tensor<4x1x2xf32>
// CHECK: synapse.node "reshape"(%[[S]]) : (tensor<4x1x2xf32>) -> tensor<4x2xf32>
// CHECK: %[[M:.*]] = synapse.node "reduce_mean_fwd_f32"(%[[X]]) {params = {reductionDimension = 0 : i32}} : (tensor<4x3x2xf32>) -> tensor<1x3x2xf32>
// CHECK: synapse.yield %{{.*}}, %[[M]]
func.func @one_dimension(%x: tensor<2x3x4xf32> {bert.name = "x"}) -> (tensor<2x4xf32> {bert.name = "a"}, tensor<2x3x1xf32> {bert.name = "b"}) attributes {bert.entry} {
  %0 = bert.reduce_sum %x {axes = array<i64: 1>} : (tensor<2x3x4xf32>) -> tensor<2x4xf32>
  %1 = bert.reduce_mean %x {axes = array<i64: 2>, keep_dims} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  return %0, %1 : tensor<2x4xf32>, tensor<2x3x1xf32>
}

// CHECK-LABEL: func.func @many_dimensions
// CHECK: %[[S:.*]] = synapse.node "reduce_sum_multi_dim_fwd_f32"(%{{.*}}) {params = {keepDim = true, mask = 5 : i32}} : (tensor<4x3x2xf32>) -> tensor<1x3x1xf32>
// CHECK: synapse.node "reshape"(%[[S]]) : (tensor<1x3x1xf32>) -> tensor<3xf32>
func.func @many_dimensions(%x: tensor<2x3x4xf32> {bert.name = "x"}) -> (tensor<3xf32> {bert.name = "a"}) attributes {bert.entry} {
  %0 = bert.reduce_sum %x {axes = array<i64: 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// bf16 is summed in f32; a sum that may stay so does.
// CHECK-LABEL: func.func @bf16
// CHECK: %[[X:.*]] = synapse.node "cast_bf16_to_f32"
// CHECK: %[[S:.*]] = synapse.node "reduce_sum_fwd_f32"(%[[X]])
// CHECK: synapse.node "cast_f32_to_bf16"(%[[S]])
// CHECK: %[[Y:.*]] = synapse.node "cast_bf16_to_f32"
// CHECK: %[[T:.*]] = synapse.node "reduce_sum_fwd_f32"(%[[Y]])
// CHECK: synapse.yield %{{.*}}, %[[T]]
func.func @bf16(%x: tensor<12xbf16> {bert.name = "x"}) -> (tensor<bf16> {bert.name = "a"}, tensor<f32> {bert.name = "b"}) attributes {bert.entry} {
  %0 = bert.reduce_sum %x {axes = array<i64: 0>} : (tensor<12xbf16>) -> tensor<bf16>
  %1 = bert.reduce_sum %x {axes = array<i64: 0>} : (tensor<12xbf16>) -> tensor<f32>
  return %0, %1 : tensor<bf16>, tensor<f32>
}

// The largest is the first of two results, one dimension at a time.
// CHECK-LABEL: func.func @max
// CHECK: %[[A:.*]]:2 = synapse.node "reduce_max_fwd_bf16"(%{{.*}}) {params = {reductionDimension = 0 : i32}} : (tensor<3x2xbf16>) -> (tensor<1x2xbf16>, tensor<1x2xi32>)
// CHECK: %[[B:.*]]:2 = synapse.node "reduce_max_fwd_bf16"(%[[A]]#0) {params = {reductionDimension = 1 : i32}}
// CHECK: synapse.node "reshape"(%[[B]]#0) : (tensor<1x1xbf16>) -> tensor<1xbf16>
func.func @max(%x: tensor<2x3xbf16> {bert.name = "x"}) -> (tensor<bf16> {bert.name = "a"}) attributes {bert.entry} {
  %0 = bert.reduce_max %x {axes = array<i64: 0, 1>} : (tensor<2x3xbf16>) -> tensor<bf16>
  return %0 : tensor<bf16>
}

// Integers are summed as f32; a sum over nothing is its operand.
// CHECK-LABEL: func.func @integers
// CHECK: %[[X:.*]] = synapse.node "cast_i32_to_f32"
// CHECK: %[[S:.*]] = synapse.node "reduce_sum_fwd_f32"(%[[X]])
// CHECK: synapse.node "cast_f32_to_i32"(%[[S]])
func.func @integers(%x: tensor<12xi32> {bert.name = "x"}) -> (tensor<i32> {bert.name = "a"}) attributes {bert.entry} {
  %0 = bert.reduce_sum %x {axes = array<i64>} : (tensor<12xi32>) -> tensor<12xi32>
  %1 = bert.reduce_sum %0 {axes = array<i64: 0>} : (tensor<12xi32>) -> tensor<i32>
  return %1 : tensor<i32>
}
