// RUN: bertc-opt --bert-gradients -split-input-file -verify-diagnostics %s

bert.variable @w : tensor<3xf32> {trainable}
func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
  %w = bert.read @w : tensor<3xf32>
  // expected-error @below {{'bert.softmax_grad' op is not differentiable, but the loss depends on a trainable variable through it}}
  %0 = bert.softmax_grad %w, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = bert.l2_loss %0 : (tensor<3xf32>) -> tensor<f32>
  return %1 : tensor<f32>
}

// -----

bert.variable @w : tensor<2x3xf32> {trainable}
func.func private @loss(%g: tensor<3xf32> {bert.name = "g"}) -> (tensor<f32> {bert.name = "total_loss"}) {
  %w = bert.read @w : tensor<2x3xf32>
  // expected-error @below {{'bert.layer_norm' op has no gradient through its results mean and rstd, expected the loss to depend on y alone}}
  %y, %mean, %rstd = bert.layer_norm %w, %g, %g {eps = 1.0e-12 : f32} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<2x3xf32>, tensor<2xf32>, tensor<2xf32>)
  %1 = bert.l2_loss %mean : (tensor<2xf32>) -> tensor<f32>
  return %1 : tensor<f32>
}

// -----

bert.variable @w : tensor<f32> {trainable}
func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
  %w = bert.read @w : tensor<f32>
  // expected-error @below {{'bert.assign' op cannot be differentiated through, expected @loss to assign nothing}}
  bert.assign @w, %w : tensor<f32>
  return %w : tensor<f32>
}

// -----

bert.variable @w : tensor<2xf32> {trainable}
// expected-error @below {{'func.func' op expected the first result of @loss to be a float scalar}}
func.func private @loss() -> (tensor<2xf32> {bert.name = "total_loss"}) {
  %w = bert.read @w : tensor<2xf32>
  return %w : tensor<2xf32>
}

// -----

bert.variable @w : tensor<f32> {trainable}
// expected-error @below {{'func.func' op expected result 0 of @loss to have 'bert.name'}}
func.func private @loss() -> tensor<f32> {
  %w = bert.read @w : tensor<f32>
  return %w : tensor<f32>
}

// -----

bert.variable @w : tensor<f32> {trainable}
// expected-error @below {{'func.func' op expected argument 0 of @loss to have 'bert.name'}}
func.func private @loss(%x: tensor<f32>) -> (tensor<f32> {bert.name = "total_loss"}) {
  %w = bert.read @w : tensor<f32>
  return %w : tensor<f32>
}

// -----

// expected-error @below {{'func.func' op expected @loss to have a body of one block}}
func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"})

// -----

bert.variable @w : tensor<f32> {trainable}
func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
  %w = bert.read @w : tensor<f32>
  return %w : tensor<f32>
}
// expected-error @below {{'gradients' exists already, expected this pass to create it}}
func.func @gradients() {
  return
}
