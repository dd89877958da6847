// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// Tests that the erf form uses the pair of kernels, whatever gelu comes first.
// CHECK-LABEL: synapse.graph "gelu_erf"
// CHECK: ^bb0(%[[X:.*]]: tensor<4x2xf32>, %[[DY:.*]]: tensor<4x2xf32>):
// CHECK: %[[F:.*]]:2 = synapse.node "gelu_fwd_f32"(%[[X]]) {params = {approximation = false}} : (tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>)
// CHECK-NOT: gelu_fwd
// CHECK: synapse.node "gelu_bwd_f32"(%[[DY]], %[[X]], %[[F]]#1) {params = {approximation = false}} : (tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
func.func @gelu_erf(%x: tensor<2x4xf32> {bert.name = "x"}, %dy: tensor<2x4xf32> {bert.name = "dy"}) -> (tensor<2x4xf32> {bert.name = "y"}, tensor<2x4xf32> {bert.name = "dx"}) attributes {bert.entry} {
  %other = bert.gelu %x {approximate = #bert.gelu<tanh>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = bert.gelu %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %dx = bert.gelu_grad %dy, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y, %dx : tensor<2x4xf32>, tensor<2x4xf32>
}

// Tests that a gradient without its forward makes what that would have kept.
// CHECK-LABEL: synapse.graph "gelu_erf_alone"
// CHECK: %[[F:.*]]:2 = synapse.node "gelu_fwd_bf16"
// CHECK: synapse.node "gelu_bwd_bf16"(%{{.*}}, %{{.*}}, %[[F]]#1)
func.func @gelu_erf_alone(%x: tensor<2x4xbf16> {bert.name = "x"}) -> (tensor<2x4xbf16> {bert.name = "dx"}) attributes {bert.entry} {
  %dx = bert.gelu_grad %x, %x : (tensor<2x4xbf16>, tensor<2x4xbf16>) -> tensor<2x4xbf16>
  return %dx : tensor<2x4xbf16>
}

// Tests that the tanh form is made of other kernels, in f32.
// CHECK-LABEL: synapse.graph "gelu_tanh"
// CHECK: ^bb0(%[[X:.*]]: tensor<4x2xbf16>, %[[DY:.*]]: tensor<4x2xbf16>):
// CHECK-NOT: gelu
// CHECK: %[[WIDE:.*]] = synapse.node "cast_bf16_to_f32"(%[[X]])
// CHECK: %[[SQUARE:.*]] = synapse.node "mult_fwd_f32"(%[[WIDE]], %[[WIDE]])
// CHECK: %[[S:.*]] = synapse.node "sigmoid_fwd_f32"
// CHECK: %[[Y:.*]] = synapse.node "mult_fwd_f32"(%[[WIDE]], %[[S]])
// CHECK: synapse.node "cast_f32_to_bf16"(%[[Y]])
// CHECK: synapse.node "sigmoid_fwd_f32"
// CHECK: synapse.node "sub_fwd_f32"
// CHECK: %[[WDY:.*]] = synapse.node "cast_bf16_to_f32"(%[[DY]])
// CHECK: %[[DX:.*]] = synapse.node "mult_fwd_f32"(%[[WDY]], %{{.*}})
// CHECK-NEXT: synapse.node "cast_f32_to_bf16"(%[[DX]])
// CHECK-NEXT: synapse.yield
func.func @gelu_tanh(%x: tensor<2x4xbf16> {bert.name = "x"}, %dy: tensor<2x4xbf16> {bert.name = "dy"}) -> (tensor<2x4xbf16> {bert.name = "y"}, tensor<2x4xbf16> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.gelu %x {approximate = #bert.gelu<tanh>} : (tensor<2x4xbf16>) -> tensor<2x4xbf16>
  %dx = bert.gelu_grad %dy, %x {approximate = #bert.gelu<tanh>} : (tensor<2x4xbf16>, tensor<2x4xbf16>) -> tensor<2x4xbf16>
  return %y, %dx : tensor<2x4xbf16>, tensor<2x4xbf16>
}

// Tests that 1 - y^2 is formed in f32, without tanh_bwd.
// CHECK-LABEL: synapse.graph "tanh"
// CHECK: %[[Y:.*]] = synapse.node "tanh_fwd_bf16"
// CHECK-NOT: tanh_bwd
// CHECK: %[[WIDE:.*]] = synapse.node "cast_bf16_to_f32"(%[[Y]])
// CHECK: %[[SQUARE:.*]] = synapse.node "mult_fwd_f32"(%[[WIDE]], %[[WIDE]])
// CHECK: synapse.node "sub_fwd_f32"(%{{.*}}, %[[SQUARE]])
func.func @tanh(%x: tensor<2x4xbf16> {bert.name = "x"}) -> (tensor<2x4xbf16> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.tanh %x : (tensor<2x4xbf16>) -> tensor<2x4xbf16>
  %dx = bert.tanh_grad %y, %x : (tensor<2x4xbf16>, tensor<2x4xbf16>) -> tensor<2x4xbf16>
  return %dx : tensor<2x4xbf16>
}

// Tests that numbers are compared as f32, and chosen among as they are.
// CHECK-LABEL: synapse.graph "relu"
// CHECK: ^bb0(%[[X:.*]]: tensor<4x2xbf16>):
// CHECK: %[[Y:.*]] = synapse.node "max_fwd_bf16"(%[[X]], %{{.*}}) : (tensor<4x2xbf16>, tensor<1xbf16>)
// CHECK: %[[P:.*]] = synapse.node "greater_fwd_f32"({{.*}}) : (tensor<4x2xf32>, tensor<1xf32>) -> tensor<4x2xi8>
// CHECK: synapse.node "where_fwd_bf16"(%[[P]], %[[Y]], %{{.*}}) : (tensor<4x2xi8>, tensor<4x2xbf16>, tensor<1xbf16>) -> tensor<4x2xbf16>
func.func @relu(%x: tensor<2x4xbf16> {bert.name = "x"}) -> (tensor<2x4xbf16> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.relu %x : (tensor<2x4xbf16>) -> tensor<2x4xbf16>
  %dx = bert.relu_grad %y, %x : (tensor<2x4xbf16>, tensor<2x4xbf16>) -> tensor<2x4xbf16>
  return %dx : tensor<2x4xbf16>
}
