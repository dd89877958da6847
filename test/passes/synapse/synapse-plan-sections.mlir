// RUN: %bertc-opt %s -synapse-plan-sections -split-input-file -verify-diagnostics | FileCheck %s
// Places, names and the refusal of what does not fit.

// CHECK: module @places attributes {synapse.arena_bytes = 640 : i64, synapse.device = "gaudi", synapse.device_bytes = 1664 : i64, synapse.state_bytes = 384 : i64}
module @places attributes {synapse.device = "gaudi"} {
// Weights first, then accumulators, each at a multiple of 128 bytes.
// CHECK: synapse.variable @"v/accum" {{.*}}offset = 256 : i64
synapse.variable @"v/accum" : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @v, role = #synapse<role accum>}
// CHECK: synapse.variable @v {{.*}}offset = 0 : i64
synapse.variable @v : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// CHECK: synapse.variable @w {{.*}}offset = 128 : i64
synapse.variable @w : tensor<4x8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// CHECK: func.func @f(%{{.*}}: tensor<8xf32> {synapse.offset = 0 : i64}, %{{.*}}: tensor<4xi32> {synapse.offset = 128 : i64}) -> tensor<8xf32> attributes {synapse.arena_bytes = 640 : i64}
func.func @f(%x: tensor<8xf32>, %i: tensor<4xi32>) -> tensor<8xf32> {
  // CHECK: synapse.graph "f.0"(%{{.*}}) {result_offsets = array<i64: 384, 512>, workspace_bytes = 128 : i64}
  %0:2 = synapse.graph "f.0"(%x) : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  ^bb0(%a: tensor<8xf32>):
    // CHECK: name = "s/exp_fwd_f32", scope = "s"
    %1 = synapse.node "exp_fwd_f32"(%a) {scope = "s"} : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK: name = "s/exp_fwd_f32_1", scope = "s"
    %2 = synapse.node "exp_fwd_f32"(%1) {scope = "s"} : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK: name = "exp_fwd_f32"
    %3 = synapse.node "exp_fwd_f32"(%2) : (tensor<8xf32>) -> tensor<8xf32>
    // CHECK: name = "mine"
    %4 = synapse.node "exp_fwd_f32"(%2) {name = "mine"} : (tensor<8xf32>) -> tensor<8xf32>
    synapse.yield %3, %4 : tensor<8xf32>, tensor<8xf32>
  }
  // The second use of the memory of what died in between.
  // CHECK: synapse.graph "f.1"{{.*}} {result_offsets = array<i64: 256>, workspace_bytes = 0 : i64}
  %5 = synapse.graph "f.1"(%0#0, %0#1) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
    %6 = synapse.node "add_fwd_f32"(%a, %b) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    synapse.yield %6 : tensor<8xf32>
  }
  return %5 : tensor<8xf32>
}
// CHECK: func.func @workspace
func.func @workspace() {
  // A product and its sums live at once; elementwise results take the place of
  // their operand, and the reshape has none. 128 bytes more are for the number
  // of the host and the constant.
  // CHECK: synapse.graph "workspace"() {result_offsets = array<i64>, workspace_bytes = 384 : i64}
  synapse.graph "workspace"() : () -> () {
    %c = synapse.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
    %p = synapse.derived one_minus_power {base = 0.9 : f64} : tensor<1xf32>
    %w = synapse.read @w : tensor<8x4xf32>
    %1 = synapse.node "gemm"(%w, %w) {params = {transpose_a = true}} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x8xf32>
    %2 = synapse.node "reduce_sum_multi_dim_fwd_f32"(%1) {params = {mask = 2 : i32, keepDim = false}} : (tensor<8x8xf32>) -> tensor<8xf32>
    %3 = synapse.node "neg_fwd_f32"(%2) : (tensor<8xf32>) -> tensor<8xf32>
    %4 = synapse.node "reshape"(%3) : (tensor<8xf32>) -> tensor<2x4xf32>
    %5 = synapse.node "mult_fwd_f32"(%4, %p) : (tensor<2x4xf32>, tensor<1xf32>) -> tensor<2x4xf32>
    synapse.yield
  }
  return
}
}

// -----

// expected-error@+1 {{expected synapse.device to be gaudi or gaudi2}}
module @no_device {
}

// -----

module @kernel_of_gaudi2 attributes {synapse.device = "gaudi"} {
func.func @f(%x: tensor<8x5xf32>, %i: tensor<8x5xi32>) {
  synapse.graph "f"(%x, %i) : (tensor<8x5xf32>, tensor<8x5xi32>) -> () {
  ^bb0(%a: tensor<8x5xf32>, %b: tensor<8x5xi32>):
    // expected-error@+1 {{"unsorted_scatter_add_fwd_f32": expected a kernel that gaudi has, found one of gaudi2}}
    %0 = synapse.node "unsorted_scatter_add_fwd_f32"(%a, %b, %a) {params = {axis = 1 : i32}} : (tensor<8x5xf32>, tensor<8x5xi32>, tensor<8x5xf32>) -> tensor<8x5xf32>
    synapse.yield
  }
  return
}
}

// -----

// CHECK: module @kernel_of_both
module @kernel_of_both attributes {synapse.device = "gaudi2"} {
// CHECK: unsorted_scatter_add_fwd_f32{{.*}}name =
func.func @f(%x: tensor<8x5xf32>, %i: tensor<8x5xi32>) {
  synapse.graph "f"(%x, %i) : (tensor<8x5xf32>, tensor<8x5xi32>) -> () {
  ^bb0(%a: tensor<8x5xf32>, %b: tensor<8x5xi32>):
    %0 = synapse.node "unsorted_scatter_add_fwd_f32"(%a, %b, %a) {params = {axis = 1 : i32}} : (tensor<8x5xf32>, tensor<8x5xi32>, tensor<8x5xf32>) -> tensor<8x5xf32>
    synapse.yield
  }
  return
}
}

// -----

module @output_that_no_graph_makes attributes {synapse.device = "gaudi2"} {
func.func @f(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error@+1 {{expected results of graphs, each once: synapse-order-updates has to run before}}
  return %x : tensor<8xf32>
}
}

// -----

// expected-error@+1 {{the memory of gaudi is 34359738368 bytes; this needs 38654705920: variables 17179869184, inputs, outputs and what graphs hand on 17179869312, workspace of "big" 4294967296, constants 0, numbers of the host 128; make --batch-size smaller}}
module @too_large attributes {synapse.device = "gaudi"} {
synapse.variable @w : tensor<65536x65536xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
func.func @f(%x: tensor<1xf32>) -> tensor<65536x65536xf32> {
  %0 = synapse.graph "big"(%x) : (tensor<1xf32>) -> tensor<65536x65536xf32> {
  ^bb0(%a: tensor<1xf32>):
    %p = synapse.derived one_minus_power {base = 0.9 : f64} : tensor<1xf32>
    %w = synapse.read @w : tensor<65536x65536xf32>
    %1 = synapse.node "equal_fwd_f32"(%w, %p) : (tensor<65536x65536xf32>, tensor<1xf32>) -> tensor<65536x65536xi8>
    %2 = synapse.node "cast_i8_to_f32"(%1) : (tensor<65536x65536xi8>) -> tensor<65536x65536xf32>
    synapse.yield %2 : tensor<65536x65536xf32>
  }
  return %0 : tensor<65536x65536xf32>
}
}
