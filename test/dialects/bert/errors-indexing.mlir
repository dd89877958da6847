// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @gather_c1(%t: tensor<2x3xf32>, %i: tensor<2xi32>) {
  // expected-error @below {{'bert.gather' op expected batch_dims to be at least 0, less than the rank of table, 2, and at most the rank of indices, 1, found 2}}
  %y = bert.gather %t, %i {batch_dims = 2 : i64} : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_c2(%t: tensor<2x3xf32>, %i: tensor<4x5xi32>) {
  // expected-error @below {{'bert.gather' op expected table and indices to begin with the same 1 dimensions, found 2x3 and 4x5}}
  %y = bert.gather %t, %i {batch_dims = 1 : i64} : (tensor<2x3xf32>, tensor<4x5xi32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @gather_grad_c1(%d: tensor<2x4xf32>, %i: tensor<2xi32>) {
  // expected-error @below {{'bert.gather_grad' op expected batch_dims to be at least 0, less than the size of input_shape, 2, and at most the rank of indices, 1, found -1}}
  %y = bert.gather_grad %d, %i {batch_dims = -1 : i64, input_shape = array<i64: 3, 4>} : (tensor<2x4xf32>, tensor<2xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_grad_c2(%d: tensor<2x4xf32>, %i: tensor<2xi32>) {
  // expected-error @below {{'bert.gather_grad' op expected input_shape to be positive, found [0, 4]}}
  %y = bert.gather_grad %d, %i {input_shape = array<i64: 0, 4>} : (tensor<2x4xf32>, tensor<2xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_grad_c3(%d: tensor<2x4xf32>, %i: tensor<2x4xi32>) {
  // expected-error @below {{'bert.gather_grad' op expected input_shape and indices to begin with the same 1 dimensions, found 3x4 and 2x4}}
  %y = bert.gather_grad %d, %i {batch_dims = 1 : i64, input_shape = array<i64: 3, 4>} : (tensor<2x4xf32>, tensor<2x4xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_grad_c4(%d: tensor<2x5xf32>, %i: tensor<2xi32>) {
  // expected-error @below {{'bert.gather_grad' op expected dy to have the shape of the gathered rows, 2x4, found 2x5}}
  %y = bert.gather_grad %d, %i {input_shape = array<i64: 3, 4>} : (tensor<2x5xf32>, tensor<2xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @row_numbers_c1() {
  // expected-error @below {{'bert.row_numbers' op expected positions, found none}}
  %y = "bert.row_numbers"() {sequence_length = 9 : i64} : () -> tensor<1xi32>
  return
}

// -----

func.func @row_numbers_c2(%a: tensor<2x3xi32>, %b: tensor<4x1xi32>) {
  // expected-error @below {{'bert.row_numbers' op expected positions of the same batch, found 2 and 4}}
  %y = bert.row_numbers %a, %b {sequence_length = 9 : i64} : (tensor<2x3xi32>, tensor<4x1xi32>) -> tensor<10xi32>
  return
}

// -----

func.func @row_numbers_c3(%a: tensor<2x3xi32>) {
  // expected-error @below {{'bert.row_numbers' op expected a positive sequence_length whose rows an i32 can count, found 0 for a batch of 2}}
  %y = bert.row_numbers %a {sequence_length = 0 : i64} : (tensor<2x3xi32>) -> tensor<6xi32>
  return
}

// -----

func.func @row_numbers_c3_many(%a: tensor<2x3xi32>) {
  // expected-error @below {{'bert.row_numbers' op expected a positive sequence_length whose rows an i32 can count, found 1073741824 for a batch of 2}}
  %y = bert.row_numbers %a {sequence_length = 1073741824 : i64} : (tensor<2x3xi32>) -> tensor<6xi32>
  return
}
