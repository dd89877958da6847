// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @attention_c1(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x6x4xf32>) {
  // expected-error @below {{'cpu.attention' op expected v of shape 2x3x7x4, found 2x3x6x4}}
  %y = cpu.attention %q, %k, %v {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x6x4xf32>) -> tensor<2x3x5x4xf32>
  return
}

// -----

func.func @attention_c2(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %mask: tensor<2x1x7x5xf32>) {
  // expected-error @below {{'cpu.attention' op expected mask of shape [B,1,1,T] or [B,1,S,T], found 2x1x7x5}}
  %y = cpu.attention %q, %k, %v mask %mask {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x1x7x5xf32>) -> tensor<2x3x5x4xf32>
  return
}

// -----

func.func @attention_c3(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %ranges: tensor<2x7x2xi32>) {
  // expected-error @below {{'cpu.attention' op expected ranges of shape 2x5x2, found 2x7x2}}
  %y = cpu.attention %q, %k, %v ranges %ranges {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x7x2xi32>) -> tensor<2x3x5x4xf32>
  return
}

// -----

func.func @attention_c4(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %rng: tensor<3xi32>) {
  // expected-error @below {{'cpu.attention' op expected rng of shape 4, found 3}}
  %y = cpu.attention %q, %k, %v rng %rng {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<3xi32>) -> tensor<2x3x5x4xf32>
  return
}

// -----

func.func @attention_c5(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>) {
  // expected-error @below {{'cpu.attention' op expected lse of shape 2x3x5, found 2x3x7}}
  %y:2 = cpu.attention %q, %k, %v {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7xf32>)
  return
}

// -----

func.func @attention_c6(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>) {
  // expected-error @below {{'cpu.attention' op expected a rate in [0, 1), found 1.5}}
  %y = cpu.attention %q, %k, %v {scale = 0.5 : f32, rate = 1.5 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>) -> tensor<2x3x5x4xf32>
  return
}

// -----

