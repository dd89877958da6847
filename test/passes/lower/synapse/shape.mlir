// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// Dimensions are counted from the other end.
// CHECK-LABEL: func.func @transpose
// CHECK: synapse.node "transpose"(%{{.*}}) {params = {permutation = array<i64: 0, 2, 1, 3>}} : (tensor<5x4x3x2xf32>) -> tensor<5x3x4x2xf32>
// CHECK: synapse.node "transpose"(%{{.*}}) {params = {permutation = array<i64: 2, 0, 1>}} : (tensor<9x8x7xf32>) -> tensor<7x9x8xf32>
func.func @transpose(%x: tensor<2x3x4x5xf32> {bert.name = "x"}, %y: tensor<7x8x9xf32> {bert.name = "y"})
    -> (tensor<2x4x3x5xf32> {bert.name = "a"}, tensor<8x9x7xf32> {bert.name = "b"}) attributes {bert.entry} {
  %0 = bert.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x3x4x5xf32>) -> tensor<2x4x3x5xf32>
  %1 = bert.transpose %y {permutation = array<i64: 1, 2, 0>} : (tensor<7x8x9xf32>) -> tensor<8x9x7xf32>
  return %0, %1 : tensor<2x4x3x5xf32>, tensor<8x9x7xf32>
}

