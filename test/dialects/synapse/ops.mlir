// RUN: %bertc-opt %s | FileCheck %s
// RUN: %bertc-opt %s | %bertc-opt | FileCheck %s
// Every operation is printed the way it is parsed.

// CHECK: synapse.variable @w : tensor<4x8xf32> {decay, init = #synapse<init truncated_normal>, init_value = 2.000000e-02 : f32, offset = 128 : i64, role = #synapse<role weight>, trainable}
synapse.variable @w : tensor<4x8xf32> {decay, init = #synapse<init truncated_normal>, init_value = 0.02 : f32, offset = 128 : i64, role = #synapse<role weight>, trainable}
// CHECK: owner = @w
synapse.variable @"w/adam_m" : tensor<4x8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @w, role = #synapse<role adam_m>}

synapse.variable @"w/accum" : tensor<4x8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @w, role = #synapse<role accum>}

// CHECK-LABEL: func.func @train_step
func.func @train_step(%x: tensor<8x2xf32> {synapse.host_type = tensor<2x8xf32>}) -> tensor<4x2xf32> {
  // CHECK: synapse.all_reduce [@"w/accum"] {bucket = 0 : i32}
  synapse.all_reduce [@"w/accum"] {bucket = 0 : i32}
  // CHECK: synapse.graph "train_step"(%{{.*}}) {result_offsets = array<i64: 256>, workspace_bytes = 1024 : i64} : (tensor<8x2xf32>) -> tensor<4x2xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<8x2xf32>):
  %0 = synapse.graph "train_step"(%x) {result_offsets = array<i64: 256>, workspace_bytes = 1024 : i64} : (tensor<8x2xf32>) -> tensor<4x2xf32> {
  ^bb0(%a: tensor<8x2xf32>):
    // CHECK: synapse.read @w : tensor<8x4xf32>
    %w = synapse.read @w : tensor<8x4xf32>
    // CHECK: synapse.absent : none
    %none = synapse.absent : none
    // CHECK: synapse.node "gemm"(%{{.*}}, %{{.*}}, %{{.*}}) {name = "product", params = {transpose_b = true}, scope = "bert/pooler/MatMul"} : (tensor<8x2xf32>, tensor<8x4xf32>, none) -> tensor<4x2xf32>
    %y = synapse.node "gemm"(%a, %w, %none) {name = "product", params = {transpose_b = true}, scope = "bert/pooler/MatMul"} : (tensor<8x2xf32>, tensor<8x4xf32>, none) -> tensor<4x2xf32>
    // CHECK: synapse.derived dropout_seed {op_id = 3 : i32} : tensor<1xi32>
    %seed = synapse.derived dropout_seed {op_id = 3 : i32} : tensor<1xi32>
    // CHECK: synapse.derived one_minus_power {base = 9.000000e-01 : f64} : tensor<1xf32>
    %bias = synapse.derived one_minus_power {base = 0.9 : f64} : tensor<1xf32>
    // CHECK: synapse.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> -> tensor<1x2xf32>
    %c = synapse.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<1x2xf32>
    %new = synapse.node "mult_fwd_f32"(%w, %bias) : (tensor<8x4xf32>, tensor<1xf32>) -> tensor<8x4xf32>
    // CHECK: synapse.store @w, %{{.*}} : tensor<8x4xf32>
    synapse.store @w, %new : tensor<8x4xf32>
    // CHECK: synapse.control %{{.*}}, %{{.*}} : tensor<4x2xf32>, tensor<8x4xf32>
    synapse.control %y, %new : tensor<4x2xf32>, tensor<8x4xf32>
    // CHECK: synapse.yield %{{.*}} : tensor<4x2xf32>
    synapse.yield %y : tensor<4x2xf32>
  }
  // CHECK: synapse.graph "empty"() : () -> () {
  // CHECK-NEXT: synapse.yield
  synapse.graph "empty"() : () -> () {
    synapse.yield
  }
  return %0 : tensor<4x2xf32>
}
