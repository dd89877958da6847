// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of layouts and of the operations that say where bytes are.

// expected-error@+1 {{expected a layout with 2 strides, found 1}}
func.func @layout_with_too_few_strides(%x: tensor<2x3xf32, #cpu.layout<strides = [1], offset = 0>>)

// -----

// expected-error@+1 {{expected a layout with positive strides and an offset that is not negative, found #cpu.layout<strides = [0, 1], offset = 0>}}
func.func @layout_with_stride_zero(%x: tensor<2x3xf32, #cpu.layout<strides = [0, 1], offset = 0>>)

// -----

module @variable_c1 {
// expected-error@+1 {{expected a dense tensor of static shape, found 'tensor<?xf32>'}}
cpu.variable @slot : tensor<?xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
}

// -----

module @variable_c2 {
// expected-error@+1 {{expected an owner for a slot}}
cpu.variable @slot : tensor<2xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role accum>}
}

// -----

module @variable_c3 {
cpu.variable @w : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
// expected-error@+1 {{expected owner @w to be a weight variable of shape 2}}
cpu.variable @slot : tensor<2xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @w, role = #cpu<role accum>}
}

// -----

module @packed_weight_c1 {
cpu.variable @w : tensor<3xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
// expected-error@+1 {{expected @w to be a variable of rank 2}}
cpu.packed_weight @slot of @w {max_bytes = 128 : i64, rows = 64 : i64}
}

// -----

module @packed_weight_c2 {
cpu.variable @w : tensor<3x2xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
// expected-error@+1 {{expected positive rows and max_bytes, found 0 and 128}}
cpu.packed_weight @slot of @w {max_bytes = 128 : i64, rows = 0 : i64}
}

// -----

cpu.variable @w : tensor<3x2xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
func.func @variable_ref_c1() {
  // expected-error@+1 {{expected @w to be a variable of type 'tensor<2x3xf32>'}}
  %0 = cpu.variable_ref @w : tensor<2x3xf32>
  return
}

// -----

cpu.variable @w : tensor<3x2xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.packed_weight @p of @w {max_bytes = 128 : i64, rows = 4 : i64, transposed}
func.func @packed_ref_c1() {
  // expected-error@+1 {{expected @p to be a packed weight of shape 3x2 and 'f32'}}
  %0 = cpu.packed_ref @p : tensor<3x2xf32>
  return
}

// -----

cpu.variable @w : tensor<3x2xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.packed_weight @p of @w {max_bytes = 128 : i64, rows = 4 : i64}
func.func @packed_ref_c2() {
  // expected-error@+1 {{expected every use to be operand b of a cpu.matmul or cpu.matmul_group, found cpu.unary}}
  %0 = cpu.packed_ref @p : tensor<3x2xf32>
  %1 = cpu.unary copy %0 : (tensor<3x2xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @constant_c1() {
  // expected-error@+1 {{expected a dense result, found 'tensor<2xf32, #cpu.layout<strides = [1], offset = 4>>'}}
  %0 = cpu.constant dense<1.0> : tensor<2xf32, #cpu.layout<strides = [1], offset = 4>>
  return
}

// -----

func.func @view_c1(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{expected the result to have element type 'f32', found 'i32'}}
  %0 = cpu.view %x : (tensor<2x3xf32>) -> tensor<6xi32>
  return
}

// -----

func.func @view_c2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{expected a window inside the storage of 6 elements, found one that ends at 7}}
  %0 = cpu.view %x : (tensor<2x3xf32>) -> tensor<3xf32, #cpu.layout<strides = [1], offset = 4>>
  return
}

// -----

cpu.variable @w : tensor<3x2xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.packed_weight @p of @w {max_bytes = 128 : i64, rows = 4 : i64}
func.func @view_c3() {
  %0 = cpu.packed_ref @p : tensor<3x2xf32>
  // expected-error@+1 {{expected a source with a known layout, found a packed weight}}
  %1 = cpu.view %0 : (tensor<3x2xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @empty_c1() {
  // expected-error@+1 {{expected a dense result, found 'tensor<2xf32, #cpu.layout<strides = [2], offset = 0>>'}}
  %0 = cpu.empty : tensor<2xf32, #cpu.layout<strides = [2], offset = 0>>
  return
}
