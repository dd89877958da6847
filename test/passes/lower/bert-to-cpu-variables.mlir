// RUN: bertc-opt --bert-to-cpu %s | FileCheck %s
// RUN: bertc-opt --bert-to-cpu=pack-weights=false %s | FileCheck %s --check-prefix=PLAIN
// Variables, packed weights, and updates in place.

// CHECK: cpu.variable @w : tensor<64x64xf32> {decay, init = #cpu<init truncated_normal>, init_value = 2.000000e-02 : f32, role = #cpu<role weight>, trainable}
bert.variable @w : tensor<64x64xf32> {trainable, decay, init = #bert.init<truncated_normal>, init_value = 0.02 : f32}
// CHECK: cpu.variable @"w/accum" : {{.*}} owner = @w, role = #cpu<role accum>
bert.variable @"w/accum" : tensor<64x64xf32> {role = #bert.role<accum>, owner = @w}
bert.variable @"w/adam_m" : tensor<64x64xf32> {role = #bert.role<adam_m>, owner = @w}
bert.variable @"w/adam_v" : tensor<64x64xf32> {role = #bert.role<adam_v>, owner = @w}
bert.variable @small : tensor<64x2xf32> {trainable}
bert.variable @wide : tensor<64x16392xf32> {trainable}

// Tests that a large weight is packed for its product and, when there are few
// rows, for the transposed product of its gradient, and a small one is not.
// CHECK-LABEL: func.func @packed
// CHECK: %[[P:.*]] = cpu.packed_ref @"w/packed" : tensor<64x64xf32>
// CHECK: cpu.matmul %arg0, %[[P]]
// CHECK: %[[T:.*]] = cpu.packed_ref @"w/packed_transposed" : tensor<64x64xf32>
// CHECK: cpu.matmul %arg0, %[[T]]
// CHECK: %[[S:.*]] = cpu.variable_ref @small
// CHECK: cpu.matmul %arg0, %[[S]]
// PLAIN-LABEL: func.func @packed
// PLAIN-NOT: cpu.packed_ref
func.func @packed(%x: tensor<32x64xf32> {bert.name = "x"}) -> (tensor<32x64xf32> {bert.name = "a"}, tensor<32x64xf32> {bert.name = "b"}, tensor<32x2xf32> {bert.name = "c"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<64x64xf32>
  %0 = bert.matmul %x, %w : (tensor<32x64xf32>, tensor<64x64xf32>) -> tensor<32x64xf32>
  %1 = bert.matmul %x, %w {transpose_b} : (tensor<32x64xf32>, tensor<64x64xf32>) -> tensor<32x64xf32>
  %s = bert.read @small : tensor<64x2xf32>
  %2 = bert.matmul %x, %s : (tensor<32x64xf32>, tensor<64x2xf32>) -> tensor<32x2xf32>
  return %0, %1, %2 : tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x2xf32>
}

// Tests that products of many rows share the packed form of a wide weight, that
// the library may transpose by itself, and that it reads a weight that fits the
// cache as it is.
// CHECK-LABEL: func.func @packed_more_rows
// CHECK: %[[W:.*]] = cpu.variable_ref @w :
// CHECK: %[[P:.*]] = cpu.packed_ref @"wide/packed"
// CHECK: cpu.matmul %arg0, %[[P]]
// CHECK: cpu.matmul %arg0, %[[W]] :
// CHECK: %[[T:.*]] = cpu.view %{{.*}} -> tensor<64x64xf32, #cpu.layout<strides = [1, 64], offset = 0>>
// CHECK: cpu.matmul %arg0, %[[T]]
func.func @packed_more_rows(%x: tensor<128x64xf32> {bert.name = "x"}, %y: tensor<256x64xf32> {bert.name = "y"}) -> (tensor<128x16392xf32> {bert.name = "a"}, tensor<128x64xf32> {bert.name = "b"}, tensor<128x64xf32> {bert.name = "c"}, tensor<256x16392xf32> {bert.name = "d"}) attributes {bert.entry} {
  %v = bert.read @wide : tensor<64x16392xf32>
  %w = bert.read @w : tensor<64x64xf32>
  %0 = bert.matmul %x, %v : (tensor<128x64xf32>, tensor<64x16392xf32>) -> tensor<128x16392xf32>
  %1 = bert.matmul %x, %w : (tensor<128x64xf32>, tensor<64x64xf32>) -> tensor<128x64xf32>
  %2 = bert.matmul %x, %w {transpose_b} : (tensor<128x64xf32>, tensor<64x64xf32>) -> tensor<128x64xf32>
  %3 = bert.matmul %y, %v : (tensor<256x64xf32>, tensor<64x16392xf32>) -> tensor<256x16392xf32>
  return %0, %1, %2, %3 : tensor<128x16392xf32>, tensor<128x64xf32>, tensor<128x64xf32>, tensor<256x16392xf32>
}

// Tests that a weight that the entry changes is not packed in it.
// CHECK-LABEL: func.func @changed_weight
// CHECK-NOT: cpu.packed_ref
func.func @changed_weight(%x: tensor<64x64xf32> {bert.name = "x"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<64x64xf32>
  %0 = bert.matmul %x, %w : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  bert.assign @w, %0 : tensor<64x64xf32>
  return
}

// Tests that accumulation happens in the variable.
// CHECK-LABEL: func.func @accumulate
// CHECK: %[[A:.*]] = cpu.variable_ref @"w/accum"
// CHECK-NEXT: cpu.assign_add %[[A]], %arg0 scale %arg1
// CHECK-NOT: cpu.assign %
func.func @accumulate(%g: tensor<64x64xf32> {bert.name = "g"}, %s: tensor<f32> {bert.name = "s"}) attributes {bert.entry} {
  %a = bert.read @"w/accum" : tensor<64x64xf32>
  %0 = bert.accumulate %a, %g, %s : (tensor<64x64xf32>, tensor<64x64xf32>, tensor<f32>) -> tensor<64x64xf32>
  bert.assign @"w/accum", %0 : tensor<64x64xf32>
  return
}

// Tests that a sum with another use is made beside the variable.
// CHECK-LABEL: func.func @accumulate_used_twice
// CHECK-NOT: cpu.assign_add
// CHECK: cpu.assign %
func.func @accumulate_used_twice(%g: tensor<64x64xf32> {bert.name = "g"}, %s: tensor<f32> {bert.name = "s"}) -> (tensor<64x64xf32> {bert.name = "y"}) attributes {bert.entry} {
  %a = bert.read @"w/accum" : tensor<64x64xf32>
  %0 = bert.accumulate %a, %g, %s : (tensor<64x64xf32>, tensor<64x64xf32>, tensor<f32>) -> tensor<64x64xf32>
  bert.assign @"w/accum", %0 : tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}

// Tests that a value read before an assignment and used after it is kept.
// CHECK-LABEL: func.func @old_value
// CHECK: %[[W:.*]] = cpu.variable_ref @small
// CHECK: %[[OLD:.*]] = cpu.unary{{ +}}copy %[[W]]
// CHECK: cpu.assign %
// CHECK: %[[Y:.*]] = cpu.unary{{ +}}tanh %[[OLD]]
func.func @old_value(%x: tensor<64x2xf32> {bert.name = "x"}) -> (tensor<64x2xf32> {bert.name = "y"}) attributes {bert.entry} {
  %w = bert.read @small : tensor<64x2xf32>
  bert.assign @small, %x : tensor<64x2xf32>
  %y = bert.tanh %w : (tensor<64x2xf32>) -> tensor<64x2xf32>
  return %y : tensor<64x2xf32>
}

// Tests that an optimizer update is one step on four variables, and that it
// zeroes the accumulator itself.
// CHECK-LABEL: func.func @update
// CHECK: cpu.lamb %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %arg0, %arg1 {beta1 = 0.899999976 : f32
// CHECK-NOT: cpu.assign
// CHECK: return
func.func @update(%lr: tensor<f32> {bert.name = "learning_rate"}, %t: tensor<i32> {bert.name = "update_step"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<64x64xf32>
  %m = bert.read @"w/adam_m" : tensor<64x64xf32>
  %v = bert.read @"w/adam_v" : tensor<64x64xf32>
  %g = bert.read @"w/accum" : tensor<64x64xf32>
  %0:3 = bert.lamb_update %w, %m, %v, %g, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<f32>, tensor<i32>) -> (tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>)
  bert.assign @w, %0#0 : tensor<64x64xf32>
  bert.assign @"w/adam_m", %0#1 : tensor<64x64xf32>
  bert.assign @"w/adam_v", %0#2 : tensor<64x64xf32>
  %z = bert.constant {value = dense<0.0> : tensor<64x64xf32>} : () -> tensor<64x64xf32>
  bert.assign @"w/accum", %z : tensor<64x64xf32>
  return
}

// CHECK: cpu.packed_weight @"w/packed" of @w {{.*}}rows = 32 : i64
// CHECK: cpu.packed_weight @"w/packed_transposed" of @w {{.*}}transposed
// CHECK: cpu.packed_weight @"wide/packed" of @wide {{.*}}rows = 256 : i64
