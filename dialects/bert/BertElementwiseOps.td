// SPDX-License-Identifier: Apache-2.0
//
// Operations that work element by element: unary and binary arithmetic with
// numpy broadcasting, activations and their gradients, comparison, selection,
// conversion.

#ifndef BERT_ELEMENTWISE_OPS_TD
#define BERT_ELEMENTWISE_OPS_TD

include "dialects/bert/BertBase.td"

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

class Bert_UnaryOp<string mnemonic, string tfType, Type type,
                   list<Trait> traits = []>
  : Bert_SameTypeOp<mnemonic, tfType, (ins type:$x), (outs type:$y), traits>;

def Bert_NegOp : Bert_UnaryOp<"neg", "Neg", Bert_NumberTensor> {
  let summary = "changes the sign";
  let description = [{
    y = -x

    Example:
    ```mlir
    %y = bert.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_ExpOp : Bert_UnaryOp<"exp", "Exp", Bert_FloatTensor> {
  let summary = "exponential";
  let description = [{
    y = e^x

    Example:
    ```mlir
    %y = bert.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_LogOp : Bert_UnaryOp<"log", "Log", Bert_FloatTensor> {
  let summary = "natural logarithm";
  let description = [{
    y = ln(x)

    Example:
    ```mlir
    %y = bert.log %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_SqrtOp : Bert_UnaryOp<"sqrt", "Sqrt", Bert_FloatTensor> {
  let summary = "square root";
  let description = [{
    y = x^(1/2)

    Example:
    ```mlir
    %y = bert.sqrt %x : (tensor<f32>) -> tensor<f32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_RsqrtOp : Bert_UnaryOp<"rsqrt", "Rsqrt", Bert_FloatTensor> {
  let summary = "reciprocal square root";
  let description = [{
    y = x^(-1/2)

    Example:
    ```mlir
    %y = bert.rsqrt %x : (tensor<2x1xf32>) -> tensor<2x1xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_TanhOp : Bert_UnaryOp<"tanh", "Tanh", Bert_FloatTensor> {
  let summary = "hyperbolic tangent";
  let description = [{
    y = tanh(x)

    Example:
    ```mlir
    %y = bert.tanh %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_ReluOp : Bert_UnaryOp<"relu", "Relu", Bert_FloatTensor> {
  let summary = "rectifier";
  let description = [{
    y = max(x, 0)

    Example:
    ```mlir
    %y = bert.relu %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
}

def Bert_GeluOp : Bert_SameTypeOp<"gelu", "HabanaGelu",
    (ins Bert_FloatTensor:$x,
         DefaultValuedAttr<Bert_GeluFormAttr, "GeluForm::None">:$approximate),
    (outs Bert_FloatTensor:$y)> {
  let summary = "Gaussian error linear unit";
  let description = [{
    approximate none: y = x/2 (1 + erf(x / sqrt(2)));
    tanh: y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))

    Example:
    ```mlir
    %y = bert.gelu %x {approximate = #bert.gelu<tanh>} : (tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
}

def Bert_IdentityOp : Bert_UnaryOp<"identity", "Identity", Bert_Tensor> {
  let summary = "its operand";
  let description = [{
    y = x; carries a name of the reference's graph and folds away.

    Example:
    ```mlir
    %y = bert.identity %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
  let hasFolder = 1;
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_MovesElements);
}

def Bert_CastOp : Bert_TypedOp<"cast", "Cast", (ins Bert_Tensor:$x),
                               (outs Bert_Tensor:$y)> {
  let summary = "converts the element type";
  let description = [{
    y = x in the result's element type. To a narrower float: round to nearest,
    ties to even. From float to integer: toward zero. i1 counts as 0 and 1; to
    i1: x != 0.

    Constraints:
    - (C1) the shapes of x and y are equal

    Example:
    ```mlir
    %y = bert.cast %x : (tensor<2x8xi1>) -> tensor<2x8xf32>
    ```
  }];
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Binary, with numpy broadcasting
//===----------------------------------------------------------------------===//

class Bert_BinaryOp<string mnemonic, string tfType, Type type,
                    list<Trait> traits = []>
  : Bert_InferredOp<mnemonic, tfType, (ins type:$x, type:$y), (outs type:$z),
                    traits>;

def Bert_AddOp : Bert_BinaryOp<"add", "AddV2", Bert_NumberTensor,
                               [Commutative]> {
  let summary = "sum of two tensors";
  let description = [{
    z = x + y

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of x and y broadcast

    Example:
    ```mlir
    %z = bert.add %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_SubOp : Bert_BinaryOp<"sub", "Sub", Bert_NumberTensor> {
  let summary = "difference of two tensors";
  let description = [{
    z = x - y

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of x and y broadcast

    Example:
    ```mlir
    %z = bert.sub %x, %y : (tensor<f32>, tensor<2x1x3xf32>) -> tensor<2x1x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_MulOp : Bert_BinaryOp<"mul", "Mul", Bert_NumberTensor,
                               [Commutative]> {
  let summary = "product of two tensors";
  let description = [{
    z = x y, element by element

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of x and y broadcast

    Example:
    ```mlir
    %z = bert.mul %x, %y : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_DivOp : Bert_BinaryOp<"div", "RealDiv", Bert_FloatTensor> {
  let summary = "quotient of two tensors";
  let description = [{
    z = x / y

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of x and y broadcast

    Example:
    ```mlir
    %z = bert.div %x, %y : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_MaximumOp : Bert_BinaryOp<"maximum", "Maximum", Bert_NumberTensor,
                                   [Commutative]> {
  let summary = "larger of two tensors";
  let description = [{
    z = max(x, y); NaN when either is.

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of x and y broadcast

    Example:
    ```mlir
    %z = bert.maximum %x, %y : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_MinimumOp : Bert_BinaryOp<"minimum", "Minimum", Bert_NumberTensor,
                                   [Commutative]> {
  let summary = "smaller of two tensors";
  let description = [{
    z = min(x, y); NaN when either is.

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of x and y broadcast

    Example:
    ```mlir
    %z = bert.minimum %x, %y : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_CompareOp : Bert_Op<"compare", "Compare",
    (ins Bert_Tensor:$x, Bert_Tensor:$y, Bert_PredicateAttr:$predicate),
    (outs Bert_BoolTensor:$z),
    [Pure, Bert_ChecksConstraints, InferTypeOpAdaptor]> {
  let summary = "compares two tensors";
  let description = [{
    z = x predicate y, as i1. A comparison with NaN is false, except ne.

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of x and y broadcast

    Example:
    ```mlir
    %z = bert.compare %x, %y {predicate = #bert.predicate<eq>} : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    ```
  }];
  // One TensorFlow operation type per predicate.
  let extraClassDeclaration = [{ ::llvm::StringRef getTfOpType(); }];
  let hasFolder = 1;
}

def Bert_SelectOp : Bert_InferredOp<"select", "SelectV2",
    (ins Bert_BoolTensor:$cond, Bert_Tensor:$x, Bert_Tensor:$y),
    (outs Bert_Tensor:$z)> {
  let summary = "chooses between two tensors";
  let description = [{
    z = cond ? x : y

    Constraints:
    - (C1) x and y have the same element type
    - (C2) the shapes of cond, x and y broadcast

    Example:
    ```mlir
    %z = bert.select %cond, %x, %y : (tensor<4x1xi1>, tensor<4x3xf32>, tensor<f32>) -> tensor<4x3xf32>
    ```
  }];
  let hasFolder = 1;
}

def Bert_AddNOp : Bert_InferredOp<"add_n", "AddN",
    (ins Variadic<Bert_NumberTensor>:$x), (outs Bert_NumberTensor:$y)> {
  let summary = "sum of any number of tensors";
  let description = [{
    y = x_0 + x_1 + ..., added from the left. Sums of bf16 are formed in f32, so
    operands of both types go together, and y may be f32.

    Constraints:
    - (C1) there is at least one operand
    - (C2) all operands have the same type, or differ in that some are f32 and
      others bf16

    Example:
    ```mlir
    %y = bert.add_n %a, %b, %c : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_SumsWide, Bert_WideResults);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Gradients of the activations
//===----------------------------------------------------------------------===//

def Bert_TanhGradOp : Bert_SameTypeOp<"tanh_grad", "TanhGrad",
    (ins Bert_FloatTensor:$y, Bert_FloatTensor:$dy),
    (outs Bert_FloatTensor:$dx)> {
  let summary = "gradient of tanh, from its result";
  let description = [{
    dx = dy (1 - y^2), where y = tanh(x)

    Example:
    ```mlir
    %dx = bert.tanh_grad %y, %dy : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
}

def Bert_ReluGradOp : Bert_SameTypeOp<"relu_grad", "ReluGrad",
    (ins Bert_FloatTensor:$dy, Bert_FloatTensor:$x),
    (outs Bert_FloatTensor:$dx)> {
  let summary = "gradient of relu, from its operand";
  let description = [{
    dx = x > 0 ? dy : 0

    Example:
    ```mlir
    %dx = bert.relu_grad %dy, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
}

def Bert_GeluGradOp : Bert_SameTypeOp<"gelu_grad", "HabanaGeluGrad",
    (ins Bert_FloatTensor:$dy, Bert_FloatTensor:$x,
         DefaultValuedAttr<Bert_GeluFormAttr, "GeluForm::None">:$approximate),
    (outs Bert_FloatTensor:$dx)> {
  let summary = "gradient of gelu, from its operand";
  let description = [{
    approximate none:
    dx = dy (1/2 (1 + erf(x / sqrt(2))) + x e^(-x^2/2) / sqrt(2 pi));
    tanh, with u = sqrt(2/pi) (x + 0.044715 x^3) and t = tanh(u):
    dx = dy (1/2 (1 + t) + x/2 (1 - t^2) sqrt(2/pi) (1 + 0.134145 x^2))

    Example:
    ```mlir
    %dx = bert.gelu_grad %dy, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
}

#endif // BERT_ELEMENTWISE_OPS_TD
