// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of the optimizer steps.

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @short : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @lamb_c1(%x: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  %w = cpu.variable_ref @w : tensor<4xf32>
  %s = cpu.variable_ref @short : tensor<3xf32>
  // expected-error@+1 {{expected accum to be made by cpu.variable_ref}}
  cpu.lamb %w, %w, %w, %x, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @short : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @lamb_c2(%x: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  %w = cpu.variable_ref @w : tensor<4xf32>
  %s = cpu.variable_ref @short : tensor<3xf32>
  // expected-error@+1 {{expected accum of shape 4, found 3}}
  cpu.lamb %w, %w, %w, %s, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<f32>, tensor<i32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @short : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @lamb_c3(%x: tensor<4xf32>, %lr: tensor<1xf32>, %t: tensor<i32>) {
  %w = cpu.variable_ref @w : tensor<4xf32>
  %s = cpu.variable_ref @short : tensor<3xf32>
  // expected-error@+1 {{expected learning_rate of shape scalar, found 1}}
  cpu.lamb %w, %w, %w, %w, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<i32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @short : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @adamw_c1(%x: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  %w = cpu.variable_ref @w : tensor<4xf32>
  %s = cpu.variable_ref @short : tensor<3xf32>
  // expected-error@+1 {{expected accum to be made by cpu.variable_ref}}
  cpu.adamw %w, %w, %w, %x, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @short : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @adamw_c2(%x: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  %w = cpu.variable_ref @w : tensor<4xf32>
  %s = cpu.variable_ref @short : tensor<3xf32>
  // expected-error@+1 {{expected accum of shape 4, found 3}}
  cpu.adamw %w, %w, %w, %s, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<f32>, tensor<i32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @short : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @adamw_c3(%x: tensor<4xf32>, %lr: tensor<1xf32>, %t: tensor<i32>) {
  %w = cpu.variable_ref @w : tensor<4xf32>
  %s = cpu.variable_ref @short : tensor<3xf32>
  // expected-error@+1 {{expected learning_rate of shape scalar, found 1}}
  cpu.adamw %w, %w, %w, %w, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<i32>) -> ()
  return
}
