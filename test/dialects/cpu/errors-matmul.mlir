// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of matrix products and of steps that write in place.

func.func @matmul_c1(%a: tensor<2x4x8xf32>, %b: tensor<3x8x2xf32>) {
  // expected-error@+1 {{expected a, b and the result to have the same leading dimensions, found 2x4x8, 3x8x2 and 2x4x2}}
  %0 = cpu.matmul %a, %b : (tensor<2x4x8xf32>, tensor<3x8x2xf32>) -> tensor<2x4x2xf32>
  return
}

// -----

func.func @matmul_c2(%a: tensor<4x8xf32>, %b: tensor<7x2xf32>) {
  // expected-error@+1 {{expected shapes [..,M,K], [..,K,N] and [..,M,N], found 4x8, 7x2 and 4x2}}
  %0 = cpu.matmul %a, %b : (tensor<4x8xf32>, tensor<7x2xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c3(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %c: tensor<3xf32>) {
  // expected-error@+1 {{expected bias of shape 2, found 3}}
  %0 = cpu.matmul %a, %b bias %c : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<3xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_c4(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %c: tensor<2x4xf32>) {
  // expected-error@+1 {{expected residual of shape 4x2, found 2x4}}
  %0 = cpu.matmul %a, %b residual %c : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<2x4xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_group_c1(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>) {
  // expected-error@+1 {{expected at least two b and as many results, found 2 and 1}}
  %0 = cpu.matmul_group %a, %b, %b : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @matmul_group_c2(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %bias: tensor<2xf32>) {
  // expected-error@+1 {{expected as many biases as b or none, found 1 and 2}}
  %0, %1 = cpu.matmul_group %a, %b, %b bias %bias : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<8x2xf32>, tensor<2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>)
  return
}

// -----

func.func @matmul_group_c3(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %d: tensor<7x3xf32>) {
  // expected-error@+1 {{expected shapes [M,K], [K,N] and [M,N], found 4x8, 7x3 and 4x3}}
  %0, %1 = cpu.matmul_group %a, %b, %d : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<7x3xf32>) -> (tensor<4x2xf32>, tensor<4x3xf32>)
  return
}

// -----

func.func @matmul_group_c4(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %d: tensor<8x3xf32>, %bias: tensor<2xf32>) {
  // expected-error@+1 {{expected bias of shape 3, found 2}}
  %0, %1 = cpu.matmul_group %a, %b, %d bias %bias, %bias : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<8x3xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<4x2xf32>, tensor<4x3xf32>)
  return
}

// -----

func.func @matmul_sums_c1(%a: tensor<4x8xf32>, %b: tensor<7x2xf32>) {
  // expected-error@+1 {{expected shapes [M,K], [K,N] and [M,N], found 4x8, 7x2 and 4x2}}
  %0, %1 = cpu.matmul_sums %a, %b : (tensor<4x8xf32>, tensor<7x2xf32>) -> (tensor<4x2xf32>, tensor<2xf32>)
  return
}

// -----

func.func @matmul_sums_c2(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>) {
  // expected-error@+1 {{expected sums of shape 2, found 4}}
  %0, %1 = cpu.matmul_sums %a, %b : (tensor<4x8xf32>, tensor<8x2xf32>) -> (tensor<4x2xf32>, tensor<4xf32>)
  return
}

// -----

func.func @insert_c1(%x: tensor<2x8xi32>) {
  %e = cpu.empty : tensor<4x8xf32>
  // expected-error@+1 {{expected dest and the result to have one dense type with element type 'i32', found 'tensor<4x8xf32>' and 'tensor<4x8xf32>'}}
  %0 = cpu.insert %x, %e {window = #cpu.layout<strides = [8, 1], offset = 0>} : (tensor<2x8xi32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @insert_c2(%x: tensor<2x8xf32>) {
  %e = cpu.empty : tensor<4x8xf32>
  // expected-error@+1 {{expected a window of shape 2x8 inside 'tensor<4x8xf32>', found #cpu.layout<strides = [8, 1], offset = 24>}}
  %0 = cpu.insert %x, %e {window = #cpu.layout<strides = [8, 1], offset = 24>} : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @insert_c3(%x: tensor<2x8xf32>) -> tensor<4x8xf32> {
  %e = cpu.empty : tensor<4x8xf32>
  // expected-error@+1 {{expected dest to have no other user}}
  %0 = cpu.insert %x, %e {window = #cpu.layout<strides = [8, 1], offset = 0>} : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %e : tensor<4x8xf32>
}

// -----

func.func @insert_c4(%x: tensor<2x8xf32>, %e: tensor<4x8xf32>) {
  // expected-error@+1 {{expected dest to be made by cpu.empty, cpu.fill or cpu.insert}}
  %0 = cpu.insert %x, %e {window = #cpu.layout<strides = [8, 1], offset = 0>} : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @assign_c1(%x: tensor<2xf32>) {
  // expected-error@+1 {{expected variable to be made by cpu.variable_ref}}
  cpu.assign %x, %x : (tensor<2xf32>, tensor<2xf32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @assign_c2(%x: tensor<2xf32>) {
  %w = cpu.variable_ref @w : tensor<3xf32>
  // expected-error@+1 {{expected value of shape 3, found 2}}
  cpu.assign %w, %x : (tensor<3xf32>, tensor<2xf32>) -> ()
  return
}

// -----

func.func @assign_add_c1(%x: tensor<2xf32>) {
  // expected-error@+1 {{expected variable to be made by cpu.variable_ref}}
  cpu.assign_add %x, %x : (tensor<2xf32>, tensor<2xf32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @assign_add_c2(%x: tensor<2xf32>) {
  %w = cpu.variable_ref @w : tensor<3xf32>
  // expected-error@+1 {{expected value of shape 3, found 2}}
  cpu.assign_add %w, %x : (tensor<3xf32>, tensor<2xf32>) -> ()
  return
}

// -----

cpu.variable @w : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @assign_add_c3(%x: tensor<3xf32>) {
  %w = cpu.variable_ref @w : tensor<3xf32>
  // expected-error@+1 {{expected scale of shape scalar, found 3}}
  cpu.assign_add %w, %x scale %x : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> ()
  return
}
