// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// Tests that loss and gradient share one matrix of -1 and 0.
// CHECK-LABEL: synapse.graph "nll"
// CHECK: ^bb0(%[[P:.*]]: tensor<9x4xf32>, %[[L:.*]]: tensor<4xi32>, %[[D:.*]]: tensor<4xf32>):
// CHECK: %[[HOT:.*]] = synapse.node "one_hot_fwd_f32"(%[[L]]) {params = {axis = 0 : i32, depth = 9 : i32, offValue = 0.000000e+00 : f32, onValue = -1.000000e+00 : f32}} : (tensor<4xi32>) -> tensor<9x4xf32>
// CHECK: %[[PICKED:.*]] = synapse.node "mult_fwd_f32"(%[[HOT]], %[[P]])
// CHECK: %[[SUM:.*]] = synapse.node "reduce_sum_fwd_f32"(%[[PICKED]]) {params = {reductionDimension = 0 : i32}} : (tensor<9x4xf32>) -> tensor<1x4xf32>
// CHECK: %[[LOSS:.*]] = synapse.node "reshape"(%[[SUM]]) : (tensor<1x4xf32>) -> tensor<4xf32>
// CHECK-NOT: one_hot
// CHECK: %[[ROWS:.*]] = synapse.node "reshape"(%[[D]]) : (tensor<4xf32>) -> tensor<1x4xf32>
// CHECK: %[[GRAD:.*]] = synapse.node "mult_fwd_f32"(%[[HOT]], %[[ROWS]])
// CHECK: synapse.yield %[[LOSS]], %[[GRAD]]
func.func @nll(%p: tensor<4x9xf32> {bert.name = "p"}, %labels: tensor<4xi32> {bert.name = "labels"}, %dloss: tensor<4xf32> {bert.name = "dloss"}) -> (tensor<4xf32> {bert.name = "loss"}, tensor<4x9xf32> {bert.name = "dp"}) attributes {bert.entry} {
  %loss = bert.nll %p, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> tensor<4xf32>
  %dp = bert.nll_grad %dloss, %labels {num_classes = 9 : i64} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4x9xf32>
  return %loss, %dp : tensor<4xf32>, tensor<4x9xf32>
}

// Tests that the same labels in other numbers of classes share nothing.
// CHECK-LABEL: synapse.graph "classes"
// CHECK: "one_hot_fwd_f32"({{.*}}) {{.*}}depth = 9
// CHECK: "one_hot_fwd_f32"({{.*}}) {{.*}}depth = 3
func.func @classes(%labels: tensor<4xi32> {bert.name = "labels"}, %dloss: tensor<4xf32> {bert.name = "dloss"}) -> (tensor<4x9xf32> {bert.name = "a"}, tensor<4x3xbf16> {bert.name = "b"}) attributes {bert.entry} {
  %a = bert.nll_grad %dloss, %labels {num_classes = 9 : i64} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4x9xf32>
  %d = bert.cast %dloss : (tensor<4xf32>) -> tensor<4xbf16>
  %b = bert.nll_grad %d, %labels {num_classes = 3 : i64} : (tensor<4xbf16>, tensor<4xi32>) -> tensor<4x3xbf16>
  return %a, %b : tensor<4x9xf32>, tensor<4x3xbf16>
}

// CHECK-LABEL: synapse.graph "argmax"
// CHECK: %[[WIDE:.*]] = synapse.node "cast_bf16_to_f32"
// CHECK: %[[M:.*]]:2 = synapse.node "reduce_max_fwd_f32"(%[[WIDE]]) {params = {reductionDimension = 0 : i32}} : (tensor<9x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xi32>)
// CHECK: %[[Y:.*]] = synapse.node "reshape"(%[[M]]#1) : (tensor<1x4xi32>) -> tensor<4xi32>
// CHECK: synapse.yield %[[Y]]
func.func @argmax(%x: tensor<4x9xbf16> {bert.name = "x"}) -> (tensor<4xi32> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.argmax %x : (tensor<4x9xbf16>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}
