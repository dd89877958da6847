// SPDX-License-Identifier: Apache-2.0
//
// Steps of the kernels that transformers are made of: dropout, softmax, layer
// normalisation, gathers and losses, with their gradients.

#ifndef BERTC_CPU_MODEL_OPS_TD
#define BERTC_CPU_MODEL_OPS_TD

include "dialects/cpu/CpuDialect.td"

def Cpu_DropoutOp : Cpu_Step<"dropout",
    ["getReusableOperands"]> {
  let summary = "zeroes elements at random and scales the rest";
  let description = [{
    The mask is a function of (rng, op_id, element), see docs/numerics.md; the
    gradient is the same step. With `rows`, elements of row r are numbered as
    those of row rows[r].

    Constraints:
    - (C1) operand and result have the same shape and element type.
    - (C2) `rng` is i32[4].
    - (C3) `rate` lies in [0, 1).
    - (C4) `rows` has a number for each row of `x`.

    ```mlir
    %y = cpu.dropout %x, %rng {op_id = 3 : i32, rate = 0.1 : f32}
        : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$x, Cpu_Rng:$rng,
      Optional<Cpu_I32Tensor>:$rows, F32Attr:$rate, I32Attr:$op_id)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat = [{
    $x `,` $rng (`rows` $rows^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Cpu_SoftmaxOp : Cpu_Step<"softmax",
    ["getReusableOperands"], [AttrSizedOperandSegments]> {
  let summary = "softmax(scale * x + mask) over the last axis, then dropout";
  let description = [{
    `softmax` is the value before dropout; `dropped` the one after it, present
    exactly when `rng` is.

    Constraints:
    - (C1) `x`, `softmax` and `dropped` have the same shape, rank at least 1.
    - (C2) `mask` has the rank of `x` and broadcasts to it.
    - (C3) `rng` is i32[4] and present exactly when `dropped` is.
    - (C4) `rate` lies in [0, 1).

    ```mlir
    %y = cpu.softmax %x {scale = 0.125 : f32} : (tensor<2x4x8x8xf32>)
        -> tensor<2x4x8x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$x,
      Optional<Cpu_F32Tensor>:$mask, Optional<Cpu_Rng>:$rng,
      DefaultValuedAttr<F32Attr, "1.0f">:$scale,
      DefaultValuedAttr<F32Attr, "0.0f">:$rate,
      DefaultValuedAttr<I32Attr, "0">:$op_id)>.args;
  let results = (outs Cpu_FloatTensor:$softmax,
                 Optional<Cpu_FloatTensor>:$dropped);
  let assemblyFormat = [{
    $x (`mask` $mask^)? (`rng` $rng^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Cpu_SoftmaxGradOp : Cpu_Step<"softmax_grad",
    ["getReusableOperands"]> {
  let summary = "gradient of cpu.softmax";
  let description = [{
    dx = scale * y * (g - sum(g * y)), g the dropout gradient of dy; without
    `rng`, g is dy.

    Constraints:
    - (C1) `dy`, `y` and the result have the same shape, rank at least 1.
    - (C2) `rng` is i32[4].
    - (C3) `rate` lies in [0, 1).

    ```mlir
    %dx = cpu.softmax_grad %dy, %y {scale = 0.125 : f32}
        : (tensor<2x4x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<2x4x8x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$dy,
      Cpu_FloatTensor:$y, Optional<Cpu_Rng>:$rng,
      DefaultValuedAttr<F32Attr, "1.0f">:$scale,
      DefaultValuedAttr<F32Attr, "0.0f">:$rate,
      DefaultValuedAttr<I32Attr, "0">:$op_id)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat = [{
    $dy `,` $y (`rng` $rng^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Cpu_LayerNormOp : Cpu_Step<"layer_norm",
    ["getReusableOperands"], [AttrSizedOperandSegments]> {
  let summary = "dropout, residual addition and layer normalisation";
  let description = [{
    z = dropout(x) + residual; y = gamma * (z - mean) * rstd + beta over the
    last axis. Without `residual` and `rng`, z is x and is no result. `rows` as
    in dropout.

    Constraints:
    - (C1) `x`, `residual`, `y` and `z` have the same shape, rank at least 1.
    - (C2) `gamma` and `beta` are [H], H the last dimension of `x`.
    - (C3) `mean` and `rstd` are f32 of the shape of `x` without the last axis.
    - (C4) `rng` is i32[4] and comes with a `residual`.
    - (C5) `z` is a result only when there is a `residual`.
    - (C6) `rate` lies in [0, 1).
    - (C7) `rows` has a number for each row of `x` and comes with `rng`.

    ```mlir
    %y, %mean, %rstd = cpu.layer_norm %x, %g, %b {eps = 1.0e-12 : f32}
        : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
        -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$x,
      Cpu_FloatTensor:$gamma, Cpu_FloatTensor:$beta,
      Optional<Cpu_FloatTensor>:$residual, Optional<Cpu_Rng>:$rng,
      Optional<Cpu_I32Tensor>:$rows, F32Attr:$eps,
      DefaultValuedAttr<F32Attr, "0.0f">:$rate,
      DefaultValuedAttr<I32Attr, "0">:$op_id)>.args;
  let results = (outs Cpu_FloatTensor:$y, Cpu_F32Tensor:$mean,
                 Cpu_F32Tensor:$rstd, Optional<Cpu_FloatTensor>:$z);
  let assemblyFormat = [{
    $x `,` $gamma `,` $beta (`residual` $residual^)? (`rng` $rng^)?
    (`rows` $rows^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Cpu_LayerNormGradOp : Cpu_Step<"layer_norm_grad",
    ["getReusableOperands"], [AttrSizedOperandSegments]> {
  let summary = "gradient of cpu.layer_norm";
  let description = [{
    dz is the gradient of z and so of the residual; dx, present exactly when
    `rng` is, the gradient of x through dropout. `rows` as there.

    Constraints:
    - (C1) `dy`, `z`, `dz` and `dx` have the same shape, rank at least 1.
    - (C2) `gamma`, `dgamma` and `dbeta` are [H], H the last dimension of `z`.
    - (C3) `mean` and `rstd` have the shape of `z` without the last axis.
    - (C4) `rng` is i32[4] and present exactly when `dx` is.
    - (C5) `rate` lies in [0, 1).
    - (C6) `rows` has a number for each row of `z` and comes with `rng`.

    ```mlir
    %dz, %dg, %db = cpu.layer_norm_grad %dy, %z, %g, %mean, %rstd
        : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>,
           tensor<4xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$dy,
      Cpu_FloatTensor:$z, Cpu_FloatTensor:$gamma, Cpu_F32Tensor:$mean,
      Cpu_F32Tensor:$rstd, Optional<Cpu_Rng>:$rng,
      Optional<Cpu_I32Tensor>:$rows,
      DefaultValuedAttr<F32Attr, "0.0f">:$rate,
      DefaultValuedAttr<I32Attr, "0">:$op_id)>.args;
  let results = (outs Cpu_FloatTensor:$dz, Cpu_F32Tensor:$dgamma,
                 Cpu_F32Tensor:$dbeta, Optional<Cpu_FloatTensor>:$dx);
  let assemblyFormat = [{
    $dy `,` $z `,` $gamma `,` $mean `,` $rstd (`rng` $rng^)? (`rows` $rows^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def Cpu_GatherOp : Cpu_Step<"gather",
    ["getFlops"]> {
  let summary = "rows of a table by index";
  let description = [{
    table [batch.., R, H..], indices [batch.., N..] -> [batch.., N.., H..].

    Constraints:
    - (C1) `batch_dims` leading dimensions of `table` and `indices` agree, and
      `table` has at least one more.
    - (C2) the result is [batch.., N.., H..] of the table's element type.

    ```mlir
    %y = cpu.gather %t, %i {batch_dims = 0 : i64}
        : (tensor<30x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_Tensor:$table,
      Cpu_I32Tensor:$indices, I64Attr:$batch_dims)>.args;
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_GatherGradOp : Cpu_Step<"gather_grad", ["getTiedOperand"]> {
  let summary = "sums rows into a table at indices";
  let description = [{
    dy [batch.., N.., H..], indices [batch.., N..] -> dtable [batch.., R, H..],
    zero where no index points. With a `base` the rows are added to it, and the
    result is its storage. Rows are summed in f32; to an element of a `base` of
    bf16 their sum is added, which is rounded once.

    Constraints:
    - (C1) `batch_dims` leading dimensions of the result and `indices` agree, and
      the result has at least one more.
    - (C2) `dy` is [batch.., N.., H..].
    - (C3) `base` has the type of the result, dense.
    - (C4) `base` has no other user.
    - (C5) `base` is made by a step.
    - (C6) without a `base` the result is f32.

    ```mlir
    %dt = cpu.gather_grad %dy, %i {batch_dims = 0 : i64}
        : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<30x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$dy,
      Cpu_I32Tensor:$indices, Optional<Cpu_FloatTensor>:$base,
      I64Attr:$batch_dims)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat = [{
    $dy `,` $indices (`base` $base^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Cpu_RowNumbersOp : Cpu_Step<"row_numbers"> {
  let summary = "numbers of rows of a batch that has been made a matrix";
  let description = [{
    positions [B,P] each -> b * sequence_length + positions[b, p], first those
    of the first operand, then those of the next. Running with a position
    outside 0 .. sequence_length - 1 is an error.

    Constraints:
    - (C1) there is at least one operand, and all are [B,P] with the same B.
    - (C2) the result has as many elements as all operands.
    - (C3) `sequence_length` is positive, and an i32 counts all rows.

    ```mlir
    %r = cpu.row_numbers %m, %f {sequence_length = 9 : i64}
        : (tensor<2x3xi32>, tensor<2x1xi32>) -> tensor<8xi32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Variadic<Cpu_I32Tensor>:$positions,
                                     I64Attr:$sequence_length)>.args;
  let results = (outs Cpu_I32Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_LogSoftmaxOp : Cpu_Step<"log_softmax",
    ["getReusableOperands"]> {
  let summary = "logarithm of the softmax over the last axis";
  let description = [{
    Constraints:
    - (C1) operand and result have the same shape, rank 2.

    ```mlir
    %y = cpu.log_softmax %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$x)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_LogSoftmaxGradOp : Cpu_Step<"log_softmax_grad",
    ["getReusableOperands"]> {
  let summary = "dx = dy - exp(y) * sum(dy)";
  let description = [{
    Constraints:
    - (C1) operands and result have the same shape, rank 2.

    ```mlir
    %dx = cpu.log_softmax_grad %dy, %y
        : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$dy,
                                     Cpu_FloatTensor:$y)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_NllOp : Cpu_Step<"nll"> {
  let summary = "loss[i] = -log_probs[i, labels[i]]";
  let description = [{
    Constraints:
    - (C1) `log_probs` is [N, C]; `labels` and the result are [N].

    ```mlir
    %l = cpu.nll %p, %labels : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$log_probs,
                                     Cpu_I32Tensor:$labels)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_NllGradOp : Cpu_Step<"nll_grad"> {
  let summary = "d[i, c] = -dloss[i] where c is the label, else 0";
  let description = [{
    Constraints:
    - (C1) `dloss` and `labels` are [N]; the result is [N, C].

    ```mlir
    %d = cpu.nll_grad %dl, %labels : (tensor<4xf32>, tensor<4xi32>)
        -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$dloss,
                                     Cpu_I32Tensor:$labels)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

#endif // BERTC_CPU_MODEL_OPS_TD
