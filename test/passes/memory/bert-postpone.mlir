// RUN: bertc-opt --bert-postpone %s | FileCheck %s

// Tests that a product that is larger than what is kept for it is made when it
// is needed.
// CHECK-LABEL: func.func @large
// CHECK-COUNT-41: bert.tanh
// CHECK: %[[G:.*]] = bert.matmul
// CHECK-NEXT: bert.l2_loss %[[G]]
func.func @large(%a: tensor<2x512xf32>, %b: tensor<2x1024xf32>, %c: tensor<512x1024xf32>, %t0: tensor<2xf32>) -> (tensor<f32>, tensor<2xf32>) {
  %x = bert.tanh %a : (tensor<2x512xf32>) -> tensor<2x512xf32>
  %g = bert.matmul %x, %b {transpose_a} : (tensor<2x512xf32>, tensor<2x1024xf32>) -> tensor<512x1024xf32>
  %t1 = bert.tanh %t0 : (tensor<2xf32>) -> tensor<2xf32>
  %t2 = bert.tanh %t1 : (tensor<2xf32>) -> tensor<2xf32>
  %t3 = bert.tanh %t2 : (tensor<2xf32>) -> tensor<2xf32>
  %t4 = bert.tanh %t3 : (tensor<2xf32>) -> tensor<2xf32>
  %t5 = bert.tanh %t4 : (tensor<2xf32>) -> tensor<2xf32>
  %t6 = bert.tanh %t5 : (tensor<2xf32>) -> tensor<2xf32>
  %t7 = bert.tanh %t6 : (tensor<2xf32>) -> tensor<2xf32>
  %t8 = bert.tanh %t7 : (tensor<2xf32>) -> tensor<2xf32>
  %t9 = bert.tanh %t8 : (tensor<2xf32>) -> tensor<2xf32>
  %t10 = bert.tanh %t9 : (tensor<2xf32>) -> tensor<2xf32>
  %t11 = bert.tanh %t10 : (tensor<2xf32>) -> tensor<2xf32>
  %t12 = bert.tanh %t11 : (tensor<2xf32>) -> tensor<2xf32>
  %t13 = bert.tanh %t12 : (tensor<2xf32>) -> tensor<2xf32>
  %t14 = bert.tanh %t13 : (tensor<2xf32>) -> tensor<2xf32>
  %t15 = bert.tanh %t14 : (tensor<2xf32>) -> tensor<2xf32>
  %t16 = bert.tanh %t15 : (tensor<2xf32>) -> tensor<2xf32>
  %t17 = bert.tanh %t16 : (tensor<2xf32>) -> tensor<2xf32>
  %t18 = bert.tanh %t17 : (tensor<2xf32>) -> tensor<2xf32>
  %t19 = bert.tanh %t18 : (tensor<2xf32>) -> tensor<2xf32>
  %t20 = bert.tanh %t19 : (tensor<2xf32>) -> tensor<2xf32>
  %t21 = bert.tanh %t20 : (tensor<2xf32>) -> tensor<2xf32>
  %t22 = bert.tanh %t21 : (tensor<2xf32>) -> tensor<2xf32>
  %t23 = bert.tanh %t22 : (tensor<2xf32>) -> tensor<2xf32>
  %t24 = bert.tanh %t23 : (tensor<2xf32>) -> tensor<2xf32>
  %t25 = bert.tanh %t24 : (tensor<2xf32>) -> tensor<2xf32>
  %t26 = bert.tanh %t25 : (tensor<2xf32>) -> tensor<2xf32>
  %t27 = bert.tanh %t26 : (tensor<2xf32>) -> tensor<2xf32>
  %t28 = bert.tanh %t27 : (tensor<2xf32>) -> tensor<2xf32>
  %t29 = bert.tanh %t28 : (tensor<2xf32>) -> tensor<2xf32>
  %t30 = bert.tanh %t29 : (tensor<2xf32>) -> tensor<2xf32>
  %t31 = bert.tanh %t30 : (tensor<2xf32>) -> tensor<2xf32>
  %t32 = bert.tanh %t31 : (tensor<2xf32>) -> tensor<2xf32>
  %t33 = bert.tanh %t32 : (tensor<2xf32>) -> tensor<2xf32>
  %t34 = bert.tanh %t33 : (tensor<2xf32>) -> tensor<2xf32>
  %t35 = bert.tanh %t34 : (tensor<2xf32>) -> tensor<2xf32>
  %t36 = bert.tanh %t35 : (tensor<2xf32>) -> tensor<2xf32>
  %t37 = bert.tanh %t36 : (tensor<2xf32>) -> tensor<2xf32>
  %t38 = bert.tanh %t37 : (tensor<2xf32>) -> tensor<2xf32>
  %t39 = bert.tanh %t38 : (tensor<2xf32>) -> tensor<2xf32>
  %t40 = bert.tanh %t39 : (tensor<2xf32>) -> tensor<2xf32>
  %l = bert.l2_loss %g : (tensor<512x1024xf32>) -> tensor<f32>
  return %l, %t40 : tensor<f32>, tensor<2xf32>
}

