// SPDX-License-Identifier: Apache-2.0
//
// What passes may ask of any operation without knowing which one it is.

#ifndef BERT_INTERFACES_TD
#define BERT_INTERFACES_TD

include "mlir/IR/OpBase.td"

def TfOpInterface : OpInterface<"TfOpInterface"> {
  let cppNamespace = "::bertc::bert";
  let description = [{
    The operation as the reference system sees it: a TensorFlow operation type
    and a scope name. Precision rules are written in these terms.
  }];
  let methods = [
    InterfaceMethod<"The TensorFlow operation type, e.g. \"MatMul\".",
      "::llvm::StringRef", "getTfOpType">,
    InterfaceMethod<"The reference's name of this operation, or null.",
      "::mlir::StringAttr", "getScopeAttr">,
    InterfaceMethod<"Renames this operation; null takes the name away.",
      "void", "setScopeAttr", (ins "::mlir::StringAttr":$scope)>
  ];
}

def PrecisionOpInterface : OpInterface<"PrecisionOpInterface"> {
  let cppNamespace = "::bertc::bert";
  let description = [{
    What an operation does with bf16 when the precision rules put it there. It
    is asked about operands and results of floating-point type only. All
    arithmetic is f32; the question is what is stored in 16 bits.

    An operand is `Narrow` (it has to come as bf16), `Either` (taken as its
    producer leaves it: a sum, a bias) or `Wide` (always f32: statistics,
    variables). A result is `Narrow` (bf16), `Either` (summed in f32 and handed
    out unrounded when nobody asks for bf16) or `Wide`.
  }];
  let methods = [
    InterfaceMethod<"How operand `operand` is taken.",
      "::bertc::bert::Precision", "getOperandPrecision",
      (ins "unsigned":$operand), [{}],
      [{ return ::bertc::bert::Precision::Narrow; }]>,
    InterfaceMethod<"How result `result` is given.",
      "::bertc::bert::Precision", "getResultPrecision",
      (ins "unsigned":$result), [{}],
      [{ return ::bertc::bert::Precision::Narrow; }]>,
    InterfaceMethod<[{
      Whether every element of the results is an element of an operand or zero,
      so that converting before and after it is the same.
    }], "bool", "movesElements", (ins), [{}], [{ return false; }]>
  ];
}

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::bertc::bert";
  let description = [{
    The reverse-mode derivative of an operation. It is attached from outside
    (`registerBertGradients`), so that the dialect does not know how it is
    differentiated.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the operations that turn the gradients of the results into those
      of the operands, at `builder`'s insertion point.

      `resultGrads` has one value a result; null means a zero gradient.
      `operandGrads` comes in with one null a operand; those that are set have
      the operand's type, and null means that no gradient flows there.
      Fails, with a diagnostic, only where the operation cannot be
      differentiated as it stands.
    }], "::llvm::LogicalResult", "buildGradient",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$resultGrads,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$operandGrads)>
  ];
}

#endif // BERT_INTERFACES_TD
