// RUN: %bertc-opt %s "-synapse-split-graphs=max-nodes=2" -split-input-file -verify-diagnostics | FileCheck %s
// Graphs of more nodes than allowed are cut; values go from one to the next.

// CHECK-LABEL: func.func @small_enough
func.func @small_enough(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: synapse.graph "g"(
  %0 = synapse.graph "g"(%x) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %1 = synapse.node "exp_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    %2 = synapse.node "neg_fwd_f32"(%1) : (tensor<8xf32>) -> tensor<8xf32>
    synapse.yield %2 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

// Inputs, constants and numbers of the host are there in each piece that needs
// them; results leave the piece that makes them.
// CHECK-LABEL: func.func @cut
// CHECK-SAME: (%[[X:.*]]: tensor<8xf32>, %[[Y:.*]]: tensor<8xf32>)
func.func @cut(%x: tensor<8xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK: %[[FIRST:.*]]:2 = synapse.graph "g.0"(%[[X]]) : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<8xf32>):
  // CHECK-NEXT: %[[POWER:.*]] = synapse.derived one_minus_power
  // CHECK-NEXT: %[[E:.*]] = synapse.node "mult_fwd_f32"(%[[A]], %[[POWER]])
  // CHECK-NEXT: %[[N:.*]] = synapse.node "neg_fwd_f32"(%[[E]])
  // CHECK-NEXT: synapse.yield %[[E]], %[[N]]
  // CHECK: %[[SECOND:.*]] = synapse.graph "g.1"(%[[FIRST]]#1, %[[Y]]) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  // CHECK-NEXT: ^bb0(%[[B:.*]]: tensor<8xf32>, %[[C:.*]]: tensor<8xf32>):
  // CHECK-NEXT: %[[AGAIN:.*]] = synapse.derived one_minus_power
  // CHECK-NEXT: %[[D:.*]] = synapse.node "mult_fwd_f32"(%[[B]], %[[AGAIN]])
  // CHECK-NEXT: %[[S:.*]] = synapse.node "add_fwd_f32"(%[[D]], %[[C]])
  // CHECK-NEXT: synapse.yield %[[S]]
  %0:2 = synapse.graph "g"(%x, %y) : (tensor<8xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
    %power = synapse.derived one_minus_power {base = 0.9 : f64} : tensor<1xf32>
    %1 = synapse.node "mult_fwd_f32"(%a, %power) : (tensor<8xf32>, tensor<1xf32>) -> tensor<8xf32>
    %2 = synapse.node "neg_fwd_f32"(%1) : (tensor<8xf32>) -> tensor<8xf32>
    %3 = synapse.node "mult_fwd_f32"(%2, %power) : (tensor<8xf32>, tensor<1xf32>) -> tensor<8xf32>
    %4 = synapse.node "add_fwd_f32"(%3, %b) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    synapse.yield %1, %4 : tensor<8xf32>, tensor<8xf32>
  }
  // CHECK: return %[[FIRST]]#0, %[[SECOND]]
  return %0#0, %0#1 : tensor<8xf32>, tensor<8xf32>
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// What has been stored is read from its variable, and control stays where both
// nodes are.
// CHECK-LABEL: func.func @stored
func.func @stored() -> tensor<8xf32> {
  // CHECK: synapse.graph "g.0"() : () -> () {
  // CHECK-NEXT: synapse.read @w
  // CHECK-NEXT: %[[READER:.*]] = synapse.node "exp_fwd_f32"
  // CHECK-NEXT: %[[NEW:.*]] = synapse.node "memset"
  // CHECK-NEXT: synapse.store @w, %[[NEW]]
  // CHECK-NEXT: synapse.control %[[READER]], %[[NEW]]
  // CHECK-NEXT: synapse.yield
  // CHECK: synapse.graph "g.1"() : () -> tensor<8xf32> {
  // CHECK-NEXT: %[[R:.*]] = synapse.read @w
  // CHECK-NEXT: synapse.node "neg_fwd_f32"(%[[R]])
  // CHECK-NOT: synapse.control
  %0 = synapse.graph "g"() : () -> tensor<8xf32> {
    %w = synapse.read @w : tensor<8xf32>
    %reader = synapse.node "exp_fwd_f32"(%w) : (tensor<8xf32>) -> tensor<8xf32>
    %new = synapse.node "memset"() : () -> tensor<8xf32>
    %last = synapse.node "neg_fwd_f32"(%new) : (tensor<8xf32>) -> tensor<8xf32>
    synapse.store @w, %new : tensor<8xf32>
    synapse.control %reader, %new : tensor<8xf32>, tensor<8xf32>
    synapse.control %reader, %last : tensor<8xf32>, tensor<8xf32>
    synapse.yield %last : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
func.func @read_too_late() -> tensor<8xf32> {
  %0 = synapse.graph "g"() : () -> tensor<8xf32> {
    %w = synapse.read @w : tensor<8xf32>
    %new = synapse.node "memset"() : () -> tensor<8xf32>
    %1 = synapse.node "neg_fwd_f32"(%w) : (tensor<8xf32>) -> tensor<8xf32>
    %2 = synapse.node "neg_fwd_f32"(%1) : (tensor<8xf32>) -> tensor<8xf32>
    // expected-error@+1 {{expected who reads the old value before who makes the new: synapse-order-updates has to run before}}
    synapse.store @w, %new : tensor<8xf32>
    synapse.yield %2 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

func.func @control_against_the_order(%x: tensor<8xf32>) {
  synapse.graph "g"(%x) : (tensor<8xf32>) -> () {
  ^bb0(%a: tensor<8xf32>):
    %0 = synapse.node "exp_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    %1 = synapse.node "neg_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    %2 = synapse.node "neg_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    // expected-error@+1 {{expected nodes in the order of control: synapse-order-updates has to run before}}
    synapse.control %1, %0 : tensor<8xf32>, tensor<8xf32>
    synapse.yield
  }
  return
}

// -----

func.func @yielded_input(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error@+1 {{expected results that nodes make and that are not stored: synapse-order-updates has to run before}}
  %0 = synapse.graph "g"(%x) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %1 = synapse.node "exp_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    %2 = synapse.node "neg_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    %3 = synapse.node "neg_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    synapse.yield %a : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}
