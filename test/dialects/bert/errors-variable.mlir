// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @read_c1() {
  // expected-error @below {{'bert.read' op expected @w to be a variable of this module}}
  %y = bert.read @w : tensor<4xf32>
  return
}

// -----

bert.variable @w : tensor<2xf32>
func.func @read_c2() {
  // expected-error @below {{'bert.read' op expected value to have the type of @w, 'tensor<2xf32>', found 'tensor<4xf32>'}}
  %y = bert.read @w : tensor<4xf32>
  return
}

// -----

func.func @assign_c1(%x: tensor<4xf32>) {
  // expected-error @below {{'bert.assign' op expected @assign_c1 to be a variable of this module}}
  bert.assign @assign_c1, %x : tensor<4xf32>
  return
}

// -----

bert.variable @w : tensor<2xf32>
func.func @assign_c2(%x: tensor<4xf32>) {
  // expected-error @below {{'bert.assign' op expected value to have the type of @w, 'tensor<2xf32>', found 'tensor<4xf32>'}}
  bert.assign @w, %x : tensor<4xf32>
  return
}

// -----

module @variable_c1 {
  // expected-error @below {{'bert.variable' op expected a tensor of positive static dimensions, found 'tensor<?x4xf32>'}}
  bert.variable @w : tensor<?x4xf32>
}

// -----

module @variable_c2 {
  // expected-error @below {{'bert.variable' op expected an owner, as the role is adam_m}}
  bert.variable @m : tensor<4xf32> {role = #bert.role<adam_m>}
}

// -----

module @variable_c2_weight {
  bert.variable @w : tensor<4xf32>
  // expected-error @below {{'bert.variable' op expected no owner, as the role is weight}}
  bert.variable @v : tensor<4xf32> {owner = @w}
}

// -----

module @variable_c3 {
  bert.variable @w : tensor<4xf32>
  // expected-error @below {{'bert.variable' op expected a slot not to be trainable}}
  bert.variable @m : tensor<4xf32> {role = #bert.role<accum>, owner = @w, trainable}
}

// -----

module @variable_c4 {
  // expected-error @below {{'bert.variable' op expected the standard deviation init_value to be at least 0, found -1.000000e+00}}
  bert.variable @w : tensor<4xf32> {init = #bert.init<truncated_normal>, init_value = -1.0 : f32}
}

// -----

module @variable_c5 {
  bert.variable @w : tensor<4xf32>
  // expected-error @below {{'bert.variable' op expected owner @w to be a weight of shape 5}}
  bert.variable @m : tensor<5xf32> {role = #bert.role<adam_v>, owner = @w}
}
