// RUN: bertc-opt --bert-to-cpu %s -split-input-file -verify-diagnostics

// expected-error@+1 {{'func.func' op is no entry; only entries can be lowered}}
func.func @helper(%x: tensor<4xf32>) {
  return
}

// -----

bert.variable @w : tensor<4xf32> {trainable}
func.func @update_of_no_variable(%lr: tensor<f32> {bert.name = "lr"}, %t: tensor<i32> {bert.name = "t"}, %g: tensor<4xf32> {bert.name = "g"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<4xf32>
  // expected-error@+1 {{expected operand 1 to be read from a variable that does not change before}}
  %0:3 = bert.lamb_update %w, %g, %g, %g, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  bert.assign @w, %0#0 : tensor<4xf32>
  return
}

// -----

bert.variable @w : tensor<4xf32> {trainable}
bert.variable @m : tensor<4xf32> {role = #bert.role<adam_m>, owner = @w}
bert.variable @v : tensor<4xf32> {role = #bert.role<adam_v>, owner = @w}
bert.variable @g : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @accumulator_not_zeroed(%lr: tensor<f32> {bert.name = "lr"}, %t: tensor<i32> {bert.name = "t"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<4xf32>
  %m = bert.read @m : tensor<4xf32>
  %v = bert.read @v : tensor<4xf32>
  %g = bert.read @g : tensor<4xf32>
  // expected-error@+1 {{expected zero to be assigned to @g and nothing else to touch it in between}}
  %0:3 = bert.adamw_update %w, %m, %v, %g, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  bert.assign @w, %0#0 : tensor<4xf32>
  bert.assign @m, %0#1 : tensor<4xf32>
  bert.assign @v, %0#2 : tensor<4xf32>
  return
}

// -----

func.func @integer_argmax(%x: tensor<4xi32> {bert.name = "x"}) -> (tensor<i32> {bert.name = "y"}) attributes {bert.entry} {
  // expected-error@+1 {{of integers cannot be lowered to the cpu target; cast to f32 first}}
  %0 = bert.argmax %x : (tensor<4xi32>) -> tensor<i32>
  return %0 : tensor<i32>
}
