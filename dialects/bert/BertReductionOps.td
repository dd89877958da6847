// SPDX-License-Identifier: Apache-2.0
//
// Sums, means and maxima over dimensions, and the index of the largest.

#ifndef BERT_REDUCTION_OPS_TD
#define BERT_REDUCTION_OPS_TD

include "dialects/bert/BertBase.td"

class Bert_ReduceOp<string mnemonic, string tfType, Type type>
  : Bert_InferredOp<mnemonic, tfType,
      (ins type:$x, DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims),
      (outs type:$y)>;

def Bert_ReduceSumOp : Bert_ReduceOp<"reduce_sum", "Sum", Bert_NumberTensor> {
  let summary = "sum over dimensions";
  let description = [{
    y = sum of x over axes; these dimensions vanish, or with keep_dims become 1.
    For x of bf16, y may be f32.

    Constraints:
    - (C1) axes increase strictly and lie in 0 .. rank(x) - 1

    Example:
    ```mlir
    %y = bert.reduce_sum %x {axes = array<i64: 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3xf32>
    ```
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_SumsWide, Bert_WideResults);
}

def Bert_ReduceMeanOp : Bert_ReduceOp<"reduce_mean", "Mean",
                                      Bert_FloatTensor> {
  let summary = "mean over dimensions";
  let description = [{
    y = sum of x over axes / number of elements summed. For x of bf16, y may be
    f32.

    Constraints:
    - (C1) axes increase strictly and lie in 0 .. rank(x) - 1

    Example:
    ```mlir
    %y = bert.reduce_mean %x {axes = array<i64: 1>, keep_dims} : (tensor<2x3xf32>) -> tensor<2x1xf32>
    ```
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_SumsWide, Bert_WideResults);
}

def Bert_ReduceMaxOp : Bert_ReduceOp<"reduce_max", "Max", Bert_NumberTensor> {
  let summary = "maximum over dimensions";
  let description = [{
    y = largest x over axes

    Constraints:
    - (C1) axes increase strictly and lie in 0 .. rank(x) - 1

    Example:
    ```mlir
    %y = bert.reduce_max %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
    ```
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Bert_ArgmaxOp : Bert_Op<"argmax", "ArgMax",
    (ins Bert_MinRankOf<Bert_NumberElements, 1>:$x),
    (outs Bert_IndexTensor:$y), [Pure, InferTypeOpAdaptor]> {
  let summary = "index of the largest element of each row";
  let description = [{
    y[..] = the smallest n for which x[..,n] is the largest of its row, as i32

    Example:
    ```mlir
    %y = bert.argmax %x : (tensor<2x3xf32>) -> tensor<2xi32>
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_SumsWide);
}

def Bert_L2LossOp : Bert_Op<"l2_loss", "L2Loss", (ins Bert_FloatTensor:$x),
    (outs Bert_FloatScalar:$y), [Pure, InferTypeOpAdaptor]> {
  let summary = "half the sum of squares";
  let description = [{
    y = 1/2 sum of x^2 over all elements. For x of bf16, y may be f32.

    Example:
    ```mlir
    %y = bert.l2_loss %x : (tensor<2x3xf32>) -> tensor<f32>
    ```
  }];
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_SumsWide, Bert_WideResults);
}

#endif // BERT_REDUCTION_OPS_TD
