// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// Tests that the mask of the forward kernel goes to the gradient, in its shape,
// that ratio is the probability to drop in 65536ths, and that the seed is what
// the host derives.
// CHECK-LABEL: synapse.graph "dropout"
// CHECK: ^bb0(%[[X:.*]]: tensor<4x3x2xf32>, %[[DY:.*]]: tensor<4x6xf32>):
// CHECK: %[[SEED:.*]] = synapse.derived{{.*}}op_id = 7 : i32{{.*}} : tensor<1xi32>
// CHECK: %[[F:.*]]:2 = synapse.node "dropout_fwd_f32"(%[[X]], %[[SEED]]) {params = {ratio = 0.100006104 : f32, seed = 0 : i32}} : (tensor<4x3x2xf32>, tensor<1xi32>) -> (tensor<4x3x2xf32>, tensor<4x3x2xi8>)
// CHECK: %[[M:.*]] = synapse.node "reshape"(%[[F]]#1) : (tensor<4x3x2xi8>) -> tensor<4x6xi8>
// CHECK: %[[DX:.*]] = synapse.node "dropout_bwd_f32"(%[[DY]], %[[M]]) {params = {ratio = 0.100006104 : f32, seed = 0 : i32}} : (tensor<4x6xf32>, tensor<4x6xi8>) -> tensor<4x6xf32>
// CHECK: synapse.yield %[[F]]#0, %[[DX]]

// The twin has none of it.
// CHECK-LABEL: synapse.graph "dropout.deterministic"
// CHECK-NOT: dropout_
// CHECK: synapse.yield
func.func @dropout(%x: tensor<2x3x4xf32> {bert.name = "x"}, %dy: tensor<6x4xf32> {bert.name = "dy"}, %rng: tensor<4xi32> {bert.name = "rng"}) -> (tensor<2x3x4xf32> {bert.name = "y"}, tensor<6x4xf32> {bert.name = "dx"}) attributes {bert.entry} {
  %other = bert.dropout %x, %rng {rate = 0.5 : f32, op_id = 6 : i32} : (tensor<2x3x4xf32>, tensor<4xi32>) -> tensor<2x3x4xf32>
  %y = bert.dropout %x, %rng {rate = 0.1 : f32, op_id = 7 : i32} : (tensor<2x3x4xf32>, tensor<4xi32>) -> tensor<2x3x4xf32>
  %dx = bert.dropout_grad %dy, %rng {rate = 0.1 : f32, op_id = 7 : i32} : (tensor<6x4xf32>, tensor<4xi32>) -> tensor<6x4xf32>
  return %y, %dx : tensor<2x3x4xf32>, tensor<6x4xf32>
}

// CHECK-LABEL: synapse.graph "bf16"
// CHECK: synapse.node "dropout_fwd_bf16"
// CHECK: synapse.node "dropout_bwd_bf16"
func.func @bf16(%x: tensor<2x4xbf16> {bert.name = "x"}, %rng: tensor<4xi32> {bert.name = "rng"}) -> (tensor<2x4xbf16> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.dropout %x, %rng {rate = 0.1 : f32, op_id = 0 : i32} : (tensor<2x4xbf16>, tensor<4xi32>) -> tensor<2x4xbf16>
  %dx = bert.dropout_grad %y, %rng {rate = 0.1 : f32, op_id = 0 : i32} : (tensor<2x4xbf16>, tensor<4xi32>) -> tensor<2x4xbf16>
  return %dx : tensor<2x4xbf16>
}

// Tests that a rate that rounds to 0 is no dropout.
// CHECK-LABEL: synapse.graph "rate_0"
// CHECK-NOT: dropout_
// CHECK: synapse.yield
func.func @rate_0(%x: tensor<2x4xf32> {bert.name = "x"}, %rng: tensor<4xi32> {bert.name = "rng"}) -> (tensor<2x4xf32> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.dropout %x, %rng {rate = 1.0e-6 : f32, op_id = 0 : i32} : (tensor<2x4xf32>, tensor<4xi32>) -> tensor<2x4xf32>
  %n = bert.neg %y : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %dx = bert.dropout_grad %n, %rng {rate = 1.0e-6 : f32, op_id = 0 : i32} : (tensor<2x4xf32>, tensor<4xi32>) -> tensor<2x4xf32>
  return %dx : tensor<2x4xf32>
}
