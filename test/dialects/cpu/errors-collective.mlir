// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of the steps in which workers exchange accumulators.

func.func @all_reduce_c1(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected variables to be made by cpu.variable_ref}}
  cpu.all_reduce %x {bucket = 0 : i32} : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @all_reduce_c2() {
  // expected-error@+1 {{expected at least one variable}}
  cpu.all_reduce {bucket = 0 : i32} : () -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @a : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role accum>}
func.func @all_reduce_c3() {
  %a = cpu.variable_ref @a : tensor<4xf32>
  // expected-error@+1 {{expected bucket of at least 0, found -2}}
  cpu.all_reduce %a {bucket = -2 : i32} : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @all_reduce_settle_c1(%s: tensor<f32>, %x: tensor<4xf32>) {
  // expected-error@+1 {{expected variables to be made by cpu.variable_ref}}
  cpu.all_reduce_settle %s, %x, %x, %x {bucket_sizes = array<i32: 1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @a : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role accum>}
func.func @all_reduce_settle_c2(%s: tensor<f32>, %x: tensor<4xf32>, %g: tensor<2xf32>) {
  %a = cpu.variable_ref @a : tensor<4xf32>
  // expected-error@+1 {{expected grad of shape 4, found 2}}
  cpu.all_reduce_settle %s, %a, %x, %g {bucket_sizes = array<i32: 1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<2xf32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @a : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role accum>}
func.func @all_reduce_settle_c3(%s: tensor<1xf32>, %x: tensor<4xf32>) {
  %a = cpu.variable_ref @a : tensor<4xf32>
  // expected-error@+1 {{expected scale of shape scalar, found 1}}
  cpu.all_reduce_settle %s, %a, %x, %x {bucket_sizes = array<i32: 1>} : (tensor<1xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @a : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role accum>}
func.func @all_reduce_settle_c4(%s: tensor<f32>, %x: tensor<4xf32>) {
  %a = cpu.variable_ref @a : tensor<4xf32>
  // expected-error@+1 {{expected positive bucket_sizes that add up to 1, found array<i32: 1, 1>}}
  cpu.all_reduce_settle %s, %a, %x, %x {bucket_sizes = array<i32: 1, 1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> ()
  return
}
