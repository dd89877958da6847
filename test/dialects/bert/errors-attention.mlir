// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @attention_c1(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xbf16>) {
  // expected-error @below {{'bert.attention' op expected q, k and v to have the same element type, found 'f32', 'f32' and 'bf16'}}
  %y:2 = bert.attention %q, %k, %v {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xbf16>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)
  return
}

// -----

func.func @attention_c2(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x6x4xf32>) {
  // expected-error @below {{'bert.attention' op expected q to be [B,A,S,D], and k and v [B,A,T,D], found 2x3x5x4, 2x3x7x4 and 2x3x6x4}}
  %y:2 = bert.attention %q, %k, %v {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x6x4xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)
  return
}

// -----

func.func @attention_c3(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %mask: tensor<2x1x7x5xf32>) {
  // expected-error @below {{'bert.attention' op expected mask to be 2x1x1x7 or 2x1x5x7 of the element type of q, found 'tensor<2x1x7x5xf32>'}}
  %y:2 = bert.attention %q, %k, %v mask %mask {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x1x7x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)
  return
}

// -----

func.func @attention_c4(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %ranges: tensor<2x7x2xi32>) {
  // expected-error @below {{'bert.attention' op expected ranges to be 2x5x2, found 2x7x2}}
  %y:2 = bert.attention %q, %k, %v ranges %ranges {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x7x2xi32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)
  return
}

// -----

func.func @attention_c5(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %rng: tensor<4xi32>) {
  // expected-error @below {{'bert.attention' op expected rate to lie in [0, 1), found 1.500000e+00}}
  %y:2 = bert.attention %q, %k, %v rng %rng {scale = 0.5 : f32, rate = 1.5 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<4xi32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)
  return
}

// -----

func.func @attention_c6(%q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>) {
  // expected-error @below {{'bert.attention' op expected rng, as rate is 5.000000e-01}}
  %y:2 = bert.attention %q, %k, %v {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)
  return
}

// -----

func.func @attention_grad_c1(%d: tensor<2x3x5x4xbf16>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>) {
  // expected-error @below {{'bert.attention_grad' op expected dout, q, k and v to have the same element type, found 'bf16', 'f32', 'f32' and 'f32'}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xbf16>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c2(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x6x4xf32>, %l: tensor<2x3x5xf32>) {
  // expected-error @below {{'bert.attention_grad' op expected q to be [B,A,S,D], and k and v [B,A,T,D], found 2x3x5x4, 2x3x7x4 and 2x3x6x4}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x6x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x6x4xf32>)
  return
}

// -----

func.func @attention_grad_c3(%d: tensor<2x3x7x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>) {
  // expected-error @below {{'bert.attention_grad' op expected dout to have the shape of q, 2x3x5x4, found 2x3x7x4}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x7x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c4(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x7xf32>) {
  // expected-error @below {{'bert.attention_grad' op expected lse to be 'tensor<2x3x5xf32>', found 'tensor<2x3x7xf32>'}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c5(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>, %mask: tensor<2x1x1x7xbf16>) {
  // expected-error @below {{'bert.attention_grad' op expected mask to be 2x1x1x7 or 2x1x5x7 of the element type of q, found 'tensor<2x1x1x7xbf16>'}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l mask %mask {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>, tensor<2x1x1x7xbf16>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c6(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>, %ranges: tensor<2x5x3xi32>) {
  // expected-error @below {{'bert.attention_grad' op expected ranges to be 2x5x2, found 2x5x3}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l ranges %ranges {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>, tensor<2x5x3xi32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c7(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>) {
  // expected-error @below {{'bert.attention_grad' op expected rate to lie in [0, 1), found -1.000000e+00}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = -1.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}

// -----

func.func @attention_grad_c8(%d: tensor<2x3x5x4xf32>, %q: tensor<2x3x5x4xf32>, %k: tensor<2x3x7x4xf32>, %v: tensor<2x3x7x4xf32>, %l: tensor<2x3x5xf32>) {
  // expected-error @below {{'bert.attention_grad' op expected rng, as rate is 5.000000e-01}}
  %y:3 = bert.attention_grad %d, %q, %k, %v, %l {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x5xf32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x7x4xf32>, tensor<2x3x7x4xf32>)
  return
}
