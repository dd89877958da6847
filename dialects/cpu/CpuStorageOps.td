// SPDX-License-Identifier: Apache-2.0
//
// Operations that say where bytes are; none of them becomes a step.

#ifndef BERTC_CPU_STORAGE_OPS_TD
#define BERTC_CPU_STORAGE_OPS_TD

include "dialects/cpu/CpuDialect.td"

def Cpu_VariableOp : Cpu_StorageOp<"variable", [Symbol]> {
  let summary = "state that outlives an entry";
  let description = [{
    A variable of the plan under its checkpoint name. `owner` names the weight
    that a slot belongs to. `offset` is the byte offset in the state block, set
    by cpu-plan-memory.

    Constraints:
    - (C1) `type` is a dense tensor of static shape.
    - (C2) `owner` is present for slots and absent for weights.
    - (C3) `owner` names a weight variable of the same shape.

    ```mlir
    cpu.variable @"bert/pooler/dense/kernel" : tensor<8x8xf32>
        {decay, init = #cpu<init truncated_normal>, init_value = 0.02 : f32,
         role = #cpu<role weight>, trainable}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       Cpu_VariableRoleAttr:$role,
                       OptionalAttr<FlatSymbolRefAttr>:$owner,
                       UnitAttr:$trainable, UnitAttr:$decay,
                       Cpu_InitKindAttr:$init, F32Attr:$init_value,
                       OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}

def Cpu_PackedWeightOp : Cpu_StorageOp<"packed_weight", [Symbol]> {
  let summary = "a weight kept a second time in the layout matmuls like best";
  let description = [{
    The matrix op(variable) of shape [k, n], where op transposes when
    `transposed` is set, with the elements of the variable or, when `bf16` is
    set, these rounded to bf16. The runtime chooses the layout and makes it from the
    variable again whenever that has changed. `rows` is the number of rows of
    the matmuls that use it, a hint for the layout.

    Constraints:
    - (C1) `variable` names a variable of rank 2.
    - (C2) `rows` and `max_bytes` are positive.

    ```mlir
    cpu.variable @w : tensor<8x4xf32>
        {init = #cpu<init constant>, init_value = 0.0 : f32,
         role = #cpu<role weight>}
    cpu.packed_weight @"w/packed" of @w {max_bytes = 128 : i64, rows = 64 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$variable,
                       UnitAttr:$transposed, UnitAttr:$bf16, I64Attr:$rows,
                       I64Attr:$max_bytes);
  let assemblyFormat = "$sym_name `of` $variable attr-dict";
}

def Cpu_VariableRefOp : Cpu_StorageOp<"variable_ref",
    [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the storage of a variable";
  let description = [{
    The result is the storage itself, not a copy: a step that uses it sees the
    content at the time the step runs.

    Constraints:
    - (C1) `variable` names a variable whose type is the result type.

    ```mlir
    %w = cpu.variable_ref @"bert/pooler/dense/kernel" : tensor<8x8xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$variable);
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat = "$variable attr-dict `:` type($result)";
  let hasVerifier = 0;
}

def Cpu_PackedRefOp : Cpu_StorageOp<"packed_ref",
    [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a packed weight as the second operand of a matmul";
  let description = [{
    Constraints:
    - (C1) `packed` names a packed weight whose shape and element type are the
      result's.
    - (C2) every user is a matmul, or a group of them, that takes it as operand
      `b`.

    ```mlir
    %w = cpu.packed_ref @"w/packed" : tensor<8x4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$packed);
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat = "$packed attr-dict `:` type($result)";
  let hasVerifier = 0;
}

def Cpu_ConstantOp : Cpu_StorageOp<"constant",
    [Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "read-only data inside the plan";
  let description = [{
    Constraints:
    - (C1) the result is dense.

    ```mlir
    %c = cpu.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
}

def Cpu_ViewOp : Cpu_StorageOp<"view", [Pure]> {
  let summary = "another window on the same storage";
  let description = [{
    Reshapes, transposes and slices without moving anything: the result type
    says which elements of the source's storage it is. Strides and offset count
    from the start of the storage, not of the source.

    Constraints:
    - (C1) source and result have the same element type.
    - (C2) the result's window lies inside the storage of the source.
    - (C3) the source is not a packed weight.

    ```mlir
    %t = cpu.view %x : (tensor<2x3xf32>)
        -> tensor<3x2xf32, #cpu.layout<strides = [1, 3], offset = 0>>
    ```
  }];
  let arguments = (ins Cpu_Tensor:$source);
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_EmptyOp : Cpu_StorageOp<"empty", [MemoryEffects<[MemAlloc]>]> {
  let summary = "new storage whose content nobody may read";
  let description = [{
    What `insert` fills piece by piece.

    Constraints:
    - (C1) the result is dense.

    ```mlir
    %e = cpu.empty : tensor<4x8xf32>
    ```
  }];
  let arguments = (ins OptionalAttr<DenseI64ArrayAttr>:$offsets);
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

#endif // BERTC_CPU_STORAGE_OPS_TD
