// RUN: bertc-opt --bert-bf16-conversion --split-input-file %s | FileCheck %s

bert.variable @w : tensor<3x4xf32>

// Tests that an operation of the allow list takes bf16, that a weight stays f32
// and is cast, and that what leaves the function is f32.
// CHECK-LABEL: func.func @allow_list
// CHECK-SAME: bert.precision = {
// CHECK-SAME: "dense/MatMul" = "bf16: allow list"
// CHECK: %[[X:.*]] = bert.cast %arg0 : (tensor<2x3xf32>) -> tensor<2x3xbf16>
// CHECK-NEXT: %[[W:.*]] = bert.cast %{{.*}} : (tensor<3x4xf32>) -> tensor<3x4xbf16>
// CHECK-NEXT: %[[C:.*]] = bert.matmul %[[X]], %[[W]] {{.*}} -> tensor<2x4xf32>
// CHECK-NEXT: return %[[C]]
func.func @allow_list(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
  %w = bert.read @w : tensor<3x4xf32>
  %c = bert.matmul %x, %w {scope = "dense/MatMul"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %c : tensor<2x4xf32>
}

// -----

// Tests that an operation on no list stays f32, without casts.
// CHECK-LABEL: func.func @no_list
// CHECK-SAME: Sqrt = "f32: on no list"
// CHECK-NEXT: bert.sqrt %arg0 {{.*}} -> tensor<4xf32>
func.func @no_list(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = bert.sqrt %x {scope = "Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// Tests that a conditional operation is in bf16 when a neighbour is, and that
// this carries on to its own neighbours, here against the order of the program.
// CHECK-LABEL: func.func @conditional_chain
// CHECK-SAME: add = "bf16: conditional list, a neighbour in bf16"
// CHECK: bert.cast %arg0
// CHECK: bert.add {{.*}} -> tensor<2x3xbf16>
// CHECK-NEXT: bert.reshape {{.*}} -> tensor<6xbf16>
// CHECK-NEXT: bert.tanh {{.*}} -> tensor<6xbf16>
func.func @conditional_chain(%x: tensor<2x3xf32>, %y: tensor<3xf32>) -> tensor<6xf32> {
  %0 = bert.add %x, %y {scope = "add"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = bert.reshape %0 {scope = "Reshape"} : (tensor<2x3xf32>) -> tensor<6xf32>
  %2 = bert.tanh %1 {scope = "Tanh"} : (tensor<6xf32>) -> tensor<6xf32>
  return %2 : tensor<6xf32>
}

// -----

// Tests that a conditional operation without such a neighbour stays f32.
// CHECK-LABEL: func.func @conditional_alone
// CHECK-SAME: add = "f32: conditional list, no neighbour in bf16"
// CHECK-NEXT: bert.add {{.*}} -> tensor<2xf32>
// CHECK-NEXT: bert.sqrt {{.*}} -> tensor<2xf32>
func.func @conditional_alone(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  %0 = bert.add %x, %y {scope = "add"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = bert.sqrt %0 {scope = "Sqrt"} : (tensor<2xf32>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}

// -----

// Tests that an exception keeps an operation of the allow list in f32.
// CHECK-LABEL: func.func @keep_f32
// CHECK-SAME: "f32: non-convertible exception '.*KEEP_FP32_PRECISION.*'"
// CHECK-NEXT: bert.tanh {{.*}} -> tensor<4xf32>
func.func @keep_f32(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bert.tanh %x {scope = "a/KEEP_FP32_PRECISION/Tanh"} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Tests that an exception of one type puts only that type in bf16, and that it
// is searched for in the scope: the gradient's name contains it.
// CHECK-LABEL: func.func @force_bf16
// CHECK: bert.mul {{.*}}layer_3/attention/self/Mul"} : {{.*}} -> tensor<4xbf16>
// CHECK: bert.mul {{.*}}self/Mul_grad/Mul"} : {{.*}} -> tensor<4xbf16>
// CHECK: bert.sub {{.*}} -> tensor<4xf32>
func.func @force_bf16(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bert.mul %x, %x {scope = "bert/encoder/layer_3/attention/self/Mul"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.mul %0, %x {scope = "gradients/bert/encoder/layer_3/attention/self/Mul_grad/Mul"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.sub %1, %x {scope = "bert/encoder/layer_3/attention/self/Mul/sub"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

// Tests that keeping f32 wins over forcing bf16.
// CHECK-LABEL: func.func @keep_wins
// CHECK-NEXT: bert.sqrt {{.*}} -> tensor<4xf32>
func.func @keep_wins(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bert.sqrt %x {scope = "FORCE_BF16_PRECISION/KEEP_FP32_PRECISION/Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Tests that a value is cast once for all its users, and that a value which was
// widened for one user is not narrowed again for the next.
// CHECK-LABEL: func.func @cast_once
// CHECK: %[[X:.*]] = bert.cast %arg0
// CHECK-NEXT: %[[T:.*]] = bert.tanh %[[X]]
// CHECK-NEXT: %[[W:.*]] = bert.cast %[[T]] {{.*}} -> tensor<4xf32>
// CHECK-NEXT: bert.softmax %[[X]]
// CHECK-NOT: bert.cast %arg0
// CHECK: bert.exp %[[T]]
// CHECK: bert.sqrt %[[W]]
// CHECK: bert.rsqrt %[[W]]
func.func @cast_once(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = bert.tanh %x {scope = "Tanh"} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.softmax %x {scope = "Softmax"} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.exp %0 {scope = "Exp"} : (tensor<4xf32>) -> tensor<4xf32>
  %3 = bert.sqrt %0 {scope = "Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  %4 = bert.rsqrt %0 {scope = "Rsqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  return %1, %2, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Tests that an operation in f32 which only moves elements moves bf16 ones
// rather than have them widened before and narrowed behind.
// CHECK-LABEL: func.func @moves_as_they_are
// CHECK-SAME: strided_slice = "f32: on no list; bf16 values are moved as they are"
// CHECK: bert.tanh
// CHECK-NEXT: bert.slice {{.*}} -> tensor<1x3xbf16>
// CHECK-NEXT: bert.exp {{.*}} -> tensor<1x3xbf16>
func.func @moves_as_they_are(%x: tensor<2x3xf32>) -> tensor<1x3xf32> {
  %0 = bert.tanh %x {scope = "Tanh"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = bert.slice %0 {starts = array<i64: 0, 0>, sizes = array<i64: 1, 3>, scope = "strided_slice"} : (tensor<2x3xf32>) -> tensor<1x3xf32>
  %2 = bert.exp %1 {scope = "Exp"} : (tensor<1x3xf32>) -> tensor<1x3xf32>
  return %2 : tensor<1x3xf32>
}

// -----

// Tests that sums are handed out unrounded unless bf16 is asked for, and that
// statistics, scales and biases stay f32.
// CHECK-LABEL: func.func @sums_in_f32
// CHECK: bert.layer_norm {{.*}} (tensor<2x4xbf16>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xbf16>, tensor<2xf32>, tensor<2xf32>)
// CHECK: bert.bias_add {{.*}} (tensor<2x4xbf16>, tensor<4xf32>) -> tensor<2x4xbf16>
// CHECK: bert.bias_add_grad {{.*}} (tensor<2x4xbf16>) -> tensor<4xf32>
func.func @sums_in_f32(%x: tensor<2x4xf32>, %g: tensor<4xf32>) -> tensor<4xf32> {
  %y, %mean, %rstd = bert.layer_norm %x, %g, %g {eps = 1.0e-12 : f32, scope = "HabanaLayerNorm"} : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
  %0 = bert.bias_add %y, %g {scope = "BiasAdd"} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %1 = bert.bias_add_grad %0 {scope = "BiasAddGrad"} : (tensor<2x4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// Tests that a reduction reads f32 as it finds it.
// CHECK-LABEL: func.func @sum_of_f32
// CHECK-SAME: Sum = "bf16: allow list"
// CHECK-NEXT: bert.reduce_sum %arg0 {{.*}} (tensor<4xf32>) -> tensor<f32>
func.func @sum_of_f32(%x: tensor<4xf32>) -> tensor<f32> {
  %0 = bert.reduce_sum %x {axes = array<i64: 0>, scope = "Sum"} : (tensor<4xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

bert.variable @acc : tensor<4xf32>

// Tests that the new value of a variable is made in f32, whatever the rules say
// of its operation, from a gradient in bf16.
// CHECK-LABEL: func.func @accumulator
// CHECK-SAME: "f32: new value of a variable"
// CHECK: bert.mul {{.*}} -> tensor<4xbf16>
// CHECK-NEXT: bert.cast {{.*}} -> tensor<4xf32>
// CHECK: bert.add {{.*}} -> tensor<4xf32>
func.func @accumulator(%g: tensor<4xf32>, %scale: tensor<f32>) {
  %0 = bert.mul %g, %scale {scope = "clip_by_global_norm/mul_7"} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %acc = bert.read @acc : tensor<4xf32>
  %1 = bert.add %acc, %0 {scope = "acc/AssignAdd"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  bert.assign @acc, %1 : tensor<4xf32>
  return
}

// -----

// Tests that constants become bf16 themselves instead of being cast.
// CHECK-LABEL: func.func @constants
// CHECK-NOT: tensor<f32>
// CHECK: bert.constant {value = dense<1.250000e-01> : tensor<bf16>}
func.func @constants(%x: tensor<4xbf16>) -> tensor<4xf32> {
  %s = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %w = bert.cast %x : (tensor<4xbf16>) -> tensor<4xf32>
  %0 = bert.mul %w, %s {scope = "FORCE_BF16_PRECISION"} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Tests that integers and truth values are left alone.
// CHECK-LABEL: func.func @no_floats
// CHECK-NEXT: bert.reshape %arg0 {{.*}} -> tensor<4xi32>
func.func @no_floats(%x: tensor<2x2xi32>) -> tensor<4xi32> {
  %0 = bert.reshape %x {scope = "Reshape"} : (tensor<2x2xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