// Tests that nothing moves when what it is made of takes as much memory.
// CHECK-LABEL: func.func @same_size
// CHECK: bert.exp
// CHECK-COUNT-40: bert.tanh
func.func @same_size(%a: tensor<2x512xf32>, %b: tensor<2x1024xf32>, %c: tensor<512x1024xf32>, %t0: tensor<2xf32>) -> (tensor<f32>, tensor<2xf32>) {
  %x = bert.relu %c : (tensor<512x1024xf32>) -> tensor<512x1024xf32>
  %g = bert.exp %x : (tensor<512x1024xf32>) -> tensor<512x1024xf32>
  %t1 = bert.tanh %t0 : (tensor<2xf32>) -> tensor<2xf32>
  %t2 = bert.tanh %t1 : (tensor<2xf32>) -> tensor<2xf32>
  %t3 = bert.tanh %t2 : (tensor<2xf32>) -> tensor<2xf32>
  %t4 = bert.tanh %t3 : (tensor<2xf32>) -> tensor<2xf32>
  %t5 = bert.tanh %t4 : (tensor<2xf32>) -> tensor<2xf32>
  %t6 = bert.tanh %t5 : (tensor<2xf32>) -> tensor<2xf32>
  %t7 = bert.tanh %t6 : (tensor<2xf32>) -> tensor<2xf32>
  %t8 = bert.tanh %t7 : (tensor<2xf32>) -> tensor<2xf32>
  %t9 = bert.tanh %t8 : (tensor<2xf32>) -> tensor<2xf32>
  %t10 = bert.tanh %t9 : (tensor<2xf32>) -> tensor<2xf32>
  %t11 = bert.tanh %t10 : (tensor<2xf32>) -> tensor<2xf32>
  %t12 = bert.tanh %t11 : (tensor<2xf32>) -> tensor<2xf32>
  %t13 = bert.tanh %t12 : (tensor<2xf32>) -> tensor<2xf32>
  %t14 = bert.tanh %t13 : (tensor<2xf32>) -> tensor<2xf32>
  %t15 = bert.tanh %t14 : (tensor<2xf32>) -> tensor<2xf32>
  %t16 = bert.tanh %t15 : (tensor<2xf32>) -> tensor<2xf32>
  %t17 = bert.tanh %t16 : (tensor<2xf32>) -> tensor<2xf32>
  %t18 = bert.tanh %t17 : (tensor<2xf32>) -> tensor<2xf32>
  %t19 = bert.tanh %t18 : (tensor<2xf32>) -> tensor<2xf32>
  %t20 = bert.tanh %t19 : (tensor<2xf32>) -> tensor<2xf32>
  %t21 = bert.tanh %t20 : (tensor<2xf32>) -> tensor<2xf32>
  %t22 = bert.tanh %t21 : (tensor<2xf32>) -> tensor<2xf32>
  %t23 = bert.tanh %t22 : (tensor<2xf32>) -> tensor<2xf32>
  %t24 = bert.tanh %t23 : (tensor<2xf32>) -> tensor<2xf32>
  %t25 = bert.tanh %t24 : (tensor<2xf32>) -> tensor<2xf32>
  %t26 = bert.tanh %t25 : (tensor<2xf32>) -> tensor<2xf32>
  %t27 = bert.tanh %t26 : (tensor<2xf32>) -> tensor<2xf32>
  %t28 = bert.tanh %t27 : (tensor<2xf32>) -> tensor<2xf32>
  %t29 = bert.tanh %t28 : (tensor<2xf32>) -> tensor<2xf32>
  %t30 = bert.tanh %t29 : (tensor<2xf32>) -> tensor<2xf32>
  %t31 = bert.tanh %t30 : (tensor<2xf32>) -> tensor<2xf32>
  %t32 = bert.tanh %t31 : (tensor<2xf32>) -> tensor<2xf32>
  %t33 = bert.tanh %t32 : (tensor<2xf32>) -> tensor<2xf32>
  %t34 = bert.tanh %t33 : (tensor<2xf32>) -> tensor<2xf32>
  %t35 = bert.tanh %t34 : (tensor<2xf32>) -> tensor<2xf32>
  %t36 = bert.tanh %t35 : (tensor<2xf32>) -> tensor<2xf32>
  %t37 = bert.tanh %t36 : (tensor<2xf32>) -> tensor<2xf32>
  %t38 = bert.tanh %t37 : (tensor<2xf32>) -> tensor<2xf32>
  %t39 = bert.tanh %t38 : (tensor<2xf32>) -> tensor<2xf32>
  %t40 = bert.tanh %t39 : (tensor<2xf32>) -> tensor<2xf32>
  %l = bert.l2_loss %g : (tensor<512x1024xf32>) -> tensor<f32>
  return %l, %t40 : tensor<f32>, tensor<2xf32>
}

