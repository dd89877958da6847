// RUN: %bertc-opt %s -synapse-order-updates -split-input-file -verify-diagnostics | FileCheck %s
// The node that writes a new value over the old one runs after all who read it.

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// Nobody but the update reads: there is nothing to order.
// CHECK-LABEL: func.func @update_alone
func.func @update_alone(%g: tensor<8xf32>) {
  synapse.graph "g"(%g) : (tensor<8xf32>) -> () {
  ^bb0(%a: tensor<8xf32>):
    %w = synapse.read @w : tensor<8xf32>
    // CHECK: %[[NEW:.*]] = synapse.node "add_fwd_f32"
    %new = synapse.node "add_fwd_f32"(%w, %a) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    // CHECK-NEXT: synapse.store @w, %[[NEW]]
    synapse.store @w, %new : tensor<8xf32>
    // CHECK-NEXT: synapse.yield
    synapse.yield
  }
  return
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// A reader that comes later is brought forward and ordered by control.
// CHECK-LABEL: func.func @reader_comes_first
func.func @reader_comes_first(%g: tensor<8xf32>) -> tensor<8xf32> {
  %0 = synapse.graph "g"(%g) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %w = synapse.read @w : tensor<8xf32>
    // CHECK: %[[READER:.*]] = synapse.node "exp_fwd_f32"
    // CHECK-NEXT: %[[NEW:.*]] = synapse.node "add_fwd_f32"
    %new = synapse.node "add_fwd_f32"(%w, %a) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %reader = synapse.node "exp_fwd_f32"(%w) : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK-NEXT: synapse.store @w, %[[NEW]]
    synapse.store @w, %new : tensor<8xf32>
    // CHECK-NEXT: synapse.control %[[READER]], %[[NEW]]
    synapse.yield %reader : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// Data orders the two already.
// CHECK-LABEL: func.func @ordered_by_data
func.func @ordered_by_data() {
  synapse.graph "g"() : () -> () {
    %w = synapse.read @w : tensor<8xf32>
    %reader = synapse.node "exp_fwd_f32"(%w) : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK: synapse.node "add_fwd_f32"
    %new = synapse.node "add_fwd_f32"(%w, %reader) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    // CHECK-NOT: synapse.control
    synapse.store @w, %new : tensor<8xf32>
    synapse.yield
  }
  return
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// Who reads through a reshape reads the variable's memory too.
// CHECK-LABEL: func.func @reader_through_reshape
func.func @reader_through_reshape(%g: tensor<8xf32>) -> tensor<4x2xf32> {
  %0 = synapse.graph "g"(%g) : (tensor<8xf32>) -> tensor<4x2xf32> {
  ^bb0(%a: tensor<8xf32>):
    %w = synapse.read @w : tensor<8xf32>
    %view = synapse.node "reshape"(%w) : (tensor<8xf32>) -> tensor<4x2xf32>
    // CHECK: %[[READER:.*]] = synapse.node "exp_fwd_f32"
    // CHECK-NEXT: %[[NEW:.*]] = synapse.node "neg_fwd_f32"
    %new = synapse.node "neg_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    synapse.store @w, %new : tensor<8xf32>
    %reader = synapse.node "exp_fwd_f32"(%view) : (tensor<4x2xf32>) -> tensor<4x2xf32>
    // CHECK: synapse.control %[[READER]], %[[NEW]]
    synapse.yield %reader : tensor<4x2xf32>
  }
  return %0 : tensor<4x2xf32>
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// The reader needs the new value, so that is made elsewhere.
// CHECK-LABEL: func.func @reader_needs_the_new_value
func.func @reader_needs_the_new_value(%g: tensor<8xf32>) -> tensor<8xf32> {
  %0 = synapse.graph "g"(%g) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %w = synapse.read @w : tensor<8xf32>
    // CHECK: %[[NEW:.*]] = synapse.node "add_fwd_f32"
    %new = synapse.node "add_fwd_f32"(%w, %a) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    // CHECK: %[[CHANGE:.*]] = synapse.node "sub_fwd_f32"(%[[NEW]]
    %change = synapse.node "sub_fwd_f32"(%new, %w) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    // CHECK: %[[COPY:.*]] = synapse.node "memcpy"(%[[NEW]])
    // CHECK: synapse.store @w, %[[COPY]]
    synapse.store @w, %new : tensor<8xf32>
    // CHECK: synapse.control %[[CHANGE]], %[[COPY]]
    synapse.yield %change : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

synapse.variable @w : tensor<8x8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// A product cannot write over its own operand.
// CHECK-LABEL: func.func @product_of_itself
func.func @product_of_itself() {
  synapse.graph "g"() : () -> () {
    %w = synapse.read @w : tensor<8x8xf32>
    // CHECK: %[[NEW:.*]] = synapse.node "gemm"
    %new = synapse.node "gemm"(%w, %w) : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    // CHECK-NEXT: %[[COPY:.*]] = synapse.node "memcpy"(%[[NEW]])
    // CHECK-NEXT: synapse.store @w, %[[COPY]]
    synapse.store @w, %new : tensor<8x8xf32>
    synapse.yield
  }
  return
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// What repeats an operand reads elements again after it has written others.
// CHECK-LABEL: func.func @update_through_reshape
func.func @update_through_reshape(%g: tensor<4x2xf32>) {
  synapse.graph "g"(%g) : (tensor<4x2xf32>) -> () {
  ^bb0(%a: tensor<4x2xf32>):
    %w = synapse.read @w : tensor<8xf32>
    %view = synapse.node "reshape"(%w) : (tensor<8xf32>) -> tensor<4x2xf32>
    %sum = synapse.node "add_fwd_f32"(%view, %a) : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
    // CHECK: %[[NEW:.*]] = synapse.node "reshape"{{.*}} -> tensor<8xf32>
    %new = synapse.node "reshape"(%sum) : (tensor<4x2xf32>) -> tensor<8xf32>
    // CHECK-NEXT: %[[COPY:.*]] = synapse.node "memcpy"(%[[NEW]])
    // CHECK-NEXT: synapse.store @w, %[[COPY]]
    synapse.store @w, %new : tensor<8xf32>
    synapse.yield
  }
  return
}

// -----

synapse.variable @v : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// Two accumulators are zeroed by two nodes.
// CHECK-LABEL: func.func @stored_twice
func.func @stored_twice() {
  synapse.graph "g"() : () -> () {
    // CHECK: %[[A:.*]] = synapse.node "memset"()
    %zero = synapse.node "memset"() : () -> tensor<8xf32>
    // CHECK-NEXT: %[[B:.*]] = synapse.node "memset"()
    // CHECK-NEXT: synapse.store @v, %[[A]]
    synapse.store @v, %zero : tensor<8xf32>
    // CHECK-NEXT: synapse.store @w, %[[B]]
    synapse.store @w, %zero : tensor<8xf32>
    synapse.yield
  }
  return
}

// -----

synapse.variable @v : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// Two variables change places: one of the new values has to wait elsewhere.
// CHECK-LABEL: func.func @exchanged
func.func @exchanged() {
  synapse.graph "g"() : () -> () {
    %v = synapse.read @v : tensor<8xf32>
    %w = synapse.read @w : tensor<8xf32>
    %a = synapse.node "neg_fwd_f32"(%w) : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK: %[[W:.*]] = synapse.node "exp_fwd_f32"
    // CHECK-NEXT: %[[V:.*]] = synapse.node "neg_fwd_f32"
    // CHECK-NEXT: %[[COPY:.*]] = synapse.node "memcpy"(%[[W]])
    %b = synapse.node "exp_fwd_f32"(%v) : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK-NEXT: synapse.store @v, %[[V]]
    synapse.store @v, %a : tensor<8xf32>
    // CHECK: synapse.store @w, %[[COPY]]
    synapse.store @w, %b : tensor<8xf32>
    synapse.yield
  }
  return
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// CHECK-LABEL: func.func @nothing_to_store
func.func @nothing_to_store() {
  synapse.graph "g"() : () -> () {
    %w = synapse.read @w : tensor<8xf32>
    // CHECK-NOT: synapse.store
    synapse.store @w, %w : tensor<8xf32>
    synapse.yield
  }
  return
}

// -----

synapse.variable @w : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// An input, a variable, a result twice, a value that is stored: each output is
// made where it is to be.
// CHECK-LABEL: func.func @outputs
func.func @outputs(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %0:4 = synapse.graph "g"(%x) : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  ^bb0(%a: tensor<8xf32>):
    // CHECK: %[[W:.*]] = synapse.read @w
    %w = synapse.read @w : tensor<8xf32>
    // CHECK-NEXT: %[[A:.*]] = synapse.node "memcpy"(%{{.*}})
    // CHECK-NEXT: %[[B:.*]] = synapse.node "memcpy"(%[[W]])
    // CHECK-NEXT: %[[NEW:.*]] = synapse.node "exp_fwd_f32"
    %new = synapse.node "exp_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK-NEXT: %[[C:.*]] = synapse.node "memcpy"(%[[NEW]])
    // CHECK-NEXT: %[[D:.*]] = synapse.node "memcpy"(%[[NEW]])
    // CHECK-NEXT: synapse.store @w, %[[NEW]]
    // CHECK-NEXT: synapse.control %[[B]], %[[NEW]]
    // CHECK-NEXT: synapse.yield %[[A]], %[[B]], %[[C]], %[[D]]
    synapse.store @w, %new : tensor<8xf32>
    synapse.yield %a, %w, %new, %new : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
  return %0#0, %0#1, %0#2, %0#3 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

func.func @cycle(%x: tensor<8xf32>) {
  // expected-error@+1 {{expected control that data allows, found nodes that wait for each other}}
  synapse.graph "g"(%x) : (tensor<8xf32>) -> () {
  ^bb0(%a: tensor<8xf32>):
    %0 = synapse.node "exp_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
    %1 = synapse.node "neg_fwd_f32"(%0) : (tensor<8xf32>) -> tensor<8xf32>
    synapse.control %1, %0 : tensor<8xf32>, tensor<8xf32>
    synapse.yield
  }
  return
}
