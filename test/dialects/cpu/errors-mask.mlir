// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @key_ranges_c1(%n: tensor<8xi32>) {
  // expected-error @below {{expected numbers of rank 2, found 8}}
  %r = cpu.key_ranges %n : (tensor<8xi32>) -> tensor<8x2xi32>
  return
}

// -----

func.func @key_ranges_c2(%n: tensor<2x8xi32>) {
  // expected-error @below {{expected the result of shape 2x8x2, found 2x8x1}}
  %r = cpu.key_ranges %n : (tensor<2x8xi32>) -> tensor<2x8x1xi32>
  return
}

// -----

func.func @range_mask_c1(%r: tensor<2x8x3xi32>) {
  // expected-error @below {{expected ranges of shape [B,S,2], found 2x8x3}}
  %m = cpu.range_mask %r : (tensor<2x8x3xi32>) -> tensor<2x1x8x8xf32>
  return
}

// -----

func.func @range_mask_c2(%r: tensor<2x8x2xi32>) {
  // expected-error @below {{expected the result of shape 2x1x8x8, found 2x1x8x4}}
  %m = cpu.range_mask %r : (tensor<2x8x2xi32>) -> tensor<2x1x8x4xf32>
  return
}
