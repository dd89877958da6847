// SPDX-License-Identifier: Apache-2.0
//
// Softmax, layer normalisation and dropout, with their gradients. Rows are
// along the last dimension.

#ifndef BERT_NORM_OPS_TD
#define BERT_NORM_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_SoftmaxOp : Bert_SameTypeOp<"softmax", "Softmax",
    (ins Bert_FloatRows:$x), (outs Bert_FloatRows:$y)> {
  let summary = "softmax of each row";
  let description = [{
    y[..,n] = e^(x[..,n] - m) / sum over k of e^(x[..,k] - m), m the largest
    x[..,k] of the row

    Example:
    ```mlir
    %y = bert.softmax %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
}

def Bert_SoftmaxGradOp : Bert_SameTypeOp<"softmax_grad", "HabanaSoftmaxGrad",
    (ins Bert_FloatRows:$dy, Bert_FloatRows:$y), (outs Bert_FloatRows:$dx)> {
  let summary = "gradient of softmax, from its result";
  let description = [{
    dx[..,n] = y[..,n] (dy[..,n] - sum over k of dy[..,k] y[..,k])

    Example:
    ```mlir
    %dx = bert.softmax_grad %dy, %y : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
}

def Bert_LogSoftmaxOp : Bert_SameTypeOp<"log_softmax", "LogSoftmax",
    (ins Bert_FloatRows:$x), (outs Bert_FloatRows:$y)> {
  let summary = "logarithm of the softmax of each row";
  let description = [{
    y[..,n] = x[..,n] - m - ln(sum over k of e^(x[..,k] - m)), m the largest
    x[..,k] of the row

    Example:
    ```mlir
    %y = bert.log_softmax %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
}

def Bert_LogSoftmaxGradOp : Bert_SameTypeOp<"log_softmax_grad",
    "HabanaLogSoftmaxGrad", (ins Bert_FloatRows:$dy, Bert_FloatRows:$y),
    (outs Bert_FloatRows:$dx)> {
  let summary = "gradient of log_softmax, from its result";
  let description = [{
    dx[..,n] = dy[..,n] - e^y[..,n] (sum over k of dy[..,k])

    Example:
    ```mlir
    %dx = bert.log_softmax_grad %dy, %y : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
}

def Bert_LayerNormOp : Bert_InferredOp<"layer_norm", "HabanaLayerNorm",
    (ins Bert_FloatRows:$x, Bert_FloatVector:$gamma, Bert_FloatVector:$beta,
         F32Attr:$eps),
    (outs Bert_FloatRows:$y, Bert_FloatTensor:$mean, Bert_FloatTensor:$rstd)> {
  let summary = "normalises each row";
  let description = [{
    With N the last dimension: mean[..] = 1/N sum over n of x[..,n];
    rstd[..] = (1/N sum over n of (x[..,n] - mean[..])^2 + eps)^(-1/2);
    y[..,n] = (x[..,n] - mean[..]) rstd[..] gamma[n] + beta[n].
    mean and rstd are f32 (f64 when x is).

    Constraints:
    - (C1) x, gamma and beta have the same element type, or x is bf16 and gamma
      and beta are f32
    - (C2) the size of gamma and of beta is the last dimension of x
    - (C3) eps >= 0

    Example:
    ```mlir
    %y, %mean, %rstd = bert.layer_norm %x, %gamma, %beta {eps = 1.0e-12 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_Precision<
      ["Narrow", "Either", "Either"], ["Narrow", "Wide", "Wide"]>.declaration);
}

def Bert_LayerNormGradOp : Bert_InferredOp<"layer_norm_grad",
    "HabanaLayerNormGrad",
    (ins Bert_FloatRows:$dy, Bert_FloatRows:$x, Bert_FloatVector:$gamma,
         Bert_FloatTensor:$mean, Bert_FloatTensor:$rstd),
    (outs Bert_FloatRows:$dx, Bert_FloatVector:$dgamma,
          Bert_FloatVector:$dbeta)> {
  let summary = "gradient of layer_norm";
  let description = [{
    With h[..,n] = (x[..,n] - mean[..]) rstd[..] and g[..,n] = dy[..,n]
    gamma[n], and N the last dimension:
    dx[..,n] = rstd[..] (g[..,n] - 1/N sum over k of g[..,k]
               - h[..,n] 1/N sum over k of g[..,k] h[..,k]);
    dgamma[n] = sum of dy[..,n] h[..,n]; dbeta[n] = sum of dy[..,n]. dgamma and
    dbeta have the element type of mean.

    Constraints:
    - (C1) dy and x have the same type
    - (C2) gamma is one row of x; it may be f32 when x is bf16
    - (C3) mean and rstd have the types that layer_norm gives for x

    Example:
    ```mlir
    %dx, %dgamma, %dbeta = bert.layer_norm_grad %dy, %x, %gamma, %mean, %rstd : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_Precision<
      ["Narrow", "Narrow", "Either", "Wide", "Wide"],
      ["Narrow", "Wide", "Wide"]>.declaration);
}

class Bert_DropoutBase<string mnemonic, string tfType, dag data, dag outputs>
  : Bert_InferredOp<mnemonic, tfType,
      !con(data, (ins Bert_RngState:$rng, Optional<Bert_IndexVector>:$rows,
                      F32Attr:$rate, I32Attr:$op_id)),
      outputs>;

def Bert_DropoutOp : Bert_DropoutBase<"dropout", "HabanaDropout",
    (ins Bert_FloatTensor:$x), (outs Bert_FloatTensor:$y)> {
  let summary = "zeroes elements at random and scales the rest";
  let description = [{
    y = keep ? x / (1 - p) : 0, with p = round(65536 rate) / 65536. Element i
    (row-major) is kept when its 16-bit random number is at least 65536 p. That
    number comes from Philox4x32-10 with key {rng[0], rng[1]} and counter
    {block, block >> 32, op_id, rng[2]}, block = 16 (i / 128) + i % 16: of the
    eight 16-bit halves of the block's output (low half first) it is number
    (i % 128) / 16. With rate 0, or bit 0 of rng[3] set, y = x.

    With rows, row r of x (all dimensions but the last as one) is kept and
    dropped as row rows[r] would be: x is some rows of a tensor, and what
    becomes of them is what becomes of them there.

    Constraints:
    - (C1) 0 <= rate < 1
    - (C2) rows has a number for each row of x

    Example:
    ```mlir
    %y = bert.dropout %x, %rng {rate = 0.1 : f32, op_id = 7 : i32} : (tensor<2x8xf32>, tensor<4xi32>) -> tensor<2x8xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_DropoutGradOp : Bert_DropoutBase<"dropout_grad", "HabanaDropoutGrad",
    (ins Bert_FloatTensor:$dy), (outs Bert_FloatTensor:$dx)> {
  let summary = "gradient of dropout: the same mask on the gradient";
  let description = [{
    dx = keep ? dy / (1 - p) : 0, with keep and p as in dropout with the same
    rng, rows, rate and op_id

    Constraints:
    - (C1) 0 <= rate < 1
    - (C2) rows has a number for each row of dy

    Example:
    ```mlir
    %dx = bert.dropout_grad %dy, %rng {rate = 0.1 : f32, op_id = 7 : i32} : (tensor<2x8xf32>, tensor<4xi32>) -> tensor<2x8xf32>
    ```
  }];
  let hasFolder = 1;
}

#endif // BERT_NORM_OPS_TD
