// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @nll_c1(%l: tensor<2x3xf32>, %i: tensor<3xi32>) {
  // expected-error @below {{'bert.nll' op expected log_probs and labels to agree on N, found 2 and 3}}
  %y = bert.nll %l, %i : (tensor<2x3xf32>, tensor<3xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @nll_grad_c1(%l: tensor<2xf32>, %i: tensor<3xi32>) {
  // expected-error @below {{'bert.nll_grad' op expected dloss and labels to agree on N, found 2 and 3}}
  %y = bert.nll_grad %l, %i {num_classes = 5 : i64} : (tensor<2xf32>, tensor<3xi32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @nll_grad_c2(%l: tensor<2xf32>, %i: tensor<2xi32>) {
  // expected-error @below {{'bert.nll_grad' op expected num_classes to be at least 1, found 0}}
  %y = bert.nll_grad %l, %i {num_classes = 0 : i64} : (tensor<2xf32>, tensor<2xi32>) -> tensor<2x1xf32>
  return
}
