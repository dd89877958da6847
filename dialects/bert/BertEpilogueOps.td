// SPDX-License-Identifier: Apache-2.0
//
// Operations that fusion makes of a product or a sum over rows and what is done
// to its result element by element, and of a loss with its gradient. Models
// never make them. N examples, C classes.

#ifndef BERT_EPILOGUE_OPS_TD
#define BERT_EPILOGUE_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_Activation : I32EnumAttr<"Activation", "activation of a dense layer", [
  I32EnumAttrCase<"Gelu", 0, "gelu">,
  I32EnumAttrCase<"GeluTanh", 1, "gelu_tanh">,
  I32EnumAttrCase<"Relu", 2, "relu">, I32EnumAttrCase<"Tanh", 3, "tanh">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::bertc::bert";
}
def Bert_ActivationAttr : Bert_EnumAttr<Bert_Activation, "activation">;

def Bert_MatmulEpilogueOp : Bert_InferredOp<"matmul_epilogue", "_FusedMatMul",
    (ins Bert_FloatMatrix:$a, Bert_FloatMatrix:$b,
         Optional<Bert_FloatVector>:$bias, Optional<Bert_FloatMatrix>:$factor,
         Optional<Bert_FloatMatrix>:$residual, UnitAttr:$transpose_a,
         UnitAttr:$transpose_b, OptionalAttr<Bert_ActivationAttr>:$activation),
    (outs Bert_FloatMatrix:$c), [AttrSizedOperandSegments]> {
  let summary = "product of two matrices and what is done to it on the way out";
  let description = [{
    c = factor activation(matmul(a, b) + bias) + residual, element by element
    and rounded once. For a and b of bf16, c may be f32.

    Constraints:
    - (C1) a and b have the same element type
    - (C2) a and b agree on K
    - (C3) bias has the size N and the element type of a; it may be f32 when
      that is bf16
    - (C4) factor and residual have the shape of c
    - (C5) factor and residual have the element type of c

    Example:
    ```mlir
    %c = bert.matmul_epilogue %a, %b bias %bias residual %r {activation = #bert.activation<gelu>} : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
    ```
  }];
  let assemblyFormat = [{
    $a `,` $b (`bias` $bias^)? (`factor` $factor^)? (`residual` $residual^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_WideResults);
}

def Bert_MatmulGroupOp : Bert_InferredOp<"matmul_group", "_FusedMatMul",
    (ins Bert_FloatMatrix:$x, Variadic<Bert_FloatMatrix>:$weights,
         Variadic<Bert_FloatVector>:$biases),
    (outs Variadic<Bert_FloatMatrix>:$products), [AttrSizedOperandSegments]> {
  let summary = "products of one matrix with several";
  let description = [{
    products[i] = matmul(x, weights[i]) + biases[i], rounded once. For x and
    weights of bf16, a product may be f32.

    Constraints:
    - (C1) there are at least two weights
    - (C2) there are as many biases as weights, or none
    - (C3) x and each weight have the same element type
    - (C4) x and each weight agree on K
    - (C5) biases[i] has the size N of weights[i] and the element type of x; it
      may be f32 when that is bf16

    Example:
    ```mlir
    %q, %k = bert.matmul_group %x, %wq, %wk bias %bq, %bk : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<3x5xf32>, tensor<4xf32>, tensor<5xf32>) -> (tensor<2x4xf32>, tensor<2x5xf32>)
    ```
  }];
  let assemblyFormat = [{
    $x `,` $weights (`bias` $biases^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_WideResults);
}

def Bert_MatmulBiasGradOp : Bert_InferredOp<"matmul_bias_grad", "_FusedMatMul",
    (ins Bert_FloatMatrix:$x, Bert_FloatMatrix:$dy),
    (outs Bert_FloatMatrix:$dw, Bert_FloatVector:$dbias)> {
  let summary = "gradients of matmul_bias in the weight and in the bias";
  let description = [{
    dw = matmul(x, dy) with x transposed; dbias = bias_add_grad(dy). For x and
    dy of bf16, either may be f32.

    Constraints:
    - (C1) x and dy have the same element type
    - (C2) x and dy have the same number of rows

    Example:
    ```mlir
    %dw, %dbias = bert.matmul_bias_grad %x, %dy : (tensor<5x3xf32>, tensor<5x4xf32>) -> (tensor<3x4xf32>, tensor<4xf32>)
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_WideResults);
}

def Bert_GeluWithDerivativeOp : Bert_Op<"gelu_with_derivative", "HabanaGelu",
    (ins Bert_FloatTensor:$x,
         DefaultValuedAttr<Bert_GeluFormAttr, "GeluForm::None">:$approximate),
    (outs Bert_FloatTensor:$y, Bert_FloatTensor:$derivative),
    [Pure, SameOperandsAndResultType]> {
  let summary = "gelu and its derivative";
  let description = [{
    y = gelu(x); derivative = gelu_grad(1, x).

    Example:
    ```mlir
    %y, %d = bert.gelu_with_derivative %x : (tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>)
    ```
  }];
}

def Bert_GeluBackwardOp : Bert_InferredOp<"gelu_backward", "HabanaGeluGrad",
    (ins Bert_FloatMatrix:$dy, Bert_FloatMatrix:$x,
         DefaultValuedAttr<Bert_GeluFormAttr, "GeluForm::None">:$approximate),
    (outs Bert_FloatMatrix:$y, Bert_FloatMatrix:$dx, Bert_FloatVector:$dbias)> {
  let summary = "gelu again, its gradient, and that of the bias before it";
  let description = [{
    y = gelu(x); dx = gelu_grad(dy, x); dbias = bias_add_grad(dx).

    Constraints:
    - (C1) dy and x have the same shape and element type

    Example:
    ```mlir
    %y, %dx, %dbias = bert.gelu_backward %dy, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>)
    ```
  }];
}

def Bert_GatherGradAddOp : Bert_InferredOp<"gather_grad_add",
    "UnsortedSegmentSum",
    (ins Bert_FloatTensor:$base, Bert_FloatTensor:$dy,
         Bert_IndexTensor:$indices,
         DefaultValuedAttr<I64Attr, "0">:$batch_dims),
    (outs Bert_FloatTensor:$dtable)> {
  let summary = "adds rows to a table at indices";
  let description = [{
    dtable = base + gather_grad(dy, indices), of the type of base. Only the rows
    that indices name change. To a base of bf16 the sums of rows are added in
    f32, and what comes out is rounded once.

    Constraints:
    - (C1) 0 <= batch_dims < rank(base) and batch_dims <= rank(indices)
    - (C2) the first batch_dims dimensions of base and indices are equal
    - (C3) dy has the shape of gather(base, indices)

    Example:
    ```mlir
    %dtable = bert.gather_grad_add %base, %dy, %indices : (tensor<9x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> tensor<9x4xf32>
    ```
  }];
}

def Bert_CrossEntropyOp : Bert_InferredOp<"cross_entropy",
    "SparseSoftmaxCrossEntropyWithLogits",
    (ins Bert_FloatMatrix:$logits, Bert_IndexVector:$labels),
    (outs Bert_FloatVector:$loss, Bert_FloatVector:$lse)> {
  let summary = "negative log likelihood of labels under a softmax";
  let description = [{
    lse[n] = log of the sum over c of e^logits[n,c];
    loss = nll(log_softmax(logits), labels) = lse[n] - logits[n, labels[n]].
    Both are f32 for logits of bf16. Running with a label outside 0 .. C - 1 is
    an error.

    Constraints:
    - (C1) logits and labels agree on N

    Example:
    ```mlir
    %loss, %lse = bert.cross_entropy %logits, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)
    ```
  }];
}

def Bert_CrossEntropyGradOp : Bert_InferredOp<"cross_entropy_grad",
    "SparseSoftmaxCrossEntropyWithLogitsGrad",
    (ins Bert_FloatVector:$dloss, Bert_FloatMatrix:$logits,
         Bert_FloatVector:$lse, Bert_IndexVector:$labels),
    (outs Bert_FloatMatrix:$dlogits)> {
  let summary = "gradient of cross_entropy in the logits";
  let description = [{
    dlogits[n,c] = dloss[n] (e^(logits[n,c] - lse[n]) - (c == labels[n]))

    Constraints:
    - (C1) dloss, logits, lse and labels agree on N

    Example:
    ```mlir
    %d = bert.cross_entropy_grad %dloss, %logits, %lse, %labels : (tensor<4xf32>, tensor<4x9xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4x9xf32>
    ```
  }];
}

#endif // BERT_EPILOGUE_OPS_TD
