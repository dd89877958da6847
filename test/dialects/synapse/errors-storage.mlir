// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of variables and of what reads and writes them.

module @variable_c1 {
// expected-error@+1 {{expected a tensor of static shape, of rank at most 5 and element type f32, bf16, i32 or i1, found 'tensor<2xi64>'}}
synapse.variable @w : tensor<2xi64> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
}

// -----

module @variable_c2 {
// expected-error@+1 {{expected an owner for a slot}}
synapse.variable @slot : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role accum>}
}

// -----

module @weight_with_owner {
// expected-error@+1 {{expected no owner for a weight}}
synapse.variable @w : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @w, role = #synapse<role weight>}
}

// -----

module @variable_c3 {
synapse.variable @w : tensor<3xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
// expected-error@+1 {{expected owner @w to be a weight variable of the same shape}}
synapse.variable @slot : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @w, role = #synapse<role accum>}
}

// -----

func.func @read_c1() {
  // expected-error@+1 {{expected @w to be a variable}}
  %0 = synapse.read @w : tensor<2x3xf32>
  return
}

// -----

synapse.variable @w : tensor<2x3xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
func.func @read_of_another_type() {
  // expected-error@+1 {{expected @w as 'tensor<3x2xf32>', found 'tensor<2x3xf32>'}}
  %0 = synapse.read @w : tensor<2x3xf32>
  return
}

// -----

synapse.variable @w : tensor<i1> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
func.func @store_c1(%x: tensor<2xi8>) {
  // expected-error@+1 {{expected @w as 'tensor<1xi8>', found 'tensor<2xi8>'}}
  synapse.store @w, %x : tensor<2xi8>
  return
}

// -----

func.func @constant_c1() {
  // expected-error@+1 {{expected a flat list of 3 elements of type 'f32', found 'tensor<2xf32>'}}
  %0 = synapse.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<3xf32>
  return
}

// -----

func.func @constant_c2() {
  // expected-error@+1 {{expected at most 1048576 bytes, found 1048580}}
  %0 = synapse.constant dense<0.0> : tensor<262145xf32> -> tensor<262145xf32>
  return
}

// -----

func.func @derived_c1() {
  // expected-error@+1 {{expected tensor<1xi32>, an op_id and no base of a dropout_seed}}
  %0 = synapse.derived dropout_seed {base = 0.5 : f64} : tensor<1xi32>
  return
}

// -----

func.func @power_of_another_shape() {
  // expected-error@+1 {{expected tensor<1xf32>, a base and no op_id of a one_minus_power}}
  %0 = synapse.derived one_minus_power {base = 0.5 : f64} : tensor<2xf32>
  return
}

// -----

func.func @derived_c2() {
  // expected-error@+1 {{expected a base between 0 and 1, found 1}}
  %0 = synapse.derived one_minus_power {base = 1.0 : f64} : tensor<1xf32>
  return
}
