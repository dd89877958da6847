// SPDX-License-Identifier: Apache-2.0
//
// Operations that move elements without changing them, and constants.

#ifndef BERT_SHAPE_OPS_TD
#define BERT_SHAPE_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_ConstantOp : Bert_Op<"constant", "Const",
    (ins ElementsAttr:$value), (outs Bert_Tensor:$y),
    [Pure, ConstantLike, InferTypeOpAdaptor]> {
  let summary = "a tensor known at compile time";
  let description = [{
    y = value

    Example:
    ```mlir
    %y = bert.constant {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
    ```
  }];
  let hasFolder = 1;
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

def Bert_ReshapeOp : Bert_TypedOp<"reshape", "Reshape", (ins Bert_Tensor:$x),
                                  (outs Bert_Tensor:$y)> {
  let summary = "the same elements, row-major, in another shape";
  let description = [{
    y[i] = x[i] with elements counted in row-major order

    Constraints:
    - (C1) x and y have the same element type
    - (C2) x and y have the same number of elements

    Example:
    ```mlir
    %y = bert.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
    ```
  }];
  let hasFolder = 1;
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_MovesElements);
}

def Bert_TransposeOp : Bert_InferredOp<"transpose", "Transpose",
    (ins Bert_Tensor:$x, DenseI64ArrayAttr:$permutation),
    (outs Bert_Tensor:$y)> {
  let summary = "permutes the dimensions";
  let description = [{
    dimension i of y is dimension permutation[i] of x

    Constraints:
    - (C1) permutation holds each of 0 .. rank(x) - 1 once

    Example:
    ```mlir
    %y = bert.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x3x4x5xf32>) -> tensor<2x4x3x5xf32>
    ```
  }];
  let hasFolder = 1;
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_MovesElements);
}

def Bert_SliceOp : Bert_InferredOp<"slice", "StridedSlice",
    (ins Bert_Tensor:$x, DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$sizes),
    (outs Bert_Tensor:$y)> {
  let summary = "a window of a tensor";
  let description = [{
    y[i_0, ..] = x[starts[0] + i_0, ..]; y has the shape sizes.

    Constraints:
    - (C1) starts and sizes hold one number for each dimension of x
    - (C2) starts[d] >= 0, sizes[d] >= 1 and starts[d] + sizes[d] <= dim(x, d)

    Example:
    ```mlir
    %y = bert.slice %x {starts = array<i64: 0, 1>, sizes = array<i64: 2, 3>} : (tensor<2x5xf32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
  // Slice where the reference calls tf.slice, StridedSlice where it indexes.
  let extraClassDeclaration = !strconcat(
      [{ ::llvm::StringRef getTfOpType(); }], Bert_MovesElements);
}

def Bert_SliceGradOp : Bert_InferredOp<"slice_grad", "StridedSliceGrad",
    (ins Bert_FloatTensor:$dy, DenseI64ArrayAttr:$starts,
         DenseI64ArrayAttr:$input_shape),
    (outs Bert_FloatTensor:$dx)> {
  let summary = "gradient of slice: its operand among zeros";
  let description = [{
    dx has the shape input_shape; it is dy inside the window that begins at
    starts, zero outside.

    Constraints:
    - (C1) starts and input_shape hold one number for each dimension of dy
    - (C2) starts[d] >= 0 and starts[d] + dim(dy, d) <= input_shape[d]

    Example:
    ```mlir
    %dx = bert.slice_grad %dy {starts = array<i64: 0, 1>, input_shape = array<i64: 2, 5>} : (tensor<2x3xf32>) -> tensor<2x5xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_MovesElements);
}

def Bert_ConcatOp : Bert_InferredOp<"concat", "ConcatV2",
    (ins Variadic<Bert_Tensor>:$x, I64Attr:$axis), (outs Bert_Tensor:$y)> {
  let summary = "joins tensors along one dimension";
  let description = [{
    y = the operands one after another along dimension axis

    Constraints:
    - (C1) there is at least one operand
    - (C2) 0 <= axis < rank(x)
    - (C3) the operands have the same element type and, but for dimension
      axis, the same shape

    Example:
    ```mlir
    %y = bert.concat %a, %b {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
    ```
  }];
  let hasFolder = 1;
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_MovesElements);
}

def Bert_BroadcastToOp : Bert_TypedOp<"broadcast_to", "BroadcastTo",
    (ins Bert_Tensor:$x), (outs Bert_Tensor:$y)> {
  let summary = "repeats a tensor to fill a shape";
  let description = [{
    y = x, repeated along dimensions of size 1 and along new leading ones

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shape of x broadcasts to that of y

    Example:
    ```mlir
    %y = bert.broadcast_to %x : (tensor<2x1xf32>) -> tensor<3x2x4xf32>
    ```
  }];
  let hasFolder = 1;
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_MovesElements);
}

#endif // BERT_SHAPE_OPS_TD
