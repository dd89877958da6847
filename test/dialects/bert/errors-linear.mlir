// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @matmul_c1(%a: tensor<2x3xf32>, %b: tensor<3x4xbf16>) {
  // expected-error @below {{'bert.matmul' op expected a and b to have the same element type, found 'f32' and 'bf16'}}
  %c = bert.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xbf16>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_c2(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @below {{'bert.matmul' op expected a and b to agree on K, found 3 in a and 4 in b}}
  %c = bert.matmul %a, %b {transpose_b} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @batch_matmul_c1(%a: tensor<5x2x3xf32>, %b: tensor<5x3x4xbf16>) {
  // expected-error @below {{'bert.batch_matmul' op expected a and b to have the same element type, found 'f32' and 'bf16'}}
  %c = bert.batch_matmul %a, %b : (tensor<5x2x3xf32>, tensor<5x3x4xbf16>) -> tensor<5x2x4xf32>
  return
}

// -----

func.func @batch_matmul_c2(%a: tensor<5x2x3xf32>, %b: tensor<1x5x3x4xf32>) {
  // expected-error @below {{'bert.batch_matmul' op expected a and b to have the same rank, found 3 and 4}}
  %c = bert.batch_matmul %a, %b : (tensor<5x2x3xf32>, tensor<1x5x3x4xf32>) -> tensor<5x2x4xf32>
  return
}

// -----

func.func @batch_matmul_c3(%a: tensor<5x2x3xf32>, %b: tensor<6x3x4xf32>) {
  // expected-error @below {{'bert.batch_matmul' op expected the leading dimensions of a and b to be equal, found 5 and 6}}
  %c = bert.batch_matmul %a, %b : (tensor<5x2x3xf32>, tensor<6x3x4xf32>) -> tensor<5x2x4xf32>
  return
}

// -----

func.func @batch_matmul_c4(%a: tensor<5x2x3xf32>, %b: tensor<5x3x4xf32>) {
  // expected-error @below {{'bert.batch_matmul' op expected a and b to agree on K, found 2 in a and 3 in b}}
  %c = bert.batch_matmul %a, %b {adj_x} : (tensor<5x2x3xf32>, tensor<5x3x4xf32>) -> tensor<5x3x4xf32>
  return
}

// -----

func.func @bias_add_c1(%x: tensor<2x3xf32>, %b: tensor<3xbf16>) {
  // expected-error @below {{'bert.bias_add' op expected x and bias to have the same element type, found 'f32' and 'bf16'}}
  %y = bert.bias_add %x, %b : (tensor<2x3xf32>, tensor<3xbf16>) -> tensor<2x3xf32>
  return
}

// -----

func.func @bias_add_c2(%x: tensor<2x3xf32>, %b: tensor<2xf32>) {
  // expected-error @below {{'bert.bias_add' op expected bias to have the size of the last dimension of x, 3, found 2}}
  %y = bert.bias_add %x, %b : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}