// CHECK-LABEL: func.func @transpose_of_nothing
// CHECK-NOT: "transpose"
func.func @transpose_of_nothing(%x: tensor<2x3xf32> {bert.name = "x"}) -> (tensor<2x3xf32> {bert.name = "a"}) attributes {bert.entry} {
  %0 = bert.transpose %x {permutation = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = bert.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @slice
// CHECK: synapse.node "slice"(%{{.*}}) {params = {axes = array<i64: 0, 1>, ends = array<i64: 4, 2>, starts = array<i64: 1, 0>, steps = array<i64: 1, 1>}} : (tensor<5x2xf32>) -> tensor<3x2xf32>
// CHECK: synapse.node "strided_slice_grad"(%{{.*}}) {params = {axes = array<i64: 0, 1>, ends = array<i64: 5, 3>, starts = array<i64: 2, 1>, steps = array<i64: 1, 1>}} : (tensor<3x2xf32>) -> tensor<6x4xf32>
func.func @slice(%x: tensor<2x5xf32> {bert.name = "x"}) -> (tensor<4x6xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.slice %x {starts = array<i64: 0, 1>, sizes = array<i64: 2, 3>} : (tensor<2x5xf32>) -> tensor<2x3xf32>
  %1 = bert.slice_grad %0 {starts = array<i64: 1, 2>, input_shape = array<i64: 4, 6>} : (tensor<2x3xf32>) -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}

// A window of everything is nothing.
// CHECK-LABEL: func.func @slice_of_all
// CHECK-NOT: slice"
// CHECK: "neg_fwd_f32"
func.func @slice_of_all(%x: tensor<2x5xf32> {bert.name = "x"}) -> (tensor<2x5xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.slice %x {starts = array<i64: 0, 0>, sizes = array<i64: 2, 5>} : (tensor<2x5xf32>) -> tensor<2x5xf32>
  %1 = bert.slice_grad %0 {starts = array<i64: 0, 0>, input_shape = array<i64: 2, 5>} : (tensor<2x5xf32>) -> tensor<2x5xf32>
  %2 = bert.neg %1 : (tensor<2x5xf32>) -> tensor<2x5xf32>
  return %2 : tensor<2x5xf32>
}

// CHECK-LABEL: func.func @concat
// CHECK: synapse.node "concat"(%[[X:.*]], %[[Y:.*]]) {params = {axis = 0 : i32}} : (tensor<3x2xf32>, tensor<4x2xf32>) -> tensor<7x2xf32>
// CHECK: synapse.node "concat"(%[[X]], %[[X]]) {params = {axis = 1 : i32}} : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
// CHECK: synapse.node "memcpy"(%[[Y]])
func.func @concat(%x: tensor<2x3xf32> {bert.name = "x"}, %y: tensor<2x4xf32> {bert.name = "y"})
    -> (tensor<2x7xf32> {bert.name = "a"}, tensor<4x3xf32> {bert.name = "b"}, tensor<2x4xf32> {bert.name = "c"}) attributes {bert.entry} {
  %0 = bert.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
  %1 = bert.concat %x, %x {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  %2 = bert.concat %y {axis = 0 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1, %2 : tensor<2x7xf32>, tensor<4x3xf32>, tensor<2x4xf32>
}

// Where no kernel repeats it, a broadcast gets the rank of its result first.
// CHECK-LABEL: func.func @broadcast
// CHECK: synapse.node "broadcast"(%{{.*}}) : (tensor<1x2xi32>) -> tensor<4x2xi32>
// CHECK: %[[R:.*]] = synapse.node "reshape"(%{{.*}}) : (tensor<1x2xf32>) -> tensor<1x2x1xf32>
// CHECK: synapse.node "broadcast"(%[[R]]) : (tensor<1x2x1xf32>) -> tensor<4x2x3xf32>
func.func @broadcast(%x: tensor<2x1xf32> {bert.name = "x"}, %i: tensor<2x1xi32> {bert.name = "i"}) -> (tensor<3x2x4xf32> {bert.name = "y"}, tensor<2x4xi32> {bert.name = "j"}) attributes {bert.entry} {
  %0 = bert.broadcast_to %x : (tensor<2x1xf32>) -> tensor<3x2x4xf32>
  %1 = bert.broadcast_to %i : (tensor<2x1xi32>) -> tensor<2x4xi32>
  return %0, %1 : tensor<3x2x4xf32>, tensor<2x4xi32>
}

// A splat is made by a node, as small as its user allows; other constants are
// data, in the order of memory.
// CHECK-LABEL: func.func @constants
// CHECK-DAG: %[[S:.*]] = synapse.node "constant_f32"() {params = {value = 2.500000e-01 : f32}} : () -> tensor<1xf32>
// CHECK-DAG: synapse.node "add_fwd_f32"(%{{.*}}, %[[S]])
// CHECK-DAG: synapse.node "constant_f32"() {params = {value = 2.500000e-01 : f32}} : () -> tensor<3x2xf32>
// CHECK-DAG: synapse.constant dense<[1, 2, 3, 4, 5, 6]> : tensor<6xi32> -> tensor<3x2xi32>
// CHECK-DAG: synapse.node "constant_bf16"() {params = {value = 1.250000e-01 : f32}} : () -> tensor<1xbf16>
// CHECK-DAG: synapse.node "constant_i32"() {params = {value = 7 : i32}} : () -> tensor<2xi32>
func.func @constants(%x: tensor<2x3xf32> {bert.name = "x"})
    -> (tensor<2x3xf32> {bert.name = "a"}, tensor<2x3xf32> {bert.name = "b"}, tensor<2x3xi32> {bert.name = "c"}, tensor<bf16> {bert.name = "d"}, tensor<2xi32> {bert.name = "e"}) attributes {bert.entry} {
  %0 = bert.constant {value = dense<0.25> : tensor<2x3xf32>} : () -> tensor<2x3xf32>
  %1 = bert.constant {value = dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>} : () -> tensor<2x3xi32>
  %2 = bert.constant {value = dense<0.125> : tensor<bf16>} : () -> tensor<bf16>
  %3 = bert.constant {value = dense<7> : tensor<2xi32>} : () -> tensor<2xi32>
  %4 = bert.add %x, %0 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %4, %0, %1, %2, %3 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xi32>, tensor<bf16>, tensor<2xi32>
}

// Integers that are computed with are data of f32 at once.
// CHECK-LABEL: func.func @constant_as_float
// CHECK: synapse.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32> -> tensor<3xf32>
// CHECK-NOT: i32>
// CHECK: "equal_fwd_f32"
func.func @constant_as_float(%x: tensor<2x1xf32> {bert.name = "x"}) -> (tensor<3xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.constant {value = dense<[1, 2, 3]> : tensor<3xi32>} : () -> tensor<3xi32>
  %1 = bert.compare %0, %0 {predicate = #bert.predicate<eq>} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
  %2 = bert.cast %1 : (tensor<3xi1>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
}

// What is left of an identity is what it names.
// CHECK-LABEL: func.func @identity
// CHECK-NEXT: synapse.graph
// CHECK-NEXT: ^bb0
// CHECK-NEXT: synapse.node "neg_fwd_f32"
// CHECK-NEXT: synapse.yield
func.func @identity(%x: tensor<2xf32> {bert.name = "x"}) -> (tensor<2xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.identity %x : (tensor<2xf32>) -> tensor<2xf32>
  %1 = bert.neg %0 : (tensor<2xf32>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}
