// SPDX-License-Identifier: Apache-2.0
//
// What lives from one run to the next: variables, and reading and assigning
// them. Program order is the order of the effects.

#ifndef BERT_VARIABLE_OPS_TD
#define BERT_VARIABLE_OPS_TD

include "dialects/bert/BertBase.td"
include "mlir/IR/SymbolInterfaces.td"

def Bert_VariableResource : Resource<"::bertc::bert::VariableResource">;

def Bert_VariableOp : Op<Bert_Dialect, "variable", [
    Symbol, Bert_ChecksConstraints, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "declares a variable";
  let description = [{
    A tensor that is kept between runs, under the name that checkpoints use.
    `trainable` weights get gradients, those with `decay` are subject to weight
    decay; slots of an optimizer name the weight they belong to in `owner`.
    A new variable holds init_value everywhere (`constant`), or normal numbers
    of standard deviation init_value, none farther than two of these from 0
    (`truncated_normal`).

    Constraints:
    - (C1) type is a tensor of positive static dimensions
    - (C2) a slot (any role but weight) has an owner, and a weight has none
    - (C3) a slot is not trainable
    - (C4) init_value is not negative when init is truncated_normal
    - (C5) owner names a variable of role weight and of the same shape

    Example:
    ```mlir
    bert.variable @"bert/pooler/dense/kernel" : tensor<8x8xf32> {trainable, decay, init = #bert.init<truncated_normal>, init_value = 0.02 : f32}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    TypeAttrOf<AnyRankedTensor>:$type, UnitAttr:$trainable, UnitAttr:$decay,
    DefaultValuedAttr<Bert_RoleAttr, "Role::Weight">:$role,
    OptionalAttr<FlatSymbolRefAttr>:$owner,
    DefaultValuedAttr<Bert_InitAttr, "Init::Constant">:$init,
    DefaultValuedAttr<F32Attr, "0.0f">:$init_value);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let extraClassDeclaration = [{
    /// The variable's type, as the values that hold it have it.
    ::mlir::RankedTensorType getTensorType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getType());
    }
  }];
}

def Bert_ReadOp : Bert_Op<"read", "ReadVariableOp",
    (ins Arg<FlatSymbolRefAttr, "variable",
             [MemRead<Bert_VariableResource, 0, FullEffect>]>:$variable),
    (outs Bert_Tensor:$value),
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the present value of a variable";
  let description = [{
    value = what was last assigned to variable, in this run or before it

    Constraints:
    - (C1) variable names a variable of this module
    - (C2) its type is that of value

    Example:
    ```mlir
    %value = bert.read @w : tensor<4xf32>
    ```
  }];
  let assemblyFormat = "$variable attr-dict `:` type($value)";
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

def Bert_AssignOp : Bert_Op<"assign", "AssignVariableOp",
    (ins Arg<FlatSymbolRefAttr, "variable",
             [MemWrite<Bert_VariableResource, 0, FullEffect>]>:$variable,
         Bert_Tensor:$value),
    (outs), [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "gives a variable a new value";
  let description = [{
    variable = value, for reads that follow and for later runs

    Constraints:
    - (C1) variable names a variable of this module
    - (C2) its type is that of value

    Example:
    ```mlir
    bert.assign @w, %value : tensor<4xf32>
    ```
  }];
  let assemblyFormat = "$variable `,` $value attr-dict `:` type($value)";
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

#endif // BERT_VARIABLE_OPS_TD
