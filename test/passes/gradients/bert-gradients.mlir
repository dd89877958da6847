// RUN: bertc-opt --bert-gradients -split-input-file %s | FileCheck %s

// Tests that the entry returns the losses, then one gradient a trainable
// variable in the order of the module, and that @loss stays.

bert.variable @w : tensor<3x2xf32> {trainable}
bert.variable @fixed : tensor<2xf32>
bert.variable @b : tensor<2xf32> {trainable}

// CHECK-LABEL: bert.variable @fixed
// CHECK: func.func private @loss
// CHECK: func.func @gradients(%[[X:.*]]: tensor<4x3xf32> {bert.name = "x"}) -> (tensor<f32> {bert.name = "total_loss"}, tensor<4x2xf32> {bert.name = "y"}, tensor<3x2xf32> {bert.name = "w"}, tensor<2xf32> {bert.name = "b"}) attributes {bert.entry} {
// CHECK-DAG: %[[W:.*]] = bert.read @w
// CHECK-DAG: %[[Y:.*]] = bert.mul %{{.*}}, %{{.*}} {scope = "scale"}
// CHECK: %[[LOSS:.*]] = bert.reduce_sum
// CHECK: %[[ONE:.*]] = bert.constant {{.*}}scope = "gradients/grad_ys_0"
// CHECK: %[[DY:.*]] = bert.broadcast_to %[[ONE]] {scope = "gradients/sum_grad/BroadcastTo"}
// CHECK: %[[DZ:.*]] = bert.mul %[[DY]], %{{.*}} {scope = "gradients/scale_grad/Mul"}
// CHECK: %[[DB:.*]] = bert.bias_add_grad %[[DZ]] {scope = "gradients/dense/BiasAdd_grad/BiasAddGrad"}
// CHECK: %[[DW:.*]] = bert.matmul %[[X]], %[[DZ]] {scope = "gradients/dense/MatMul_grad/MatMul{{(_1)?}}", transpose_a}
// CHECK: return %[[LOSS]], %[[Y]], %[[DW]], %[[DB]]
func.func private @loss(%x: tensor<4x3xf32> {bert.name = "x"})
    -> (tensor<f32> {bert.name = "total_loss"}, tensor<4x2xf32> {bert.name = "y"}) {
  %w = bert.read @w : tensor<3x2xf32>
  %b = bert.read @b : tensor<2xf32>
  %fixed = bert.read @fixed : tensor<2xf32>
  %0 = bert.matmul %x, %w {scope = "dense/MatMul"} : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %1 = bert.bias_add %0, %b {scope = "dense/BiasAdd"} : (tensor<4x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
  %2 = bert.mul %1, %fixed {scope = "scale"} : (tensor<4x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
  %3 = bert.reduce_sum %2 {axes = array<i64: 0, 1>, scope = "sum"} : (tensor<4x2xf32>) -> tensor<f32>
  return %3, %2 : tensor<f32>, tensor<4x2xf32>
}

// -----

// Tests that what reaches a value by several ways is added, in one operation
// and also over several reads of a variable.

bert.variable @twice : tensor<2xf32> {trainable}

// CHECK-LABEL: bert.variable @twice
// CHECK: func.func @gradients
// CHECK: %[[A:.*]] = bert.exp
// CHECK: %[[D:.*]] = bert.add_n %{{.*}}, %{{.*}}, %{{.*}} {scope = "gradients/AddN"}
// CHECK: bert.mul %[[D]], %[[A]] {scope = "gradients/Exp_grad/Mul"}
// CHECK: %[[SUM:.*]] = bert.add_n %{{.*}}, %{{.*}} {scope = "gradients/AddN_1"}
// CHECK: return %{{.*}}, %[[SUM]]
func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
  %again = bert.read @twice : tensor<2xf32>
  %w = bert.read @twice : tensor<2xf32>
  %a = bert.exp %w : (tensor<2xf32>) -> tensor<2xf32>
  %0 = bert.mul %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = bert.add %0, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %2 = bert.mul %1, %again : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = bert.reduce_sum %2 {axes = array<i64: 0>} : (tensor<2xf32>) -> tensor<f32>
  return %3 : tensor<f32>
}

// -----

// Tests that a variable the loss does not depend on gets zeros, also when it is
// read on the way to another result.

bert.variable @used : tensor<2xf32> {trainable}
bert.variable @unused : tensor<3xf32> {trainable}
bert.variable @aside : tensor<f32> {trainable}

// CHECK-LABEL: bert.variable @used
// CHECK: func.func @gradients
// CHECK-DAG: %[[ZERO3:.*]] = bert.constant {{.*}}value = dense<0.000000e+00> : tensor<3xf32>
// CHECK-DAG: %[[ZERO:.*]] = bert.constant {{.*}}value = dense<0.000000e+00> : tensor<f32>
// CHECK: return %{{.*}}, %{{.*}}, %{{.*}}, %[[ZERO3]], %[[ZERO]]
func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}, tensor<f32> {bert.name = "other"}) {
  %w = bert.read @used : tensor<2xf32>
  %aside = bert.read @aside : tensor<f32>
  %other = bert.exp %aside : (tensor<f32>) -> tensor<f32>
  %0 = bert.l2_loss %w : (tensor<2xf32>) -> tensor<f32>
  return %0, %other : tensor<f32>, tensor<f32>
}

// -----

// Tests that nothing is computed for operands that no variable reaches, and
// that gradients of integers and comparisons do not exist.

bert.variable @table : tensor<9x2xf32> {trainable}

// CHECK-LABEL: bert.variable @table
// CHECK: func.func @gradients
// CHECK: bert.reduce_sum
// CHECK-COUNT-1: bert.mul
// CHECK-NOT: bert.mul
// CHECK: bert.select
// CHECK-NOT: bert.select
// CHECK: bert.gather_grad %{{.*}}, %{{.*}} {input_shape = array<i64: 9, 2>
// CHECK-NEXT: return
func.func private @loss(%ids: tensor<4xi32> {bert.name = "ids"}, %scale: tensor<4x2xf32> {bert.name = "scale"})
    -> (tensor<f32> {bert.name = "total_loss"}) {
  %table = bert.read @table : tensor<9x2xf32>
  %0 = bert.gather %table, %ids : (tensor<9x2xf32>, tensor<4xi32>) -> tensor<4x2xf32>
  %1 = bert.compare %0, %scale {predicate = #bert.predicate<gt>} : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xi1>
  %2 = bert.select %1, %0, %scale : (tensor<4x2xi1>, tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %3 = bert.mul %2, %scale : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %4 = bert.reduce_sum %3 {axes = array<i64: 0, 1>} : (tensor<4x2xf32>) -> tensor<f32>
  return %4 : tensor<f32>
}

// -----

// Tests that a module without @loss is left alone.

bert.variable @alone : tensor<2xf32> {trainable}

// CHECK-LABEL: bert.variable @alone
// CHECK: func.func @predict
// CHECK-NOT: @gradients
func.func @predict() -> (tensor<2xf32> {bert.name = "y"}) attributes {bert.entry} {
  %w = bert.read @alone : tensor<2xf32>
  return %w : tensor<2xf32>
}
