// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -split-input-file -verify-diagnostics -o %t

func.func @lamb_update_c1(%w: tensor<4xf32>, %g: tensor<2x2xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  // expected-error @below {{'bert.lamb_update' op expected m, v and grad to have the type of var, 'tensor<4xf32>', found 'tensor<4xf32>', 'tensor<4xf32>' and 'tensor<2x2xf32>'}}
  %y:3 = bert.lamb_update %w, %w, %w, %g, %lr, %t {beta1 = 0.5 : f32, beta2 = 0.5 : f32, eps = 0.5 : f32, weight_decay = 0.5 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x2xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @lamb_update_c2(%w: tensor<4xf32>, %g: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  // expected-error @below {{'bert.lamb_update' op expected beta1 and beta2 to lie in [0, 1), found 5.000000e-01 and 1.000000e+00}}
  %y:3 = bert.lamb_update %w, %w, %w, %g, %lr, %t {beta1 = 0.5 : f32, beta2 = 1.0 : f32, eps = 0.5 : f32, weight_decay = 0.5 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @lamb_update_c3(%w: tensor<4xf32>, %g: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  // expected-error @below {{'bert.lamb_update' op expected eps and weight_decay to be at least 0, found 5.000000e-01 and -5.000000e-01}}
  %y:3 = bert.lamb_update %w, %w, %w, %g, %lr, %t {beta1 = 0.5 : f32, beta2 = 0.5 : f32, eps = 0.5 : f32, weight_decay = -0.5 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_update_c1(%w: tensor<4xf32>, %g: tensor<2x2xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  // expected-error @below {{'bert.adamw_update' op expected m, v and grad to have the type of var, 'tensor<4xf32>', found 'tensor<4xf32>', 'tensor<4xf32>' and 'tensor<2x2xf32>'}}
  %y:3 = bert.adamw_update %w, %w, %w, %g, %lr, %t {beta1 = 0.5 : f32, beta2 = 0.5 : f32, eps = 0.5 : f32, weight_decay = 0.5 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x2xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_update_c2(%w: tensor<4xf32>, %g: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  // expected-error @below {{'bert.adamw_update' op expected beta1 and beta2 to lie in [0, 1), found 5.000000e-01 and 1.000000e+00}}
  %y:3 = bert.adamw_update %w, %w, %w, %g, %lr, %t {beta1 = 0.5 : f32, beta2 = 1.0 : f32, eps = 0.5 : f32, weight_decay = 0.5 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_update_c3(%w: tensor<4xf32>, %g: tensor<4xf32>, %lr: tensor<f32>, %t: tensor<i32>) {
  // expected-error @below {{'bert.adamw_update' op expected eps and weight_decay to be at least 0, found 5.000000e-01 and -5.000000e-01}}
  %y:3 = bert.adamw_update %w, %w, %w, %g, %lr, %t {beta1 = 0.5 : f32, beta2 = 0.5 : f32, eps = 0.5 : f32, weight_decay = -0.5 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}
