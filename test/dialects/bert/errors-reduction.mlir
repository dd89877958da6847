// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @reduce_sum_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.reduce_sum' op expected axes to increase strictly and lie in 0 .. 1, found [1, 0]}}
  %y = bert.reduce_sum %x {axes = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @reduce_mean_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.reduce_mean' op expected axes to increase strictly and lie in 0 .. 1, found [1, 0]}}
  %y = bert.reduce_mean %x {axes = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @reduce_max_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.reduce_max' op expected axes to increase strictly and lie in 0 .. 1, found [1, 0]}}
  %y = bert.reduce_max %x {axes = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  return
}
