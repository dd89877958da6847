// SPDX-License-Identifier: Apache-2.0
//
// Matrix products and biases. Dimension letters: M rows, N columns, K the
// dimension summed over.

#ifndef BERT_LINEAR_OPS_TD
#define BERT_LINEAR_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_MatmulOp : Bert_InferredOp<"matmul", "MatMul",
    (ins Bert_FloatMatrix:$a, Bert_FloatMatrix:$b, UnitAttr:$transpose_a,
         UnitAttr:$transpose_b),
    (outs Bert_FloatMatrix:$c)> {
  let summary = "product of two matrices";
  let description = [{
    c[m,n] = sum over k of a[m,k] b[k,n]; with transpose_a, a is [K,M]; with
    transpose_b, b is [N,K]. Products of bf16 are summed in f32, and c may be
    f32 as well as bf16.

    Constraints:
    - (C1) a and b have the same element type
    - (C2) a and b agree on K

    Example:
    ```mlir
    %c = bert.matmul %a, %b {transpose_b} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
    ```
  }];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_ProductsWide, Bert_WideResults);
}

def Bert_BatchMatmulOp : Bert_InferredOp<"batch_matmul", "BatchMatMulV2",
    (ins Bert_FloatBatches:$a, Bert_FloatBatches:$b, UnitAttr:$adj_x,
         UnitAttr:$adj_y),
    (outs Bert_FloatBatches:$c)> {
  let summary = "products of matrices, one for each leading index";
  let description = [{
    c[..,m,n] = sum over k of a[..,m,k] b[..,k,n]; with adj_x, a is [..,K,M];
    with adj_y, b is [..,N,K]. For a and b of bf16, c may be f32.

    Constraints:
    - (C1) a and b have the same element type
    - (C2) a and b have the same rank
    - (C3) the leading dimensions of a and b are equal
    - (C4) a and b agree on K

    Example:
    ```mlir
    %c = bert.batch_matmul %q, %k {adj_y} : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>) -> tensor<2x4x8x8xf32>
    ```
  }];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_ProductsWide, Bert_WideResults);
}

def Bert_BiasAddOp : Bert_InferredOp<"bias_add", "BiasAdd",
    (ins Bert_FloatRows:$x, Bert_FloatVector:$bias),
    (outs Bert_FloatRows:$y)> {
  let summary = "adds a vector to every row";
  let description = [{
    y[..,n] = x[..,n] + bias[n]

    Constraints:
    - (C1) x and bias have the same element type, or x is bf16 and bias f32
    - (C2) the size of bias is the last dimension of x

    Example:
    ```mlir
    %y = bert.bias_add %x, %bias : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_Precision<
      ["Narrow", "Either"], ["Narrow"]>.declaration);
}

def Bert_BiasAddGradOp : Bert_Op<"bias_add_grad", "BiasAddGrad",
    (ins Bert_FloatRows:$dy), (outs Bert_FloatVector:$dbias),
    [Pure, InferTypeOpAdaptor]> {
  let summary = "gradient of bias_add in the bias";
  let description = [{
    dbias[n] = sum of dy[..,n] over all but the last dimension. For dy of bf16,
    dbias may be f32.

    Example:
    ```mlir
    %dbias = bert.bias_add_grad %dy : (tensor<2x5x3xf32>) -> tensor<3xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_SumsWide, Bert_WideResults);
}

#endif // BERT_LINEAR_OPS_TD
