// SPDX-License-Identifier: Apache-2.0
//
// What the operation files share: tensor types, enumerations, the `scope`
// attribute, and the classes operations derive from.

#ifndef BERT_BASE_TD
#define BERT_BASE_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/bert/BertDialect.td"
include "dialects/bert/BertInterfaces.td"

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Bert_PositiveDims : CPred<
  "::llvm::all_of(::llvm::cast<::mlir::RankedTensorType>($_self).getShape(), "
  "[](int64_t d) { return d > 0; })">;

/// A tensor of positive static dimensions; `suffix` completes the predicate's
/// words.
class Bert_TensorOf<list<Type> elements, list<Pred> preds = [],
                    string words = "tensor of positive static dimensions">
  : RankedTensorOf<elements,
                   !listconcat([HasStaticShapePred, Bert_PositiveDims], preds),
                   words>;

class Bert_RankedOf<list<Type> elements, int rank>
  : Bert_TensorOf<elements, [HasAnyRankOfPred<[rank]>],
                  rank # "-dimensional tensor of positive static dimensions">;

class Bert_MinRankOf<list<Type> elements, int rank>
  : Bert_TensorOf<elements,
      [CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() >= "
             # rank>],
      "tensor of rank at least " # rank
      # " and positive static dimensions">;

defvar Bert_FloatElements = [F32, F64, BF16];
defvar Bert_NumberElements = [F32, F64, BF16, I32, I64];
defvar Bert_AllElements = [F32, F64, BF16, I32, I64, I1];

def Bert_Tensor : Bert_TensorOf<Bert_AllElements>;
def Bert_NumberTensor : Bert_TensorOf<Bert_NumberElements>;
def Bert_FloatTensor : Bert_TensorOf<Bert_FloatElements>;
def Bert_FloatVector : Bert_RankedOf<Bert_FloatElements, 1>;
def Bert_FloatMatrix : Bert_RankedOf<Bert_FloatElements, 2>;
def Bert_FloatScalar : Bert_RankedOf<Bert_FloatElements, 0>;
def Bert_FloatRows : Bert_MinRankOf<Bert_FloatElements, 1>;
def Bert_FloatBatches : Bert_MinRankOf<Bert_FloatElements, 3>;
def Bert_Scores : Bert_RankedOf<Bert_FloatElements, 4>;
def Bert_BoolTensor : Bert_TensorOf<[I1]>;
def Bert_IndexTensor : Bert_TensorOf<[I32]>;
def Bert_IndexVector : Bert_RankedOf<[I32], 1>;
def Bert_IndexMatrix : Bert_RankedOf<[I32], 2>;
def Bert_F32Scalar : Bert_RankedOf<[F32], 0>;
def Bert_I32Scalar : Bert_RankedOf<[I32], 0>;

/// {seed_lo, seed_hi, step, flags}; flags bit 0 set turns dropout off.
def Bert_RngState : Type<
  And<[Bert_IndexVector.predicate,
       CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getDimSize(0) "
             "== 4">]>,
  "random state tensor<4xi32>", "::mlir::TensorType">;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class Bert_EnumAttr<I32EnumAttr info, string mnemonic>
  : EnumAttr<Bert_Dialect, info, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def Bert_GeluForm : I32EnumAttr<"GeluForm", "which formula a gelu uses", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Tanh", 1, "tanh">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::bertc::bert";
}
def Bert_GeluFormAttr : Bert_EnumAttr<Bert_GeluForm, "gelu">;

def Bert_Predicate : I32EnumAttr<"Predicate", "how two values compare", [
  I32EnumAttrCase<"Eq", 0, "eq">, I32EnumAttrCase<"Ne", 1, "ne">,
  I32EnumAttrCase<"Lt", 2, "lt">, I32EnumAttrCase<"Le", 3, "le">,
  I32EnumAttrCase<"Gt", 4, "gt">, I32EnumAttrCase<"Ge", 5, "ge">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::bertc::bert";
}
def Bert_PredicateAttr : Bert_EnumAttr<Bert_Predicate, "predicate">;

def Bert_Role : I32EnumAttr<"Role", "what a variable is for", [
  I32EnumAttrCase<"Weight", 0, "weight">,
  I32EnumAttrCase<"AdamM", 1, "adam_m">,
  I32EnumAttrCase<"AdamV", 2, "adam_v">,
  I32EnumAttrCase<"Accum", 3, "accum">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::bertc::bert";
}
def Bert_RoleAttr : Bert_EnumAttr<Bert_Role, "role">;

def Bert_Init : I32EnumAttr<"Init", "how a variable starts", [
  I32EnumAttrCase<"Constant", 0, "constant">,
  I32EnumAttrCase<"TruncatedNormal", 1, "truncated_normal">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::bertc::bert";
}
def Bert_InitAttr : Bert_EnumAttr<Bert_Init, "init">;

