// SPDX-License-Identifier: Apache-2.0
//
// The `synapse` dialect, its enumerations, and the types and classes that its
// operations share.

#ifndef BERTC_SYNAPSE_DIALECT_TD
#define BERTC_SYNAPSE_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Synapse_Dialect : Dialect {
  let name = "synapse";
  let cppNamespace = "::bertc::synapse";
  let summary = "graphs of Gaudi and Gaudi2, as SynapseAI takes them";
  let description = [{
    Level 2 of the compiler for the targets `gaudi` and `gaudi2`. An entry is a
    `func.func` whose body is one or more `synapse.graph`; each becomes a graph
    that the library compiles to a recipe. Inside, every `synapse.node` is one
    node, whose kernel the GUID names: one operation for all kernels, one table
    of what each kernel takes (dialects/synapse/GuidTable.h).

    Dimensions of tensors are in the library's order, fastest-varying first:
    `tensor<768x4096xf32>` has 4096 rows of 768. Ranks are 1 to 5; a scalar is
    `tensor<1x..>`; bool is i8. Only the types of `synapse.variable` and of the
    attribute `synapse.host_type` of an entry's arguments and results, which
    says what the host calls the tensor (without it, the dimensions in reverse),
    are row-major.

    `synapse.read` is the old value of a variable wherever it stands in its
    graph; the new one is what `synapse.store` names. The order of nodes is that
    of data and of `synapse.control`; the order of the operations is one of
    those that respect it.
  }];
  let useDefaultAttributePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Enumerations, numbered as in plan.fbs
//===----------------------------------------------------------------------===//

class Synapse_Enum<string name, string what, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, what, cases> {
  let cppNamespace = "::bertc::synapse";
  let genSpecializedAttr = 0;
}

def Synapse_VariableRole
    : Synapse_Enum<"VariableRole", "what a variable is for", [
  I32EnumAttrCase<"Weight", 0, "weight">,
  I32EnumAttrCase<"AdamM", 1, "adam_m">,
  I32EnumAttrCase<"AdamV", 2, "adam_v">,
  I32EnumAttrCase<"Accum", 3, "accum">]>;

def Synapse_InitKind : Synapse_Enum<"InitKind", "how a variable starts", [
  I32EnumAttrCase<"Constant", 0, "constant">,
  I32EnumAttrCase<"TruncatedNormal", 1, "truncated_normal">]>;

def Synapse_DerivedKind
    : Synapse_Enum<"DerivedKind", "what the host computes before a launch", [
  I32EnumAttrCase<"DropoutSeed", 0, "dropout_seed">,
  I32EnumAttrCase<"OneMinusPower", 1, "one_minus_power">]>;

class Synapse_EnumAttr<EnumAttrInfo info, string mnemonic>
    : EnumAttr<Synapse_Dialect, info, mnemonic>;
def Synapse_VariableRoleAttr : Synapse_EnumAttr<Synapse_VariableRole, "role">;
def Synapse_InitKindAttr : Synapse_EnumAttr<Synapse_InitKind, "init">;
def Synapse_DerivedKindAttr : Synapse_EnumAttr<Synapse_DerivedKind, "derived">;

//===----------------------------------------------------------------------===//
// Types and base classes
//===----------------------------------------------------------------------===//

/// What the device can hold; ranks are the business of the verifiers.
def Synapse_AnyTensor : StaticShapeTensorOf<[F32, BF16, I32, I8]>;

def Synapse_Tensor : Type<
    And<[Synapse_AnyTensor.predicate, HasAnyRankOfPred<[1, 2, 3, 4, 5]>]>,
    "tensor of rank 1 to 5 and element type f32, bf16, i32 or i8",
    "::mlir::RankedTensorType">;

/// What a node reads: a tensor, or nothing where `synapse.absent` stands.
def Synapse_Operand : AnyTypeOf<[Synapse_AnyTensor, NoneType]>;

class Synapse_Op<string mnemonic, list<Trait> traits = []>
    : Op<Synapse_Dialect, mnemonic, traits> {
  let hasVerifier = 1;
}

#endif // BERTC_SYNAPSE_DIALECT_TD
