// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// What the shape rules of kernels refuse.

func.func @node_c7(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"exp_fwd_f32": expected result 0 of shape 2x3, found 3x2}}
  %0 = synapse.node "exp_fwd_f32"(%x0) : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @same(%x0: tensor<2x3xf32>, %x1: tensor<2x2xf32>) {
  // expected-error@+1 {{"tanh_bwd_f32": expected operand 1 of shape 2x3, found 2x2}}
  %0 = synapse.node "tanh_bwd_f32"(%x0, %x1) : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast(%x0: tensor<2x3xf32>, %x1: tensor<3x2xf32>) {
  // expected-error@+1 {{"add_fwd_f32": expected operands that broadcast, found 2x3 and 3x2}}
  %0 = synapse.node "add_fwd_f32"(%x0, %x1) : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_of_both(%x0: tensor<2x1xf32>, %x1: tensor<1x3xf32>) {
  // expected-error@+1 {{"add_fwd_f32": expected an operand of the whole shape 2x3, found that all of them repeat}}
  %0 = synapse.node "add_fwd_f32"(%x0, %x1) : (tensor<2x1xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @rank_of_factor(%x0: tensor<2x3xf32>, %x1: tensor<2x3x1xf32>) {
  // expected-error@+1 {{"gemm": expected operand 1 of rank 2, found 2x3x1}}
  %0 = synapse.node "gemm"(%x0, %x1) : (tensor<2x3xf32>, tensor<2x3x1xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @inner_sizes(%x0: tensor<2x3xf32>, %x1: tensor<5x4xf32>) {
  // expected-error@+1 {{"gemm": expected operands 0 and 1 to have one inner size, found 2 and 4}}
  %0 = synapse.node "gemm"(%x0, %x1) : (tensor<2x3xf32>, tensor<5x4xf32>) -> tensor<5x3xf32>
  return
}

// -----

func.func @product(%x0: tensor<2x3xf32>, %x1: tensor<5x2xf32>) {
  // expected-error@+1 {{"gemm": expected result 0 of shape 5x3, found 3x5}}
  %0 = synapse.node "gemm"(%x0, %x1) : (tensor<2x3xf32>, tensor<5x2xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @transposed_product(%x0: tensor<2x3xf32>, %x1: tensor<3x5xf32>) {
  // expected-error@+1 {{"gemm": expected result 0 of shape 5x2, found 5x3}}
  %0 = synapse.node "gemm"(%x0, %x1) {params = {transpose_a = true, transpose_b = true}} : (tensor<2x3xf32>, tensor<3x5xf32>) -> tensor<5x3xf32>
  return
}

// -----

func.func @bias_of_product(%x0: tensor<2x3xf32>, %x1: tensor<5x2xf32>, %x2: tensor<3xf32>) {
  // expected-error@+1 {{"gemm": expected operand 2 of shape 5, found 3}}
  %0 = synapse.node "gemm"(%x0, %x1, %x2) : (tensor<2x3xf32>, tensor<5x2xf32>, tensor<3xf32>) -> tensor<5x3xf32>
  return
}

// -----

func.func @ranks_of_batches(%x0: tensor<2x3x1xf32>, %x1: tensor<5x2xf32>) {
  // expected-error@+1 {{"batch_gemm": expected operands of one rank, found 2x3x1 and 5x2}}
  %0 = synapse.node "batch_gemm"(%x0, %x1) : (tensor<2x3x1xf32>, tensor<5x2xf32>) -> tensor<5x3x1xf32>
  return
}

// -----

func.func @batches(%x0: tensor<2x3x4xf32>, %x1: tensor<5x2x3xf32>) {
  // expected-error@+1 {{"batch_gemm": expected batch dimensions that are equal or 1, found 2x3x4 and 5x2x3}}
  %0 = synapse.node "batch_gemm"(%x0, %x1) : (tensor<2x3x4xf32>, tensor<5x2x3xf32>) -> tensor<5x3x4xf32>
  return
}

// -----

func.func @mask_of_heads(%x0: tensor<2x3x4x6xf32>, %x1: tensor<5x2x4x6xf32>, %x2: tensor<9x3x4x6xf32>, %x3: tensor<5x9x1x6xf32>) {
  // expected-error@+1 {{"masked_batch_gemm": expected operand 2 of rank 4 with sizes 1 and 6 in dimensions 2 and 3, found 9x3x4x6}}
  %0 = synapse.node "masked_batch_gemm"(%x0, %x1, %x2, %x3) : (tensor<2x3x4x6xf32>, tensor<5x2x4x6xf32>, tensor<9x3x4x6xf32>, tensor<5x9x1x6xf32>) -> tensor<5x3x4x6xf32>
  return
}

// -----

func.func @mask_product(%x0: tensor<2x3x4x6xf32>, %x1: tensor<5x2x4x6xf32>, %x2: tensor<9x3x1x6xf32>, %x3: tensor<7x9x1x6xf32>) {
  // expected-error@+1 {{"masked_batch_gemm": expected masks whose product is 5x3, found 7x3}}
  %0 = synapse.node "masked_batch_gemm"(%x0, %x1, %x2, %x3) : (tensor<2x3x4x6xf32>, tensor<5x2x4x6xf32>, tensor<9x3x1x6xf32>, tensor<7x9x1x6xf32>) -> tensor<5x3x4x6xf32>
  return
}

// -----

func.func @beta(%x0: tensor<8x1x1x2xf32>, %x1: tensor<4xf32>, %x2: tensor<8xf32>) {
  // expected-error@+1 {{"layer_norm_fwd_f32": expected operand 1 of shape 8, found 4}}
  %0:3 = synapse.node "layer_norm_fwd_f32"(%x0, %x1, %x2) {params = {eps = 1.0e-12 : f32, epsValid = true}} : (tensor<8x1x1x2xf32>, tensor<4xf32>, tensor<8xf32>) -> (tensor<8x1x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>)
  return
}

// -----

func.func @statistics(%x0: tensor<8x1x1x2xf32>, %x1: tensor<8xf32>, %x2: tensor<8xf32>) {
  // expected-error@+1 {{"layer_norm_fwd_f32": expected result 1 of shape 1x1x1x2, found 2x1x1x1}}
  %0:3 = synapse.node "layer_norm_fwd_f32"(%x0, %x1, %x2) {params = {eps = 1.0e-12 : f32, epsValid = true}} : (tensor<8x1x1x2xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8x1x1x2xf32>, tensor<2x1x1x1xf32>, tensor<1x1x1x2xf32>)
  return
}

// -----

func.func @mean_of_gradient(%x0: tensor<8x1x1x2xf32>, %x1: tensor<8x1x1x2xf32>, %x2: tensor<8x1x1x2xf32>, %x3: tensor<1x1x1x2xf32>, %x4: tensor<8xf32>) {
  // expected-error@+1 {{"layer_norm_bwd_f32": expected operand 2 of shape 1x1x1x2, found 8x1x1x2}}
  %0:3 = synapse.node "layer_norm_bwd_f32"(%x0, %x1, %x2, %x3, %x4) {params = {eps = 1.0e-12 : f32, epsValid = true}} : (tensor<8x1x1x2xf32>, tensor<8x1x1x2xf32>, tensor<8x1x1x2xf32>, tensor<1x1x1x2xf32>, tensor<8xf32>) -> (tensor<8x1x1x2xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @softmax(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"softmax_fwd_f32": expected dim below 2, found 2}}
  %0 = synapse.node "softmax_fwd_f32"(%x0) {params = {dim = 2 : i32}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @seed(%x0: tensor<2xf32>, %x1: tensor<4xi32>) {
  // expected-error@+1 {{"dropout_fwd_f32": expected operand 1 of shape 1, found 4}}
  %0:2 = synapse.node "dropout_fwd_f32"(%x0, %x1) {params = {ratio = 0.1 : f32}} : (tensor<2xf32>, tensor<4xi32>) -> (tensor<2xf32>, tensor<2xi8>)
  return
}

// -----

func.func @labels(%x0: tensor<2x3xf32>, %x1: tensor<2xi32>) {
  // expected-error@+1 {{"softmax_cross_entropy_fwd_f32": expected operand 1 of shape 3, found 2}}
  %0:2 = synapse.node "softmax_cross_entropy_fwd_f32"(%x0, %x1) {params = {mode = 0 : i32, batchSize = 3 : i32}} : (tensor<2x3xf32>, tensor<2xi32>) -> (tensor<1xf32>, tensor<2x3xf32>)
  return
}

// -----

func.func @labels_of_gradient(%x0: tensor<2x3xf32>, %x1: tensor<2xi32>) {
  // expected-error@+1 {{"softmax_cross_entropy_bwd_f32": expected operand 1 of shape 3, found 2}}
  %0 = synapse.node "softmax_cross_entropy_bwd_f32"(%x0, %x1) {params = {mode = 0 : i32, batchSize = 3 : i32}} : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gather(%x0: tensor<8x30xf32>, %x1: tensor<5xi32>) {
  // expected-error@+1 {{"gather_fwd_f32": expected result 0 of shape 8x5, found 8x7}}
  %0 = synapse.node "gather_fwd_f32"(%x0, %x1) {params = {axis = 1 : i32}} : (tensor<8x30xf32>, tensor<5xi32>) -> tensor<8x7xf32>
  return
}

// -----

func.func @gather_axis(%x0: tensor<8x30xf32>, %x1: tensor<5xi32>) {
  // expected-error@+1 {{"gather_fwd_f32": expected axis below 2, found 2}}
  %0 = synapse.node "gather_fwd_f32"(%x0, %x1) {params = {axis = 2 : i32}} : (tensor<8x30xf32>, tensor<5xi32>) -> tensor<8x5xf32>
  return
}

// -----

func.func @gather_elements(%x0: tensor<8x30xf32>, %x1: tensor<1x5xi32>) {
  // expected-error@+1 {{"gather_elements_fwd_f32": expected operand 1 of shape 1x30, found 1x5}}
  %0 = synapse.node "gather_elements_fwd_f32"(%x0, %x1) {params = {axis = 0 : i32}} : (tensor<8x30xf32>, tensor<1x5xi32>) -> tensor<1x5xf32>
  return
}

// -----

func.func @gather_elements_axis(%x0: tensor<8x30xf32>, %x1: tensor<1x5xi32>) {
  // expected-error@+1 {{"gather_elements_fwd_f32": expected axis below 2, found 3}}
  %0 = synapse.node "gather_elements_fwd_f32"(%x0, %x1) {params = {axis = 3 : i32}} : (tensor<8x30xf32>, tensor<1x5xi32>) -> tensor<1x5xf32>
  return
}

// -----

func.func @embedding_indices(%x0: tensor<8x5xf32>, %x1: tensor<4xi32>) {
  // expected-error@+1 {{"embedding_dense_pt_bwd_f32": expected operand 1 of shape 5, found 4}}
  %0 = synapse.node "embedding_dense_pt_bwd_f32"(%x0, %x1) {params = {numWeights = 30 : i32, paddingIdx = -1 : i32}} : (tensor<8x5xf32>, tensor<4xi32>) -> tensor<8x30xf32>
  return
}

// -----

func.func @embedding(%x0: tensor<8x5xf32>, %x1: tensor<5xi32>) {
  // expected-error@+1 {{"embedding_dense_pt_bwd_f32": expected result 0 of shape 8x30, found 8x20}}
  %0 = synapse.node "embedding_dense_pt_bwd_f32"(%x0, %x1) {params = {numWeights = 30 : i32, paddingIdx = -1 : i32}} : (tensor<8x5xf32>, tensor<5xi32>) -> tensor<8x20xf32>
  return
}

// -----

func.func @scatter_indices(%x0: tensor<8x30xf32>, %x1: tensor<7x5xi32>, %x2: tensor<8x5xf32>) {
  // expected-error@+1 {{"unsorted_scatter_add_fwd_f32": expected operand 1 of shape 8x5, found 7x5}}
  %0 = synapse.node "unsorted_scatter_add_fwd_f32"(%x0, %x1, %x2) {params = {axis = 1 : i32}} : (tensor<8x30xf32>, tensor<7x5xi32>, tensor<8x5xf32>) -> tensor<8x30xf32>
  return
}

// -----

func.func @scatter_updates(%x0: tensor<8x30xf32>, %x1: tensor<8x5xi32>, %x2: tensor<8x6xf32>) {
  // expected-error@+1 {{"unsorted_scatter_add_fwd_f32": expected operand 2 of shape 8x5, found 8x6}}
  %0 = synapse.node "unsorted_scatter_add_fwd_f32"(%x0, %x1, %x2) {params = {axis = 1 : i32}} : (tensor<8x30xf32>, tensor<8x5xi32>, tensor<8x6xf32>) -> tensor<8x30xf32>
  return
}

// -----

func.func @scatter_axis(%x0: tensor<8x30xf32>, %x1: tensor<8x5xi32>, %x2: tensor<8x5xf32>) {
  // expected-error@+1 {{"unsorted_scatter_add_fwd_f32": expected axis below 2, found 4}}
  %0 = synapse.node "unsorted_scatter_add_fwd_f32"(%x0, %x1, %x2) {params = {axis = 4 : i32}} : (tensor<8x30xf32>, tensor<8x5xi32>, tensor<8x5xf32>) -> tensor<8x30xf32>
  return
}

// -----

func.func @one_hot(%x0: tensor<5xi32>) {
  // expected-error@+1 {{"one_hot_fwd_f32": expected result 0 of shape 9x5, found 5x9}}
  %0 = synapse.node "one_hot_fwd_f32"(%x0) {params = {axis = 0 : i32, depth = 9 : i32, onValue = 1.0 : f32, offValue = 0.0 : f32}} : (tensor<5xi32>) -> tensor<5x9xf32>
  return
}

// -----

func.func @one_hot_axis(%x0: tensor<5xi32>) {
  // expected-error@+1 {{"one_hot_fwd_f32": expected axis below 2, found 2}}
  %0 = synapse.node "one_hot_fwd_f32"(%x0) {params = {axis = 2 : i32, depth = 9 : i32, onValue = 1.0 : f32, offValue = 0.0 : f32}} : (tensor<5xi32>) -> tensor<9x5xf32>
  return
}

// -----

func.func @range() {
  // expected-error@+1 {{"range_i32": expected result 0 of shape 4, found 5}}
  %0 = synapse.node "range_i32"() {params = {start = 0 : i32, limit = 7 : i32, delta = 2 : i32}} : () -> tensor<5xi32>
  return
}

// -----

func.func @empty_range() {
  // expected-error@+1 {{"range_f32": expected a range that has elements, found start 0.000000, limit 7.000000 and delta 0.000000}}
  %0 = synapse.node "range_f32"() {params = {start = 0.0 : f32, limit = 7.0 : f32, delta = 0.0 : f32}} : () -> tensor<5xf32>
  return
}

// -----

func.func @reduce(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"reduce_sum_fwd_f32": expected result 0 of shape 2x1, found 2}}
  %0 = synapse.node "reduce_sum_fwd_f32"(%x0) {params = {reductionDimension = 1 : i32}} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @reduce_axis(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"reduce_sum_fwd_f32": expected reductionDimension below 2, found 2}}
  %0 = synapse.node "reduce_sum_fwd_f32"(%x0) {params = {reductionDimension = 2 : i32}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @reduce_many(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"reduce_sum_multi_dim_fwd_f32": expected result 0 of shape 3, found 2}}
  %0 = synapse.node "reduce_sum_multi_dim_fwd_f32"(%x0) {params = {mask = 1 : i32, keepDim = false}} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @reduce_many_kept(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"reduce_sum_multi_dim_fwd_f32": expected result 0 of shape 1x3, found 3}}
  %0 = synapse.node "reduce_sum_multi_dim_fwd_f32"(%x0) {params = {mask = 1 : i32, keepDim = true}} : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @reduce_all(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"reduce_sum_multi_dim_fwd_f32": expected result 0 of shape 1, found 1x1}}
  %0 = synapse.node "reduce_sum_multi_dim_fwd_f32"(%x0) {params = {mask = 0 : i32, keepDim = true}} : (tensor<2x3xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @reduce_too_many(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"reduce_sum_multi_dim_fwd_f32": expected a mask of 2 dimensions, found 4}}
  %0 = synapse.node "reduce_sum_multi_dim_fwd_f32"(%x0) {params = {mask = 4 : i32, keepDim = false}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @norm(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"frobenius_norm_fwd": expected result 0 of shape 1, found 2}}
  %0 = synapse.node "frobenius_norm_fwd"(%x0) : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @transpose(%x0: tensor<2x3x4xf32>) {
  // expected-error@+1 {{"transpose": expected result 0 of shape 4x2x3, found 3x4x2}}
  %0 = synapse.node "transpose"(%x0) {params = {permutation = array<i64: 2, 0, 1>}} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  return
}

// -----

func.func @no_permutation(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"transpose": expected a permutation of 2 dimensions, found 0x0}}
  %0 = synapse.node "transpose"(%x0) {params = {permutation = array<i64: 0, 0>}} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @reshape(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"reshape": expected a result of as many elements as 2x3, found 2x2}}
  %0 = synapse.node "reshape"(%x0) : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @repeat(%x0: tensor<2x1xf32>) {
  // expected-error@+1 {{"broadcast": expected a result that 2x1 broadcasts to, found 3x2}}
  %0 = synapse.node "broadcast"(%x0) : (tensor<2x1xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @concat(%x0: tensor<2x3xf32>, %x1: tensor<2x4xf32>) {
  // expected-error@+1 {{"concat": expected result 0 of shape 2x7, found 2x6}}
  %0 = synapse.node "concat"(%x0, %x1) {params = {axis = 1 : i32}} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @concat_pieces(%x0: tensor<2x3xf32>, %x1: tensor<3x4xf32>) {
  // expected-error@+1 {{"concat": expected pieces that differ in dimension 1 alone, found 2x3 and 3x4}}
  %0 = synapse.node "concat"(%x0, %x1) {params = {axis = 1 : i32}} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @concat_axis(%x0: tensor<2x3xf32>, %x1: tensor<3x4xf32>) {
  // expected-error@+1 {{"concat": expected axis below 2, found 2}}
  %0 = synapse.node "concat"(%x0, %x1) {params = {axis = 2 : i32}} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @split(%x0: tensor<2x7xf32>) {
  // expected-error@+1 {{"split": expected results that add up to 2x7, found 2x6}}
  %0:2 = synapse.node "split"(%x0) {params = {axis = 1 : i32}} : (tensor<2x7xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
  return
}

// -----

func.func @split_pieces(%x0: tensor<2x7xf32>) {
  // expected-error@+1 {{"split": expected pieces that differ in dimension 1 alone, found 2x3 and 3x4}}
  %0:2 = synapse.node "split"(%x0) {params = {axis = 1 : i32}} : (tensor<2x7xf32>) -> (tensor<2x3xf32>, tensor<3x4xf32>)
  return
}

// -----

func.func @split_rank(%x0: tensor<2x7xf32>) {
  // expected-error@+1 {{"split": expected results that add up to 2x7, found 2}}
  %0 = synapse.node "split"(%x0) {params = {axis = 1 : i32}} : (tensor<2x7xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @split_axis(%x0: tensor<2x7xf32>) {
  // expected-error@+1 {{"split": expected axis below 2, found 3}}
  %0:2 = synapse.node "split"(%x0) {params = {axis = 3 : i32}} : (tensor<2x7xf32>) -> (tensor<2x3xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @slice(%x0: tensor<2x7xf32>) {
  // expected-error@+1 {{"slice": expected result 0 of shape 2x3, found 2x5}}
  %0 = synapse.node "slice"(%x0) {params = {axes = array<i64: 1>, starts = array<i64: 1>, ends = array<i64: 6>, steps = array<i64: 2>}} : (tensor<2x7xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @slice_outside(%x0: tensor<2x7xf32>) {
  // expected-error@+1 {{"slice": expected a range inside 2x7, found 1 to 8 in steps of 1 along 1}}
  %0 = synapse.node "slice"(%x0) {params = {axes = array<i64: 1>, starts = array<i64: 1>, ends = array<i64: 8>, steps = array<i64: 1>}} : (tensor<2x7xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @slice_lists(%x0: tensor<2x7xf32>) {
  // expected-error@+1 {{"slice": expected as many starts, ends and steps as axes, found 2 axes, 1 starts, 1 ends and 1 steps}}
  %0 = synapse.node "slice"(%x0) {params = {axes = array<i64: 1, 0>, starts = array<i64: 1>, ends = array<i64: 3>, steps = array<i64: 1>}} : (tensor<2x7xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @slice_insert(%x0: tensor<2x7xf32>, %x1: tensor<2x3xf32>) {
  // expected-error@+1 {{"slice_insert": expected operand 1 of shape 2x2, found 2x3}}
  %0 = synapse.node "slice_insert"(%x0, %x1) {params = {axes = array<i64: 1>, starts = array<i64: 1>, ends = array<i64: 3>, steps = array<i64: 1>}} : (tensor<2x7xf32>, tensor<2x3xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @slice_insert_outside(%x0: tensor<2x7xf32>, %x1: tensor<2x3xf32>) {
  // expected-error@+1 {{"slice_insert": expected a range inside 2x7, found 3 to 3 in steps of 1 along 1}}
  %0 = synapse.node "slice_insert"(%x0, %x1) {params = {axes = array<i64: 1>, starts = array<i64: 3>, ends = array<i64: 3>, steps = array<i64: 1>}} : (tensor<2x7xf32>, tensor<2x3xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @slice_grad(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"strided_slice_grad": expected operand 0 of shape 2x2, found 2x3}}
  %0 = synapse.node "strided_slice_grad"(%x0) {params = {axes = array<i64: 1>, starts = array<i64: 1>, ends = array<i64: 3>, steps = array<i64: 1>}} : (tensor<2x3xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @slice_grad_outside(%x0: tensor<2x3xf32>) {
  // expected-error@+1 {{"strided_slice_grad": expected a range inside 2x7, found 1 to 9 in steps of 1 along 1}}
  %0 = synapse.node "strided_slice_grad"(%x0) {params = {axes = array<i64: 1>, starts = array<i64: 1>, ends = array<i64: 9>, steps = array<i64: 1>}} : (tensor<2x3xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @squeeze(%x0: tensor<2x1xf32>) {
  // expected-error@+1 {{"squeeze": expected a dimension of size 1 to leave out at 0, found 2x1}}
  %0 = synapse.node "squeeze"(%x0) {params = {axis = 0 : i32}} : (tensor<2x1xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @squeeze_axis(%x0: tensor<2x1xf32>) {
  // expected-error@+1 {{"squeeze": expected axis below 2, found 2}}
  %0 = synapse.node "squeeze"(%x0) {params = {axis = 2 : i32}} : (tensor<2x1xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @expand_dims(%x0: tensor<2xf32>) {
  // expected-error@+1 {{"expand_dims": expected result 0 of shape 2x1, found 1x2}}
  %0 = synapse.node "expand_dims"(%x0) {params = {axis = 1 : i32}} : (tensor<2xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @expand_dims_axis(%x0: tensor<2xf32>) {
  // expected-error@+1 {{"expand_dims": expected axis below 2, found 2}}
  %0 = synapse.node "expand_dims"(%x0) {params = {axis = 2 : i32}} : (tensor<2xf32>) -> tensor<2x1xf32>
  return
}
