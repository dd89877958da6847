// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// Tests that softmaxes run along the fastest dimension, and that gradients get
// the result before its gradient.
// CHECK-LABEL: synapse.graph "softmax"
// CHECK: ^bb0(%[[X:.*]]: tensor<4x3x2xf32>, %[[DY:.*]]: tensor<4x3x2xf32>):
// CHECK: %[[Y:.*]] = synapse.node "softmax_fwd_f32"(%[[X]]) {params = {dim = 0 : i32}} : (tensor<4x3x2xf32>) -> tensor<4x3x2xf32>
// CHECK: %[[DX:.*]] = synapse.node "softmax_bwd_f32"(%[[Y]], %[[DY]]) {params = {dim = 0 : i32}}
// CHECK: synapse.yield %[[DX]]
func.func @softmax(%x: tensor<2x3x4xf32> {bert.name = "x"}, %dy: tensor<2x3x4xf32> {bert.name = "dy"}) -> (tensor<2x3x4xf32> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.softmax %x : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %dx = bert.softmax_grad %dy, %y : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %dx : tensor<2x3x4xf32>
}

// CHECK-LABEL: synapse.graph "log_softmax"
// CHECK: ^bb0(%[[X:.*]]: tensor<4x2xbf16>, %[[DY:.*]]: tensor<4x2xbf16>):
// CHECK: %[[Y:.*]] = synapse.node "logsoftmax_fwd_bf16"(%[[X]]) {params = {dim = 0 : i32}}
// CHECK: synapse.node "logsoftmax_bwd_bf16"(%[[Y]], %[[DY]]) {params = {dim = 0 : i32}}
func.func @log_softmax(%x: tensor<2x4xbf16> {bert.name = "x"}, %dy: tensor<2x4xbf16> {bert.name = "dy"}) -> (tensor<2x4xbf16> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.log_softmax %x : (tensor<2x4xbf16>) -> tensor<2x4xbf16>
  %dx = bert.log_softmax_grad %dy, %y : (tensor<2x4xbf16>, tensor<2x4xbf16>) -> tensor<2x4xbf16>
  return %dx : tensor<2x4xbf16>
}

// Tests that rows of any rank become [N,1,1,M], that beta comes before gamma
// and dbeta before dgamma, and that the statistics go from one kernel to the
// other as they are.
// CHECK-LABEL: synapse.graph "layer_norm"
// CHECK: ^bb0(%[[X:.*]]: tensor<4x3x2xf32>, %[[GAMMA:.*]]: tensor<4xf32>, %[[BETA:.*]]: tensor<4xf32>, %[[DY:.*]]: tensor<4x3x2xf32>):
// CHECK: %[[ROWS:.*]] = synapse.node "reshape"(%[[X]]) : (tensor<4x3x2xf32>) -> tensor<4x1x1x6xf32>
// CHECK: %[[F:.*]]:3 = synapse.node "layer_norm_fwd_f32"(%[[ROWS]], %[[BETA]], %[[GAMMA]]) {params = {eps = 9.99999996E-13 : f32, epsValid = true}} : (tensor<4x1x1x6xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x1x1x6xf32>, tensor<1x1x1x6xf32>, tensor<1x1x1x6xf32>)
// CHECK: %[[Y:.*]] = synapse.node "reshape"(%[[F]]#0) : (tensor<4x1x1x6xf32>) -> tensor<4x3x2xf32>
// CHECK: %[[DROWS:.*]] = synapse.node "reshape"(%[[DY]])
// CHECK: %[[G:.*]]:3 = synapse.node "layer_norm_bwd_f32"(%{{.*}}, %[[DROWS]], %[[F]]#1, %[[F]]#2, %[[GAMMA]]) {params = {eps = 9.99999996E-13 : f32, epsValid = true}} : {{.*}} -> (tensor<4x1x1x6xf32>, tensor<4xf32>, tensor<4xf32>)
// CHECK: %[[DX:.*]] = synapse.node "reshape"(%[[G]]#0)
// CHECK: synapse.yield %{{.*}}, %{{.*}}, %[[G]]#2, %[[G]]#1
func.func @layer_norm(%x: tensor<2x3x4xf32> {bert.name = "x"}, %gamma: tensor<4xf32> {bert.name = "gamma"}, %beta: tensor<4xf32> {bert.name = "beta"}, %dy: tensor<2x3x4xf32> {bert.name = "dy"}) -> (tensor<2x3x4xf32> {bert.name = "y"}, tensor<2x3x4xf32> {bert.name = "dx"}, tensor<4xf32> {bert.name = "dgamma"}, tensor<4xf32> {bert.name = "dbeta"}) attributes {bert.entry} {
  %y, %mean, %rstd = bert.layer_norm %x, %gamma, %beta {eps = 1.0e-12 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
  %dx, %dgamma, %dbeta = bert.layer_norm_grad %dy, %x, %gamma, %mean, %rstd : (tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<4xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y, %dx, %dgamma, %dbeta : tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Tests that beta and gamma are f32 beside rows in bf16, and that statistics
// that are somebody's result, or come from elsewhere, are vectors.
// CHECK-LABEL: synapse.graph "layer_norm_bf16"
// CHECK: %[[BETA:.*]] = synapse.node "cast_bf16_to_f32"
// CHECK: synapse.node "layer_norm_fwd_bf16"({{.*}}) {{.*}} : (tensor<4x1x1x2xbf16>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x1x1x2xbf16>, tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>)
// CHECK: synapse.node "reshape"({{.*}}) : (tensor<1x1x1x2xf32>) -> tensor<2xf32>
func.func @layer_norm_bf16(%x: tensor<2x4xbf16> {bert.name = "x"}, %gamma: tensor<4xbf16> {bert.name = "gamma"}) -> (tensor<2x4xbf16> {bert.name = "y"}, tensor<2xf32> {bert.name = "mean"}) attributes {bert.entry} {
  %y, %mean, %rstd = bert.layer_norm %x, %gamma, %gamma {eps = 1.0e-12 : f32} : (tensor<2x4xbf16>, tensor<4xbf16>, tensor<4xbf16>) -> (tensor<2x4xbf16>, tensor<2xf32>, tensor<2xf32>)
  return %y, %mean : tensor<2x4xbf16>, tensor<2xf32>
}

// CHECK-LABEL: synapse.graph "gradient_alone"
// CHECK: synapse.node "reshape"(%{{.*}}) : (tensor<2xf32>) -> tensor<1x1x1x2xf32>
// CHECK: synapse.node "layer_norm_bwd_f32"({{.*}}) {params = {eps = 0.000000e+00 : f32, epsValid = false}}
func.func @gradient_alone(%x: tensor<2x4xf32> {bert.name = "x"}, %gamma: tensor<4xf32> {bert.name = "gamma"}, %s: tensor<2xf32> {bert.name = "s"}) -> (tensor<2x4xf32> {bert.name = "dx"}) attributes {bert.entry} {
  %dx, %dgamma, %dbeta = bert.layer_norm_grad %x, %x, %gamma, %s, %s : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %dx : tensor<2x4xf32>
}
