// SPDX-License-Identifier: Apache-2.0
//
// Passes of the fuse phase; part of Passes.td.

#ifndef BERTC_PASSES_FUSE_PASSES_TD
#define BERTC_PASSES_FUSE_PASSES_TD

include "mlir/Pass/PassBase.td"

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
    becomes `bert.gather_grad_add` on the sum of the others, which has the type
    of the whole, and in bf16 is one operand: more would be rounded before the
    rows are added. The gradient of a table that is read by index and multiplied
    with, as that of the word embeddings, then needs one table instead of two,
    of which the rows that occur are touched and not all.

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

def BertFuseBiasGrad : Pass<"bert-fuse-bias-grad", "::mlir::func::FuncOp"> {
  let summary = "fuse the gradients of a weight and of a bias";
  let description = [{
    `bert.bias_add_grad` of what is also the right operand of a `bert.matmul`
    with its left one transposed becomes a result of `bert.matmul_bias_grad`:
    the tile kernels pass over every element of dy when they bring it into
    tiles, and the sums of its columns cost nothing there.

    ```mlir
    %dbias = bert.bias_add_grad %dy : ...
    %dw = bert.matmul %x, %dy {transpose_a} : ...
    ```
    becomes
    ```mlir
    %dw, %dbias = bert.matmul_bias_grad %x, %dy : ...
    ```

    Only for dy of bf16: products of f32 are the matmul library's, which has no
    such sums, so that dy would be read a second time all the same. Not where
    something needs dbias before dw is there.
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

def BertFuseQkv : Pass<"bert-fuse-qkv", "::mlir::func::FuncOp"> {
  let summary = "fuse products of the same left operand";
  let description = [{
    `bert.matmul` or `bert.matmul_bias` with the same left operand of bf16,
    nothing transposed, become one `bert.matmul_group`: queries, keys and values
    of an attention layer. The tile kernels bring that operand into tiles once
    instead of three times. Weights stay apart, so variables do not change.

    ```mlir
    %q = bert.matmul_bias %x, %wq, %bq : ...
    %0 = bert.reshape %q ...
    %k = bert.matmul_bias %x, %wk, %bk : ...
    ```
    becomes
    ```mlir
    %q, %k = bert.matmul_group %x, %wq, %wk bias %bq, %bk : ...
    %0 = bert.reshape %q ...
    ```

    The group takes the place of its last member. Reshapes and transposes of the
    others move behind it; they are windows and cost nothing anywhere. A product
    stays out where anything else uses an earlier one's result before it, or
    where it is made of one. Members all have a bias, or none has.

    It runs after `bert-fuse-matmul-epilogue`, whose products are no members.
    Products of f32 are the matmul library's, at the same speed one by one.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [
    Statistic<"numGroups", "groups", "groups made">,
    Statistic<"numProducts", "products", "products in them">];
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

#endif // BERTC_PASSES_FUSE_PASSES_TD
