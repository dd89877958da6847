// SPDX-License-Identifier: Apache-2.0
//
// Groups of operations that targets run as one. Fusion passes make them;
// models never do. B batch, A heads, S query and T key positions.

#ifndef BERT_FUSED_OPS_TD
#define BERT_FUSED_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_MatmulBiasOp : Bert_InferredOp<"matmul_bias", "_FusedMatMul",
    (ins Bert_FloatMatrix:$a, Bert_FloatMatrix:$b, Bert_FloatVector:$bias,
         UnitAttr:$transpose_a, UnitAttr:$transpose_b),
    (outs Bert_FloatMatrix:$c)> {
  let summary = "product of two matrices plus a bias";
  let description = [{
    c = bias_add(matmul(a, b), bias), rounded once. For a and b of bf16, c may
    be f32.

    Constraints:
    - (C1) a, b and bias have the same element type, or a and b are bf16 and
      bias is f32
    - (C2) a and b agree on K
    - (C3) the size of bias is N

    Example:
    ```mlir
    %c = bert.matmul_bias %a, %b, %bias : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(
      tfDeclaration,
      Bert_Precision<
      ["Narrow", "Narrow", "Either"], ["Either"]>.declaration,
      Bert_WideResults);
}

def Bert_AttentionSoftmaxOp : Bert_InferredOp<"attention_softmax",
    "HabanaMaskedSoftmax",
    (ins Bert_Scores:$scores, Bert_Scores:$mask, Optional<Bert_RngState>:$rng,
         F32Attr:$scale, F32Attr:$rate, I32Attr:$op_id),
    (outs Bert_Scores:$dropped, Bert_Scores:$softmax)> {
  let summary = "softmax of scaled, masked scores, then dropout";
  let description = [{
    With scores [B,A,S,T] and mask [B,1,1,T] or [B,1,S,T]:
    softmax = softmax(scale scores + mask); dropped = dropout(softmax). Without
    rng the two are equal.

    Constraints:
    - (C1) scores and mask have the same element type, or scores are bf16 and
      mask is f32
    - (C2) mask is [B,1,1,T] or [B,1,S,T]
    - (C3) 0 <= rate < 1
    - (C4) rng is given when rate > 0

    Example:
    ```mlir
    %dropped, %softmax = bert.attention_softmax %scores, %mask, %rng {scale = 0.125 : f32, rate = 0.1 : f32, op_id = 3 : i32} : (tensor<2x4x8x8xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x4x8x8xf32>, tensor<2x4x8x8xf32>)
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_Precision<
      ["Narrow", "Either"], ["Narrow"]>.declaration);
}

def Bert_AttentionSoftmaxGradOp : Bert_InferredOp<"attention_softmax_grad",
    "HabanaMaskedSoftmaxGrad",
    (ins Bert_Scores:$ddropped, Bert_Scores:$softmax,
         Optional<Bert_RngState>:$rng, F32Attr:$scale, F32Attr:$rate,
         I32Attr:$op_id),
    (outs Bert_Scores:$dscores)> {
  let summary = "gradient of attention_softmax in the scores";
  let description = [{
    dscores = scale softmax_grad(dropout_grad(ddropped), softmax)

    Constraints:
    - (C1) ddropped and softmax have the same type
    - (C2) 0 <= rate < 1
    - (C3) rng is given when rate > 0

    Example:
    ```mlir
    %dscores = bert.attention_softmax_grad %ddropped, %softmax {scale = 0.125 : f32, rate = 0.0 : f32, op_id = 3 : i32} : (tensor<2x4x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<2x4x8x8xf32>
    ```
  }];
}

def Bert_ResidualLayerNormOp : Bert_InferredOp<"residual_layer_norm",
    "HabanaLayerNorm",
    (ins Bert_FloatRows:$x, Bert_FloatRows:$residual, Bert_FloatVector:$gamma,
         Bert_FloatVector:$beta, Optional<Bert_RngState>:$rng,
         Optional<Bert_IndexVector>:$rows, F32Attr:$eps, F32Attr:$rate,
         I32Attr:$op_id),
    (outs Bert_FloatRows:$y, Bert_FloatRows:$z, Bert_FloatTensor:$mean,
          Bert_FloatTensor:$rstd), [AttrSizedOperandSegments]> {
  let summary = "dropout, residual and layer normalisation";
  let description = [{
    z = dropout(x) + residual; y, mean, rstd = layer_norm(z, gamma, beta).
    Without rng, dropout(x) = x; rows as in dropout.

    Constraints:
    - (C1) x and residual have the same type
    - (C2) x, gamma and beta have the same element type, or x is bf16 and gamma
      and beta are f32
    - (C3) the size of gamma and of beta is the last dimension of x
    - (C4) eps >= 0
    - (C5) 0 <= rate < 1
    - (C6) rng is given when rate > 0
    - (C7) rows has a number for each row of x, and comes with rng

    Example:
    ```mlir
    %y, %z, %mean, %rstd = bert.residual_layer_norm %x, %residual, %gamma, %beta, %rng {eps = 1.0e-12 : f32, rate = 0.1 : f32, op_id = 4 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>)
    ```
  }];
  let assemblyFormat = [{
    $x `,` $residual `,` $gamma `,` $beta (`,` $rng^)? (`rows` $rows^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_Precision<
      ["Narrow", "Narrow", "Either", "Either"],
      ["Narrow", "Narrow", "Wide", "Wide"]>.declaration);
}

def Bert_ResidualLayerNormGradOp : Bert_InferredOp<
    "residual_layer_norm_grad", "HabanaLayerNormGrad",
    (ins Bert_FloatRows:$dy, Bert_FloatRows:$z, Bert_FloatVector:$gamma,
         Bert_FloatTensor:$mean, Bert_FloatTensor:$rstd,
         Optional<Bert_RngState>:$rng, Optional<Bert_IndexVector>:$rows,
         F32Attr:$rate, I32Attr:$op_id),
    (outs Bert_FloatRows:$dx, Bert_FloatRows:$dresidual,
          Bert_FloatVector:$dgamma, Bert_FloatVector:$dbeta),
    [AttrSizedOperandSegments]> {
  let summary = "gradient of residual_layer_norm";
  let description = [{
    dresidual, dgamma, dbeta = layer_norm_grad(dy, z, gamma, mean, rstd);
    dx = dropout_grad(dresidual). Without rng, dx = dresidual; rows as in
    dropout. dgamma and dbeta have the element type of mean.

    Constraints:
    - (C1) dy and z have the same type
    - (C2) gamma is one row of z; it may be f32 when z is bf16
    - (C3) mean and rstd have the types that layer_norm gives for z
    - (C4) 0 <= rate < 1
    - (C5) rng is given when rate > 0
    - (C6) rows has a number for each row of z, and comes with rng

    Example:
    ```mlir
    %dx, %dr, %dgamma, %dbeta = bert.residual_layer_norm_grad %dy, %z, %gamma, %mean, %rstd {rate = 0.0 : f32, op_id = 4 : i32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
    ```
  }];
  let assemblyFormat = [{
    $dy `,` $z `,` $gamma `,` $mean `,` $rstd (`,` $rng^)? (`rows` $rows^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_Precision<
      ["Narrow", "Narrow", "Either", "Wide", "Wide"],
      ["Narrow", "Narrow", "Wide", "Wide"]>.declaration);
}

def Bert_AccumulateOp : Bert_InferredOp<"accumulate", "AssignAdd",
    (ins Bert_FloatTensor:$acc, Bert_FloatTensor:$x, Bert_F32Scalar:$scale),
    (outs Bert_FloatTensor:$y)> {
  let summary = "adds a scaled tensor";
  let description = [{
    y = acc + scale x

    Constraints:
    - (C1) acc and x have the same type, or differ in that acc is f32 and x bf16

    Example:
    ```mlir
    %y = bert.accumulate %acc, %x, %scale : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

#endif // BERT_FUSED_OPS_TD
