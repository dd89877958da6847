// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -bert-distribute -o %t

// expected-error @below {{'func.func' op expected assignments to accumulators, and no 'train_step_last' yet}}
func.func @train_step(%x: tensor<4xf32> {bert.name = "x"}) attributes {bert.entry} {
  return
}

// -----

bert.variable @w : tensor<4xf32>
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @train_step(%x: tensor<4xf32> {bert.name = "x"}) attributes {bert.entry} {
  // expected-error @below {{'bert.assign' op expected what is assigned to an accumulator to be its value and a gradient scaled by what scales all others (bert.accumulate)}}
  bert.assign @a, %x : tensor<4xf32>
  return
}
