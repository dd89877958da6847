// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of graphs and of what orders their nodes.

func.func @graph_c1(%x: tensor<2xf32>) {
  // expected-error@+1 {{expected a body whose arguments are of types 'tensor<2xf32>', found 'tensor<3xf32>'}}
  synapse.graph "g"(%x) : (tensor<2xf32>) -> () {
  ^bb0(%a: tensor<3xf32>):
    synapse.yield
  }
  return
}

// -----

func.func @graph_c2() {
  // expected-error@+1 {{expected synapse.yield of types 'tensor<2xf32>' at the end}}
  %0 = synapse.graph "g"() : () -> tensor<2xf32> {
    synapse.yield
  }
  return
}

// -----

func.func @graph_c3() {
  synapse.graph "g"() : () -> () {
    // expected-error@+1 {{expected no such operation inside a graph}}
    synapse.graph "h"() : () -> () {
      synapse.yield
    }
    synapse.yield
  }
  return
}

// -----

func.func @graph_c4(%x: tensor<2xf32>) {
  synapse.graph "g"(%x) : (tensor<2xf32>) -> () {
  ^bb0(%a: tensor<2xf32>):
    %0 = synapse.node "neg_fwd_f32"(%a) {name = "n"} : (tensor<2xf32>) -> tensor<2xf32>
    // expected-error@+1 {{expected a name of its own, found "n" again}}
    %1 = synapse.node "exp_fwd_f32"(%a) {name = "n"} : (tensor<2xf32>) -> tensor<2xf32>
    synapse.yield
  }
  return
}

// -----

synapse.variable @w : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
func.func @graph_c5(%x: tensor<2xf32>) {
  synapse.graph "g"(%x) : (tensor<2xf32>) -> () {
  ^bb0(%a: tensor<2xf32>):
    synapse.store @w, %a : tensor<2xf32>
    // expected-error@+1 {{expected one store a variable, found a second of @w}}
    synapse.store @w, %a : tensor<2xf32>
    synapse.yield
  }
  return
}

// -----

func.func @control_c1(%x: tensor<2xf32>) {
  %0 = synapse.node "neg_fwd_f32"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  // expected-error@+1 {{expected results of two different nodes}}
  synapse.control %x, %0 : tensor<2xf32>, tensor<2xf32>
  return
}

// -----

func.func @control_of_one_node(%x: tensor<2xf32>) {
  %0 = synapse.node "neg_fwd_f32"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  // expected-error@+1 {{expected results of two different nodes}}
  synapse.control %0, %0 : tensor<2xf32>, tensor<2xf32>
  return
}

// -----

synapse.variable @w : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
synapse.variable @a : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @w, role = #synapse<role accum>}
func.func @all_reduce_c1() {
  synapse.graph "g"() : () -> () {
    synapse.yield
  }
  // expected-error@+1 {{expected no graph around or before it}}
  synapse.all_reduce [@a] {bucket = 0 : i32}
  return
}

// -----

synapse.variable @w : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
synapse.variable @a : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @w, role = #synapse<role accum>}
func.func @all_reduce_c1_inside() {
  synapse.graph "g"() : () -> () {
    // expected-error@+1 {{expected no graph around or before it}}
    synapse.all_reduce [@a] {bucket = 0 : i32}
    synapse.yield
  }
  return
}

// -----

func.func @all_reduce_c2() {
  // expected-error@+1 {{expected a variable and a bucket of at least 0}}
  synapse.all_reduce [] {bucket = 0 : i32}
  return
}

// -----

synapse.variable @w : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
synapse.variable @a : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @w, role = #synapse<role accum>}
func.func @all_reduce_c2_bucket() {
  // expected-error@+1 {{expected a variable and a bucket of at least 0}}
  synapse.all_reduce [@a] {bucket = -1 : i32}
  return
}

// -----

synapse.variable @w : tensor<2xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
func.func @all_reduce_c3() {
  // expected-error@+1 {{expected @w to be an accumulator of f32}}
  synapse.all_reduce [@w] {bucket = 0 : i32}
  return
}
