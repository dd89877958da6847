// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

bert.variable @w : tensor<4xf32>
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @all_reduce_c1() {
  // expected-error @below {{'bert.all_reduce' op expected variables that differ from each other, found [@a, @a]}}
  bert.all_reduce [@a, @a] {bucket = 0 : i32}
  return
}

// -----

bert.variable @w : tensor<4xf32>
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @all_reduce_c2() {
  // expected-error @below {{'bert.all_reduce' op expected bucket to be at least 0, found -1}}
  bert.all_reduce [@a] {bucket = -1 : i32}
  return
}

// -----

func.func @all_reduce_c3() {
  // expected-error @below {{'bert.all_reduce' op expected @a to be a variable of this module}}
  bert.all_reduce [@a] {bucket = 0 : i32}
  return
}

// -----

bert.variable @w : tensor<4xf32>
func.func @all_reduce_c4() {
  // expected-error @below {{'bert.all_reduce' op expected @w to be an accumulator of f32, found the role weight and 'tensor<4xf32>'}}
  bert.all_reduce [@w] {bucket = 0 : i32}
  return
}

// -----

func.func @all_reduce_settle_c1(%s: tensor<f32>) {
  // expected-error @below {{'bert.all_reduce_settle' op expected variables that differ from each other, found []}}
  bert.all_reduce_settle [] %s {bucket_sizes = array<i32>} : (tensor<f32>) -> ()
  return
}

// -----

bert.variable @w : tensor<4xf32>
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @all_reduce_settle_c2(%s: tensor<f32>, %x: tensor<4xf32>) {
  // expected-error @below {{'bert.all_reduce_settle' op expected positive bucket_sizes that add up to 1, found array<i32: 2, -1>}}
  bert.all_reduce_settle [@a] %s, %x, %x {bucket_sizes = array<i32: 2, -1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>) -> ()
  return
}

// -----

bert.variable @w : tensor<4xf32>
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @all_reduce_settle_c3(%s: tensor<f32>, %x: tensor<4xf32>) {
  // expected-error @below {{'bert.all_reduce_settle' op expected 1 values of old and as many of grad, found 2 and 2}}
  bert.all_reduce_settle [@a] %s, %x, %x, %x, %x {bucket_sizes = array<i32: 1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> ()
  return
}

// -----

func.func @all_reduce_settle_c4(%s: tensor<f32>, %x: tensor<4xf32>) {
  // expected-error @below {{'bert.all_reduce_settle' op expected @a to be a variable of this module}}
  bert.all_reduce_settle [@a] %s, %x, %x {bucket_sizes = array<i32: 1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>) -> ()
  return
}

// -----

bert.variable @w : tensor<4xf32>
bert.variable @a : tensor<4xbf16> {role = #bert.role<accum>, owner = @w}
func.func @all_reduce_settle_c5(%s: tensor<f32>, %x: tensor<4xf32>) {
  // expected-error @below {{'bert.all_reduce_settle' op expected @a to be an accumulator of f32, found the role accum and 'tensor<4xbf16>'}}
  bert.all_reduce_settle [@a] %s, %x, %x {bucket_sizes = array<i32: 1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>) -> ()
  return
}

// -----

bert.variable @w : tensor<4xf32>
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @all_reduce_settle_c6(%s: tensor<f32>, %x: tensor<4xf32>, %g: tensor<2xbf16>) {
  // expected-error @below {{'bert.all_reduce_settle' op expected old and grad of @a to be 'tensor<4xf32>', grad in f32 or bf16, found 'tensor<4xf32>' and 'tensor<2xbf16>'}}
  bert.all_reduce_settle [@a] %s, %x, %g {bucket_sizes = array<i32: 1>} : (tensor<f32>, tensor<4xf32>, tensor<2xbf16>) -> ()
  return
}
