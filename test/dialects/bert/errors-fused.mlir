// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @matmul_bias_c1(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<4xbf16>) {
  // expected-error @below {{'bert.matmul_bias' op expected a, b and bias to have the same element type, found 'f32', 'f32' and 'bf16'}}
  %y = bert.matmul_bias %a, %b, %c : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<4xbf16>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_bias_c2(%a: tensor<2x3xf32>, %b: tensor<4x4xf32>, %c: tensor<4xf32>) {
  // expected-error @below {{'bert.matmul_bias' op expected a and b to agree on K, found 3 in a and 4 in b}}
  %y = bert.matmul_bias %a, %b, %c : (tensor<2x3xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_bias_c3(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<3xf32>) {
  // expected-error @below {{'bert.matmul_bias' op expected bias to have the size N of the product, 4, found 3}}
  %y = bert.matmul_bias %a, %b, %c : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @attention_softmax_c1(%s: tensor<2x3x5x7xf32>, %m: tensor<2x1x1x7xbf16>) {
  // expected-error @below {{'bert.attention_softmax' op expected scores and mask to have the same element type, found 'f32' and 'bf16'}}
  %y:2 = bert.attention_softmax %s, %m {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x7xf32>, tensor<2x1x1x7xbf16>) -> (tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>)
  return
}

// -----

func.func @attention_softmax_c2(%s: tensor<2x3x5x7xf32>, %m: tensor<2x1x7x5xf32>) {
  // expected-error @below {{'bert.attention_softmax' op expected mask to be 2x1x1x7 or 2x1x5x7, found 2x1x7x5}}
  %y:2 = bert.attention_softmax %s, %m {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x5x7xf32>, tensor<2x1x7x5xf32>) -> (tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>)
  return
}

// -----

func.func @attention_softmax_c3(%s: tensor<2x3x5x7xf32>, %m: tensor<2x1x1x7xf32>) {
  // expected-error @below {{'bert.attention_softmax' op expected rate to lie in [0, 1), found 1.500000e+00}}
  %y:2 = bert.attention_softmax %s, %m {scale = 0.5 : f32, rate = 1.5 : f32, op_id = 1 : i32} : (tensor<2x3x5x7xf32>, tensor<2x1x1x7xf32>) -> (tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>)
  return
}

// -----

func.func @attention_softmax_c4(%s: tensor<2x3x5x7xf32>, %m: tensor<2x1x5x7xf32>) {
  // expected-error @below {{'bert.attention_softmax' op expected rng, as rate is 5.000000e-01}}
  %y:2 = bert.attention_softmax %s, %m {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x3x5x7xf32>, tensor<2x1x5x7xf32>) -> (tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>)
  return
}

// -----

func.func @attention_softmax_grad_c1(%d: tensor<2x3x7x5xf32>, %s: tensor<2x3x5x7xf32>) {
  // expected-error @below {{'bert.attention_softmax_grad' op expected ddropped and softmax to have the same type, found 'tensor<2x3x7x5xf32>' and 'tensor<2x3x5x7xf32>'}}
  %y = bert.attention_softmax_grad %d, %s {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x7x5xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x5x7xf32>
  return
}

// -----

func.func @attention_softmax_grad_c2(%d: tensor<2x3x5x7xf32>, %s: tensor<2x3x5x7xf32>) {
  // expected-error @below {{'bert.attention_softmax_grad' op expected rate to lie in [0, 1), found -5.000000e-01}}
  %y = bert.attention_softmax_grad %d, %s {scale = 0.5 : f32, rate = -0.5 : f32, op_id = 1 : i32} : (tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x5x7xf32>
  return
}

// -----

func.func @attention_softmax_grad_c3(%d: tensor<2x3x5x7xf32>, %s: tensor<2x3x5x7xf32>) {
  // expected-error @below {{'bert.attention_softmax_grad' op expected rng, as rate is 5.000000e-01}}
  %y = bert.attention_softmax_grad %d, %s {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x3x5x7xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x5x7xf32>
  return
}

// -----

func.func @residual_layer_norm_c1(%x: tensor<2x4xf32>, %r: tensor<2x3xf32>, %g: tensor<4xf32>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected x and residual to have the same type, found 'tensor<2x4xf32>' and 'tensor<2x3xf32>'}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g {eps = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x3xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_c2(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>, %g: tensor<4xbf16>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected gamma and beta to have the element type of x, 'f32', found 'bf16' and 'bf16'}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g {eps = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xbf16>, tensor<4xbf16>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_c3(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>, %g: tensor<2xf32>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected gamma and beta to have the size of the last dimension of x, 4, found 2 and 2}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g {eps = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_c4(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>, %g: tensor<4xf32>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected eps to be at least 0, found -5.000000e-01}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g {eps = -0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_c5(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>, %g: tensor<4xf32>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected rate to lie in [0, 1), found 1.000000e+00}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g {eps = 0.5 : f32, rate = 1.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_c6(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>, %g: tensor<4xf32>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected rng, as rate is 5.000000e-01}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g {eps = 0.5 : f32, rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_c7(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>, %g: tensor<4xf32>, %n: tensor<2xi32>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected rng where there are rows}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g rows %n {eps = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2xi32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_c7_count(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>, %g: tensor<4xf32>, %s: tensor<4xi32>, %n: tensor<3xi32>) {
  // expected-error @below {{'bert.residual_layer_norm' op expected rows to have a number for each row of x, 2, found 3}}
  %y:4 = bert.residual_layer_norm %x, %r, %g, %g, %s rows %n {eps = 0.5 : f32, rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>, tensor<3xi32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_grad_c1(%dy: tensor<2x3xf32>, %z: tensor<2x4xf32>, %g: tensor<4xf32>, %m: tensor<2xf32>) {
  // expected-error @below {{'bert.residual_layer_norm_grad' op expected dy and z to have the same type, found 'tensor<2x3xf32>' and 'tensor<2x4xf32>'}}
  %y:4 = bert.residual_layer_norm_grad %dy, %z, %g, %m, %m {rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @residual_layer_norm_grad_c2(%dy: tensor<2x4xf32>, %z: tensor<2x4xf32>, %g: tensor<2xf32>, %m: tensor<2xf32>) {
  // expected-error @below {{'bert.residual_layer_norm_grad' op expected gamma to be one row of z, 'tensor<4xf32>', found 'tensor<2xf32>'}}
  %y:4 = bert.residual_layer_norm_grad %dy, %z, %g, %m, %m {rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @residual_layer_norm_grad_c3(%dy: tensor<2x4xf32>, %z: tensor<2x4xf32>, %g: tensor<4xf32>, %m: tensor<4xf32>) {
  // expected-error @below {{'bert.residual_layer_norm_grad' op expected mean and rstd to be 'tensor<2xf32>', found 'tensor<4xf32>' and 'tensor<4xf32>'}}
  %y:4 = bert.residual_layer_norm_grad %dy, %z, %g, %m, %m {rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @residual_layer_norm_grad_c4(%dy: tensor<2x4xf32>, %z: tensor<2x4xf32>, %g: tensor<4xf32>, %m: tensor<2xf32>) {
  // expected-error @below {{'bert.residual_layer_norm_grad' op expected rate to lie in [0, 1), found 1.000000e+00}}
  %y:4 = bert.residual_layer_norm_grad %dy, %z, %g, %m, %m {rate = 1.0 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @residual_layer_norm_grad_c5(%dy: tensor<2x4xf32>, %z: tensor<2x4xf32>, %g: tensor<4xf32>, %m: tensor<2xf32>) {
  // expected-error @below {{'bert.residual_layer_norm_grad' op expected rng, as rate is 5.000000e-01}}
  %y:4 = bert.residual_layer_norm_grad %dy, %z, %g, %m, %m {rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @residual_layer_norm_grad_c6(%dy: tensor<2x4xf32>, %z: tensor<2x4xf32>, %g: tensor<4xf32>, %m: tensor<2xf32>, %s: tensor<4xi32>, %n: tensor<3xi32>) {
  // expected-error @below {{'bert.residual_layer_norm_grad' op expected rows to have a number for each row of z, 2, found 3}}
  %y:4 = bert.residual_layer_norm_grad %dy, %z, %g, %m, %m, %s rows %n {rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<4xi32>, tensor<3xi32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @accumulate_c1(%a: tensor<4xf32>, %x: tensor<2xf32>, %s: tensor<f32>) {
  // expected-error @below {{'bert.accumulate' op expected acc and x to have the same type, found 'tensor<4xf32>' and 'tensor<2xf32>'}}
  %y = bert.accumulate %a, %x, %s : (tensor<4xf32>, tensor<2xf32>, tensor<f32>) -> tensor<4xf32>
  return
}
