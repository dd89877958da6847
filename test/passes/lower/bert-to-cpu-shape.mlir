// RUN: bertc-opt --bert-to-cpu %s | FileCheck %s
// Views instead of copies, and copies where a kernel needs contiguous memory.

// Tests that heads are split without moving anything: the product of queries
// and keys reads both through strides.
// CHECK-LABEL: func.func @heads
// CHECK-NOT: cpu.unary
// CHECK: %[[Q:.*]] = cpu.view {{.*}} -> tensor<2x4x8x16xf32, #cpu.layout<strides = [512, 16, 64, 1], offset = 0>>
// CHECK: %[[K:.*]] = cpu.view {{.*}} -> tensor<2x4x16x8xf32, #cpu.layout<strides = [512, 16, 1, 64], offset = 0>>
// CHECK: cpu.matmul %[[Q]], %[[K]]
func.func @heads(%x: tensor<16x64xf32> {bert.name = "x"}) -> (tensor<2x4x8x8xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.reshape %x : (tensor<16x64xf32>) -> tensor<2x8x4x16xf32>
  %1 = bert.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x8x4x16xf32>) -> tensor<2x4x8x16xf32>
  %2 = bert.batch_matmul %1, %1 {adj_y} : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>) -> tensor<2x4x8x8xf32>
  return %2 : tensor<2x4x8x8xf32>
}

// Tests that a product that is only wanted transposed is written that way, so
// that joining the heads moves nothing either.
// CHECK-LABEL: func.func @joined_heads
// CHECK: %[[C:.*]] = cpu.matmul {{.*}} -> tensor<2x4x8x16xf32, #cpu.layout<strides = [512, 16, 64, 1], offset = 0>>
// CHECK: %[[T:.*]] = cpu.view %[[C]] {{.*}} -> tensor<2x8x4x16xf32>
// CHECK: %[[R:.*]] = cpu.view %[[T]] {{.*}} -> tensor<16x64xf32>
// CHECK: return %[[R]]
func.func @joined_heads(%p: tensor<2x4x8x8xf32> {bert.name = "p"}, %v: tensor<2x4x8x16xf32> {bert.name = "v"}) -> (tensor<16x64xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.batch_matmul %p, %v : (tensor<2x4x8x8xf32>, tensor<2x4x8x16xf32>) -> tensor<2x4x8x16xf32>
  %1 = bert.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x4x8x16xf32>) -> tensor<2x8x4x16xf32>
  %2 = bert.reshape %1 : (tensor<2x8x4x16xf32>) -> tensor<16x64xf32>
  return %2 : tensor<16x64xf32>
}

// Tests that a product with two users stays dense.
// CHECK-LABEL: func.func @product_used_twice
// CHECK: cpu.matmul {{.*}} -> tensor<2x4x8x16xf32>{{$}}
func.func @product_used_twice(%p: tensor<2x4x8x8xf32> {bert.name = "p"}, %v: tensor<2x4x8x16xf32> {bert.name = "v"}) -> (tensor<2x8x4x16xf32> {bert.name = "y"}, tensor<2x4x8x16xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.batch_matmul %p, %v : (tensor<2x4x8x8xf32>, tensor<2x4x8x16xf32>) -> tensor<2x4x8x16xf32>
  %1 = bert.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x4x8x16xf32>) -> tensor<2x8x4x16xf32>
  return %1, %0 : tensor<2x8x4x16xf32>, tensor<2x4x8x16xf32>
}

