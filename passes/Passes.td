// SPDX-License-Identifier: Apache-2.0
//
// All passes, a banner for each phase in the order they run, alphabetical
// inside. A description says what, why here, shows the IR before and after, and
// ends with what must hold.

#ifndef BERTC_PASSES_PASSES_TD
#define BERTC_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// mask
//===----------------------------------------------------------------------===//

def BertPackedAttentionMask
    : Pass<"bert-packed-attention-mask", "::mlir::ModuleOp"> {
  let summary = "give the mask of packed sequences the form the target wants";
  let description = [{
    Models say with `bert.packed_mask` that a token attends to the tokens of its
    own sequence only. With `form=explicit` that becomes the comparison of all
    sequence numbers of a row with each other and an additive mask [B,1,S,S],
    which any target can add to its scores. With `form=ranges` it becomes
    `bert.range_mask` of `bert.key_ranges`: as a sequence is in one piece, the
    keys of a query are a range, and an attention kernel that finds these
    operations visits only the blocks inside a sequence and never the padding.

    It runs first, on the graph of the model: everything after it sees ordinary
    operations. None of them is on a path from a variable to the loss.

    ```mlir
    %mask = bert.packed_mask %numbers : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
    ```
    becomes with ranges
    ```mlir
    %ranges = bert.key_ranges %numbers : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
    %mask = bert.range_mask %ranges : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
    ```

    After: no `bert.packed_mask` is left.
  }];
  let options = [
    Option<"form", "form", "std::string", /*default=*/"\"explicit\"",
           "explicit: mask [B,1,S,S]; ranges: range of keys of each query">,
  ];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numMasks", "masks", "masks replaced">];
}

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
// precision
//===----------------------------------------------------------------------===//

def BertBf16Conversion : Pass<"bert-bf16-conversion", "::mlir::ModuleOp"> {
  let summary = "put the operations that the reference's lists name in bf16";
  let description = [{
    Decides for every operation, by its TensorFlow type and its scope, whether
    it runs in bf16, and gives operands and results their types. The rules come
    from a file in the reference's format, or are the ones it trains BERT with:
    operations on the allow list are in bf16; those on the conditional list when
    at least one neighbour is, those on the strict conditional list when all
    are, repeated until nothing changes; exceptions on scope and type win over
    the lists, and those that keep f32 over those that force bf16. Everything
    else stays f32, as do variables, moments, accumulators and results of
    entries. docs/rationale/bf16.md has the details.

    What bf16 means for an operation it says itself (`PrecisionOpInterface`).
    Arithmetic and sums are f32 everywhere; a sum of bf16 values is handed out
    unrounded unless an operation in bf16 wants it. Casts appear only where a
    value is wanted in the other type, once a value; a value that was widened is
    not narrowed again but taken from before; an operation in f32 that only
    moves elements moves bf16 ones as they are.

    It runs after gradients and optimizer, whose operations are subject to the
    rules as well, and before fusion, as the rules speak of single operations.
    The rule that decided is kept for every scope in `bert.precision` of the
    function; `bertc inspect` shows it.

    ```mlir
    %w = bert.read @w : tensor<4x4xf32>
    %0 = bert.matmul %x, %w {scope = "dense/MatMul"}
        : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    %1 = bert.sqrt %0 {scope = "dense/Sqrt"}
        : (tensor<2x4xf32>) -> tensor<2x4xf32>
    ```
    becomes
    ```mlir
    %w = bert.read @w : tensor<4x4xf32>
    %2 = bert.cast %x : (tensor<2x4xf32>) -> tensor<2x4xbf16>
    %3 = bert.cast %w : (tensor<4x4xf32>) -> tensor<4x4xbf16>
    %0 = bert.matmul %2, %3 {scope = "dense/MatMul"}
        : (tensor<2x4xbf16>, tensor<4x4xbf16>) -> tensor<2x4xf32>
    %1 = bert.sqrt %0 {scope = "dense/Sqrt"}
        : (tensor<2x4xf32>) -> tensor<2x4xf32>
    ```

    Before: values are f32, or not floats. After: the same entries with the same
    inputs, results and variables. An exception of a file that matches no
    operation is a warning.
  }];
  let options = [
    Option<"config", "config", "std::string", /*default=*/"",
           "JSON file of lists and exceptions; empty for the built-in ones">,
  ];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [
    Statistic<"numBf16", "bf16-ops", "operations put in bf16">,
    Statistic<"numCasts", "casts", "casts inserted">];
}

