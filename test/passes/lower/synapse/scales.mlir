// RUN: bertc-opt --bert-to-synapse="device=gaudi" %s | FileCheck %s

// The scale of scores goes to the queries, and that of their gradient to keys
// and queries, the latter made once.
// CHECK-LABEL: func.func @attention
// CHECK: %[[QS:.*]] = synapse.node "mult_fwd_f32"(%[[Q:.*]], %{{.*}}) {scope = "scale"} : (tensor<4x8x3x2xf32>, tensor<1xf32>) -> tensor<4x8x3x2xf32>
// CHECK: synapse.node "batch_gemm"(%[[QS]], %[[K:[a-z0-9]+]])
// CHECK: %[[KS:.*]] = synapse.node "mult_fwd_f32"(%[[K]], %{{.*}}) {scope = "scale_grad"}
// CHECK: synapse.node "batch_gemm"(%[[DS:[a-z0-9]+]], %[[KS]])
// CHECK: synapse.node "batch_gemm"(%[[DS]], %[[QS]])
// CHECK-NOT: mult_fwd
// CHECK: return
func.func @attention(%q: tensor<2x3x8x4xf32> {bert.name = "q"}, %k: tensor<2x3x8x4xf32> {bert.name = "k"}, %ds: tensor<2x3x8x8xf32> {bert.name = "ds"})
    -> (tensor<2x3x8x8xf32> {bert.name = "s"}, tensor<2x3x8x4xf32> {bert.name = "dq"}, tensor<2x3x8x4xf32> {bert.name = "dk"}) attributes {bert.entry} {
  %scale = bert.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1 = bert.mul %0, %scale {scope = "scale"} : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x8x8xf32>
  %2 = bert.mul %ds, %scale {scope = "scale_grad"} : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x8x8xf32>
  %3 = bert.batch_matmul %2, %k : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  %4 = bert.batch_matmul %2, %q {adj_x} : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %1, %3, %4 : tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>
}

// Not when scaling the queries would round them.
// CHECK-LABEL: func.func @scale_that_rounds
// CHECK: %[[S:.*]] = synapse.node "batch_gemm"
// CHECK: synapse.node "mult_fwd_f32"(%[[S]], %{{.*}})
func.func @scale_that_rounds(%q: tensor<2x3x8x4xf32> {bert.name = "q"}) -> (tensor<2x3x8x8xf32> {bert.name = "s"}) attributes {bert.entry} {
  %scale = bert.constant {value = dense<0.2> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1 = bert.mul %0, %scale : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x8x8xf32>
  return %1 : tensor<2x3x8x8xf32>
}

// Not when there are as few scores a query as numbers to scale.
// CHECK-LABEL: func.func @short_rows
// CHECK: %[[S:.*]] = synapse.node "batch_gemm"
// CHECK: %[[T:.*]] = synapse.node "mult_fwd_f32"(%[[S]], %{{.*}})
// CHECK: synapse.node "batch_gemm"(%[[T]], %{{.*}})
func.func @short_rows(%q: tensor<2x3x8x8xf32> {bert.name = "q"}) -> (tensor<2x3x8x8xf32> {bert.name = "s"}) attributes {bert.entry} {
  %scale = bert.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  %1 = bert.mul %0, %scale : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x8x8xf32>
  %2 = bert.batch_matmul %1, %q : (tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32>
  return %2 : tensor<2x3x8x8xf32>
}

// Not when somebody else wants what is scaled, or the product as it is.
// CHECK-LABEL: func.func @other_users
// CHECK: %[[S:.*]] = synapse.node "batch_gemm"
// CHECK: %[[T:.*]] = synapse.node "mult_fwd_f32"(%[[S]], %{{.*}})
// CHECK: synapse.node "batch_gemm"(%[[T]], %{{.*}})
// CHECK: synapse.yield %[[S]], %[[T]]
func.func @other_users(%q: tensor<2x3x8x4xf32> {bert.name = "q"}) -> (tensor<2x3x8x8xf32> {bert.name = "s"}, tensor<2x3x8x8xf32> {bert.name = "t"}, tensor<2x3x8x4xf32> {bert.name = "u"}) attributes {bert.entry} {
  %scale = bert.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.batch_matmul %q, %q {adj_y} : (tensor<2x3x8x4xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x8xf32>
  %1 = bert.mul %0, %scale : (tensor<2x3x8x8xf32>, tensor<f32>) -> tensor<2x3x8x8xf32>
  %2 = bert.batch_matmul %1, %q : (tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>) -> tensor<2x3x8x4xf32>
  return %0, %1, %2 : tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>, tensor<2x3x8x4xf32>
}
