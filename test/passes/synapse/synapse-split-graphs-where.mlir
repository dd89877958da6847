// RUN: %bertc-opt %s "-synapse-split-graphs=max-nodes=4" | FileCheck %s
// A piece ends where the least has to be handed on: after the sum, not after
// the four nodes it might have.

// CHECK-LABEL: func.func @few_bytes
func.func @few_bytes(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK: synapse.graph "g.0"(%{{.*}}) : (tensor<8x8xf32>) -> tensor<1xf32>
  // CHECK: synapse.graph "g.1"(%{{.*}}, %{{.*}}) : {{.*}} -> tensor<8x8xf32>
  // CHECK-NEXT: ^bb0
  // CHECK-NEXT: synapse.node "add_fwd_f32"
  %0 = synapse.graph "g"(%x) : (tensor<8x8xf32>) -> tensor<8x8xf32> {
  ^bb0(%a: tensor<8x8xf32>):
    %1 = synapse.node "exp_fwd_f32"(%a) : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %2 = synapse.node "neg_fwd_f32"(%1) : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %3 = synapse.node "frobenius_norm_fwd"(%2) : (tensor<8x8xf32>) -> tensor<1xf32>
    %4 = synapse.node "add_fwd_f32"(%a, %3) : (tensor<8x8xf32>, tensor<1xf32>) -> tensor<8x8xf32>
    %5 = synapse.node "neg_fwd_f32"(%4) : (tensor<8x8xf32>) -> tensor<8x8xf32>
    synapse.yield %5 : tensor<8x8xf32>
  }
  return %0 : tensor<8x8xf32>
}

// Without a limit nothing is cut.
// RUN: %bertc-opt %s -synapse-split-graphs | FileCheck %s --check-prefix=WHOLE
// WHOLE: synapse.graph "g"(
// WHOLE-NOT: synapse.graph
