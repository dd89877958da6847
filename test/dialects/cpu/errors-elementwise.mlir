// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of elementwise steps and reductions.

func.func @unary_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected the result of shape 4x8, found 8x4}}
  %0 = cpu.unary tanh %x : (tensor<4x8xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @unary_c2(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected the result of element type 'f32', found 'i32'}}
  %0 = cpu.unary copy %x : (tensor<4xf32>) -> tensor<4xi32>
  return
}

// -----

func.func @unary_c3(%x: tensor<4xi32>) {
  // expected-error@+1 {{expected floats for exp, found 'i32'}}
  %0 = cpu.unary exp %x : (tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @binary_c1(%x: tensor<4xf32>, %y: tensor<f32>) {
  // expected-error@+1 {{expected a result of shape 4, found 2x4}}
  %0 = cpu.binary add %x, %y : (tensor<4xf32>, tensor<f32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @binary_c2(%x: tensor<4xf32>, %y: tensor<4xi32>) {
  // expected-error@+1 {{expected y of element type 'f32', found 'i32'}}
  %0 = cpu.binary add %x, %y : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @binary_c3(%x: tensor<4xi32>) {
  // expected-error@+1 {{expected floats for relu_grad, found 'i32'}}
  %0 = cpu.binary relu_grad %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @compare_c1(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{expected operands that broadcast, found 4 and 3}}
  %0 = cpu.compare eq %x, %y : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xi1>
  return
}

// -----

func.func @compare_c2(%x: tensor<4xf32>, %y: tensor<4xi32>) {
  // expected-error@+1 {{expected y of element type 'f32', found 'i32'}}
  %0 = cpu.compare eq %x, %y : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xi1>
  return
}

// -----

func.func @select_c1(%c: tensor<2x4xi1>, %x: tensor<4xf32>) {
  // expected-error@+1 {{expected a result of shape 2x4, found 4}}
  %0 = cpu.select %c, %x, %x : (tensor<2x4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @select_c2(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xi32>) {
  // expected-error@+1 {{expected y of element type 'f32', found 'i32'}}
  %0 = cpu.select %c, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @fill_c1() {
  // expected-error@+1 {{expected a dense result, found 'tensor<2xf32, #cpu.layout<strides = [2], offset = 0>>'}}
  %0 = cpu.fill {value = 0.0 : f64} : () -> tensor<2xf32, #cpu.layout<strides = [2], offset = 0>>
  return
}

// -----

func.func @reduce_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected distinct, ascending axes below 2, found 1, 0}}
  %0 = cpu.reduce sum %x {axes = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<f32>
  return
}

// -----

func.func @reduce_c2(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected the result of shape 8, found 4}}
  %0 = cpu.reduce sum %x {axes = array<i64: 0>} : (tensor<4x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_c3(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected the result of element type 'f32', found 'i32'}}
  %0 = cpu.reduce sum %x {axes = array<i64: 0>} : (tensor<4x8xf32>) -> tensor<8xi32>
  return
}

// -----

func.func @arg_max_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected the result of shape 4, found 8}}
  %0 = cpu.arg_max %x : (tensor<4x8xf32>) -> tensor<8xi32>
  return
}

// -----

func.func @l2_loss_c1(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected the result of shape scalar, found 1}}
  %0 = cpu.l2_loss %x : (tensor<4xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @add_n_c1(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{expected operands of shape 4, found 3}}
  %0 = cpu.add_n %x, %y : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}
