// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @layer_norm_c1(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<4xbf16>) {
  // expected-error @below {{'bert.layer_norm' op expected gamma and beta to have the element type of x, 'f32', found 'f32' and 'bf16'}}
  %y:3 = bert.layer_norm %x, %g, %b {eps = 1.0e-12 : f32} : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xbf16>) -> (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @layer_norm_c2(%x: tensor<2x4xf32>, %g: tensor<2xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{'bert.layer_norm' op expected gamma and beta to have the size of the last dimension of x, 4, found 2 and 4}}
  %y:3 = bert.layer_norm %x, %g, %b {eps = 1.0e-12 : f32} : (tensor<2x4xf32>, tensor<2xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @layer_norm_c3(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{'bert.layer_norm' op expected eps to be at least 0, found -1.000000e+00}}
  %y:3 = bert.layer_norm %x, %g, %b {eps = -1.0 : f32} : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @layer_norm_grad_c1(%dy: tensor<2x3xf32>, %x: tensor<2x4xf32>, %g: tensor<4xf32>, %m: tensor<2xf32>) {
  // expected-error @below {{'bert.layer_norm_grad' op expected dy and x to have the same type, found 'tensor<2x3xf32>' and 'tensor<2x4xf32>'}}
  %y:3 = bert.layer_norm_grad %dy, %x, %g, %m, %m : (tensor<2x3xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_grad_c2(%dy: tensor<2x4xf32>, %x: tensor<2x4xf32>, %g: tensor<2xf32>, %m: tensor<2xf32>) {
  // expected-error @below {{'bert.layer_norm_grad' op expected gamma to be one row of x, 'tensor<4xf32>', found 'tensor<2xf32>'}}
  %y:3 = bert.layer_norm_grad %dy, %x, %g, %m, %m : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @layer_norm_grad_c3(%dy: tensor<2x4xbf16>, %x: tensor<2x4xbf16>, %g: tensor<4xbf16>, %m: tensor<2xbf16>) {
  // expected-error @below {{'bert.layer_norm_grad' op expected mean and rstd to be 'tensor<2xf32>', found 'tensor<2xbf16>' and 'tensor<2xbf16>'}}
  %y:3 = bert.layer_norm_grad %dy, %x, %g, %m, %m : (tensor<2x4xbf16>, tensor<2x4xbf16>, tensor<4xbf16>, tensor<2xbf16>, tensor<2xbf16>) -> (tensor<2x4xbf16>, tensor<4xbf16>, tensor<4xbf16>)
  return
}

// -----

func.func @dropout_c1(%x: tensor<8xf32>, %r: tensor<4xi32>) {
  // expected-error @below {{'bert.dropout' op expected rate to lie in [0, 1), found 1.000000e+00}}
  %y = bert.dropout %x, %r {rate = 1.0 : f32, op_id = 1 : i32} : (tensor<8xf32>, tensor<4xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @dropout_c2(%x: tensor<2x3x4xf32>, %r: tensor<4xi32>, %n: tensor<5xi32>) {
  // expected-error @below {{'bert.dropout' op expected rows to have a number for each row of x, 6, found 5}}
  %y = bert.dropout %x, %r, %n {rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x3x4xf32>, tensor<4xi32>, tensor<5xi32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @dropout_grad_c2(%x: tensor<2x4xf32>, %r: tensor<4xi32>, %n: tensor<3xi32>) {
  // expected-error @below {{'bert.dropout_grad' op expected rows to have a number for each row of dy, 2, found 3}}
  %y = bert.dropout_grad %x, %r, %n {rate = 0.5 : f32, op_id = 1 : i32} : (tensor<2x4xf32>, tensor<4xi32>, tensor<3xi32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @dropout_grad_c1(%x: tensor<8xf32>, %r: tensor<4xi32>) {
  // expected-error @below {{'bert.dropout_grad' op expected rate to lie in [0, 1), found 1.000000e+00}}
  %y = bert.dropout_grad %x, %r {rate = 1.0 : f32, op_id = 1 : i32} : (tensor<8xf32>, tensor<4xi32>) -> tensor<8xf32>
  return
}
