// RUN: bertc-opt --bert-fuse-cross-entropy %s | FileCheck %s

// Tests that a loss and its gradient need no log probabilities.
// CHECK-LABEL: func.func @fused
// CHECK-NEXT: %[[LOSS:.*]], %[[LSE:.*]] = bert.cross_entropy %arg0, %arg1 {scope = "loss"}
// CHECK-NEXT: %[[D:.*]] = bert.cross_entropy_grad %arg2, %arg0, %[[LSE]], %arg1 {scope = "grad"}
// CHECK-NEXT: return %[[LOSS]], %[[D]]
func.func @fused(%x: tensor<4x9xf32>, %labels: tensor<4xi32>, %dloss: tensor<4xf32>) -> (tensor<4xf32>, tensor<4x9xf32>) {
  %0 = bert.log_softmax %x {scope = "loss"} : (tensor<4x9xf32>) -> tensor<4x9xf32>
  %1 = bert.nll %0, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> tensor<4xf32>
  %2 = bert.nll_grad %dloss, %labels {num_classes = 9 : i64} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4x9xf32>
  %3 = bert.log_softmax_grad %2, %0 {scope = "grad"} : (tensor<4x9xf32>, tensor<4x9xf32>) -> tensor<4x9xf32>
  return %1, %3 : tensor<4xf32>, tensor<4x9xf32>
}

// Tests that a loss without a gradient is fused too.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: bert.cross_entropy
// CHECK-NEXT: return
func.func @forward(%x: tensor<4x9xf32>, %labels: tensor<4xi32>) -> tensor<4xf32> {
  %0 = bert.log_softmax %x : (tensor<4x9xf32>) -> tensor<4x9xf32>
  %1 = bert.nll %0, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Tests that nothing is fused when the log probabilities are wanted.
// CHECK-LABEL: func.func @wanted
// CHECK-NOT: bert.cross_entropy
func.func @wanted(%x: tensor<4x9xf32>, %labels: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>) {
  %0 = bert.log_softmax %x : (tensor<4x9xf32>) -> tensor<4x9xf32>
  %1 = bert.nll %0, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> tensor<4xf32>
  %2 = bert.argmax %0 : (tensor<4x9xf32>) -> tensor<4xi32>
  return %1, %2 : tensor<4xf32>, tensor<4xi32>
}

// Tests that nothing is fused when the gradient is that of other labels.
// CHECK-LABEL: func.func @other_labels
// CHECK-NOT: bert.cross_entropy
func.func @other_labels(%x: tensor<4x9xf32>, %labels: tensor<4xi32>, %others: tensor<4xi32>, %dloss: tensor<4xf32>) -> (tensor<4xf32>, tensor<4x9xf32>) {
  %0 = bert.log_softmax %x : (tensor<4x9xf32>) -> tensor<4x9xf32>
  %1 = bert.nll %0, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> tensor<4xf32>
  %2 = bert.nll_grad %dloss, %others {num_classes = 9 : i64} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4x9xf32>
  %3 = bert.log_softmax_grad %2, %0 : (tensor<4x9xf32>, tensor<4x9xf32>) -> tensor<4x9xf32>
  return %1, %3 : tensor<4xf32>, tensor<4x9xf32>
}

// Tests that nothing is fused when the gradient of the likelihood has another
// use.
// CHECK-LABEL: func.func @gradient_used_twice
// CHECK-NOT: bert.cross_entropy
func.func @gradient_used_twice(%x: tensor<4x9xf32>, %labels: tensor<4xi32>, %dloss: tensor<4xf32>) -> (tensor<4xf32>, tensor<4x9xf32>, tensor<4x9xf32>) {
  %0 = bert.log_softmax %x : (tensor<4x9xf32>) -> tensor<4x9xf32>
  %1 = bert.nll %0, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> tensor<4xf32>
  %2 = bert.nll_grad %dloss, %labels {num_classes = 9 : i64} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4x9xf32>
  %3 = bert.log_softmax_grad %2, %0 : (tensor<4x9xf32>, tensor<4x9xf32>) -> tensor<4x9xf32>
  return %1, %2, %3 : tensor<4xf32>, tensor<4x9xf32>, tensor<4x9xf32>
}
