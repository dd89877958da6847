// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @matmul_epilogue_c1(%a: tensor<2x3xf32>, %b: tensor<3x4xbf16>) {
  // expected-error @below {{'bert.matmul_epilogue' op expected a and b to have the same element type, found 'f32' and 'bf16'}}
  %y = bert.matmul_epilogue %a, %b : (tensor<2x3xf32>, tensor<3x4xbf16>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_epilogue_c2(%a: tensor<2x3xf32>, %b: tensor<4x4xf32>) {
  // expected-error @below {{'bert.matmul_epilogue' op expected a and b to agree on K, found 3 in a and 4 in b}}
  %y = bert.matmul_epilogue %a, %b : (tensor<2x3xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_epilogue_c3(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %x: tensor<3xf32>) {
  // expected-error @below {{'bert.matmul_epilogue' op expected bias to be 4x'f32', found 'tensor<3xf32>'}}
  %y = bert.matmul_epilogue %a, %b bias %x : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_epilogue_c4(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.matmul_epilogue' op expected factor to be 2x4, found 2x3}}
  %y = bert.matmul_epilogue %a, %b factor %x : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_epilogue_c5(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %x: tensor<2x4xbf16>) {
  // expected-error @below {{'bert.matmul_epilogue' op expected residual to have the element type of c, 'f32', found 'bf16'}}
  %y = bert.matmul_epilogue %a, %b residual %x : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<2x4xbf16>) -> tensor<2x4xf32>
  return
}

// -----

func.func @gelu_backward_c1(%dy: tensor<4x9xf32>, %x: tensor<9x4xf32>) {
  // expected-error @below {{'bert.gelu_backward' op expected dy and x to have the same type, found 'tensor<4x9xf32>' and 'tensor<9x4xf32>'}}
  %y:3 = bert.gelu_backward %dy, %x : (tensor<4x9xf32>, tensor<9x4xf32>) -> (tensor<9x4xf32>, tensor<9x4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @matmul_group_c1(%x: tensor<5x3xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{'bert.matmul_group' op expected at least two weights, found 1}}
  %0 = bert.matmul_group %x, %w : (tensor<5x3xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @matmul_group_c2(%x: tensor<5x3xf32>, %w: tensor<3x4xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{'bert.matmul_group' op expected as many biases as weights or none, found 1 and 2}}
  %0, %1 = bert.matmul_group %x, %w, %w bias %b : (tensor<5x3xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<4xf32>) -> (tensor<5x4xf32>, tensor<5x4xf32>)
  return
}

// -----

func.func @matmul_group_c3(%x: tensor<5x3xf32>, %w: tensor<3x4xf32>, %v: tensor<3x4xbf16>) {
  // expected-error @below {{'bert.matmul_group' op expected weights of the element type of x, 'f32', found 'bf16'}}
  %0, %1 = bert.matmul_group %x, %w, %v : (tensor<5x3xf32>, tensor<3x4xf32>, tensor<3x4xbf16>) -> (tensor<5x4xf32>, tensor<5x4xf32>)
  return
}

// -----

func.func @matmul_group_c4(%x: tensor<5x3xf32>, %w: tensor<3x4xf32>, %v: tensor<2x4xf32>) {
  // expected-error @below {{'bert.matmul_group' op expected x and weights to agree on K, found 3 in x and 2}}
  %0, %1 = bert.matmul_group %x, %w, %v : (tensor<5x3xf32>, tensor<3x4xf32>, tensor<2x4xf32>) -> (tensor<5x4xf32>, tensor<5x4xf32>)
  return
}

// -----

func.func @matmul_group_c5(%x: tensor<5x3xf32>, %w: tensor<3x4xf32>, %v: tensor<3x2xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{'bert.matmul_group' op expected bias to be 2x'f32', found 'tensor<4xf32>'}}
  %0, %1 = bert.matmul_group %x, %w, %v bias %b, %b : (tensor<5x3xf32>, tensor<3x4xf32>, tensor<3x2xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<5x4xf32>, tensor<5x2xf32>)
  return
}

// -----

func.func @matmul_bias_grad_c1(%x: tensor<5x3xf32>, %dy: tensor<5x4xbf16>) {
  // expected-error @below {{'bert.matmul_bias_grad' op expected x and dy to have the same element type, found 'f32' and 'bf16'}}
  %dw, %db = bert.matmul_bias_grad %x, %dy : (tensor<5x3xf32>, tensor<5x4xbf16>) -> (tensor<3x4xf32>, tensor<4xbf16>)
  return
}

// -----

func.func @matmul_bias_grad_c2(%x: tensor<5x3xf32>, %dy: tensor<6x4xf32>) {
  // expected-error @below {{'bert.matmul_bias_grad' op expected x and dy to have the same number of rows, found 5 and 6}}
  %dw, %db = bert.matmul_bias_grad %x, %dy : (tensor<5x3xf32>, tensor<6x4xf32>) -> (tensor<3x4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @gather_grad_add_c1(%t: tensor<9x4xf32>, %d: tensor<3x4xf32>, %i: tensor<3xi32>) {
  // expected-error @below {{'bert.gather_grad_add' op expected batch_dims below the rank of base and at most the rank of indices, found 2}}
  %y = bert.gather_grad_add %t, %d, %i {batch_dims = 2 : i64} : (tensor<9x4xf32>, tensor<3x4xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  return
}

// -----

func.func @gather_grad_add_c2(%t: tensor<2x9x4xf32>, %d: tensor<3x5x4xf32>, %i: tensor<3x5xi32>) {
  // expected-error @below {{'bert.gather_grad_add' op expected the leading dimensions of base and indices to be equal, found 2x9x4 and 3x5}}
  %y = bert.gather_grad_add %t, %d, %i {batch_dims = 1 : i64} : (tensor<2x9x4xf32>, tensor<3x5x4xf32>, tensor<3x5xi32>) -> tensor<2x9x4xf32>
  return
}

// -----

func.func @gather_grad_add_c3(%t: tensor<9x4xf32>, %d: tensor<3x5xf32>, %i: tensor<3xi32>) {
  // expected-error @below {{'bert.gather_grad_add' op expected dy to be 3x4, found 3x5}}
  %y = bert.gather_grad_add %t, %d, %i : (tensor<9x4xf32>, tensor<3x5xf32>, tensor<3xi32>) -> tensor<9x4xf32>
  return
}

// -----

func.func @cross_entropy_c1(%x: tensor<4x9xf32>, %l: tensor<3xi32>) {
  // expected-error @below {{'bert.cross_entropy' op expected logits and labels to agree on N, found 4 and 3}}
  %y:2 = bert.cross_entropy %x, %l : (tensor<4x9xf32>, tensor<3xi32>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @cross_entropy_grad_c1(%d: tensor<4xf32>, %x: tensor<4x9xf32>, %s: tensor<3xf32>, %l: tensor<4xi32>) {
  // expected-error @below {{'bert.cross_entropy_grad' op expected dloss, logits, lse and labels to agree on N, found 4, 4, 3 and 4}}
  %y = bert.cross_entropy_grad %d, %x, %s, %l : (tensor<4xf32>, tensor<4x9xf32>, tensor<3xf32>, tensor<4xi32>) -> tensor<4x9xf32>
  return
}
