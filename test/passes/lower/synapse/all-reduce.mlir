// RUN: bertc-opt --bert-to-synapse="device=gaudi2" %s | FileCheck %s
// RUN: bertc-opt --pass-pipeline="builtin.module(bert-to-synapse{device=gaudi2},func.func(synapse-order-updates,synapse-split-graphs{max-nodes=1}),synapse-plan-sections)" %s | FileCheck %s --check-prefix=SPLIT

// Sums over workers come before the graphs, however many these become.
// CHECK-LABEL: func.func @apply_gradients
// CHECK-NEXT: synapse.all_reduce [@b, @a] {bucket = 0 : i32}
// CHECK-NEXT: synapse.all_reduce [@c] {bucket = 1 : i32}
// CHECK-NEXT: synapse.graph "apply_gradients"
// CHECK-NOT: all_reduce
// SPLIT-LABEL: func.func @apply_gradients
// SPLIT-NEXT: synapse.all_reduce [@b, @a] {bucket = 0 : i32}
// SPLIT-NEXT: synapse.all_reduce [@c] {bucket = 1 : i32}
// SPLIT-NEXT: synapse.graph "apply_gradients.0"
// SPLIT: synapse.graph "apply_gradients.1"
bert.variable @w : tensor<4xf32> {trainable}
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
bert.variable @b : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
bert.variable @c : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @apply_gradients() -> (tensor<4xf32> {bert.name = "y"}) attributes {bert.entry} {
  bert.all_reduce [@b, @a] {bucket = 0 : i32}
  bert.all_reduce [@c] {bucket = 1 : i32}
  %a = bert.read @a : tensor<4xf32>
  %c = bert.read @c : tensor<4xf32>
  %x = bert.add %a, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %y = bert.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
