// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

bert.variable @w : tensor<3x4xf32> {trainable, decay}
bert.variable @m : tensor<3x4xf32> {owner = @w, role = #bert.role<adam_m>}
bert.variable @v : tensor<3x4xf32> {owner = @w, role = #bert.role<adam_v>}
bert.variable @g : tensor<3x4xf32> {owner = @w, role = #bert.role<accum>}

// Tests the whole of LAMB: moments, their correction by numbers of the host,
// decay, the norms with their guards, and what is stored where.
// CHECK-LABEL: synapse.graph "lamb"
// CHECK: ^bb0(%[[RATE:.*]]: tensor<1xf32>):
// CHECK: %[[W:.*]] = synapse.read @w
// CHECK: %[[M0:.*]] = synapse.read @m
// CHECK: %[[V0:.*]] = synapse.read @v
// CHECK: %[[G:.*]] = synapse.read @g
// CHECK: %[[BETA1:.*]] = synapse.node "constant_f32"() {params = {value = 0.899999976 : f32}
// CHECK: %[[M1:.*]] = synapse.node "mult_fwd_f32"(%[[M0]], %[[BETA1]])
// CHECK: %[[REST1:.*]] = synapse.node "constant_f32"() {params = {value = 1.000000e-01 : f32}
// CHECK: %[[M2:.*]] = synapse.node "mult_fwd_f32"(%[[G]], %[[REST1]])
// CHECK: %[[M:.*]] = synapse.node "add_fwd_f32"(%[[M1]], %[[M2]])
// CHECK: %[[G2:.*]] = synapse.node "mult_fwd_f32"(%[[G]], %[[G]])
// CHECK: %[[V1:.*]] = synapse.node "mult_fwd_f32"(%[[V0]], %{{.*}})
// CHECK: %[[REST2:.*]] = synapse.node "constant_f32"() {params = {value = 1.000000e-03 : f32}
// CHECK: %[[V2:.*]] = synapse.node "mult_fwd_f32"(%[[G2]], %[[REST2]])
// CHECK: %[[V:.*]] = synapse.node "add_fwd_f32"(%[[V1]], %[[V2]])
// CHECK: %[[BC1:.*]] = synapse.derived{{.*}}base = 9.000000e-01 : f64
// CHECK: %[[MHAT:.*]] = synapse.node "div_fwd_f32"(%[[M]], %[[BC1]])
// CHECK: %[[BC2:.*]] = synapse.derived{{.*}}base = 0.998999{{.*}} : f64
// CHECK: %[[VHAT:.*]] = synapse.node "div_fwd_f32"(%[[V]], %[[BC2]])
// CHECK: %[[ROOT:.*]] = synapse.node "sqrt_fwd_f32"(%[[VHAT]])
// CHECK: %[[DIV:.*]] = synapse.node "add_fwd_f32"(%[[ROOT]], %{{.*}})
// CHECK: %[[U0:.*]] = synapse.node "div_fwd_f32"(%[[MHAT]], %[[DIV]])
// CHECK: %[[DECAY:.*]] = synapse.node "mult_fwd_f32"(%[[W]], %{{.*}})
// CHECK: %[[U:.*]] = synapse.node "add_fwd_f32"(%[[U0]], %[[DECAY]])
// CHECK: %[[WS:.*]] = synapse.node "reduce_sum_square_multi_dim_fwd_f32"(%[[W]]) {params = {keepDim = true, mask = 3 : i32}
// CHECK: %[[WS1:.*]] = synapse.node "reshape"(%[[WS]])
// CHECK: %[[WN:.*]] = synapse.node "sqrt_fwd_f32"(%[[WS1]])
// CHECK: %[[US:.*]] = synapse.node "reduce_sum_square_multi_dim_fwd_f32"(%[[U]])
// CHECK: %[[US1:.*]] = synapse.node "reshape"(%[[US]])
// CHECK: %[[UN:.*]] = synapse.node "sqrt_fwd_f32"(%[[US1]])
// CHECK: %[[Q:.*]] = synapse.node "div_fwd_f32"(%[[WN]], %[[UN]])
// CHECK: %[[NOU:.*]] = synapse.node "equal_fwd_f32"(%[[UN]], %[[ZERO:.*]]) {{.*}} -> tensor<1xi8>
// CHECK: %[[Q1:.*]] = synapse.node "where_fwd_f32"(%[[NOU]], %[[ONE:.*]], %[[Q]])
// CHECK: %[[NOW:.*]] = synapse.node "equal_fwd_f32"(%[[WN]], %[[ZERO]])
// CHECK: %[[RATIO:.*]] = synapse.node "where_fwd_f32"(%[[NOW]], %[[ONE]], %[[Q1]])
// CHECK: %[[STEP:.*]] = synapse.node "mult_fwd_f32"(%[[RATIO]], %[[RATE]])
// CHECK: %[[D:.*]] = synapse.node "mult_fwd_f32"(%[[U]], %[[STEP]]){{.*}} : (tensor<4x3xf32>, tensor<1xf32>)
// CHECK: %[[NEW:.*]] = synapse.node "sub_fwd_f32"(%[[W]], %[[D]])
// CHECK: %[[ZEROS:.*]] = synapse.node "constant_f32"() {params = {value = 0.000000e+00 : f32}{{.*}} -> tensor<4x3xf32>
// CHECK: synapse.store @w, %[[NEW]]
// CHECK: synapse.store @m, %[[M]]
// CHECK: synapse.store @v, %[[V]]
// CHECK: synapse.store @g, %[[ZEROS]]
func.func @lamb(%rate: tensor<f32> {bert.name = "learning_rate"}, %step: tensor<i32> {bert.name = "update_step"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<3x4xf32>
  %m = bert.read @m : tensor<3x4xf32>
  %v = bert.read @v : tensor<3x4xf32>
  %g = bert.read @g : tensor<3x4xf32>
  %w1, %m1, %v1 = bert.lamb_update %w, %m, %v, %g, %rate, %step {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32, scope = "update"} : (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<f32>, tensor<i32>) -> (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>)
  bert.assign @w, %w1 : tensor<3x4xf32>
  bert.assign @m, %m1 : tensor<3x4xf32>
  bert.assign @v, %v1 : tensor<3x4xf32>
  %zeros = bert.constant {value = dense<0.0> : tensor<3x4xf32>} : () -> tensor<3x4xf32>
  bert.assign @g, %zeros : tensor<3x4xf32>
  return
}

// Tests AdamW: eps^2 under the root, no correction, no norms; and no decay
// where there is none.
// CHECK-LABEL: synapse.graph "adamw"
// CHECK-NOT: synapse.derived
// CHECK: %[[M:.*]] = synapse.node "add_fwd_f32"
// CHECK: %[[V:.*]] = synapse.node "add_fwd_f32"
// CHECK: %[[EPS:.*]] = synapse.node "constant_f32"() {params = {value = 9.99999996E-13 : f32}
// CHECK: %[[SUM:.*]] = synapse.node "add_fwd_f32"(%[[V]], %[[EPS]])
// CHECK: %[[ROOT:.*]] = synapse.node "sqrt_fwd_f32"(%[[SUM]])
// CHECK: %[[U:.*]] = synapse.node "div_fwd_f32"(%[[M]], %[[ROOT]])
// CHECK: %[[D:.*]] = synapse.node "mult_fwd_f32"(%[[U]], %{{.*}}){{.*}} : (tensor<4x3xf32>, tensor<1xf32>)
// CHECK: %[[NEW:.*]] = synapse.node "sub_fwd_f32"(%{{.*}}, %[[D]])
// CHECK-NOT: reduce_
// CHECK: synapse.store @w, %[[NEW]]
func.func @adamw(%rate: tensor<f32> {bert.name = "learning_rate"}, %step: tensor<i32> {bert.name = "update_step"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<3x4xf32>
  %m = bert.read @m : tensor<3x4xf32>
  %v = bert.read @v : tensor<3x4xf32>
  %g = bert.read @g : tensor<3x4xf32>
  %w1, %m1, %v1 = bert.adamw_update %w, %m, %v, %g, %rate, %step {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.0 : f32} : (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<f32>, tensor<i32>) -> (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>)
  bert.assign @w, %w1 : tensor<3x4xf32>
  bert.assign @m, %m1 : tensor<3x4xf32>
  bert.assign @v, %v1 : tensor<3x4xf32>
  return
}

// Tests that squares are summed in f32, and rounded once.
// CHECK-LABEL: synapse.graph "l2_loss"
// CHECK: ^bb0(%[[X:.*]]: tensor<4xbf16>):
// CHECK: %[[WIDE:.*]] = synapse.node "cast_bf16_to_f32"(%[[X]])
// CHECK: %[[S:.*]] = synapse.node "reduce_sum_square_fwd_f32"(%[[WIDE]])
// CHECK: %[[HALF:.*]] = synapse.node "mult_fwd_f32"(%[[S]], %{{.*}})
// CHECK: synapse.node "cast_f32_to_bf16"(%[[HALF]])
func.func @l2_loss(%x: tensor<4xbf16> {bert.name = "x"}) -> (tensor<bf16> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.l2_loss %x : (tensor<4xbf16>) -> tensor<bf16>
  return %y : tensor<bf16>
}
