// RUN: bertc-opt --bert-to-cpu %s | FileCheck %s
// Values in two types: where casts become steps, and where they do not.

bert.variable @w : tensor<3x4xf32> {trainable}
bert.variable @table : tensor<5x4xf32> {trainable}

// Tests that a weight in bf16 is packed from the f32 variable, however small,
// in both directions, and that its cast is no step.
// CHECK-LABEL: func.func @packed
// CHECK-NOT: cpu.unary cast
// CHECK: %[[W:.*]] = cpu.packed_ref @"w/packed_bf16" : tensor<3x4xbf16>
// CHECK: cpu.matmul %arg0, %[[W]]
// CHECK: %[[T:.*]] = cpu.packed_ref @"w/packed_bf16_transposed" : tensor<4x3xbf16>
// CHECK: cpu.matmul {{.*}}, %[[T]] {{.*}} -> tensor<2x3xf32>
func.func @packed(%x: tensor<2x3xbf16> {bert.name = "x"}) -> (tensor<2x3xf32> {bert.name = "y"}) attributes {bert.entry} {
  %r = bert.read @w : tensor<3x4xf32>
  %w = bert.cast %r : (tensor<3x4xf32>) -> tensor<3x4xbf16>
  %0 = bert.matmul %x, %w : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xbf16>
  %1 = bert.matmul %0, %w {transpose_b} : (tensor<2x4xbf16>, tensor<3x4xbf16>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// Tests that a variable that nothing can pack is cast once, where it is needed.
// CHECK-LABEL: func.func @cast_of_variable
// CHECK: cpu.unary tanh
// CHECK-NEXT: %[[T:.*]] = cpu.unary cast
// CHECK-NEXT: cpu.gather %[[T]]
// CHECK-NEXT: cpu.binary add %{{.*}}, %[[T]]
func.func @cast_of_variable(%x: tensor<5x4xbf16> {bert.name = "x"}, %i: tensor<2xi32> {bert.name = "i"}) -> (tensor<2x4xbf16> {bert.name = "y"}, tensor<5x4xbf16> {bert.name = "z"}) attributes {bert.entry} {
  %r = bert.read @table : tensor<5x4xf32>
  %t = bert.cast %r : (tensor<5x4xf32>) -> tensor<5x4xbf16>
  %0 = bert.tanh %x : (tensor<5x4xbf16>) -> tensor<5x4xbf16>
  %1 = bert.gather %t, %i : (tensor<5x4xbf16>, tensor<2xi32>) -> tensor<2x4xbf16>
  %2 = bert.add %0, %t : (tensor<5x4xbf16>, tensor<5x4xbf16>) -> tensor<5x4xbf16>
  return %1, %2 : tensor<2x4xbf16>, tensor<5x4xbf16>
}

// Tests that kernels which read either type read the bf16 that was widened.
// CHECK-LABEL: func.func @widened
// CHECK-NOT: cpu.unary cast
// CHECK: cpu.nll %arg0, %arg1 : (tensor<2x4xbf16>, tensor<2xi32>) -> tensor<2xf32>
// CHECK: cpu.gather_grad %arg0, {{.*}} -> tensor<5x4xf32>
func.func @widened(%p: tensor<2x4xbf16> {bert.name = "p"}, %l: tensor<2xi32> {bert.name = "l"}) -> (tensor<2xf32> {bert.name = "y"}, tensor<5x4xf32> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.cast %p : (tensor<2x4xbf16>) -> tensor<2x4xf32>
  %1 = bert.nll %0, %l : (tensor<2x4xf32>, tensor<2xi32>) -> tensor<2xf32>
  %2 = bert.gather_grad %0, %l {input_shape = array<i64: 5, 4>} : (tensor<2x4xf32>, tensor<2xi32>) -> tensor<5x4xf32>
  return %1, %2 : tensor<2xf32>, tensor<5x4xf32>
}

// Tests that rows are added to a fresh table of bf16 in place, and to a copy of
// one that is not.
// CHECK-LABEL: func.func @rows_added
// CHECK: %[[T:.*]] = cpu.matmul {{.*}} -> tensor<5x4xbf16>
// CHECK-NEXT: cpu.gather_grad %arg1, %arg2 base %[[T]] {{.*}} -> tensor<5x4xbf16>
// CHECK-NEXT: %[[C:.*]] = cpu.unary copy %arg3
// CHECK-NEXT: cpu.gather_grad %arg1, %arg2 base %[[C]] {{.*}} -> tensor<5x4xbf16>
func.func @rows_added(%x: tensor<3x5xbf16> {bert.name = "x"}, %d: tensor<3x4xbf16> {bert.name = "d"}, %i: tensor<3xi32> {bert.name = "i"}, %t: tensor<5x4xbf16> {bert.name = "t"}) -> (tensor<5x4xbf16> {bert.name = "y"}, tensor<5x4xbf16> {bert.name = "z"}) attributes {bert.entry} {
  %0 = bert.matmul %x, %d {transpose_a} : (tensor<3x5xbf16>, tensor<3x4xbf16>) -> tensor<5x4xbf16>
  %1 = bert.gather_grad_add %0, %d, %i : (tensor<5x4xbf16>, tensor<3x4xbf16>, tensor<3xi32>) -> tensor<5x4xbf16>
  %2 = bert.gather_grad_add %t, %d, %i : (tensor<5x4xbf16>, tensor<3x4xbf16>, tensor<3xi32>) -> tensor<5x4xbf16>
  return %1, %2 : tensor<5x4xbf16>, tensor<5x4xbf16>
}

// Tests that one which writes either type writes the bf16 wanted, when nobody
// wants the f32.
// CHECK-LABEL: func.func @narrowed
// CHECK: cpu.nll_grad {{.*}} -> tensor<2x4xbf16>
// CHECK-NEXT: return
func.func @narrowed(%d: tensor<2xf32> {bert.name = "d"}, %l: tensor<2xi32> {bert.name = "l"}) -> (tensor<2x4xbf16> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.nll_grad %d, %l {num_classes = 4 : i64} : (tensor<2xf32>, tensor<2xi32>) -> tensor<2x4xf32>
  %1 = bert.cast %0 : (tensor<2x4xf32>) -> tensor<2x4xbf16>
  return %1 : tensor<2x4xbf16>
}

// Tests that a mask that was rounded goes to the softmax as it was.
// CHECK-LABEL: func.func @mask
// CHECK-NEXT: cpu.softmax %arg0 mask %arg1 {{.*}} (tensor<2x3x4x4xbf16>, tensor<2x1x1x4xf32>) -> tensor<2x3x4x4xbf16>
func.func @mask(%s: tensor<2x3x4x4xbf16> {bert.name = "s"}, %m: tensor<2x1x1x4xf32> {bert.name = "m"}) -> (tensor<2x3x4x4xbf16> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.cast %m : (tensor<2x1x1x4xf32>) -> tensor<2x1x1x4xbf16>
  %1:2 = bert.attention_softmax %s, %0 {scale = 0.5 : f32, rate = 0.0 : f32, op_id = 1 : i32} : (tensor<2x3x4x4xbf16>, tensor<2x1x1x4xbf16>) -> (tensor<2x3x4x4xbf16>, tensor<2x3x4x4xbf16>)
  return %1#0 : tensor<2x3x4x4xbf16>
}

// Tests that a group is one step, whose weights are packed one by one.
// CHECK-LABEL: func.func @group
// CHECK: %[[W:.*]] = cpu.packed_ref @"w/packed_bf16"
// CHECK-NEXT: cpu.matmul_group %arg0, %[[W]], %arg1 bias %arg2, %arg2 {scope = "g"} : {{.*}} -> (tensor<2x4xbf16>, tensor<2x4xf32>)
func.func @group(%x: tensor<2x3xbf16> {bert.name = "x"}, %v: tensor<3x4xbf16> {bert.name = "v"}, %b: tensor<4xf32> {bert.name = "b"}) -> (tensor<2x4xbf16> {bert.name = "y"}, tensor<2x4xf32> {bert.name = "z"}) attributes {bert.entry} {
  %r = bert.read @w : tensor<3x4xf32>
  %w = bert.cast %r : (tensor<3x4xf32>) -> tensor<3x4xbf16>
  %0, %1 = bert.matmul_group %x, %w, %v bias %b, %b {scope = "g"} : (tensor<2x3xbf16>, tensor<3x4xbf16>, tensor<3x4xbf16>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xbf16>, tensor<2x4xf32>)
  return %0, %1 : tensor<2x4xbf16>, tensor<2x4xf32>
}

// Tests that both gradients come from one step, x transposed as a view.
// CHECK-LABEL: func.func @bias_grad
// CHECK: %[[X:.*]] = cpu.view %arg0
// CHECK-NEXT: cpu.matmul_sums %[[X]], %arg1 {scope = "g"} : {{.*}} -> (tensor<3x4xf32>, tensor<4xbf16>)
func.func @bias_grad(%x: tensor<5x3xbf16> {bert.name = "x"}, %dy: tensor<5x4xbf16> {bert.name = "dy"}) -> (tensor<3x4xf32> {bert.name = "dw"}, tensor<4xbf16> {bert.name = "db"}) attributes {bert.entry} {
  %dw, %db = bert.matmul_bias_grad %x, %dy {scope = "g"} : (tensor<5x3xbf16>, tensor<5x4xbf16>) -> (tensor<3x4xf32>, tensor<4xbf16>)
  return %dw, %db : tensor<3x4xf32>, tensor<4xbf16>
}

// Tests that sums of both types are one step, and that sums of bf16 come out in
// f32.
// CHECK-LABEL: func.func @sums
// CHECK-NEXT: %[[S:.*]] = cpu.add_n %arg0, %arg1 {{.*}} (tensor<2x4xbf16>, tensor<2x4xf32>) -> tensor<2x4xbf16>
// CHECK-NEXT: cpu.reduce sum %[[S]] {{.*}} (tensor<2x4xbf16>) -> tensor<4xf32>
func.func @sums(%a: tensor<2x4xbf16> {bert.name = "a"}, %b: tensor<2x4xf32> {bert.name = "b"}) -> (tensor<4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.add_n %a, %b : (tensor<2x4xbf16>, tensor<2x4xf32>) -> tensor<2x4xbf16>
  %1 = bert.bias_add_grad %0 : (tensor<2x4xbf16>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Tests that a bias that stands alone, since its matmul is in another type, is
// added in the type of what it is added to.
// CHECK-LABEL: func.func @bias_alone
// CHECK: %[[B:.*]] = cpu.unary cast {{.*}} -> tensor<4xbf16>
// CHECK: cpu.binary add %arg0, %[[B]]
func.func @bias_alone(%x: tensor<2x4xbf16> {bert.name = "x"}, %b: tensor<4xf32> {bert.name = "b"}) -> (tensor<2x4xbf16> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.bias_add %x, %b : (tensor<2x4xbf16>, tensor<4xf32>) -> tensor<2x4xbf16>
  return %0 : tensor<2x4xbf16>
}

// CHECK: cpu.packed_weight @"w/packed_bf16" of @w {bf16, max_bytes = {{[0-9]+}} : i64, rows = 2 : i64}
// CHECK: cpu.packed_weight @"w/packed_bf16_transposed" of @w {bf16, {{.*}}, transposed}
