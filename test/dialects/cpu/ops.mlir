// RUN: %bertc-opt %s | FileCheck %s
// RUN: %bertc-opt %s | %bertc-opt | FileCheck %s
// Every operation is printed the way it is parsed.

// CHECK: cpu.variable @w : tensor<8x4xf32> {decay, init = #cpu<init truncated_normal>, init_value = 2.000000e-02 : f32, offset = 64 : i64, role = #cpu<role weight>, trainable}
cpu.variable @w : tensor<8x4xf32> {decay, init = #cpu<init truncated_normal>, init_value = 0.02 : f32, offset = 64 : i64, role = #cpu<role weight>, trainable}
// CHECK: owner = @w
cpu.variable @"w/adam_m" : tensor<8x4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role adam_m>}
cpu.variable @"w/adam_v" : tensor<8x4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role adam_v>}
cpu.variable @"w/accum" : tensor<8x4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role accum>}
// CHECK: cpu.packed_weight @"w/packed" of @w {max_bytes = 128 : i64, rows = 64 : i64, transposed}
cpu.packed_weight @"w/packed" of @w {max_bytes = 128 : i64, rows = 64 : i64, transposed}

// CHECK-LABEL: @storage
func.func @storage(%x: tensor<2x3xf32>) {
  // CHECK: cpu.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %c = cpu.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // CHECK: cpu.view %{{.*}} : (tensor<2x3xf32>) -> tensor<3x2xf32, #cpu.layout<strides = [1, 3], offset = 0>>
  %t = cpu.view %x : (tensor<2x3xf32>) -> tensor<3x2xf32, #cpu.layout<strides = [1, 3], offset = 0>>
  // CHECK: tensor<f32, #cpu.layout<strides = [], offset = 5>>
  %s = cpu.view %x : (tensor<2x3xf32>) -> tensor<f32, #cpu.layout<strides = [], offset = 5>>
  // CHECK: cpu.empty : tensor<4x3xf32>
  %e = cpu.empty : tensor<4x3xf32>
  // CHECK: cpu.insert %{{.*}}, %{{.*}} {window = #cpu.layout<strides = [3, 1], offset = 6>}
  %r = cpu.insert %x, %e {window = #cpu.layout<strides = [3, 1], offset = 6>} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return
}

// CHECK-LABEL: @matmul
func.func @matmul(%a: tensor<5x4xf32>, %bias: tensor<8xf32>, %c: tensor<5x8xf32>) {
  %w = cpu.packed_ref @"w/packed" : tensor<4x8xf32>
  // CHECK: cpu.matmul %{{.*}}, %{{.*}} bias %{{.*}} residual %{{.*}} {scale = 5.000000e-01 : f32, scope = "a/MatMul"}
  %0 = cpu.matmul %a, %w bias %bias residual %c {scale = 0.5 : f32, scope = "a/MatMul"} : (tensor<5x4xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  // CHECK: cpu.matmul %{{.*}}, %{{.*}} accumulator %{{.*}} {offsets = array<i64: 128>}
  %1 = cpu.matmul %a, %w accumulator %c {offsets = array<i64: 128>} : (tensor<5x4xf32>, tensor<4x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<4x8xf32>, %y: tensor<8xf32>) {
  // CHECK: cpu.unary{{ +}}gelu_erf
  %0 = cpu.unary gelu_erf %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: cpu.binary{{ +}}tanh_grad
  %1 = cpu.binary tanh_grad %0, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: cpu.compare{{ +}}ge
  %2 = cpu.compare ge %x, %y : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xi1>
  // CHECK: cpu.select
  %3 = cpu.select %2, %x, %y : (tensor<4x8xi1>, tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  // CHECK: cpu.fill {{ *}}{value = 1.000000e+00 : f64}
  %4 = cpu.fill {value = 1.0 : f64} : () -> tensor<4x8xf32>
  // CHECK: cpu.reduce{{ +}}mean %{{.*}} {axes = array<i64: 0>, keep_dims}
  %5 = cpu.reduce mean %x {axes = array<i64: 0>, keep_dims} : (tensor<4x8xf32>) -> tensor<1x8xf32>
  // CHECK: cpu.arg_max
  %6 = cpu.arg_max %x : (tensor<4x8xf32>) -> tensor<4xi32>
  // CHECK: cpu.l2_loss
  %7 = cpu.l2_loss %x : (tensor<4x8xf32>) -> tensor<f32>
  // CHECK: cpu.add_n
  %8 = cpu.add_n %x, %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: @model
func.func @model(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %rng: tensor<4xi32>, %i: tensor<4xi32>) {
  // CHECK: cpu.dropout %{{.*}}, %{{.*}} {op_id = 3 : i32, rate = 1.000000e-01 : f32}
  %0 = cpu.dropout %x, %rng {op_id = 3 : i32, rate = 0.1 : f32} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  // CHECK: cpu.softmax %{{.*}} mask %{{.*}} rng %{{.*}} {
  %1:2 = cpu.softmax %x mask %x rng %rng {op_id = 1 : i32, rate = 0.5 : f32, scale = 0.125 : f32} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xi32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
  // CHECK: cpu.softmax_grad %{{.*}}, %{{.*}} rng
  %2 = cpu.softmax_grad %x, %1#0 rng %rng {op_id = 1 : i32, rate = 0.5 : f32} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  // CHECK: cpu.layer_norm %{{.*}}, %{{.*}}, %{{.*}} residual %{{.*}} rng
  %3:4 = cpu.layer_norm %x, %g, %g residual %0 rng %rng {eps = 1.0e-12 : f32, op_id = 2 : i32, rate = 0.1 : f32} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4x8xf32>, tensor<4xi32>) -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>)
  // CHECK: cpu.layer_norm_grad
  %4:3 = cpu.layer_norm_grad %x, %3#3, %g, %3#1, %3#2 : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  // CHECK: cpu.gather
  %5 = cpu.gather %x, %i {batch_dims = 0 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  // CHECK: cpu.gather_grad
  %6 = cpu.gather_grad %5, %i {batch_dims = 0 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<30x8xf32>
  // CHECK: cpu.log_softmax
  %7 = cpu.log_softmax %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: cpu.log_softmax_grad
  %8 = cpu.log_softmax_grad %x, %7 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: cpu.nll
  %9 = cpu.nll %7, %i : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4xf32>
  // CHECK: cpu.nll_grad
  %10 = cpu.nll_grad %9, %i : (tensor<4xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: @updates
func.func @updates(%x: tensor<8x4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  %w = cpu.variable_ref @w : tensor<8x4xf32>
  %m = cpu.variable_ref @"w/adam_m" : tensor<8x4xf32>
  %v = cpu.variable_ref @"w/adam_v" : tensor<8x4xf32>
  %g = cpu.variable_ref @"w/accum" : tensor<8x4xf32>
  // CHECK: cpu.assign %{{.*}}, %{{.*}} : (tensor<8x4xf32>, tensor<8x4xf32>) -> ()
  cpu.assign %w, %x : (tensor<8x4xf32>, tensor<8x4xf32>) -> ()
  // CHECK: cpu.assign_add %{{.*}}, %{{.*}} scale %{{.*}}
  cpu.assign_add %g, %x scale %lr : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>) -> ()
  // CHECK: cpu.lamb
  cpu.lamb %w, %m, %v, %g, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<i32>) -> ()
  // CHECK: cpu.adamw
  cpu.adamw %w, %m, %v, %g, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<i32>) -> ()
  return
}
