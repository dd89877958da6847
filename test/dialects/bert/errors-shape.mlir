// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @reshape_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.reshape' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %y = bert.reshape %x : (tensor<2x3xf32>) -> tensor<6xbf16>
  return
}

// -----

func.func @reshape_c2(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.reshape' op expected x and y to have as many elements, found 6 in 'tensor<2x3xf32>' and 5 in 'tensor<5xf32>'}}
  %y = bert.reshape %x : (tensor<2x3xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @transpose_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.transpose' op expected permutation to hold each of 0 .. 1 once, found [1, 1]}}
  %y = bert.transpose %x {permutation = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.slice' op expected starts and sizes to hold 2 numbers each, found 1 and 2}}
  %y = bert.slice %x {starts = array<i64: 0>, sizes = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @slice_c2(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.slice' op expected the window of dimension 1 to lie inside its size 3, found start 2 and size 2}}
  %y = bert.slice %x {starts = array<i64: 0, 2>, sizes = array<i64: 2, 2>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @slice_grad_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.slice_grad' op expected starts and input_shape to hold 2 numbers each, found 2 and 1}}
  %y = bert.slice_grad %x {starts = array<i64: 0, 0>, input_shape = array<i64: 6>} : (tensor<2x3xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @slice_grad_c2(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.slice_grad' op expected the window of dimension 1 to lie inside input_shape 4, found start 2 and size 3}}
  %y = bert.slice_grad %x {starts = array<i64: 0, 2>, input_shape = array<i64: 2, 4>} : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @concat_c1() {
  // expected-error @below {{'bert.concat' op expected at least one operand}}
  %y = bert.concat {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @concat_c2(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.concat' op expected axis to lie in 0 .. 1, found 2}}
  %y = bert.concat %x, %x {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @concat_c3(%x: tensor<2x3xf32>, %y: tensor<3x3xf32>) {
  // expected-error @below {{'bert.concat' op expected operand 1 to join 'tensor<2x3xf32>' along dimension 1, found 'tensor<3x3xf32>'}}
  %z = bert.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @broadcast_to_c1(%x: tensor<3xf32>) {
  // expected-error @below {{'bert.broadcast_to' op expected x and y to have the same element type, found 'f32' and 'i32'}}
  %y = bert.broadcast_to %x : (tensor<3xf32>) -> tensor<2x3xi32>
  return
}

// -----

func.func @broadcast_to_c2(%x: tensor<2xf32>) {
  // expected-error @below {{'bert.broadcast_to' op expected the shape of x to broadcast to that of y, found 2 and 2x3}}
  %y = bert.broadcast_to %x : (tensor<2xf32>) -> tensor<2x3xf32>
  return
}
