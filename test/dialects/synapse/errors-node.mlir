// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of nodes but for shapes.

func.func @node_c1(%x0: tensor<2xf32>) {
  // expected-error@+1 {{"fused_bert": expected the GUID of a kernel, found "fused_bert"}}
  %0 = synapse.node "fused_bert"(%x0) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @kernel_of_another_type(%x0: tensor<2xi8>, %x1: tensor<2xi8>) {
  // expected-error@+1 {{"add_fwd_i8": expected the GUID of a kernel, found "add_fwd_i8"}}
  %0 = synapse.node "add_fwd_i8"(%x0, %x1) : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  return
}

// -----

func.func @node_c2(%x0: tensor<2xf32>) {
  // expected-error@+1 {{"add_fwd_f32": expected 2 operands, found 1}}
  %0 = synapse.node "add_fwd_f32"(%x0) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @operands_of_gemm(%x0: tensor<2x2xf32>) {
  // expected-error@+1 {{"gemm": expected 2 to 3 operands, found 1}}
  %0 = synapse.node "gemm"(%x0) : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @operands_of_concat() {
  // expected-error@+1 {{"concat": expected 1 or more operands, found 0}}
  %0 = synapse.node "concat"() {params = {axis = 0 : i32}} : () -> tensor<2xf32>
  return
}

// -----

func.func @node_c3(%x0: tensor<2x2xf32>) {
  %none = synapse.absent : none
  // expected-error@+1 {{"gemm": expected operand 1 to be there}}
  %0 = synapse.node "gemm"(%x0, %none) : (tensor<2x2xf32>, none) -> tensor<2x2xf32>
  return
}

// -----

func.func @node_c4(%x0: tensor<2xf32>, %x1: tensor<1xi32>) {
  // expected-error@+1 {{"dropout_fwd_f32": expected 2 results, found 1}}
  %0 = synapse.node "dropout_fwd_f32"(%x0, %x1) {params = {ratio = 0.1 : f32}} : (tensor<2xf32>, tensor<1xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @node_c5(%x0: tensor<2xbf16>, %x1: tensor<2xf32>) {
  // expected-error@+1 {{"add_fwd_bf16": expected operand 1 of element type bf16, found f32}}
  %0 = synapse.node "add_fwd_bf16"(%x0, %x1) : (tensor<2xbf16>, tensor<2xf32>) -> tensor<2xbf16>
  return
}

// -----

func.func @result_of_another_type(%x0: tensor<2xf32>, %x1: tensor<2xf32>) {
  // expected-error@+1 {{"equal_fwd_f32": expected result 0 of element type i8, found f32}}
  %0 = synapse.node "equal_fwd_f32"(%x0, %x1) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @product_of_integers(%x0: tensor<2x2xi32>, %x1: tensor<2x2xi32>) {
  // expected-error@+1 {{"gemm": expected operand 0 of element type f32 or bf16, found i32}}
  %0 = synapse.node "gemm"(%x0, %x1) : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @narrowing_product(%x0: tensor<2x2xf32>, %x1: tensor<2x2xf32>) {
  // expected-error@+1 {{"gemm": expected result 0 of element type f32, found bf16}}
  %0 = synapse.node "gemm"(%x0, %x1) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xbf16>
  return
}

// -----

func.func @transpose_to_another_type(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"transpose": expected result 0 of element type f32, found bf16}}
  %0 = synapse.node "transpose"(%x0) {params = {permutation = array<i64: 1, 0>}} : (tensor<2x3xf32>) -> tensor<3x2xbf16>
  return
}

// -----

func.func @node_c6(%x0: tensor<1x1x1x1x1x2xf32>, %x1: tensor<2xf32>) {
  // expected-error@+1 {{"add_fwd_f32": expected operand 0 of rank 1 to 5, found rank 6}}
  %0 = synapse.node "add_fwd_f32"(%x0, %x1) : (tensor<1x1x1x1x1x2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @rank_of_another_operand(%x0: tensor<2xf32>, %x1: tensor<f32>) {
  // expected-error@+1 {{"add_fwd_f32": expected operand 1 of rank 1 to 5, found rank 0}}
  %0 = synapse.node "add_fwd_f32"(%x0, %x1) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return
}

// -----

func.func @rank_of_result(%x0: tensor<1xf32>) {
  // expected-error@+1 {{"reshape": expected result 0 of rank 1 to 5, found rank 0}}
  %0 = synapse.node "reshape"(%x0) : (tensor<1xf32>) -> tensor<f32>
  return
}

// -----

func.func @rank_of_layer_norm(%x0: tensor<8x2xf32>, %x1: tensor<8xf32>, %x2: tensor<8xf32>) {
  // expected-error@+1 {{"layer_norm_fwd_f32": expected operand 0 of rank 4, found rank 2}}
  %0:3 = synapse.node "layer_norm_fwd_f32"(%x0, %x1, %x2) {params = {eps = 1.0e-12 : f32, epsValid = true}} : (tensor<8x2xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>)
  return
}

// -----

func.func @rank_of_range() {
  // expected-error@+1 {{"range_i32": expected result 0 of rank 1, found rank 2}}
  %0 = synapse.node "range_i32"() {params = {start = 0 : i32, limit = 4 : i32, delta = 1 : i32}} : () -> tensor<2x2xi32>
  return
}

// -----

func.func @node_c8(%x0: tensor<2xf32>) {
  // expected-error@+1 {{"softmax_fwd_f32": expected parameter dim}}
  %0 = synapse.node "softmax_fwd_f32"(%x0) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @unknown_parameter(%x0: tensor<2xf32>, %x1: tensor<2xf32>) {
  // expected-error@+1 {{"add_fwd_f32": expected no parameter dim}}
  %0 = synapse.node "add_fwd_f32"(%x0, %x1) {params = {dim = 0 : i32}} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @length_of_a_list_given(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"transpose": expected no parameter tensorDim}}
  %0 = synapse.node "transpose"(%x0) {params = {permutation = array<i64: 1, 0>, tensorDim = 2 : i32}} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @parameter_of_no_kind(%x0: tensor<2xf32>) {
  // expected-error@+1 {{expected parameter "dim" to be a bool, an integer, a float or array<i64: ...>, found "first"}}
  %0 = synapse.node "softmax_fwd_f32"(%x0) {params = {dim = "first"}} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @parameter_no_integer(%x0: tensor<2xf32>) {
  // expected-error@+1 {{"softmax_fwd_f32": expected parameter dim to be an integer}}
  %0 = synapse.node "softmax_fwd_f32"(%x0) {params = {dim = 0.0 : f32}} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @parameter_no_bool(%x0: tensor<2x2xf32>, %x1: tensor<2x2xf32>) {
  // expected-error@+1 {{"gemm": expected parameter transpose_a to be a bool}}
  %0 = synapse.node "gemm"(%x0, %x1) {params = {transpose_a = 1 : i32}} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @parameter_no_float(%x0: tensor<2xf32>, %x1: tensor<1xi32>) {
  // expected-error@+1 {{"dropout_fwd_f32": expected parameter ratio to be an f32}}
  %0:2 = synapse.node "dropout_fwd_f32"(%x0, %x1) {params = {ratio = 1 : i32}} : (tensor<2xf32>, tensor<1xi32>) -> (tensor<2xf32>, tensor<2xi8>)
  return
}

// -----

func.func @parameter_no_list(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"transpose": expected parameter permutation to be a list of integers}}
  %0 = synapse.node "transpose"(%x0) {params = {permutation = 1 : i32}} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @constant_no_float() {
  // expected-error@+1 {{"constant_bf16": expected parameter value to be an f32}}
  %0 = synapse.node "constant_bf16"() {params = {value = 1 : i32}} : () -> tensor<2xbf16>
  return
}

// -----

func.func @constant_no_integer() {
  // expected-error@+1 {{"constant_i32": expected parameter value to be an integer}}
  %0 = synapse.node "constant_i32"() {params = {value = 1.0 : f32}} : () -> tensor<2xi32>
  return
}

// -----

func.func @parameter_outside(%x0: tensor<2xf32>, %x1: tensor<1xi32>) {
  // expected-error@+1 {{"dropout_fwd_f32": expected parameter ratio from 0 to 0.9999, found 1}}
  %0:2 = synapse.node "dropout_fwd_f32"(%x0, %x1) {params = {ratio = 1.0 : f32}} : (tensor<2xf32>, tensor<1xi32>) -> (tensor<2xf32>, tensor<2xi8>)
  return
}

// -----

func.func @integer_outside(%x0: tensor<2xi32>) {
  // expected-error@+1 {{"one_hot_fwd_f32": expected parameter depth from 1 to 2.14748e+09, found 0}}
  %0 = synapse.node "one_hot_fwd_f32"(%x0) {params = {axis = 0 : i32, depth = 0 : i32, onValue = 1.0 : f32, offValue = 0.0 : f32}} : (tensor<2xi32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @entry_outside(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"transpose": expected parameter permutation from 0 to 4, found 5}}
  %0 = synapse.node "transpose"(%x0) {params = {permutation = array<i64: 5, 0>}} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @too_many_entries(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"transpose": expected at most 5 entries of parameter permutation, found 6}}
  %0 = synapse.node "transpose"(%x0) {params = {permutation = array<i64: 0, 1, 2, 3, 4, 0>}} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}
