// SPDX-License-Identifier: Apache-2.0
// RUN: bertc-opt %s -bert-to-cpu | FileCheck %s

!x = tensor<6x4xf32>
!h = tensor<4xf32>
!r = tensor<4xi32>
!n = tensor<6xi32>
!n1 = tensor<6xf32>

// Row numbers are made once, and every dropout of those rows has them.
// CHECK-LABEL: func.func @rows
// CHECK-SAME: %[[P:[^:]*]]: tensor<2x3xi32>
// CHECK: %[[N:.*]] = cpu.row_numbers %[[P]] {scope = "rows", sequence_length = 9 : i64} : (tensor<2x3xi32>) -> tensor<6xi32>
// CHECK: cpu.gather %{{.*}}, %[[N]]
// CHECK: cpu.dropout %{{.*}}, %[[G:.*]] rows %[[N]] {op_id = 1
// CHECK: cpu.layer_norm %{{.*}} residual %{{.*}} rng %[[G]] rows %[[N]] {{.*}}op_id = 2
// CHECK: cpu.layer_norm_grad %{{.*}} rng %[[G]] rows %[[N]] {{.*}}op_id = 2
// CHECK: cpu.dropout %{{.*}}, %[[G]] rows %[[N]] {op_id = 1
func.func @rows(%p: tensor<2x3xi32> {bert.name = "p"}, %t: tensor<18x4xf32> {bert.name = "t"}, %g: !h {bert.name = "g"}, %rng: !r {bert.name = "rng"}) -> (!x {bert.name = "y"}, !x {bert.name = "dx"}) attributes {bert.entry} {
  %n = bert.row_numbers %p {scope = "rows", sequence_length = 9 : i64} : (tensor<2x3xi32>) -> !n
  %x = bert.gather %t, %n : (tensor<18x4xf32>, !n) -> !x
  %d = bert.dropout %x, %rng, %n {op_id = 1 : i32, rate = 0.5 : f32} : (!x, !r, !n) -> !x
  %y:4 = bert.residual_layer_norm %d, %x, %g, %g, %rng rows %n {eps = 0.5 : f32, op_id = 2 : i32, rate = 0.5 : f32} : (!x, !x, !h, !h, !r, !n) -> (!x, !x, !n1, !n1)
  %dy:4 = bert.residual_layer_norm_grad %x, %y#1, %g, %y#2, %y#3, %rng rows %n {op_id = 2 : i32, rate = 0.5 : f32} : (!x, !x, !h, !n1, !n1, !r, !n) -> (!x, !x, !h, !h)
  %dx = bert.dropout_grad %dy#0, %rng, %n {op_id = 1 : i32, rate = 0.5 : f32} : (!x, !r, !n) -> !x
  return %y#0, %dx : !x, !x
}

// Without an rng that has an effect the numbers are not asked for.
// CHECK-LABEL: func.func @rate_zero
// CHECK: cpu.layer_norm
// CHECK-NOT: rows
// CHECK: return
func.func @rate_zero(%x: !x {bert.name = "x"}, %n: !n {bert.name = "n"}, %g: !h {bert.name = "g"}, %rng: !r {bert.name = "rng"}) -> (!x {bert.name = "y"}) attributes {bert.entry} {
  %y:4 = bert.residual_layer_norm %x, %x, %g, %g, %rng rows %n {eps = 0.5 : f32, op_id = 2 : i32, rate = 0.0 : f32} : (!x, !x, !h, !h, !r, !n) -> (!x, !x, !n1, !n1)
  return %y#0 : !x
}
