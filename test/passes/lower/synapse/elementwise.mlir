// RUN: bertc-opt --bert-to-synapse %s | FileCheck %s

// Ranks are aligned at the fastest dimension; a scalar stays [1].
// CHECK-LABEL: func.func @vector_and_scalar
// CHECK: %[[V:.*]] = synapse.node "reshape"(%{{.*}}) {scope = "a"} : (tensor<3xf32>) -> tensor<3x1xf32>
// CHECK: %[[S:.*]] = synapse.node "add_fwd_f32"(%{{.*}}, %[[V]]) {scope = "a"} : (tensor<3x2xf32>, tensor<3x1xf32>) -> tensor<3x2xf32>
// CHECK: synapse.node "mult_fwd_f32"(%[[S]], %{{.*}}) : (tensor<3x2xf32>, tensor<1xf32>) -> tensor<3x2xf32>
func.func @vector_and_scalar(%x: tensor<2x3xf32> {bert.name = "x"}, %v: tensor<3xf32> {bert.name = "v"}, %s: tensor<f32> {bert.name = "s"})
    -> (tensor<2x3xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.add %x, %v {scope = "a"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = bert.mul %0, %s : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// Where both sides repeat, a node repeats the first.
// CHECK-LABEL: func.func @both_sides
// CHECK: %[[X:.*]] = synapse.node "broadcast"(%{{.*}}) : (tensor<1x2xf32>) -> tensor<3x2xf32>
// CHECK: synapse.node "sub_fwd_f32"(%[[X]], %{{.*}}) : (tensor<3x2xf32>, tensor<3x1xf32>) -> tensor<3x2xf32>
func.func @both_sides(%x: tensor<2x1xf32> {bert.name = "x"}, %y: tensor<1x3xf32> {bert.name = "y"})
    -> (tensor<2x3xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.sub %x, %y : (tensor<2x1xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// A broadcast is made by the kernel that uses it.
// CHECK-LABEL: func.func @broadcast_is_absorbed
// CHECK-NOT: "broadcast"
// CHECK: synapse.node "div_fwd_bf16"(%{{.*}}, %{{.*}}) : (tensor<3x2xbf16>, tensor<1xbf16>) -> tensor<3x2xbf16>
func.func @broadcast_is_absorbed(%x: tensor<2x3xbf16> {bert.name = "x"}, %s: tensor<bf16> {bert.name = "s"})
    -> (tensor<2x3xbf16> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.broadcast_to %s : (tensor<bf16>) -> tensor<2x3xbf16>
  %1 = bert.div %x, %0 : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<2x3xbf16>
  return %1 : tensor<2x3xbf16>
}

// CHECK-LABEL: func.func @unary
// CHECK: "neg_fwd_bf16"
// CHECK: "exp_fwd_bf16"
// CHECK: "log_fwd_bf16"
// CHECK: "sqrt_fwd_bf16"
// CHECK: "rsqrt_fwd_bf16"
func.func @unary(%x: tensor<4xbf16> {bert.name = "x"}) -> (tensor<4xbf16> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.neg %x : (tensor<4xbf16>) -> tensor<4xbf16>
  %1 = bert.exp %0 : (tensor<4xbf16>) -> tensor<4xbf16>
  %2 = bert.log %1 : (tensor<4xbf16>) -> tensor<4xbf16>
  %3 = bert.sqrt %2 : (tensor<4xbf16>) -> tensor<4xbf16>
  %4 = bert.rsqrt %3 : (tensor<4xbf16>) -> tensor<4xbf16>
  return %4 : tensor<4xbf16>
}

// CHECK-LABEL: func.func @binary
// CHECK: "div_fwd_f32"
// CHECK: "max_fwd_f32"
// CHECK: "min_fwd_f32"
func.func @binary(%x: tensor<4xf32> {bert.name = "x"}, %y: tensor<4xf32> {bert.name = "y"}) -> (tensor<4xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.div %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.maximum %0, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.minimum %1, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// Integers are computed with as f32, and become integers where they are wanted.
// CHECK-LABEL: func.func @integers
// CHECK: %[[X:.*]] = synapse.node "cast_i32_to_f32"(%{{.*}}) {params = {roundMode = 0 : i32}}
// CHECK: %[[TWO:.*]] = synapse.node "constant_f32"() {params = {value = 2.000000e+00 : f32}} : () -> tensor<1xf32>
// CHECK: %[[Y:.*]] = synapse.node "add_fwd_f32"(%[[X]], %[[TWO]])
// CHECK: %[[N:.*]] = synapse.node "less_fwd_f32"(%[[Y]], %[[TWO]]) : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xi8>
// CHECK: %[[Z:.*]] = synapse.node "where_fwd_f32"(%[[N]], %[[TWO]], %[[Y]]) : (tensor<4xi8>, tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK: synapse.node "cast_f32_to_i32"(%[[Z]]) {params = {roundMode = 4 : i32}}
func.func @integers(%x: tensor<4xi32> {bert.name = "x"}) -> (tensor<4xi32> {bert.name = "y"}) attributes {bert.entry} {
  %two = bert.constant {value = dense<2> : tensor<i32>} : () -> tensor<i32>
  %0 = bert.add %x, %two : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  %1 = bert.compare %0, %two {predicate = #bert.predicate<lt>} : (tensor<4xi32>, tensor<i32>) -> tensor<4xi1>
  %2 = bert.select %1, %two, %0 : (tensor<4xi1>, tensor<i32>, tensor<4xi32>) -> tensor<4xi32>
  return %2 : tensor<4xi32>
}

// CHECK-LABEL: func.func @predicates
// CHECK: "equal_fwd_f32"
// CHECK: "not_fwd_i8"
// CHECK: "less_equal_fwd_f32"
// CHECK: "greater_fwd_f32"
// CHECK: "greater_equal_fwd_f32"
// CHECK: "cast_i8_to_bf16"
func.func @predicates(%x: tensor<4xf32> {bert.name = "x"}, %y: tensor<4xf32> {bert.name = "y"}) -> (tensor<4xbf16> {bert.name = "z"}, tensor<4xf32> {bert.name = "s"}) attributes {bert.entry} {
  %0 = bert.compare %x, %y {predicate = #bert.predicate<ne>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %1 = bert.select %0, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.compare %1, %y {predicate = #bert.predicate<le>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %3 = bert.select %2, %1, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = bert.compare %3, %y {predicate = #bert.predicate<gt>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %5 = bert.select %4, %3, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %6 = bert.compare %5, %y {predicate = #bert.predicate<ge>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %7 = bert.cast %6 : (tensor<4xi1>) -> tensor<4xbf16>
  return %7, %5 : tensor<4xbf16>, tensor<4xf32>
}

// A bias in f32 is rounded to the type of the rows.
// CHECK-LABEL: func.func @bias_add
// CHECK: %[[B:.*]] = synapse.node "cast_f32_to_bf16"(%{{.*}}) {params = {roundMode = 0 : i32}} : (tensor<3xf32>) -> tensor<3xbf16>
// CHECK: %[[R:.*]] = synapse.node "reshape"(%[[B]])
// CHECK: synapse.node "add_fwd_bf16"(%{{.*}}, %[[R]])
func.func @bias_add(%x: tensor<2x3xbf16> {bert.name = "x"}, %b: tensor<3xf32> {bert.name = "b"}) -> (tensor<2x3xbf16> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.bias_add %x, %b : (tensor<2x3xbf16>, tensor<3xf32>) -> tensor<2x3xbf16>
  return %0 : tensor<2x3xbf16>
}

// Two of one type are added as they are, three of bf16 in f32.
// CHECK-LABEL: func.func @add_n
// CHECK: synapse.node "add_fwd_bf16"
// CHECK-COUNT-2: synapse.node "cast_bf16_to_f32"
// CHECK: synapse.node "add_fwd_f32"
// CHECK: synapse.node "cast_bf16_to_f32"
// CHECK: synapse.node "add_fwd_f32"
// CHECK: synapse.node "cast_f32_to_bf16"
func.func @add_n(%x: tensor<4xbf16> {bert.name = "x"}, %y: tensor<4xbf16> {bert.name = "y"}) -> (tensor<4xbf16> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.add_n %x, %y : (tensor<4xbf16>, tensor<4xbf16>) -> tensor<4xbf16>
  %1 = bert.add_n %x, %y, %0 : (tensor<4xbf16>, tensor<4xbf16>, tensor<4xbf16>) -> tensor<4xbf16>
  return %1 : tensor<4xbf16>
}

// Many numbers are joined and summed by one kernel.
// CHECK-LABEL: func.func @add_n_of_scalars
// CHECK: %[[F:.*]] = synapse.node "concat"({{.*}}) {params = {axis = 0 : i32}} : (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<3xf32>
// CHECK: %[[H:.*]] = synapse.node "cast_bf16_to_f32"
// CHECK: %[[A:.*]] = synapse.node "concat"(%[[F]], %[[H]]) {params = {axis = 0 : i32}} : (tensor<3xf32>, tensor<1xf32>) -> tensor<4xf32>
// CHECK: synapse.node "reduce_sum_fwd_f32"(%[[A]]) {params = {reductionDimension = 0 : i32}} : (tensor<4xf32>) -> tensor<1xf32>
func.func @add_n_of_scalars(%x: tensor<f32> {bert.name = "x"}, %y: tensor<bf16> {bert.name = "y"}) -> (tensor<f32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.add_n %x, %y, %x, %x : (tensor<f32>, tensor<bf16>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
