// RUN: bertc-opt --bert-to-synapse="device=gaudi" %s -split-input-file | FileCheck %s

// An accumulation writes over the variable.
// CHECK: module attributes {synapse.device = "gaudi"}
// CHECK: synapse.variable @acc : tensor<2x3xf32> {init = #synapse<init constant>, init_value = 0.000000e+00 : f32, owner = @w, role = #synapse<role accum>}
// CHECK: synapse.variable @w : tensor<2x3xf32> {decay, init = #synapse<init truncated_normal>, init_value = 2.000000e-02 : f32, role = #synapse<role weight>, trainable}
// CHECK-LABEL: func.func @accumulate
// CHECK-SAME: (%[[X:.*]]: tensor<3x2xf32> {bert.name = "x"}, %{{.*}}: tensor<1xf32> {bert.name = "s", synapse.host_type = tensor<f32>}) attributes {bert.entry}
// CHECK-NEXT: synapse.graph "accumulate"(%{{.*}}, %{{.*}}) : (tensor<3x2xf32>, tensor<1xf32>) -> () {
// CHECK-NEXT: ^bb0(%[[GX:.*]]: tensor<3x2xf32>, %[[GS:.*]]: tensor<1xf32>):
// CHECK-NEXT: %[[OLD:.*]] = synapse.read @acc : tensor<3x2xf32>
// CHECK-NEXT: %[[SCALED:.*]] = synapse.node "mult_fwd_f32"(%[[GX]], %[[GS]])
// CHECK-NEXT: %[[NEW:.*]] = synapse.node "add_fwd_f32"(%[[OLD]], %[[SCALED]])
// CHECK-NEXT: synapse.store @acc, %[[NEW]] : tensor<3x2xf32>
// CHECK-NEXT: synapse.yield
bert.variable @acc : tensor<2x3xf32> {role = #bert.role<accum>, owner = @w}
bert.variable @w : tensor<2x3xf32> {trainable, decay, init = #bert.init<truncated_normal>, init_value = 0.02 : f32}
func.func @accumulate(%x: tensor<2x3xf32> {bert.name = "x"}, %s: tensor<f32> {bert.name = "s"}) attributes {bert.entry} {
  %0 = bert.read @acc : tensor<2x3xf32>
  %1 = bert.accumulate %0, %x, %s : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  bert.assign @acc, %1 : tensor<2x3xf32>
  return
}

// -----

// Every variable gets zeros of its own.
// CHECK-LABEL: func.func @zeros
// CHECK: %[[A:.*]] = synapse.node "constant_f32"
// CHECK: %[[B:.*]] = synapse.node "constant_f32"
// CHECK: synapse.store @a, %[[A]]
// CHECK: synapse.store @b, %[[B]]
bert.variable @a : tensor<3xf32>
bert.variable @b : tensor<3xf32>
func.func @zeros() attributes {bert.entry} {
  %0 = bert.constant {value = dense<0.0> : tensor<3xf32>} : () -> tensor<3xf32>
  bert.assign @a, %0 : tensor<3xf32>
  bert.assign @b, %0 : tensor<3xf32>
  return
}

// -----

// The last of two values is stored, and a read in between gives the first.
// CHECK-LABEL: func.func @assigned_twice
// CHECK: %[[OLD:.*]] = synapse.read @a
// CHECK: %[[ONE:.*]] = synapse.node "neg_fwd_f32"(%[[OLD]])
// CHECK: %[[TWO:.*]] = synapse.node "exp_fwd_f32"(%[[ONE]])
// CHECK: synapse.store @a, %[[TWO]]
// CHECK-NOT: synapse.store
bert.variable @a : tensor<3xf32>
func.func @assigned_twice() attributes {bert.entry} {
  %0 = bert.read @a : tensor<3xf32>
  %1 = bert.neg %0 : (tensor<3xf32>) -> tensor<3xf32>
  bert.assign @a, %1 : tensor<3xf32>
  %2 = bert.read @a : tensor<3xf32>
  %3 = bert.exp %2 : (tensor<3xf32>) -> tensor<3xf32>
  bert.assign @a, %3 : tensor<3xf32>
  return
}

// -----

// The old value is read, through a reshape, behind the node that makes the new
// one: what is stored is a copy made at the end.
// CHECK-LABEL: func.func @old_value_is_read_later
// CHECK: %[[OLD:.*]] = synapse.read @a
// CHECK: %[[NEW:.*]] = synapse.node "neg_fwd_f32"(%[[OLD]])
// CHECK: %[[COPY:.*]] = synapse.node "memcpy"(%[[NEW]])
// CHECK: synapse.store @a, %[[COPY]]
bert.variable @a : tensor<4xf32>
func.func @old_value_is_read_later() -> (tensor<2x2xf32> {bert.name = "y"}) attributes {bert.entry} {
  %0 = bert.read @a : tensor<4xf32>
  %1 = bert.reshape %0 : (tensor<4xf32>) -> tensor<2x2xf32>
  %2 = bert.neg %0 : (tensor<4xf32>) -> tensor<4xf32>
  bert.assign @a, %2 : tensor<4xf32>
  %3 = bert.reshape %2 : (tensor<4xf32>) -> tensor<2x2xf32>
  %4 = bert.add %1, %3 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %4 : tensor<2x2xf32>
}

// -----

// A node that reads elsewhere than it writes cannot write over its operand.
// CHECK-LABEL: func.func @not_elementwise
// CHECK: %[[NEW:.*]] = synapse.node "transpose"
// CHECK: %[[COPY:.*]] = synapse.node "memcpy"(%[[NEW]])
// CHECK: synapse.store @a, %[[COPY]]
bert.variable @a : tensor<4x4xf32>
func.func @not_elementwise() attributes {bert.entry} {
  %0 = bert.read @a : tensor<4x4xf32>
  %1 = bert.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  bert.assign @a, %1 : tensor<4x4xf32>
  return
}

// -----

// CHECK-LABEL: func.func @swap
// CHECK-DAG: %[[A:.*]] = synapse.read @a
// CHECK-DAG: %[[B:.*]] = synapse.read @b
// CHECK: %[[CB:.*]] = synapse.node "memcpy"(%[[B]])
// CHECK: %[[CA:.*]] = synapse.node "memcpy"(%[[A]])
// CHECK: %[[CCB:.*]] = synapse.node "memcpy"(%[[CB]])
// CHECK: synapse.store @a, %[[CCB]]
// CHECK: synapse.store @b, %[[CA]]
bert.variable @a : tensor<4xf32>
bert.variable @b : tensor<4xf32>
func.func @swap() attributes {bert.entry} {
  %0 = bert.read @a : tensor<4xf32>
  %1 = bert.read @b : tensor<4xf32>
  bert.assign @a, %1 : tensor<4xf32>
  bert.assign @b, %0 : tensor<4xf32>
  return
}

// -----

// A result has a place of its own: inputs, variables and what is stored in one
// are copied, and so is what is returned twice. What comes back unchanged is
// not stored.
// CHECK-LABEL: func.func @results
// CHECK: %[[A:.*]] = synapse.read @a
// CHECK: %[[N:.*]] = synapse.node "neg_fwd_f32"(%[[X:.*]]) :
// CHECK: %[[R0:.*]] = synapse.node "memcpy"(%[[X]])
// CHECK: %[[R1:.*]] = synapse.node "memcpy"(%[[A]])
// CHECK: %[[R3:.*]] = synapse.node "memcpy"(%[[N]])
// CHECK: %[[S:.*]] = synapse.node "memcpy"(%[[N]])
// CHECK-NOT: synapse.store @a
// CHECK: synapse.store @b, %[[S]]
// CHECK: synapse.yield %[[R0]], %[[R1]], %[[N]], %[[R3]]
bert.variable @a : tensor<4xf32>
bert.variable @b : tensor<4xf32>
func.func @results(%x: tensor<4xf32> {bert.name = "x"}) -> (tensor<4xf32> {bert.name = "r0"}, tensor<4xf32> {bert.name = "r1"}, tensor<4xf32> {bert.name = "r2"}, tensor<4xf32> {bert.name = "r3"}) attributes {bert.entry} {
  %0 = bert.read @a : tensor<4xf32>
  %1 = bert.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  bert.assign @a, %0 : tensor<4xf32>
  bert.assign @b, %1 : tensor<4xf32>
  return %x, %0, %1, %1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
