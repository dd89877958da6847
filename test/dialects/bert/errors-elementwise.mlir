// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @cast_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{'bert.cast' op expected x and y to have the same shape, found 'tensor<2x3xf32>' and 'tensor<3x2xi32>'}}
  %y = bert.cast %x : (tensor<2x3xf32>) -> tensor<3x2xi32>
  return
}

// -----

func.func @add_c1(%x: tensor<2xf32>, %y: tensor<2xbf16>) {
  // expected-error @below {{'bert.add' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %z = bert.add %x, %y : (tensor<2xf32>, tensor<2xbf16>) -> tensor<2xf32>
  return
}

// -----

func.func @add_c2(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @below {{'bert.add' op expected the shapes of x and y to broadcast, found 2x3 and 2}}
  %z = bert.add %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @sub_c1(%x: tensor<2xf32>, %y: tensor<2xbf16>) {
  // expected-error @below {{'bert.sub' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %z = bert.sub %x, %y : (tensor<2xf32>, tensor<2xbf16>) -> tensor<2xf32>
  return
}

// -----

func.func @sub_c2(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @below {{'bert.sub' op expected the shapes of x and y to broadcast, found 2x3 and 2}}
  %z = bert.sub %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @mul_c1(%x: tensor<2xf32>, %y: tensor<2xbf16>) {
  // expected-error @below {{'bert.mul' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %z = bert.mul %x, %y : (tensor<2xf32>, tensor<2xbf16>) -> tensor<2xf32>
  return
}

// -----

func.func @mul_c2(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @below {{'bert.mul' op expected the shapes of x and y to broadcast, found 2x3 and 2}}
  %z = bert.mul %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @div_c1(%x: tensor<2xf32>, %y: tensor<2xbf16>) {
  // expected-error @below {{'bert.div' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %z = bert.div %x, %y : (tensor<2xf32>, tensor<2xbf16>) -> tensor<2xf32>
  return
}

// -----

func.func @div_c2(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @below {{'bert.div' op expected the shapes of x and y to broadcast, found 2x3 and 2}}
  %z = bert.div %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @maximum_c1(%x: tensor<2xf32>, %y: tensor<2xbf16>) {
  // expected-error @below {{'bert.maximum' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %z = bert.maximum %x, %y : (tensor<2xf32>, tensor<2xbf16>) -> tensor<2xf32>
  return
}

// -----

func.func @maximum_c2(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @below {{'bert.maximum' op expected the shapes of x and y to broadcast, found 2x3 and 2}}
  %z = bert.maximum %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @minimum_c1(%x: tensor<2xf32>, %y: tensor<2xbf16>) {
  // expected-error @below {{'bert.minimum' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %z = bert.minimum %x, %y : (tensor<2xf32>, tensor<2xbf16>) -> tensor<2xf32>
  return
}

// -----

func.func @minimum_c2(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @below {{'bert.minimum' op expected the shapes of x and y to broadcast, found 2x3 and 2}}
  %z = bert.minimum %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @compare_c1(%x: tensor<2xf32>, %y: tensor<2xbf16>) {
  // expected-error @below {{'bert.compare' op expected x and y to have the same element type, found 'f32' and 'bf16'}}
  %z = bert.compare %x, %y {predicate = #bert.predicate<lt>} : (tensor<2xf32>, tensor<2xbf16>) -> tensor<2xi1>
  return
}

// -----

func.func @compare_c2(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @below {{'bert.compare' op expected the shapes of x and y to broadcast, found 2x3 and 2}}
  %z = bert.compare %x, %y {predicate = #bert.predicate<lt>} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xi1>
  return
}

// -----

func.func @select_c1(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<2xi32>) {
  // expected-error @below {{'bert.select' op expected x and y to have the same element type, found 'f32' and 'i32'}}
  %z = bert.select %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @select_c2(%c: tensor<3xi1>, %x: tensor<2xf32>, %y: tensor<f32>) {
  // expected-error @below {{'bert.select' op expected the shapes of cond, x and y to broadcast, found 3, 2 and scalar}}
  %z = bert.select %c, %x, %y : (tensor<3xi1>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return
}

// -----

func.func @add_n_c1() {
  // expected-error @below {{'bert.add_n' op expected at least one operand}}
  %y = bert.add_n : () -> tensor<2xf32>
  return
}

// -----

func.func @add_n_c2(%a: tensor<2xf32>, %b: tensor<3xf32>) {
  // expected-error @below {{'bert.add_n' op expected all operands to have the type of the first, 'tensor<2xf32>', found 'tensor<3xf32>' at operand 1}}
  %y = bert.add_n %a, %b : (tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}