func.func @attention_grad_c1(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>) {
  // expected-error @below {{'cpu.attention_grad' op expected dk of shape 2x3x7x4, found 2x3x5x4}}
  %y:3 = cpu.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c2(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>, %mask: tensor<2x1x7x5xf32>) {
  // expected-error @below {{'cpu.attention_grad' op expected mask of shape [B,1,1,T] or [B,1,S,T], found 2x1x7x5}}
  %y:3 = cpu.attention_grad %d, %q, %k, %v, %l mask %mask {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>, tensor<2x1x7x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c3(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>, %ranges: tensor<2x7x2xi32>) {
  // expected-error @below {{'cpu.attention_grad' op expected ranges of shape 2x5x2, found 2x7x2}}
  %y:3 = cpu.attention_grad %d, %q, %k, %v, %l ranges %ranges {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>, tensor<2x7x2xi32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c4(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>, %rng: tensor<3xi32>) {
  // expected-error @below {{'cpu.attention_grad' op expected rng of shape 4, found 3}}
  %y:3 = cpu.attention_grad %d, %q, %k, %v, %l rng %rng {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>, tensor<3xi32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c5(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x7xf32>) {
  // expected-error @below {{'cpu.attention_grad' op expected lse of shape 2x3x5, found 2x3x7}}
  %y:3 = cpu.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = 0.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c6(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>) {
  // expected-error @below {{'cpu.attention_grad' op expected a rate in [0, 1), found -1}}
  %y:3 = cpu.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = -1.0 : f32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @gelu_backward_c1(%x: tensor<4x8xf32>, %dy: tensor<8x4xf32>) {
  // expected-error @below {{'cpu.gelu_backward' op expected dy of shape 4x8, found 8x4}}
  %y:3 = cpu.gelu_backward gelu_erf %dy, %x : (tensor<8x4xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @gelu_backward_c2(%x: tensor<4x8xf32>) {
  // expected-error @below {{'cpu.gelu_backward' op expected dbias of shape 8, found 4}}
  %y:3 = cpu.gelu_backward gelu_erf %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xf32>)
  return
}

// -----

func.func @gelu_backward_c3(%x: tensor<4x8xf32>) {
  // expected-error @below {{'cpu.gelu_backward' op expected kind gelu_erf or gelu_tanh, found relu}}
  %y:3 = cpu.gelu_backward relu %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @gelu_with_derivative_c1(%x: tensor<4x8xf32>) {
  // expected-error @below {{'cpu.gelu_with_derivative' op expected derivative of shape 4x8, found 8x4}}
  %y:2 = cpu.gelu_with_derivative gelu_erf %x : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @gelu_with_derivative_c2(%x: tensor<4x8xf32>) {
  // expected-error @below {{'cpu.gelu_with_derivative' op expected kind gelu_erf or gelu_tanh, found relu}}
  %y:2 = cpu.gelu_with_derivative relu %x : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @cross_entropy_c1(%x: tensor<4x8xf32>, %l: tensor<3xi32>) {
  // expected-error @below {{'cpu.cross_entropy' op expected labels of shape 4, found 3}}
  %y:2 = cpu.cross_entropy %x, %l : (tensor<4x8xf32>, tensor<3xi32>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @cross_entropy_grad_c1(%d: tensor<4xf32>, %x: tensor<4x8xf32>, %s: tensor<3xf32>, %l: tensor<4xi32>) {
  // expected-error @below {{'cpu.cross_entropy_grad' op expected lse of shape 4, found 3}}
  %y = cpu.cross_entropy_grad %d, %x, %s, %l : (tensor<4xf32>, tensor<4x8xf32>, tensor<3xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @matmul_c5(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>) {
  // expected-error @below {{'cpu.matmul' op expected activation gelu_erf, gelu_tanh, relu or tanh, found neg}}
  %y = cpu.matmul %a, %b {activation = #cpu<unary_kind neg>} : (tensor<4x8xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @gather_grad_c3(%d: tensor<2x8xf32>, %i: tensor<2xi32>) {
  %t = cpu.fill {value = 0.0 : f64} : () -> tensor<10x8xf32>
  // expected-error @below {{'cpu.gather_grad' op expected base to be dense and have the type of the result, found 'tensor<10x8xf32>'}}
  %y = cpu.gather_grad %d, %i base %t {batch_dims = 0 : i64} : (tensor<2x8xf32>, tensor<2xi32>, tensor<10x8xf32>) -> tensor<9x8xf32>
  return
}

// -----

func.func @gather_grad_c4(%d: tensor<2x8xf32>, %i: tensor<2xi32>) -> tensor<9x8xf32> {
  %t = cpu.fill {value = 0.0 : f64} : () -> tensor<9x8xf32>
  // expected-error @below {{'cpu.gather_grad' op expected base to have no other user}}
  %y = cpu.gather_grad %d, %i base %t {batch_dims = 0 : i64} : (tensor<2x8xf32>, tensor<2xi32>, tensor<9x8xf32>) -> tensor<9x8xf32>
  return %t : tensor<9x8xf32>
}

// -----

func.func @gather_grad_c5(%d: tensor<2x8xf32>, %i: tensor<2xi32>, %t: tensor<9x8xf32>) {
  // expected-error @below {{'cpu.gather_grad' op expected base to be made by a step}}
  %y = cpu.gather_grad %d, %i base %t {batch_dims = 0 : i64} : (tensor<2x8xf32>, tensor<2xi32>, tensor<9x8xf32>) -> tensor<9x8xf32>
  return
}

// -----

func.func @gather_grad_c6(%d: tensor<2x8xbf16>, %i: tensor<2xi32>) {
  // expected-error @below {{'cpu.gather_grad' op expected the result of element type 'f32', found 'bf16'}}
  %y = cpu.gather_grad %d, %i {batch_dims = 0 : i64} : (tensor<2x8xbf16>, tensor<2xi32>) -> tensor<9x8xbf16>
  return
}

// -----

// A base of another float type.
func.func @gather_grad_c3_bf16(%d: tensor<2x8xbf16>, %i: tensor<2xi32>) {
  %t = cpu.fill {value = 0.0 : f64} : () -> tensor<9x8xbf16>
  // expected-error @below {{'cpu.gather_grad' op expected base to be dense and have the type of the result, found 'tensor<9x8xbf16>'}}
  %y = cpu.gather_grad %d, %i base %t {batch_dims = 0 : i64} : (tensor<2x8xbf16>, tensor<2xi32>, tensor<9x8xbf16>) -> tensor<9x8xf32>
  return
}