def Bert_Wire : I32EnumAttr<"Wire", "values on their way between workers", [
  I32EnumAttrCase<"F32", 0, "f32">, I32EnumAttrCase<"BF16", 1, "bf16">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::bertc::bert";
}
def Bert_WireAttr : Bert_EnumAttr<Bert_Wire, "wire">;

/// The reference's scope name of an operation; null when it has none. Defined
/// like UnitAttr, so that builders take it last and default it to null.
def Bert_Scope : Attr<CPred<"::llvm::isa<::mlir::StringAttr>($_self)">,
                      "scope name"> {
  let storageType = [{ ::mlir::StringAttr }];
  let returnType = [{ ::mlir::StringAttr }];
  let constBuilderCall = "$0";
  let convertFromStorage = "$_self";
  let defaultValue = "::mlir::StringAttr()";
  let valueType = NoneType;
  let isOptional = 1;
}

//===----------------------------------------------------------------------===//
// Operation classes
//===----------------------------------------------------------------------===//

/// Runs `verifyConstraints()` before anything infers the result types, so that
/// a broken constraint is reported as itself.
def Bert_ChecksConstraints : NativeOpTrait<"ChecksConstraints", [],
    [{ ::llvm::LogicalResult verifyConstraints(); }]> {
  let cppNamespace = "::bertc::bert";
}

/// Answers to PrecisionOpInterface that differ from Narrow everywhere; operands
/// and results behind the lists are as the last one in it.
class Bert_Precision<list<string> operands, list<string> results> {
  code declaration = [{
    static ::bertc::bert::Precision getOperandPrecision(unsigned operand) {
      using P = ::bertc::bert::Precision;
      constexpr P kinds[] = }] # "{P::" # !interleave(operands, ", P::") # "}"
      # [{;
      return kinds[std::min<size_t>(operand, std::size(kinds) - 1)];
    }
    static ::bertc::bert::Precision getResultPrecision(unsigned result) {
      using P = ::bertc::bert::Precision;
      constexpr P kinds[] = }] # "{P::" # !interleave(results, ", P::") # "}"
      # [{;
      return kinds[std::min<size_t>(result, std::size(kinds) - 1)];
    }
  }];
}

/// Operations on what training keeps in f32.
defvar Bert_AlwaysWide = Bert_Precision<["Wide"], ["Wide"]>.declaration;

/// Reductions read what there is and sum in f32.
defvar Bert_SumsWide = Bert_Precision<["Either"], ["Either"]>.declaration;

/// Products of bf16 are summed in f32.
defvar Bert_ProductsWide = Bert_Precision<["Narrow"], ["Either"]>.declaration;

/// Elements are moved as they are.
defvar Bert_MovesElements = [{
    static bool movesElements() { return true; }
}];

/// Result types may be f32 where bf16 is inferred.
defvar Bert_WideResults = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred,
                                        ::mlir::TypeRange actual) {
      return ::bertc::bert::equalOrWider(inferred, actual);
    }
}];

/// Every operation: TensorFlow type, scope last among the arguments, and the
/// uniform syntax.
class Bert_Op<string mnemonic, string tfType, dag inputs, dag outputs,
              list<Trait> traits>
  : Op<Bert_Dialect, mnemonic,
       !listconcat(traits, [TfOpInterface, PrecisionOpInterface])> {
  let arguments = !con(inputs, (ins Bert_Scope:$scope));
  let results = outputs;
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  code tfDeclaration = [{
    static ::llvm::StringRef getTfOpType() { return "}] # tfType # [{"; }
  }];
  let extraClassDeclaration = tfDeclaration;
}

/// A pure operation whose operands and results are all of one type.
class Bert_SameTypeOp<string mnemonic, string tfType, dag inputs, dag outputs,
                      list<Trait> traits = []>
  : Bert_Op<mnemonic, tfType, inputs, outputs,
            !listconcat([Pure, SameOperandsAndResultType], traits)>;

/// A pure operation with constraints, whose result types follow from its
/// operands and attributes.
class Bert_InferredOp<string mnemonic, string tfType, dag inputs, dag outputs,
                      list<Trait> traits = []>
  : Bert_Op<mnemonic, tfType, inputs, outputs,
            !listconcat([Pure, Bert_ChecksConstraints], traits,
                        [InferTypeOpAdaptor])>;

/// A pure operation with constraints, whose result type is given.
class Bert_TypedOp<string mnemonic, string tfType, dag inputs, dag outputs,
                   list<Trait> traits = []>
  : Bert_Op<mnemonic, tfType, inputs, outputs,
            !listconcat([Pure, Bert_ChecksConstraints], traits)>;

#endif // BERT_BASE_TD