// Tests that a kernel without strides gets one copy, however often it asks.
// CHECK-LABEL: func.func @copied_once
// CHECK: %[[V:.*]] = cpu.view %arg0
// CHECK: %[[C:.*]] = cpu.unary{{ +}}copy %[[V]]
// CHECK-NOT: copy
// CHECK: cpu.softmax %[[C]]
// CHECK: cpu.log_softmax %[[C]]
func.func @copied_once(%x: tensor<8x4xf32> {bert.name = "x"}) -> (tensor<4x8xf32> {bert.name = "y"}, tensor<4x8xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.transpose %x {permutation = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %1 = bert.softmax %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = bert.log_softmax %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// Tests that a slice is a view with an offset.
// CHECK-LABEL: func.func @slice
// CHECK: cpu.view %arg0 {{.*}} -> tensor<2x3xf32, #cpu.layout<strides = [5, 1], offset = 6>>
func.func @slice(%x: tensor<4x5xf32> {bert.name = "x"}) -> (tensor<2x3xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.slice %x {starts = array<i64: 1, 1>, sizes = array<i64: 2, 3>} : (tensor<4x5xf32>) -> tensor<2x3xf32>
  %1 = bert.tanh %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// Tests that the gradient of a slice is inserted among zeros.
// CHECK-LABEL: func.func @slice_grad
// CHECK: %[[Z:.*]] = cpu.fill
// CHECK: cpu.insert %arg0, %[[Z]] {window = #cpu.layout<strides = [5, 1], offset = 6>}
func.func @slice_grad(%x: tensor<2x3xf32> {bert.name = "x"}) -> (tensor<4x5xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.slice_grad %x {starts = array<i64: 1, 1>, input_shape = array<i64: 4, 5>} : (tensor<2x3xf32>) -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}

// Tests that operands of a concatenation are copied into their places.
// CHECK-LABEL: func.func @concat
// CHECK: %[[E:.*]] = cpu.empty : tensor<2x5xf32>
// CHECK: %[[A:.*]] = cpu.insert %arg0, %[[E]] {window = #cpu.layout<strides = [5, 1], offset = 0>}
// CHECK: cpu.insert %arg1, %[[A]] {window = #cpu.layout<strides = [5, 1], offset = 3>}
func.func @concat(%x: tensor<2x3xf32> {bert.name = "x"}, %y: tensor<2x2xf32> {bert.name = "y"}) -> (tensor<2x5xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// Tests that an elementwise kernel takes the small operand of a broadcast.
// CHECK-LABEL: func.func @broadcast_operand
// CHECK-NOT: cpu.fill
// CHECK: cpu.binary{{ +}}add %arg0, %arg1 : (tensor<4x8xf32>, tensor<8xf32>)
func.func @broadcast_operand(%x: tensor<4x8xf32> {bert.name = "x"}, %y: tensor<8xf32> {bert.name = "y"}) -> (tensor<4x8xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.broadcast_to %y : (tensor<8xf32>) -> tensor<4x8xf32>
  %1 = bert.add %x, %0 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// Tests that a broadcast nobody can take small is made, and made once.
// CHECK-LABEL: func.func @broadcast_needed
// CHECK: %[[ONES:.*]] = cpu.fill {{.*}}value = 1.0
// CHECK: %[[B:.*]] = cpu.binary{{ +}}mul %[[ONES]], %arg0
// CHECK-NOT: cpu.fill
// CHECK: cpu.softmax %[[B]]
func.func @broadcast_needed(%x: tensor<8xf32> {bert.name = "x"}) -> (tensor<4x8xf32> {bert.name = "y"}, tensor<4x8xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.broadcast_to %x : (tensor<8xf32>) -> tensor<4x8xf32>
  %1 = bert.softmax %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = bert.log_softmax %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// Tests that a splat is a scalar constant for kernels that broadcast, and a
// fill for the others.
// CHECK-LABEL: func.func @splat
// CHECK: %[[C:.*]] = cpu.constant dense<2.000000e+00> : tensor<f32>
// CHECK: cpu.binary{{ +}}mul %arg0, %[[C]]
// CHECK: cpu.fill {{.*}}value = 2.0
func.func @splat(%x: tensor<4x8xf32> {bert.name = "x"}) -> (tensor<4x8xf32> {bert.name = "y"}, tensor<4x8xf32> {bert.name = "z"}) attributes {bert.entry} {
  %c = bert.constant {value = dense<2.0> : tensor<4x8xf32>} : () -> tensor<4x8xf32>
  %0 = bert.mul %x, %c : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = bert.softmax %c : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// Tests that an input, and a value returned twice, is copied for its output.
// CHECK-LABEL: func.func @outputs
// CHECK: %[[T:.*]] = cpu.unary{{ +}}tanh
// CHECK: %[[X:.*]] = cpu.unary{{ +}}copy %arg0
// CHECK: %[[C:.*]] = cpu.unary{{ +}}copy %[[T]]
// CHECK: return %[[X]], %[[T]], %[[C]]
func.func @outputs(%x: tensor<4xf32> {bert.name = "x"}) -> (tensor<4xf32> {bert.name = "a"}, tensor<4xf32> {bert.name = "b"}, tensor<4xf32> {bert.name = "c"}) attributes {bert.entry} {
  %0 = bert.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  return %x, %0, %0 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