// Tests that nothing small moves.
// CHECK-LABEL: func.func @small
// CHECK: bert.concat
// CHECK-COUNT-40: bert.tanh
func.func @small(%a: tensor<2x512xf32>, %b: tensor<2x1024xf32>, %c: tensor<512x1024xf32>, %t0: tensor<2xf32>) -> (tensor<f32>, tensor<2xf32>) {
  %g = bert.concat %a, %a {axis = 0 : i64} : (tensor<2x512xf32>, tensor<2x512xf32>) -> tensor<4x512xf32>
  %t1 = bert.tanh %t0 : (tensor<2xf32>) -> tensor<2xf32>
  %t2 = bert.tanh %t1 : (tensor<2xf32>) -> tensor<2xf32>
  %t3 = bert.tanh %t2 : (tensor<2xf32>) -> tensor<2xf32>
  %t4 = bert.tanh %t3 : (tensor<2xf32>) -> tensor<2xf32>
  %t5 = bert.tanh %t4 : (tensor<2xf32>) -> tensor<2xf32>
  %t6 = bert.tanh %t5 : (tensor<2xf32>) -> tensor<2xf32>
  %t7 = bert.tanh %t6 : (tensor<2xf32>) -> tensor<2xf32>
  %t8 = bert.tanh %t7 : (tensor<2xf32>) -> tensor<2xf32>
  %t9 = bert.tanh %t8 : (tensor<2xf32>) -> tensor<2xf32>
  %t10 = bert.tanh %t9 : (tensor<2xf32>) -> tensor<2xf32>
  %t11 = bert.tanh %t10 : (tensor<2xf32>) -> tensor<2xf32>
  %t12 = bert.tanh %t11 : (tensor<2xf32>) -> tensor<2xf32>
  %t13 = bert.tanh %t12 : (tensor<2xf32>) -> tensor<2xf32>
  %t14 = bert.tanh %t13 : (tensor<2xf32>) -> tensor<2xf32>
  %t15 = bert.tanh %t14 : (tensor<2xf32>) -> tensor<2xf32>
  %t16 = bert.tanh %t15 : (tensor<2xf32>) -> tensor<2xf32>
  %t17 = bert.tanh %t16 : (tensor<2xf32>) -> tensor<2xf32>
  %t18 = bert.tanh %t17 : (tensor<2xf32>) -> tensor<2xf32>
  %t19 = bert.tanh %t18 : (tensor<2xf32>) -> tensor<2xf32>
  %t20 = bert.tanh %t19 : (tensor<2xf32>) -> tensor<2xf32>
  %t21 = bert.tanh %t20 : (tensor<2xf32>) -> tensor<2xf32>
  %t22 = bert.tanh %t21 : (tensor<2xf32>) -> tensor<2xf32>
  %t23 = bert.tanh %t22 : (tensor<2xf32>) -> tensor<2xf32>
  %t24 = bert.tanh %t23 : (tensor<2xf32>) -> tensor<2xf32>
  %t25 = bert.tanh %t24 : (tensor<2xf32>) -> tensor<2xf32>
  %t26 = bert.tanh %t25 : (tensor<2xf32>) -> tensor<2xf32>
  %t27 = bert.tanh %t26 : (tensor<2xf32>) -> tensor<2xf32>
  %t28 = bert.tanh %t27 : (tensor<2xf32>) -> tensor<2xf32>
  %t29 = bert.tanh %t28 : (tensor<2xf32>) -> tensor<2xf32>
  %t30 = bert.tanh %t29 : (tensor<2xf32>) -> tensor<2xf32>
  %t31 = bert.tanh %t30 : (tensor<2xf32>) -> tensor<2xf32>
  %t32 = bert.tanh %t31 : (tensor<2xf32>) -> tensor<2xf32>
  %t33 = bert.tanh %t32 : (tensor<2xf32>) -> tensor<2xf32>
  %t34 = bert.tanh %t33 : (tensor<2xf32>) -> tensor<2xf32>
  %t35 = bert.tanh %t34 : (tensor<2xf32>) -> tensor<2xf32>
  %t36 = bert.tanh %t35 : (tensor<2xf32>) -> tensor<2xf32>
  %t37 = bert.tanh %t36 : (tensor<2xf32>) -> tensor<2xf32>
  %t38 = bert.tanh %t37 : (tensor<2xf32>) -> tensor<2xf32>
  %t39 = bert.tanh %t38 : (tensor<2xf32>) -> tensor<2xf32>
  %t40 = bert.tanh %t39 : (tensor<2xf32>) -> tensor<2xf32>
  %l = bert.l2_loss %g : (tensor<4x512xf32>) -> tensor<f32>
  return %l, %t40 : tensor<f32>, tensor<2xf32>
}

