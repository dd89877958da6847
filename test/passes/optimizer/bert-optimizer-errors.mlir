// RUN: bertc-opt --bert-optimizer -split-input-file -verify-diagnostics %s

// expected-error @below {{nothing to train, expected a trainable variable}}
module {
  bert.variable @w : tensor<f32>
  func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
    %w = bert.read @w : tensor<f32>
    return %w : tensor<f32>
  }
}

// -----

module {
  bert.variable @w : tensor<f32> {trainable}
  // expected-error @below {{'w/adam_m' exists already, expected this pass to create it}}
  bert.variable @"w/adam_m" : tensor<f32>
  func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
    %w = bert.read @w : tensor<f32>
    return %w : tensor<f32>
  }
}

// -----

module {
  bert.variable @w : tensor<f32> {trainable}
  func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
    %w = bert.read @w : tensor<f32>
    return %w : tensor<f32>
  }
  // expected-error @below {{'train_step' exists already, expected this pass to create it}}
  func.func @train_step() {
    return
  }
}
