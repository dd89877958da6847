// RUN: bertc-opt --bert-gradients --bert-optimizer %s | FileCheck %s
// RUN: bertc-opt --bert-optimizer='optimizer=adamw beta1=0.5 weight-decay=0.25 clip-norm=2.0' %s | FileCheck %s --check-prefix=ADAMW

// Tests that slots follow the weights, each kind together.
// CHECK: bert.variable @kernel : tensor<3x2xf32>
// CHECK-NEXT: bert.variable @fixed : tensor<2xf32>
// CHECK-NEXT: bert.variable @bias : tensor<2xf32>
// CHECK-NEXT: bert.variable @"kernel/accum" : tensor<3x2xf32> {owner = @kernel, role = #bert.role<accum>}
// CHECK-NEXT: bert.variable @"bias/accum" : tensor<2xf32> {owner = @bias, role = #bert.role<accum>}
// CHECK-NEXT: bert.variable @"kernel/adam_m" : tensor<3x2xf32> {owner = @kernel, role = #bert.role<adam_m>}
// CHECK-NEXT: bert.variable @"bias/adam_m"
// CHECK-NEXT: bert.variable @"kernel/adam_v" : tensor<3x2xf32> {owner = @kernel, role = #bert.role<adam_v>}
// CHECK-NEXT: bert.variable @"bias/adam_v"
// CHECK-NOT: bert.variable
bert.variable @kernel : tensor<3x2xf32> {trainable, decay}
bert.variable @fixed : tensor<2xf32>
bert.variable @bias : tensor<2xf32> {trainable}

// Tests that @loss is gone, and the gradients are those of loss * loss_scale.
// CHECK-NOT: @loss
// CHECK: func.func @gradients
// CHECK-LABEL: func.func @train_step(
// CHECK-SAME: %{{.*}}: tensor<4x3xf32> {bert.name = "x"}, %[[LOSS_SCALE:.*]]: tensor<f32> {bert.name = "loss_scale"}) -> (tensor<f32> {bert.name = "total_loss"}) attributes {bert.entry}
// CHECK: %[[LOSS:.*]] = bert.l2_loss
// CHECK: bert.mul %{{.*}}, %[[LOSS_SCALE]] {scope = "gradients/L2Loss_grad/Mul"}

// Tests that gradients are clipped by global norm in TensorFlow's operations.
// CHECK: %[[N0:.*]] = bert.l2_loss %[[DK:.*]] {scope = "global_norm/L2Loss"}
// CHECK: %[[N1:.*]] = bert.l2_loss %[[DB:.*]] {scope = "global_norm/L2Loss_1"}
// CHECK: %[[HALF:.*]] = bert.add_n %[[N0]], %[[N1]] {scope = "global_norm/AddN"}
// CHECK: %[[SQUARE:.*]] = bert.mul %[[HALF]], %{{.*}} {scope = "global_norm/mul"}
// CHECK: %[[NORM:.*]] = bert.sqrt %[[SQUARE]] {scope = "global_norm/global_norm"}
// CHECK: %[[INVERSE:.*]] = bert.div %{{.*}}, %[[NORM]] {scope = "clip_by_global_norm/truediv"}
// CHECK: %[[LEAST:.*]] = bert.minimum %[[INVERSE]], %{{.*}} {scope = "clip_by_global_norm/Minimum"}
// CHECK: %[[FINITE:.*]] = bert.mul %{{.*}}, %[[LEAST]] {scope = "clip_by_global_norm/mul"}
// CHECK: %[[NAN:.*]] = bert.sub %[[NORM]], %[[NORM]] {scope = "clip_by_global_norm/sub"}
// CHECK: %[[SCALE:.*]] = bert.add %[[FINITE]], %[[NAN]] {scope = "clip_by_global_norm/add"}
// CHECK: %[[CK:.*]] = bert.mul %[[DK]], %[[SCALE]] {scope = "clip_by_global_norm/mul_1"}
// CHECK: %[[OLD:.*]] = bert.read @"kernel/accum"
// CHECK: %[[NEW:.*]] = bert.add %[[OLD]], %[[CK]] {scope = "kernel/accum/AssignAdd"}
// CHECK: bert.assign @"kernel/accum", %[[NEW]]
// CHECK: bert.mul %[[DB]], %[[SCALE]] {scope = "clip_by_global_norm/mul_2"}
// CHECK: bert.assign @"bias/accum"
// CHECK: return %[[LOSS]] : tensor<f32>

// Tests that every weight is updated from its accumulator, which is zeroed;
// only where there is `decay` do weights decay.
// CHECK-LABEL: func.func @apply_gradients(
// CHECK-SAME: %[[RATE:.*]]: tensor<f32> {bert.name = "learning_rate"}, %[[STEP:.*]]: tensor<i32> {bert.name = "update_step"}) attributes {bert.entry}
// CHECK: %[[W:.*]] = bert.read @kernel
// CHECK: %[[M:.*]] = bert.read @"kernel/adam_m"
// CHECK: %[[V:.*]] = bert.read @"kernel/adam_v"
// CHECK: %[[G:.*]] = bert.read @"kernel/accum"
// CHECK: %[[W1:.*]], %[[M1:.*]], %[[V1:.*]] = bert.lamb_update %[[W]], %[[M]], %[[V]], %[[G]], %[[RATE]], %[[STEP]] {beta1 = 0.899999976 : f32, beta2 = 9.990000e-01 : f32, eps = 9.99999997E-7 : f32, scope = "update_kernel", weight_decay = 0.00999999977 : f32}
// CHECK: bert.assign @kernel, %[[W1]]
// CHECK: bert.assign @"kernel/adam_m", %[[M1]]
// CHECK: bert.assign @"kernel/adam_v", %[[V1]]
// CHECK: %[[ZERO:.*]] = bert.constant {{.*}}value = dense<0.000000e+00> : tensor<3x2xf32>
// CHECK: bert.assign @"kernel/accum", %[[ZERO]]
// CHECK: bert.lamb_update {{.*}}scope = "update_bias", weight_decay = 0.000000e+00 : f32
// CHECK-NOT: @fixed

// Tests that options reach the update, and the pass needs no @gradients.
// ADAMW-NOT: @gradients
// ADAMW: func.func @train_step
// ADAMW: bert.constant {{.*}}value = dense<5.000000e-01> : tensor<f32>
// ADAMW: bert.minimum
// ADAMW: bert.constant {{.*}}value = dense<2.000000e+00> : tensor<f32>
// ADAMW: bert.adamw_update {{.*}}{beta1 = 5.000000e-01 : f32, {{.*}}weight_decay = 2.500000e-01 : f32}

func.func private @loss(%x: tensor<4x3xf32> {bert.name = "x"}) -> (tensor<f32> {bert.name = "total_loss"}) {
  %kernel = bert.read @kernel : tensor<3x2xf32>
  %bias = bert.read @bias : tensor<2xf32>
  %0 = bert.matmul %x, %kernel : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %1 = bert.bias_add %0, %bias : (tensor<4x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
  %2 = bert.l2_loss %1 : (tensor<4x2xf32>) -> tensor<f32>
  return %2 : tensor<f32>
}
