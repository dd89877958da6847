// SPDX-License-Identifier: Apache-2.0
//
// The `cpu` dialect, its layout attribute, enumerations and the classes that
// its operations derive from.

#ifndef BERTC_CPU_DIALECT_TD
#define BERTC_CPU_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/cpu/CpuInterfaces.td"

def Cpu_Dialect : Dialect {
  let name = "cpu";
  let cppNamespace = "::bertc::cpu";
  let summary = "steps of a plan: one operation per kernel call";
  let description = [{
    Level 2 of the compiler. Every operation is either a *step*, which becomes
    one step of the plan with the same operands and parameters
    (runtime/schema/plan.fbs), or says where bytes are (`variable`,
    `variable_ref`, `packed_weight`, `packed_ref`, `constant`, `view`, `empty`)
    and becomes no step at all. The order of the operations is the order in
    which the runtime executes them.

    A value is a window on a storage: `#cpu.layout` gives strides and offset in
    elements from the start of the storage; a tensor without it is dense and
    row-major at offset 0. After `cpu-plan-memory` every step carries the byte
    offsets of its results in the arena.
  }];
  let useDefaultAttributePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

def Cpu_LayoutAttr : AttrDef<Cpu_Dialect, "Layout",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "layout";
  let summary = "strides and offset of a window on a storage, in elements";
  let description = [{
    Element (i0, i1, ...) lies `offset + i0*strides[0] + i1*strides[1] + ...`
    elements from the start of the storage.

    Constraints:
    - (C1) `strides` has one entry per dimension.
    - (C2) `offset` is not negative and every stride is positive.

    Example: `#cpu.layout<strides = [98304, 64, 768, 1], offset = 0>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$strides,
                        "int64_t":$offset);
  let assemblyFormat =
      "`<` `strides` `=` custom<Strides>($strides) `,` `offset` `=` $offset `>`";
}

//===----------------------------------------------------------------------===//
// Enumerations, numbered as in plan.fbs
//===----------------------------------------------------------------------===//

class Cpu_Enum<string name, string what, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, what, cases> {
  let cppNamespace = "::bertc::cpu";
  let genSpecializedAttr = 0;
}

def Cpu_UnaryKind : Cpu_Enum<"UnaryKind", "function of one element", [
  I32EnumAttrCase<"Copy", 0, "copy">, I32EnumAttrCase<"Neg", 1, "neg">,
  I32EnumAttrCase<"Exp", 2, "exp">, I32EnumAttrCase<"Log", 3, "log">,
  I32EnumAttrCase<"Sqrt", 4, "sqrt">, I32EnumAttrCase<"Rsqrt", 5, "rsqrt">,
  I32EnumAttrCase<"Tanh", 6, "tanh">,
  I32EnumAttrCase<"GeluErf", 7, "gelu_erf">,
  I32EnumAttrCase<"GeluTanh", 8, "gelu_tanh">,
  I32EnumAttrCase<"Relu", 9, "relu">, I32EnumAttrCase<"Cast", 10, "cast">]>;

def Cpu_BinaryKind : Cpu_Enum<"BinaryKind", "function of two elements", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Maximum", 4, "maximum">,
  I32EnumAttrCase<"Minimum", 5, "minimum">,
  I32EnumAttrCase<"TanhGrad", 6, "tanh_grad">,
  I32EnumAttrCase<"GeluErfGrad", 7, "gelu_erf_grad">,
  I32EnumAttrCase<"GeluTanhGrad", 8, "gelu_tanh_grad">,
  I32EnumAttrCase<"ReluGrad", 9, "relu_grad">]>;

def Cpu_CompareKind : Cpu_Enum<"CompareKind", "comparison of two elements", [
  I32EnumAttrCase<"Eq", 0, "eq">, I32EnumAttrCase<"Ne", 1, "ne">,
  I32EnumAttrCase<"Lt", 2, "lt">, I32EnumAttrCase<"Le", 3, "le">,
  I32EnumAttrCase<"Gt", 4, "gt">, I32EnumAttrCase<"Ge", 5, "ge">]>;

def Cpu_ReduceKind : Cpu_Enum<"ReduceKind", "how elements are combined", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
  I32EnumAttrCase<"Max", 2, "max">]>;

def Cpu_VariableRole : Cpu_Enum<"VariableRole", "what a variable is for", [
  I32EnumAttrCase<"Weight", 0, "weight">,
  I32EnumAttrCase<"AdamM", 1, "adam_m">,
  I32EnumAttrCase<"AdamV", 2, "adam_v">,
  I32EnumAttrCase<"Accum", 3, "accum">]>;

def Cpu_InitKind : Cpu_Enum<"InitKind", "how a variable starts", [
  I32EnumAttrCase<"Constant", 0, "constant">,
  I32EnumAttrCase<"TruncatedNormal", 1, "truncated_normal">]>;

class Cpu_EnumAttr<EnumAttrInfo info, string mnemonic>
    : EnumAttr<Cpu_Dialect, info, mnemonic>;
def Cpu_UnaryKindAttr : Cpu_EnumAttr<Cpu_UnaryKind, "unary_kind">;
def Cpu_BinaryKindAttr : Cpu_EnumAttr<Cpu_BinaryKind, "binary_kind">;
def Cpu_CompareKindAttr : Cpu_EnumAttr<Cpu_CompareKind, "compare_kind">;
def Cpu_ReduceKindAttr : Cpu_EnumAttr<Cpu_ReduceKind, "reduce_kind">;
def Cpu_VariableRoleAttr : Cpu_EnumAttr<Cpu_VariableRole, "role">;
def Cpu_InitKindAttr : Cpu_EnumAttr<Cpu_InitKind, "init">;

//===----------------------------------------------------------------------===//
// Types and base classes
//===----------------------------------------------------------------------===//

def Cpu_Float : AnyTypeOf<[F32, BF16]>;
def Cpu_Tensor : StaticShapeTensorOf<[F32, BF16, I32, I64, I1]>;
def Cpu_FloatTensor : StaticShapeTensorOf<[F32, BF16]>;
def Cpu_F32Tensor : StaticShapeTensorOf<[F32]>;
def Cpu_I32Tensor : StaticShapeTensorOf<[I32]>;
def Cpu_BoolTensor : StaticShapeTensorOf<[I1]>;
/// {seed_lo, seed_hi, step, flags}, see docs/numerics.md.
def Cpu_Rng : StaticShapeTensorOf<[I32]>;

/// An operation that becomes no step.
class Cpu_StorageOp<string mnemonic, list<Trait> traits = []>
    : Op<Cpu_Dialect, mnemonic, traits> {
  let hasVerifier = 1;
}

/// An operation that becomes one step. It reads memory, because an operand may
/// be the storage of a variable; results are new storage in the arena unless
/// the step interface ties them to an operand. `methods` are those of the step
/// interface that the operation defines itself.
class Cpu_Step<string mnemonic, list<string> methods = [],
               list<Trait> traits = []>
    : Op<Cpu_Dialect, mnemonic,
         !listconcat(traits, [
             MemoryEffects<[MemRead]>,
             DeclareOpInterfaceMethods<CpuStepOpInterface, methods>])> {
  let hasVerifier = 1;
}

/// A step that changes variables in place and has no results.
class Cpu_UpdateStep<string mnemonic, list<string> methods = [],
                     list<Trait> traits = []>
    : Op<Cpu_Dialect, mnemonic,
         !listconcat(traits, [
             MemoryEffects<[MemRead, MemWrite]>,
             DeclareOpInterfaceMethods<CpuStepOpInterface, methods>])> {
  let hasVerifier = 1;
}

/// Arguments that every step ends with: the scope name of the operation it
/// came from, and the byte offsets of its results in the arena, set by
/// cpu-plan-memory.
class Cpu_StepArguments<dag head> {
  dag args = !con(head, (ins OptionalAttr<StrAttr>:$scope,
                             OptionalAttr<DenseI64ArrayAttr>:$offsets));
}

#endif // BERTC_CPU_DIALECT_TD