// Tests that nothing moves when the value is needed early as well.
// CHECK-LABEL: func.func @early
// CHECK: bert.matmul
// CHECK-NEXT: bert.l2_loss
// CHECK-COUNT-40: bert.tanh
func.func @early(%a: tensor<2x512xf32>, %b: tensor<2x1024xf32>, %c: tensor<512x1024xf32>, %t0: tensor<2xf32>) -> (tensor<f32>, tensor<f32>, tensor<2xf32>) {
  %x = bert.tanh %a : (tensor<2x512xf32>) -> tensor<2x512xf32>
  %g = bert.matmul %x, %b {transpose_a} : (tensor<2x512xf32>, tensor<2x1024xf32>) -> tensor<512x1024xf32>
  %e = bert.l2_loss %g : (tensor<512x1024xf32>) -> tensor<f32>
  %t1 = bert.tanh %t0 : (tensor<2xf32>) -> tensor<2xf32>
  %t2 = bert.tanh %t1 : (tensor<2xf32>) -> tensor<2xf32>
  %t3 = bert.tanh %t2 : (tensor<2xf32>) -> tensor<2xf32>
  %t4 = bert.tanh %t3 : (tensor<2xf32>) -> tensor<2xf32>
  %t5 = bert.tanh %t4 : (tensor<2xf32>) -> tensor<2xf32>
  %t6 = bert.tanh %t5 : (tensor<2xf32>) -> tensor<2xf32>
  %t7 = bert.tanh %t6 : (tensor<2xf32>) -> tensor<2xf32>
  %t8 = bert.tanh %t7 : (tensor<2xf32>) -> tensor<2xf32>
  %t9 = bert.tanh %t8 : (tensor<2xf32>) -> tensor<2xf32>
  %t10 = bert.tanh %t9 : (tensor<2xf32>) -> tensor<2xf32>
  %t11 = bert.tanh %t10 : (tensor<2xf32>) -> tensor<2xf32>
  %t12 = bert.tanh %t11 : (tensor<2xf32>) -> tensor<2xf32>
  %t13 = bert.tanh %t12 : (tensor<2xf32>) -> tensor<2xf32>
  %t14 = bert.tanh %t13 : (tensor<2xf32>) -> tensor<2xf32>
  %t15 = bert.tanh %t14 : (tensor<2xf32>) -> tensor<2xf32>
  %t16 = bert.tanh %t15 : (tensor<2xf32>) -> tensor<2xf32>
  %t17 = bert.tanh %t16 : (tensor<2xf32>) -> tensor<2xf32>
  %t18 = bert.tanh %t17 : (tensor<2xf32>) -> tensor<2xf32>
  %t19 = bert.tanh %t18 : (tensor<2xf32>) -> tensor<2xf32>
  %t20 = bert.tanh %t19 : (tensor<2xf32>) -> tensor<2xf32>
  %t21 = bert.tanh %t20 : (tensor<2xf32>) -> tensor<2xf32>
  %t22 = bert.tanh %t21 : (tensor<2xf32>) -> tensor<2xf32>
  %t23 = bert.tanh %t22 : (tensor<2xf32>) -> tensor<2xf32>
  %t24 = bert.tanh %t23 : (tensor<2xf32>) -> tensor<2xf32>
  %t25 = bert.tanh %t24 : (tensor<2xf32>) -> tensor<2xf32>
  %t26 = bert.tanh %t25 : (tensor<2xf32>) -> tensor<2xf32>
  %t27 = bert.tanh %t26 : (tensor<2xf32>) -> tensor<2xf32>
  %t28 = bert.tanh %t27 : (tensor<2xf32>) -> tensor<2xf32>
  %t29 = bert.tanh %t28 : (tensor<2xf32>) -> tensor<2xf32>
  %t30 = bert.tanh %t29 : (tensor<2xf32>) -> tensor<2xf32>
  %t31 = bert.tanh %t30 : (tensor<2xf32>) -> tensor<2xf32>
  %t32 = bert.tanh %t31 : (tensor<2xf32>) -> tensor<2xf32>
  %t33 = bert.tanh %t32 : (tensor<2xf32>) -> tensor<2xf32>
  %t34 = bert.tanh %t33 : (tensor<2xf32>) -> tensor<2xf32>
  %t35 = bert.tanh %t34 : (tensor<2xf32>) -> tensor<2xf32>
  %t36 = bert.tanh %t35 : (tensor<2xf32>) -> tensor<2xf32>
  %t37 = bert.tanh %t36 : (tensor<2xf32>) -> tensor<2xf32>
  %t38 = bert.tanh %t37 : (tensor<2xf32>) -> tensor<2xf32>
  %t39 = bert.tanh %t38 : (tensor<2xf32>) -> tensor<2xf32>
  %t40 = bert.tanh %t39 : (tensor<2xf32>) -> tensor<2xf32>
  %l = bert.l2_loss %g : (tensor<512x1024xf32>) -> tensor<f32>
  return %l, %e, %t40 : tensor<f32>, tensor<f32>, tensor<2xf32>
}

