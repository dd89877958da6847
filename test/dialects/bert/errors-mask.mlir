// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @range_mask_c1(%r: tensor<2x8xi32>) {
  // expected-error @below {{'bert.range_mask' op expected ranges to be [B,S,2], found 2x8}}
  %m = bert.range_mask %r : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
  return
}

// -----

func.func @range_mask_pairs(%r: tensor<2x8x3xi32>) {
  // expected-error @below {{'bert.range_mask' op expected ranges to be [B,S,2], found 2x8x3}}
  %m = bert.range_mask %r : (tensor<2x8x3xi32>) -> tensor<2x1x8x8xf32>
  return
}

// -----

func.func @packed_mask_rank(%n: tensor<8xi32>) {
  // expected-error @below {{operand #0 must be 2-dimensional tensor of positive static dimensions}}
  %m = bert.packed_mask %n : (tensor<8xi32>) -> tensor<1x1x8x8xf32>
  return
}

// -----

func.func @packed_mask_result(%n: tensor<2x8xi32>) {
  // expected-error @below {{op inferred type(s) 'tensor<2x1x8x8xf32>' are incompatible with return type(s) of operation 'tensor<2x1x1x8xf32>'}}
  // expected-error @below {{failed to infer returned types}}
  %m = bert.packed_mask %n : (tensor<2x8xi32>) -> tensor<2x1x1x8xf32>
  return
}

// -----

func.func @key_ranges_elements(%n: tensor<2x8xf32>) {
  // expected-error @below {{operand #0 must be 2-dimensional tensor of positive static dimensions}}
  %r = bert.key_ranges %n : (tensor<2x8xf32>) -> tensor<2x8x2xi32>
  return
}
