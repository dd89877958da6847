// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s
// RUN: bertc-opt --bert-to-synapse=one-hot-bytes=100 %s | FileCheck --check-prefix=KERNEL %s
// RUN: bertc-opt --bert-to-synapse="one-hot-bytes=130 embedding-kernel=false" %s | FileCheck --check-prefix=SLICES %s
// RUN: not bertc-opt --bert-to-synapse=one-hot-bytes=-1 %s 2>&1 | FileCheck --check-prefix=BYTES %s
// BYTES: error: one-hot-bytes is -1, expected at least 0

bert.variable @table : tensor<9x4xf32> {trainable}

// Tests that rows of a matrix are taken by a vector of indices.
// CHECK-LABEL: synapse.graph "gather"
// CHECK: ^bb0(%[[I:.*]]: tensor<3x2xi32>):
// CHECK: %[[T:.*]] = synapse.read @table
// CHECK: %[[FLAT:.*]] = synapse.node "reshape"(%[[I]]) : (tensor<3x2xi32>) -> tensor<6xi32>
// CHECK: %[[ROWS:.*]] = synapse.node "gather_fwd_f32"(%[[T]], %[[FLAT]]) {params = {axis = 1 : i32}} : (tensor<4x9xf32>, tensor<6xi32>) -> tensor<4x6xf32>
// CHECK: synapse.node "reshape"(%[[ROWS]]) : (tensor<4x6xf32>) -> tensor<4x3x2xf32>
func.func @gather(%i: tensor<2x3xi32> {bert.name = "i"}) -> (tensor<2x3x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %t = bert.read @table : tensor<9x4xf32>
  %y = bert.gather %t, %i : (tensor<9x4xf32>, tensor<2x3xi32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// Tests that batches become one table, whose indices begin at 0, 5, 10.
// CHECK-LABEL: synapse.graph "batches"
// CHECK: ^bb0(%[[T:.*]]: tensor<4x5x3xbf16>, %[[I:.*]]: tensor<2x3xi32>):
// CHECK-DAG: %[[DATA:.*]] = synapse.node "reshape"(%[[T]]) : (tensor<4x5x3xbf16>) -> tensor<4x15xbf16>
// CHECK-DAG: %[[STARTS:.*]] = synapse.node "range_f32"() {params = {delta = 5.000000e+00 : f32, limit = 1.500000e+01 : f32, start = 0.000000e+00 : f32}} : () -> tensor<3xf32>
// CHECK-DAG: %[[ROW:.*]] = synapse.node "reshape"(%[[STARTS]]) : (tensor<3xf32>) -> tensor<1x3xf32>
// CHECK-DAG: %[[F:.*]] = synapse.node "cast_i32_to_f32"(%[[I]])
// CHECK: %[[SUM:.*]] = synapse.node "add_fwd_f32"(%[[F]], %[[ROW]]) : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
// CHECK: %[[INT:.*]] = synapse.node "cast_f32_to_i32"(%[[SUM]])
// CHECK: %[[FLAT:.*]] = synapse.node "reshape"(%[[INT]]) : (tensor<2x3xi32>) -> tensor<6xi32>
// CHECK: synapse.node "gather_fwd_bf16"(%[[DATA]], %[[FLAT]]) {params = {axis = 1 : i32}}
func.func @batches(%t: tensor<3x5x4xbf16> {bert.name = "t"}, %i: tensor<3x2xi32> {bert.name = "i"}) -> (tensor<3x2x4xbf16> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.gather %t, %i {batch_dims = 1 : i64} : (tensor<3x5x4xbf16>, tensor<3x2xi32>) -> tensor<3x2x4xbf16>
  return %y : tensor<3x2x4xbf16>
}

// Tests that positions get the first row of their sequence added, those of one
// operand after the other.
// CHECK-LABEL: synapse.graph "row_numbers"
// CHECK: ^bb0(%[[I:.*]]: tensor<2x3xi32>, %[[J:.*]]: tensor<1x3xi32>, %[[T:.*]]: tensor<4x15xf32>):
// CHECK-DAG: synapse.node "range_f32"() {params = {delta = 5.000000e+00 : f32, limit = 1.500000e+01 : f32, start = 0.000000e+00 : f32}} : () -> tensor<3xf32>
// CHECK-DAG: %[[F:.*]] = synapse.node "cast_i32_to_f32"(%[[I]])
// CHECK: synapse.node "add_fwd_f32"(%[[F]], %{{.*}}) : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
// CHECK: synapse.node "add_fwd_f32"({{.*}}) : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
// CHECK: %[[ROWS:.*]] = synapse.node "concat"(%{{.*}}, %{{.*}}) {params = {axis = 0 : i32}} : (tensor<6xi32>, tensor<3xi32>) -> tensor<9xi32>
// CHECK: synapse.node "gather_fwd_f32"(%[[T]], %[[ROWS]]) {params = {axis = 1 : i32}} : (tensor<4x15xf32>, tensor<9xi32>) -> tensor<4x9xf32>
func.func @row_numbers(%t: tensor<15x4xf32> {bert.name = "t"}, %i: tensor<3x2xi32> {bert.name = "i"}, %j: tensor<3x1xi32> {bert.name = "j"}) -> (tensor<9x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %r = bert.row_numbers %i, %j {sequence_length = 5 : i64} : (tensor<3x2xi32>, tensor<3x1xi32>) -> tensor<9xi32>
  %y = bert.gather %t, %r : (tensor<15x4xf32>, tensor<9xi32>) -> tensor<9x4xf32>
  return %y : tensor<9x4xf32>
}

// Tests that rows are summed by a product while the matrix of ones is small,
// else by the kernel, or in slices: of 130 bytes, 24 a row, 5 rows, of which
// the first and last are for indices of other slices.
// CHECK-LABEL: synapse.graph "gather_grad"
// CHECK: ^bb0(%[[DY:.*]]: tensor<4x3x2xf32>, %[[I:.*]]: tensor<3x2xi32>):
// CHECK-DAG: %[[ROWS:.*]] = synapse.node "reshape"(%[[DY]]) : (tensor<4x3x2xf32>) -> tensor<4x6xf32>
// CHECK-DAG: %[[FLAT:.*]] = synapse.node "reshape"(%[[I]]) : (tensor<3x2xi32>) -> tensor<6xi32>
// CHECK: %[[ONES:.*]] = synapse.node "one_hot_fwd_f32"(%[[FLAT]]) {params = {axis = 0 : i32, depth = 9 : i32, offValue = 0.000000e+00 : f32, onValue = 1.000000e+00 : f32}} : (tensor<6xi32>) -> tensor<9x6xf32>
// CHECK: synapse.node "gemm"(%[[ONES]], %[[ROWS]]) {params = {transpose_a = true, transpose_b = false}} : (tensor<9x6xf32>, tensor<4x6xf32>) -> tensor<4x9xf32>
// KERNEL-LABEL: synapse.graph "gather_grad"
// KERNEL-NOT: one_hot
// KERNEL: synapse.node "embedding_dense_pt_bwd_f32"({{.*}}) {params = {numWeights = 9 : i32, paddingIdx = -1 : i32, scaleGradByFreq = false}} : (tensor<4x6xf32>, tensor<6xi32>) -> tensor<4x9xf32>
// SLICES-LABEL: synapse.graph "gather_grad"
// SLICES-COUNT-3: "one_hot_fwd_f32"({{.*}}) {{.*}}depth = 5 : i32
// SLICES: synapse.node "concat"(%{{.*}}, %{{.*}}, %{{.*}}) {params = {axis = 1 : i32}} : (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x9xf32>
func.func @gather_grad(%dy: tensor<2x3x4xf32> {bert.name = "dy"}, %i: tensor<2x3xi32> {bert.name = "i"}) -> (tensor<9x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<2x3x4xf32>, tensor<2x3xi32>) -> tensor<9x4xf32>
  return %y : tensor<9x4xf32>
}

// Tests one slice: indices - (first - 1), held within 0 and rows + 1.
// SLICES-LABEL: synapse.graph "slice"
// SLICES: %[[F:.*]] = synapse.node "cast_i32_to_f32"
// SLICES: %[[MINUS1:.*]] = synapse.node "constant_f32"() {params = {value = -1.000000e+00 : f32}}
// SLICES: %[[A:.*]] = synapse.node "sub_fwd_f32"(%[[F]], %[[MINUS1]])
// SLICES: %[[B:.*]] = synapse.node "max_fwd_f32"(%[[A]], %{{.*}})
// SLICES: %[[FOUR:.*]] = synapse.node "constant_f32"() {params = {value = 4.000000e+00 : f32}}
// SLICES: %[[C:.*]] = synapse.node "min_fwd_f32"(%[[B]], %[[FOUR]])
// SLICES: %[[I:.*]] = synapse.node "cast_f32_to_i32"(%[[C]])
// SLICES: synapse.node "one_hot_fwd_f32"(%[[I]])
// SLICES: %[[SUMS:.*]] = synapse.node "gemm"({{.*}}) {{.*}} -> tensor<4x5xf32>
// SLICES: synapse.node "slice"(%[[SUMS]]) {params = {axes = array<i64: 0, 1>, ends = array<i64: 4, 4>, starts = array<i64: 0, 1>, steps = array<i64: 1, 1>}} : (tensor<4x5xf32>) -> tensor<4x3xf32>
func.func @slice(%dy: tensor<6x4xf32> {bert.name = "dy"}, %i: tensor<6xi32> {bert.name = "i"}) -> (tensor<9x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.gather_grad %dy, %i {input_shape = array<i64: 9, 4>} : (tensor<6x4xf32>, tensor<6xi32>) -> tensor<9x4xf32>
  return %y : tensor<9x4xf32>
}

// Tests that rows that were bf16 are multiplied as such, and summed in f32.
// CHECK-LABEL: synapse.graph "bf16_rows"
// CHECK-NOT: cast_bf16_to_f32
// CHECK: synapse.node "cast_f32_to_bf16"
// CHECK: synapse.node "gemm"({{.*}}) {{.*}} : (tensor<9x6xbf16>, tensor<4x6xbf16>) -> tensor<4x9xf32>
// KERNEL-LABEL: synapse.graph "bf16_rows"
// KERNEL: synapse.node "cast_bf16_to_f32"
// KERNEL: synapse.node "embedding_dense_pt_bwd_f32"
func.func @bf16_rows(%dy: tensor<6x4xbf16> {bert.name = "dy"}, %i: tensor<6xi32> {bert.name = "i"}) -> (tensor<9x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %wide = bert.cast %dy : (tensor<6x4xbf16>) -> tensor<6x4xf32>
  %y = bert.gather_grad %wide, %i {input_shape = array<i64: 9, 4>} : (tensor<6x4xf32>, tensor<6xi32>) -> tensor<9x4xf32>
  return %y : tensor<9x4xf32>
}

// Tests that batches are products of their own, with their own indices, and
// never the kernel's, which has one table.
// CHECK-LABEL: synapse.graph "batched_grad"
// CHECK: synapse.node "one_hot_fwd_f32"({{.*}}) {{.*}} : (tensor<2x3xi32>) -> tensor<5x2x3xf32>
// CHECK: synapse.node "batch_gemm"({{.*}}) {params = {transpose_a = true, transpose_b = false}} : (tensor<5x2x3xf32>, tensor<4x2x3xf32>) -> tensor<4x5x3xf32>
// KERNEL-LABEL: synapse.graph "batched_grad"
// KERNEL: synapse.node "batch_gemm"
func.func @batched_grad(%dy: tensor<3x2x4xf32> {bert.name = "dy"}, %i: tensor<3x2xi32> {bert.name = "i"}) -> (tensor<3x5x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.gather_grad %dy, %i {batch_dims = 1 : i64, input_shape = array<i64: 3, 5, 4>} : (tensor<3x2x4xf32>, tensor<3x2xi32>) -> tensor<3x5x4xf32>
  return %y : tensor<3x5x4xf32>
}