// Tests that nothing moves across a short wait.
// CHECK-LABEL: func.func @short
// CHECK: bert.matmul
// CHECK-NEXT: bert.relu
func.func @short(%a: tensor<2x512xf32>, %b: tensor<2x1024xf32>, %c: tensor<512x1024xf32>, %t0: tensor<2xf32>) -> (tensor<f32>, tensor<2xf32>, tensor<2xf32>) {
  %x = bert.tanh %a : (tensor<2x512xf32>) -> tensor<2x512xf32>
  %g = bert.matmul %x, %b {transpose_a} : (tensor<2x512xf32>, tensor<2x1024xf32>) -> tensor<512x1024xf32>
  %r = bert.relu %t0 : (tensor<2xf32>) -> tensor<2xf32>
  %l = bert.l2_loss %g : (tensor<512x1024xf32>) -> tensor<f32>
  %t1 = bert.tanh %t0 : (tensor<2xf32>) -> tensor<2xf32>
  %t2 = bert.tanh %t1 : (tensor<2xf32>) -> tensor<2xf32>
  %t3 = bert.tanh %t2 : (tensor<2xf32>) -> tensor<2xf32>
  %t4 = bert.tanh %t3 : (tensor<2xf32>) -> tensor<2xf32>
  %t5 = bert.tanh %t4 : (tensor<2xf32>) -> tensor<2xf32>
  %t6 = bert.tanh %t5 : (tensor<2xf32>) -> tensor<2xf32>
  %t7 = bert.tanh %t6 : (tensor<2xf32>) -> tensor<2xf32>
  %t8 = bert.tanh %t7 : (tensor<2xf32>) -> tensor<2xf32>
  %t9 = bert.tanh %t8 : (tensor<2xf32>) -> tensor<2xf32>
  %t10 = bert.tanh %t9 : (tensor<2xf32>) -> tensor<2xf32>
  %t11 = bert.tanh %t10 : (tensor<2xf32>) -> tensor<2xf32>
  %t12 = bert.tanh %t11 : (tensor<2xf32>) -> tensor<2xf32>
  %t13 = bert.tanh %t12 : (tensor<2xf32>) -> tensor<2xf32>
  %t14 = bert.tanh %t13 : (tensor<2xf32>) -> tensor<2xf32>
  %t15 = bert.tanh %t14 : (tensor<2xf32>) -> tensor<2xf32>
  %t16 = bert.tanh %t15 : (tensor<2xf32>) -> tensor<2xf32>
  %t17 = bert.tanh %t16 : (tensor<2xf32>) -> tensor<2xf32>
  %t18 = bert.tanh %t17 : (tensor<2xf32>) -> tensor<2xf32>
  %t19 = bert.tanh %t18 : (tensor<2xf32>) -> tensor<2xf32>
  %t20 = bert.tanh %t19 : (tensor<2xf32>) -> tensor<2xf32>
  %t21 = bert.tanh %t20 : (tensor<2xf32>) -> tensor<2xf32>
  %t22 = bert.tanh %t21 : (tensor<2xf32>) -> tensor<2xf32>
  %t23 = bert.tanh %t22 : (tensor<2xf32>) -> tensor<2xf32>
  %t24 = bert.tanh %t23 : (tensor<2xf32>) -> tensor<2xf32>
  %t25 = bert.tanh %t24 : (tensor<2xf32>) -> tensor<2xf32>
  %t26 = bert.tanh %t25 : (tensor<2xf32>) -> tensor<2xf32>
  %t27 = bert.tanh %t26 : (tensor<2xf32>) -> tensor<2xf32>
  %t28 = bert.tanh %t27 : (tensor<2xf32>) -> tensor<2xf32>
  %t29 = bert.tanh %t28 : (tensor<2xf32>) -> tensor<2xf32>
  %t30 = bert.tanh %t29 : (tensor<2xf32>) -> tensor<2xf32>
  %t31 = bert.tanh %t30 : (tensor<2xf32>) -> tensor<2xf32>
  %t32 = bert.tanh %t31 : (tensor<2xf32>) -> tensor<2xf32>
  %t33 = bert.tanh %t32 : (tensor<2xf32>) -> tensor<2xf32>
  %t34 = bert.tanh %t33 : (tensor<2xf32>) -> tensor<2xf32>
  %t35 = bert.tanh %t34 : (tensor<2xf32>) -> tensor<2xf32>
  %t36 = bert.tanh %t35 : (tensor<2xf32>) -> tensor<2xf32>
  %t37 = bert.tanh %t36 : (tensor<2xf32>) -> tensor<2xf32>
  %t38 = bert.tanh %t37 : (tensor<2xf32>) -> tensor<2xf32>
  %t39 = bert.tanh %t38 : (tensor<2xf32>) -> tensor<2xf32>
  %t40 = bert.tanh %t39 : (tensor<2xf32>) -> tensor<2xf32>
  return %l, %t40, %r : tensor<f32>, tensor<2xf32>, tensor<2xf32>
}