//===----------------------------------------------------------------------===//
// fuse
//===----------------------------------------------------------------------===//

def BertFuseAccumulate : Pass<"bert-fuse-accumulate", "::mlir::func::FuncOp"> {
  let summary = "fuse scaling a gradient and adding it to its accumulator";
  let description = [{
    `bert.add(acc, bert.mul(x, scale))` with `acc` the value of a variable, a
    scalar `scale` and equal types of `acc` and `x` becomes
    `bert.accumulate`, in either order of operands, when the product has no
    other use. Clipped gradients then need no memory.

    It runs in the fuse phase, after the precision phase has decided in which
    type the product is formed. A product in bf16 that is widened before it is
    added is formed in f32 instead: `x` is read as it was, the accumulator and
    the scale are f32.

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

def BertFuseAttention : Pass<"bert-fuse-attention", "::mlir::func::FuncOp"> {
  let summary = "fuse the products and the softmax of attention";
  let description = [{
    `batch_matmul(q, k^T)`, the `bert.attention_softmax` of it and the product of
    that with v become `bert.attention`; where there is a gradient, its four
    products and `bert.attention_softmax_grad` become `bert.attention_grad`,
    which computes the probabilities again. Nothing of size [B,A,S,T] is then
    kept or even made.

    A mask that `bert.range_mask` made is not looked at: the operation gets the
    ranges of keys instead, and a kernel visits only those.

    Without dropout (prediction, evaluation) the product with v is one with the
    softmax itself, and just as well matched.

    It runs after `bert-fuse-attention-softmax`, whose operations it matches.

    ```mlir
    %0 = bert.batch_matmul %q, %k {adj_y} : ...
    %1, %2 = bert.attention_softmax %0, %mask, %rng {...} : ...
    %3 = bert.batch_matmul %1, %v : ...
    ```
    becomes
    ```mlir
    %3, %lse = bert.attention %q, %k, %v mask %mask rng %rng {...} : ...
    ```

    Nothing is fused where scores or probabilities have another use, or where
    only a part of the gradient is there, as it would need them.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numFused", "fused", "attentions fused">];
}

def BertFuseAttentionSoftmax
    : Pass<"bert-fuse-attention-softmax", "::mlir::func::FuncOp"> {
  let summary = "fuse scale, mask, softmax and dropout of attention";
  let description = [{
    `softmax(scores * scale + mask)` with a constant scalar scale and a mask
    [B,1,1,T] or [B,1,S,T], and the only dropout of it, become
    `bert.attention_softmax`; the gradient `softmax_grad(dropout_grad(dy), y) *
    scale` becomes `bert.attention_softmax_grad`. Each saves passes over the
    [B,A,S,T] scores, the largest tensors of attention.

    Forward and backward are matched apart: the gradients exist already, and
    use the softmax before dropout, which the fused operation returns as well.

    ```mlir
    %0 = bert.mul %scores, %scale : ...
    %1 = bert.add %0, %mask : ...
    %2 = bert.softmax %1 : ...
    %3 = bert.dropout %2, %rng {rate = 0.1 : f32, op_id = 3 : i32} : ...
    ```
    becomes
    ```mlir
    %dropped, %softmax = bert.attention_softmax %scores, %mask, %rng
        {scale = 0.125 : f32, rate = 0.1 : f32, op_id = 3 : i32} : ...
    ```

    Nothing is fused where the scaled or masked scores have another use. A
    softmax with several dropouts is fused without them.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [
    Statistic<"numForward", "forward", "softmaxes fused">,
    Statistic<"numBackward", "backward", "softmax gradients fused">];
}

def BertFuseCrossEntropy
    : Pass<"bert-fuse-cross-entropy", "::mlir::func::FuncOp"> {
  let summary = "fuse log softmax and likelihood, and their gradients";
  let description = [{
    `nll(log_softmax(x), labels)` becomes `bert.cross_entropy`, and
    `log_softmax_grad(nll_grad(dloss, labels), log_softmax(x))` becomes
    `bert.cross_entropy_grad`. For the vocabulary these are the largest tensors
    of the head: the log probabilities are never written, and the gradient takes
    the place of the logits.

    ```mlir
    %0 = bert.log_softmax %x : ...
    %1 = bert.nll %0, %labels : ...
    ```
    becomes
    ```mlir
    %1, %lse = bert.cross_entropy %x, %labels : ...
    ```

    Nothing is fused where the log probabilities have another use.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numFused", "fused", "losses fused">];
}

def BertFuseGatherGrad
    : Pass<"bert-fuse-gather-grad", "::mlir::func::FuncOp"> {
  let summary = "add rows to a gradient instead of adding two tables";
  let description = [{
    A sum of which one operand is a `bert.gather_grad` that nothing else uses
    becomes `bert.gather_grad_add` on the sum of the others. The gradient of a
    table that is read by index and multiplied with, as that of the word
    embeddings, then needs one table instead of two, of which the rows that
    occur are touched and not all.

    ```mlir
    %0 = bert.gather_grad %dy, %indices {input_shape = array<i64: 9, 4>} : ...
    %1 = bert.add_n %g, %0 : ...
    ```
    becomes
    ```mlir
    %1 = bert.gather_grad_add %g, %dy, %indices : ...
    ```
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numFused", "fused", "sums fused">];
}

def BertFuseMatmulBias : Pass<"bert-fuse-matmul-bias", "::mlir::func::FuncOp"> {
  let summary = "fuse a matrix product and the bias added to it";
  let description = [{
    `bert.bias_add` of a `bert.matmul` that has no other use becomes
    `bert.matmul_bias`: the matmul library adds the bias while the result is in
    registers.

    ```mlir
    %0 = bert.matmul %a, %b : ...
    %1 = bert.bias_add %0, %bias : ...
    ```
    becomes
    ```mlir
    %1 = bert.matmul_bias %a, %b, %bias : ...
    ```

    It runs in the fuse phase: before, the precision rules speak of MatMul and
    BiasAdd.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numFused", "fused", "products fused">];
}

def BertFuseGeluBackward
    : Pass<"bert-fuse-gelu-backward", "::mlir::func::FuncOp"> {
  let summary = "fuse gelu, its gradient and that of the bias before it";
  let description = [{
    Where `gelu(x)` is used after the gradient `dy` of its result is known, as
    the gradient of the next weight does, `gelu_grad(dy, x)` and its
    `bias_add_grad` become `bert.gelu_backward`, which makes gelu(x) again as
    well: x and dy are read once.

    ```mlir
    %dy = bert.matmul ...
    %dw = bert.matmul %y, ... {transpose_a} : ...
    %dx = bert.gelu_grad %dy, %x : ...
    %db = bert.bias_add_grad %dx : ...
    ```
    becomes
    ```mlir
    %dy = bert.matmul ...
    %again, %dx, %db = bert.gelu_backward %dy, %x : ...
    %dw = bert.matmul %again, ... {transpose_a} : ...
    ```

    In bf16 the product of dy is multiplied by the derivative instead (see
    `bert-fuse-matmul-epilogue`).
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numFused", "fused", "gradients fused">];
}

def BertFuseMatmulEpilogue
    : Pass<"bert-fuse-matmul-epilogue", "::mlir::func::FuncOp"> {
  let summary = "fuse a product with what is done to its result";
  let description = [{
    Makes `bert.matmul_epilogue` of `bert.matmul` and `bert.matmul_bias`:

    - An activation of a product that has no other use. That is inference;
      gradients need the product.
    - A sum with products among its operands, `add` or `add_n`: each product
      that is made after another operand adds what there is so far. The sum of
      queries', keys' and values' gradients takes no pass of its own.
    - `gelu_grad(product, x)` in bf16 (f32: see `bert-fuse-gelu-backward`): the
      product is multiplied by the derivative,
      which `bert.gelu_with_derivative` makes before it. That is done where
      gelu(x) is used later on, as the gradient of the next weight does: gelu is
      computed again there (see `bert-rematerialize`), and the derivative costs
      little more.

    ```mlir
    %0 = bert.matmul %dy, %w {transpose_b} : ...
    %1 = bert.add_n %other, %0 : ...
    ```
    becomes
    ```mlir
    %1 = bert.matmul_epilogue %dy, %w residual %other {transpose_b} : ...
    ```

    It runs after the other fusions, which leave the sums that are theirs.
    Operands of a sum are added in the order in which they are made, so that
    rounding may differ.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [
    Statistic<"numActivations", "activations", "activations fused">,
    Statistic<"numSums", "sums", "products that add">,
    Statistic<"numDerivatives", "derivatives", "gelu gradients fused">];
}

def BertFuseResidualLayerNorm
    : Pass<"bert-fuse-residual-layer-norm", "::mlir::func::FuncOp"> {
  let summary = "fuse dropout, residual addition and layer normalisation";
  let description = [{
    `layer_norm(dropout(x) + residual)`, or the same without dropout, becomes
    `bert.residual_layer_norm`; `layer_norm_grad` with the gradient of the
    dropout before the addition becomes `bert.residual_layer_norm_grad`. One
    kernel then reads and writes each tensor once.

    The sum, which the gradient needs, is a result of the fused operation, so
    other uses of it do not matter. The result of the dropout must have no
    other use.

    ```mlir
    %0 = bert.dropout %x, %rng {rate = 0.1 : f32, op_id = 4 : i32} : ...
    %1 = bert.add %0, %residual : ...
    %y, %mean, %rstd = bert.layer_norm %1, %gamma, %beta {eps = ...} : ...
    ```
    becomes
    ```mlir
    %y, %z, %mean, %rstd = bert.residual_layer_norm %x, %residual, %gamma,
        %beta, %rng {eps = ..., rate = 0.1 : f32, op_id = 4 : i32} : ...
    ```

    An addition that broadcasts is not fused.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [
    Statistic<"numForward", "forward", "normalisations fused">,
    Statistic<"numBackward", "backward", "gradients fused">];
}

def BertPostpone : Pass<"bert-postpone", "::mlir::func::FuncOp"> {
  let summary = "make large values when they are needed";
  let description = [{
    Moves an operation to its first use where its result of at least 1 MiB would
    wait for long and is at least twice as large as the operands that are kept for it instead. The
    gradient of the word embeddings by way of the masked-language head is made
    first and needed last; it is 94 MB in BERT-Base, and what it is made of less
    than half.

    ```mlir
    %0 = bert.matmul %dlogits, %h {transpose_a} : (tensor<4x99xf32>, tensor<4x9xf32>) -> tensor<99x9xf32>
    // ... the rest of the backward pass ...
    %1 = bert.gather_grad_add %0, %dy, %indices : ...
    ```
    becomes
    ```mlir
    // ... the rest of the backward pass ...
    %0 = bert.matmul %dlogits, %h {transpose_a} : ...
    %1 = bert.gather_grad_add %0, %dy, %indices : ...
    ```

    It runs last in the fuse phase, when operations are those that kernels
    perform.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numMoved", "moved", "operations moved">];
}

def BertRematerialize
    : Pass<"bert-rematerialize", "::mlir::func::FuncOp"> {
  let summary = "compute cheap values again instead of keeping them";
  let description = [{
    The activation of an intermediate layer, the attention probabilities after
    dropout and the result of a normalisation are needed in the forward pass and
    once more in the backward pass, and so is what they are computed from. Where a value would wait longer
    than a layer for its next use and its source is alive at that use anyway,
    the use gets a value computed anew, and the first one's memory is free in
    between. Dropout draws the same numbers again, so no result changes.

    In BERT-Base pre-training with batch 16 and S 128 the arena shrinks from
    1.56 to 1.02 GiB.

    ```mlir
    %1 = bert.gelu %0 : ...
    %2 = bert.matmul %1, %w : ...
    // ... the rest of the forward pass, and much of the backward pass ...
    %8 = bert.matmul %1, %dy {transpose_a} : ...
    %9 = bert.gelu_grad %dz, %0 : ...
    ```
    becomes
    ```mlir
    %1 = bert.gelu %0 : ...
    %2 = bert.matmul %1, %w : ...
    // ...
    %7 = bert.gelu %0 : ...
    %8 = bert.matmul %7, %dy {transpose_a} : ...
    %9 = bert.gelu_grad %dz, %0 : ...
    ```

    It runs last in the fuse phase, when operations are those that kernels
    perform; CSE after it would undo it.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numRecomputed", "recomputed",
                              "values computed twice">];
}

//===----------------------------------------------------------------------===//
// lower
//===----------------------------------------------------------------------===//

def BertToCpu : Pass<"bert-to-cpu", "::mlir::ModuleOp"> {
  let summary = "turn the graph into steps of the cpu target";
  let description = [{
    Every operation of the `bert` dialect becomes one step of the `cpu` dialect,
    a few, or none: reshapes, transposes and slices are views, and a copy is made
    only for a consumer whose kernel cannot walk strides. A matrix product whose
    only user is a transpose writes its result in the transposed order. Weights
    that are second operand of a product are read in packed form where that pays
    (LowerLinear.cpp has the figures). Reading a variable names
    its storage; accumulation and optimizer updates become steps in place.

    ```mlir
    %w = bert.read @w : tensor<64x64xf32>
    %0 = bert.matmul %x, %w {transpose_b} : ...
    %1 = bert.reshape %0 : (tensor<8x64xf32>) -> tensor<2x4x64xf32>
    ```
    becomes
    ```mlir
    %w = cpu.packed_ref @"w/packed_transposed" : tensor<64x64xf32>
    %0 = cpu.matmul %x, %w : ...
    %1 = cpu.view %0 : (tensor<8x64xf32>) -> tensor<2x4x64xf32>
    ```

    Before: every function is an entry. After: no operation of the `bert`
    dialect is left; attributes of module, entries and arguments stay.
  }];
  let options = [
    Option<"packWeights", "pack-weights", "bool", /*default=*/"true",
           "keep weights a second time in the layout of the matmul library">,
  ];
  let dependentDialects = ["::bertc::cpu::CpuDialect"];
}

//===----------------------------------------------------------------------===//
// memory
//===----------------------------------------------------------------------===//

def CpuPlanMemory : Pass<"cpu-plan-memory", "::mlir::ModuleOp"> {
  let summary = "give every tensor its place in the arena or the state block";
  let description = [{
    Lifetimes follow from the order of the steps. A result takes over the
    storage of an operand that dies at its step where the kernel allows it
    (`CpuStepOpInterface`); the buffers that remain are placed by
    passes/memory/ArenaPlanner.h. Entry arguments keep their place for the whole
    entry, results to its end. All entries use the same arena. Variables are
    laid out by role: weights, accumulators, first moments, second moments, so
    that each role is one block.

    ```mlir
    %1 = cpu.unary tanh %0 : (tensor<4xf32>) -> tensor<4xf32>
    ```
    becomes
    ```mlir
    %1 = cpu.unary tanh %0 {offsets = array<i64: 128>} : ...
    ```

    Before: only `cpu` operations. After: every step has `offsets`, every
    variable an `offset`, every entry `cpu.arena_bytes`, every entry argument
    `cpu.offset`, and the module `cpu.arena_bytes` and `cpu.state_bytes`.
  }];
  let dependentDialects = ["::bertc::cpu::CpuDialect"];
}

#endif // BERTC_PASSES_PASSES_TD
