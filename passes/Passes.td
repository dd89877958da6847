// SPDX-License-Identifier: Apache-2.0
//
// All passes, a banner for each phase in the order they run, alphabetical
// inside. A description says what, why here, shows the IR before and after, and
// ends with what must hold.

#ifndef BERTC_PASSES_PASSES_TD
#define BERTC_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// gradients
//===----------------------------------------------------------------------===//

def BertGradients : Pass<"bert-gradients", "::mlir::ModuleOp"> {
  let summary = "build the entry @gradients from the function @loss";
  let description = [{
    Reverse-mode differentiation of the first result of `@loss` with respect to
    every trainable variable that `@loss` reads. Each operation says how
    gradients flow through it (`DifferentiableOpInterface`); contributions to
    one value are added with `bert.add_n`. The new entry returns what `@loss`
    returns, then a gradient for each trainable variable, named after it, in the
    order of the module; a variable the loss does not depend on gets zeros.
    New operations have the scope TensorFlow would give them,
    `gradients/<scope>_grad/<op type>`.

    It runs before the optimizer, which differentiates the same function again
    with the loss scaled, so `@loss` stays. A module without `@loss` is left
    alone.

    ```mlir
    func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
      %w = bert.read @w : tensor<f32>
      %y = bert.mul %w, %w : (tensor<f32>, tensor<f32>) -> tensor<f32>
      return %y : tensor<f32>
    }
    ```
    gains
    ```mlir
    func.func @gradients() -> (tensor<f32> {bert.name = "total_loss"},
                               tensor<f32> {bert.name = "w"})
        attributes {bert.entry} {
      %w = bert.read @w : tensor<f32>
      %y = bert.mul %w, %w : (tensor<f32>, tensor<f32>) -> tensor<f32>
      %one = bert.constant {value = dense<1.0> : tensor<f32>} : ...
      %0 = bert.mul %one, %w : ...
      %1 = bert.mul %one, %w : ...
      %2 = bert.add_n %0, %1 : ...
      return %y, %2 : tensor<f32>, tensor<f32>
    }
    ```

    Before: `@loss` is one block and its first result is a float scalar.
    After: no operation of the new entry is dead. An operation that is not
    differentiable on a path from a variable to the loss is an error.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect",
                           "::mlir::func::FuncDialect"];
  let statistics = [Statistic<"numGradientOps", "gradient-ops",
                              "operations created for gradients">];
}

//===----------------------------------------------------------------------===//
// optimizer
//===----------------------------------------------------------------------===//

def BertOptimizer : Pass<"bert-optimizer", "::mlir::ModuleOp"> {
  let summary = "build the entries @train_step and @apply_gradients";
  let description = [{
    For each trainable variable NAME, declares the slots NAME/adam_m,
    NAME/adam_v and NAME/accum, and makes two entries.

    `@train_step` takes what `@loss` takes, and `loss_scale`, one over the
    number of micro-batches in an update. It differentiates the loss times
    `loss_scale`, clips the gradients by their global norm as TensorFlow does,
    and adds them to the accumulators:

        norm  = sqrt(2 * sum(l2_loss(g)))
        scale = clip_norm * min(1 / norm, 1 / clip_norm) + (norm - norm)
        accum = accum + scale * g

    (the last term makes a norm that is not finite a NaN). It returns the
    losses, unscaled.

    `@apply_gradients` takes `learning_rate` and `update_step` (from 1), updates
    every variable and its moments from its accumulator with `bert.lamb_update`
    or `bert.adamw_update`, and zeroes the accumulator. Variables without
    `decay` get a weight decay of 0.

    It runs after gradients have been built and removes `@loss`, which nothing
    needs any more. A module without `@loss` is left alone.

    ```mlir
    bert.variable @w : tensor<4xf32> {trainable, decay, ...}
    func.func private @loss(...)
    ```
    becomes
    ```mlir
    bert.variable @w : tensor<4xf32> {trainable, decay, ...}
    bert.variable @"w/accum" : tensor<4xf32> {role = accum, owner = @w, ...}
    bert.variable @"w/adam_m" : ...
    bert.variable @"w/adam_v" : ...
    func.func @train_step(..., %loss_scale) attributes {bert.entry}
    func.func @apply_gradients(%learning_rate, %update_step)
        attributes {bert.entry}
    ```

    Before: no slots exist. After: every trainable variable has three.
  }];
  let options = [
    Option<"optimizer", "optimizer", "std::string", /*default=*/"\"lamb\"",
           "update rule: lamb or adamw">,
    Option<"beta1", "beta1", "double", /*default=*/"0.9",
           "decay of the first moment, in [0, 1)">,
    Option<"beta2", "beta2", "double", /*default=*/"0.999",
           "decay of the second moment, in [0, 1)">,
    Option<"eps", "eps", "double", /*default=*/"1e-6",
           "added to the root of the second moment">,
    Option<"weightDecay", "weight-decay", "double", /*default=*/"0.01",
           "decay of variables that have `decay`, a share per update">,
    Option<"clipNorm", "clip-norm", "double", /*default=*/"1.0",
           "global 2-norm that gradients of a micro-batch are clipped to">,
  ];
  let dependentDialects = ["::bertc::bert::BertDialect",
                           "::mlir::func::FuncDialect"];
}

//===----------------------------------------------------------------------===//
// fuse
//===----------------------------------------------------------------------===//

def BertFuseAccumulate : Pass<"bert-fuse-accumulate", "::mlir::func::FuncOp"> {
  let summary = "fuse scaling a gradient and adding it to its accumulator";
  let description = [{
    `bert.add(acc, bert.mul(x, scale))` with `acc` the value of a variable, an
    f32 scalar `scale` and equal types of `acc` and `x` becomes
    `bert.accumulate`, in either order of operands, when the product has no
    other use. Clipped gradients then need no memory.

    It runs in the fuse phase, after the precision phase has decided in which
    type the product is formed, and only where all three types agree.

    ```mlir
    %0 = bert.mul %g, %scale : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %1 = bert.add %acc, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
    becomes
    ```mlir
    %1 = bert.accumulate %acc, %g, %scale : ... -> tensor<4xf32>
    ```

    Rounding may differ in the last bit, as the product is not rounded before it
    is added.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numFused", "fused", "accumulations fused">];
}

#endif // BERTC_PASSES_PASSES_TD
