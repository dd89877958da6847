// RUN: bertc-opt --cpu-plan-memory %s | FileCheck %s
// Where tensors and variables end up.

// CHECK: module attributes {cpu.arena_bytes = {{[0-9]+}} : i64, cpu.state_bytes = 576 : i64}
module {

// Tests that variables are laid out by role, 64-byte aligned: the weights, the
// accumulators, then the moments.
// CHECK: cpu.variable @a : {{.*}} offset = 0 : i64
// CHECK: cpu.variable @"a/accum" : {{.*}} offset = 192 : i64
// CHECK: cpu.variable @"a/adam_m" : {{.*}} offset = 384 : i64
// CHECK: cpu.variable @b : {{.*}} offset = 128 : i64
// CHECK: cpu.variable @"b/accum" : {{.*}} offset = 320 : i64
// CHECK: cpu.variable @"b/adam_m" : {{.*}} offset = 512 : i64
cpu.variable @a : tensor<17xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @"a/accum" : tensor<17xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @a, role = #cpu<role accum>}
cpu.variable @"a/adam_m" : tensor<17xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @a, role = #cpu<role adam_m>}
cpu.variable @b : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, role = #cpu<role weight>}
cpu.variable @"b/accum" : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @b, role = #cpu<role accum>}
cpu.variable @"b/adam_m" : tensor<4xf32> {init = #cpu<init constant>, init_value = 0.0 : f32, owner = @b, role = #cpu<role adam_m>}

// Tests that a chain of elementwise steps works in one place, and that the
// input keeps its own.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: cpu.offset = [[X:[0-9]+]] : i64
// CHECK-SAME: cpu.arena_bytes = 512 : i64
// CHECK: tanh %arg0 {offsets = array<i64: [[Y:[0-9]+]]>}
// CHECK-NEXT: exp %{{.*}} {offsets = array<i64: [[Y]]>}
// CHECK-NEXT: neg %{{.*}} {offsets = array<i64: [[Y]]>}
func.func @chain(%x: tensor<64xf32> {bert.name = "x"}) -> (tensor<64xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = cpu.unary tanh %x : (tensor<64xf32>) -> tensor<64xf32>
  %1 = cpu.unary exp %0 : (tensor<64xf32>) -> tensor<64xf32>
  %2 = cpu.unary neg %1 : (tensor<64xf32>) -> tensor<64xf32>
  return %2 : tensor<64xf32>
}

// Tests that an operand that is needed later is not overwritten.
// CHECK-LABEL: func.func @needed_later
// CHECK-SAME: cpu.arena_bytes = 768 : i64
func.func @needed_later(%x: tensor<64xf32> {bert.name = "x"}) -> (tensor<64xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = cpu.unary tanh %x : (tensor<64xf32>) -> tensor<64xf32>
  %1 = cpu.unary exp %0 : (tensor<64xf32>) -> tensor<64xf32>
  %2 = cpu.binary add %0, %1 : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %2 : tensor<64xf32>
}

// Tests that a view keeps its source alive and is not overwritten as if dense.
// CHECK-LABEL: func.func @view
// CHECK-SAME: cpu.arena_bytes = 768 : i64
func.func @view(%x: tensor<8x8xf32> {bert.name = "x"}) -> (tensor<8x8xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = cpu.unary tanh %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = cpu.view %0 : (tensor<8x8xf32>) -> tensor<8x8xf32, #cpu.layout<strides = [1, 8], offset = 0>>
  %2 = cpu.unary exp %1 : (tensor<8x8xf32, #cpu.layout<strides = [1, 8], offset = 0>>) -> tensor<8x8xf32>
  return %2 : tensor<8x8xf32>
}

// Tests that an operand seen twice by one step is not overwritten by it.
// CHECK-LABEL: func.func @seen_twice
// CHECK-SAME: cpu.arena_bytes = 768 : i64
func.func @seen_twice(%x: tensor<8x8xf32> {bert.name = "x"}) -> (tensor<8x8xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = cpu.unary tanh %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = cpu.view %0 : (tensor<8x8xf32>) -> tensor<8x8xf32, #cpu.layout<strides = [1, 8], offset = 0>>
  %2 = cpu.binary add %0, %1 : (tensor<8x8xf32>, tensor<8x8xf32, #cpu.layout<strides = [1, 8], offset = 0>>) -> tensor<8x8xf32>
  return %2 : tensor<8x8xf32>
}

// Tests that a step that cannot work in place gets another place.
// CHECK-LABEL: func.func @matmul
// CHECK-SAME: cpu.arena_bytes = 768 : i64
func.func @matmul(%x: tensor<8x8xf32> {bert.name = "x"}) -> (tensor<8x8xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = cpu.unary tanh %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = cpu.matmul %0, %x : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %1 : tensor<8x8xf32>
}

// Tests that two results of one step take two places, also of dying operands.
// CHECK-LABEL: func.func @two_results
// CHECK: tanh %arg0 {offsets = array<i64: [[A:[0-9]+]]>}
// CHECK: exp %arg0 {offsets = array<i64: [[B:[0-9]+]]>}
// CHECK: cpu.layer_norm {{.*}}offsets = array<i64: [[A]], {{[0-9]+}}, {{[0-9]+}}, [[B]]>
func.func @two_results(%x: tensor<8x8xf32> {bert.name = "x"}, %g: tensor<8xf32> {bert.name = "g"}) -> (tensor<8x8xf32> {bert.name = "y"}, tensor<8x8xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = cpu.unary tanh %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = cpu.unary exp %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %2:4 = cpu.layer_norm %0, %g, %g residual %1 {eps = 0.0 : f32} : (tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8x8xf32>)
  return %2#0, %2#3 : tensor<8x8xf32>, tensor<8x8xf32>
}

// Tests that an insertion shares the storage of what it is inserted into.
// CHECK-LABEL: func.func @insert
// CHECK: cpu.fill {{.*}}offsets = array<i64: [[F:[0-9]+]]>
// CHECK: cpu.insert {{.*}}offsets = array<i64: [[F]]>
func.func @insert(%x: tensor<8xf32> {bert.name = "x"}) -> (tensor<4x8xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = cpu.fill {value = 0.0 : f64} : () -> tensor<4x8xf32>
  %1 = cpu.insert %x, %0 {window = #cpu.layout<strides = [1], offset = 8>} : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

}
