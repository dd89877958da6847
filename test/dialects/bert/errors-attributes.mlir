// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

// Attributes that the dialect puts on modules and functions, and rules that
// hold for all operations: inferred result types, operand types.

// expected-error @below {{'func.func' op is an entry point, so argument 0 needs a 'bert.name'}}
func.func @unnamed_argument(%x: tensor<2xf32>) attributes {bert.entry} {
  return
}

// -----

// expected-error @below {{'func.func' op is an entry point, so result 0 needs a 'bert.name'}}
func.func @unnamed_result(%x: tensor<2xf32> {bert.name = "x"}) -> tensor<2xf32> attributes {bert.entry} {
  return %x : tensor<2xf32>
}

// -----

// expected-error @below {{'func.func' op has two arguments named 'x'}}
func.func @same_name(%x: tensor<2xf32> {bert.name = "x"}, %y: tensor<2xf32> {bert.name = "x"}) attributes {bert.entry} {
  return
}

// -----

// expected-error @below {{'func.func' op expected 'bert.name' of argument 0 to be a string that is not empty}}
func.func @empty_name(%x: tensor<2xf32> {bert.name = ""}) {
  return
}

// -----

// expected-error @below {{'func.func' op has the unknown attribute 'bert.nom' on argument 0; the bert dialect defines 'bert.name'}}
func.func @unknown_argument_attribute(%x: tensor<2xf32> {bert.nom = "x"}) {
  return
}

// -----

// expected-error @below {{'func.func' op has the unknown attribute 'bert.enter'; the bert dialect defines 'bert.entry', 'bert.model', 'bert.precision' and 'bert.exchange'}}
func.func @unknown_attribute() attributes {bert.enter} {
  return
}

// -----

// expected-error @below {{'func.func' op expected 'bert.entry' to be a unit attribute of a func.func}}
func.func @entry_is_unit() attributes {bert.entry = 1 : i32} {
  return
}

// -----

// expected-error @below {{'builtin.module' op expected 'bert.model' to be a dictionary on a module}}
module attributes {bert.model = "base"} {
}

// -----

func.func @inferred_type(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @+2 {{'bert.matmul' op failed to infer returned types}}
  // expected-error @below {{'bert.matmul' op inferred type(s) 'tensor<2x4xf32>' are incompatible with return type(s) of operation 'tensor<4x2xf32>'}}
  %c = bert.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @static_shape(%a: tensor<?x3xf32>) {
  // expected-error @below {{'bert.exp' op operand #0 must be tensor of positive static dimensions of 32-bit float or 64-bit float or bfloat16 type values, but got 'tensor<?x3xf32>'}}
  %b = bert.exp %a : (tensor<?x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @positive_dimensions(%a: tensor<0x3xf32>) {
  // expected-error @below {{'bert.exp' op operand #0 must be tensor of positive static dimensions of 32-bit float or 64-bit float or bfloat16 type values, but got 'tensor<0x3xf32>'}}
  %b = bert.exp %a : (tensor<0x3xf32>) -> tensor<0x3xf32>
  return
}

// -----

func.func @rng_state(%x: tensor<8xf32>, %r: tensor<3xi32>) {
  // expected-error @below {{'bert.dropout' op operand #1 must be random state tensor<4xi32>, but got 'tensor<3xi32>'}}
  %b = bert.dropout %x, %r {rate = 0.5 : f32, op_id = 1 : i32} : (tensor<8xf32>, tensor<3xi32>) -> tensor<8xf32>
  return
}

// -----

// expected-error @below {{'builtin.module' op expected 'bert.exchange' to be a dictionary on a module, with at least 2 workers, wire and buckets}}
module attributes {bert.exchange = {workers = 1 : i64, wire = #bert.wire<f32>, buckets = []}} {
}
