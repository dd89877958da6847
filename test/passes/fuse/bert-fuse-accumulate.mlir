// RUN: bertc-opt --bert-fuse-accumulate %s | FileCheck %s

bert.variable @acc : tensor<4xf32>
bert.variable @scalar : tensor<f32>

// Tests that a scaled gradient is added to its accumulator in one operation.
// CHECK-LABEL: func.func @fused
// CHECK: %[[ACC:.*]] = bert.read @acc
// CHECK-NEXT: %[[NEW:.*]] = bert.accumulate %[[ACC]], %arg0, %arg1 {scope = "acc/AssignAdd"}
// CHECK-NEXT: bert.assign @acc, %[[NEW]]
// CHECK-NEXT: return
func.func @fused(%g: tensor<4xf32>, %scale: tensor<f32>) {
  %0 = bert.mul %g, %scale {scope = "mul"} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %acc = bert.read @acc : tensor<4xf32>
  %1 = bert.add %acc, %0 {scope = "acc/AssignAdd"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  bert.assign @acc, %1 : tensor<4xf32>
  return
}

// Tests that operands may come in the other order.
// CHECK-LABEL: func.func @swapped
// CHECK: bert.accumulate %{{.*}}, %arg0, %arg1
func.func @swapped(%g: tensor<4xf32>, %scale: tensor<f32>) -> tensor<4xf32> {
  %0 = bert.mul %scale, %g : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %acc = bert.read @acc : tensor<4xf32>
  %1 = bert.add %0, %acc : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Tests that nothing is fused when the product has another use.
// CHECK-LABEL: func.func @product_used_twice
// CHECK-NOT: bert.accumulate
func.func @product_used_twice(%g: tensor<4xf32>, %scale: tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = bert.mul %g, %scale : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %acc = bert.read @acc : tensor<4xf32>
  %1 = bert.add %acc, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// Tests that nothing is fused when what is added to is no variable.
// CHECK-LABEL: func.func @no_accumulator
// CHECK-NOT: bert.accumulate
func.func @no_accumulator(%g: tensor<4xf32>, %x: tensor<4xf32>, %scale: tensor<f32>) -> tensor<4xf32> {
  %0 = bert.mul %g, %scale : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = bert.add %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Tests that nothing is fused when the factor is not a scalar.
// CHECK-LABEL: func.func @factor_is_a_tensor
// CHECK-NOT: bert.accumulate
func.func @factor_is_a_tensor(%g: tensor<4xf32>, %factor: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bert.mul %g, %factor : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %acc = bert.read @acc : tensor<4xf32>
  %1 = bert.add %acc, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Tests that nothing is fused when the sum broadcasts.
// CHECK-LABEL: func.func @sum_broadcasts
// CHECK-NOT: bert.accumulate
func.func @sum_broadcasts(%g: tensor<4xf32>, %scale: tensor<f32>) -> tensor<4xf32> {
  %0 = bert.mul %g, %scale : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %acc = bert.read @scalar : tensor<f32>
  %1 = bert.add %acc, %0 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Tests that a gradient clipped in bf16 is read as it was, and added in f32.
// CHECK-LABEL: func.func @product_in_bf16
// CHECK: %[[SCALE:.*]] = bert.cast %arg1 : (tensor<bf16>) -> tensor<f32>
// CHECK: bert.accumulate %{{.*}}, %arg0, %[[SCALE]] : (tensor<4xf32>, tensor<4xbf16>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT: return
func.func @product_in_bf16(%g: tensor<4xbf16>, %scale: tensor<bf16>) -> tensor<4xf32> {
  %0 = bert.mul %g, %scale : (tensor<4xbf16>, tensor<bf16>) -> tensor<4xbf16>
  %1 = bert.cast %0 : (tensor<4xbf16>) -> tensor<4xf32>
  %acc = bert.read @acc : tensor<4xf32>
  %2 = bert.add %acc, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// Tests that a gradient which was rounded for the product only is not.
// CHECK-LABEL: func.func @rounded_for_the_product
// CHECK: bert.accumulate %{{.*}}, %arg0, %arg1 : (tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
func.func @rounded_for_the_product(%g: tensor<4xf32>, %scale: tensor<f32>) -> tensor<4xf32> {
  %0 = bert.cast %g : (tensor<4xf32>) -> tensor<4xbf16>
  %1 = bert.cast %scale : (tensor<f32>) -> tensor<bf16>
  %2 = bert.mul %0, %1 : (tensor<4xbf16>, tensor<bf16>) -> tensor<4xbf16>
  %3 = bert.cast %2 : (tensor<4xbf16>) -> tensor<4xf32>
  %acc = bert.read @acc : tensor<4xf32>
  %4 = bert.add %acc, %3 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}
