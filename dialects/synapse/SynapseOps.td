// SPDX-License-Identifier: Apache-2.0
//
// The operations of the `synapse` dialect.

#ifndef BERTC_SYNAPSE_OPS_TD
#define BERTC_SYNAPSE_OPS_TD

include "mlir/IR/RegionKindInterface.td"
include "dialects/synapse/SynapseDialect.td"

def Synapse_VariableOp : Synapse_Op<"variable", [Symbol]> {
  let summary = "state that outlives an entry, a section of its own";
  let description = [{
    A variable of the plan under its checkpoint name, row-major. `owner` names
    the weight that a slot belongs to. `offset` is the byte offset in the block
    of all variables, set by synapse-plan-sections.

    Constraints:
    - (C1) `type` is a tensor of static shape, of rank at most 5 and element
      type f32, bf16, i32 or bool.
    - (C2) `owner` is present for slots and absent for weights.
    - (C3) `owner` names a weight variable of the same shape.

    ```mlir
    synapse.variable @"bert/pooler/dense/kernel" : tensor<8x8xf32>
        {decay, init = #synapse<init truncated_normal>, init_value = 0.02 : f32,
         role = #synapse<role weight>, trainable}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       Synapse_VariableRoleAttr:$role,
                       OptionalAttr<FlatSymbolRefAttr>:$owner,
                       UnitAttr:$trainable, UnitAttr:$decay,
                       Synapse_InitKindAttr:$init, F32Attr:$init_value,
                       OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}

def Synapse_GraphOp : Synapse_Op<"graph", [
    IsolatedFromAbove, SingleBlock,
    DeclareOpInterfaceMethods<RegionKindInterface>]> {
  let summary = "what becomes one recipe";
  let description = [{
    Operands are the arguments of the body; results are what `synapse.yield`
    names. Both are tensors in the arena. `result_offsets` are the bytes at
    which the results begin there and `workspace_bytes` is an estimate of what
    the recipe needs beside; synapse-plan-sections sets both.

    Constraints:
    - (C1) the arguments of the body have the types of the operands.
    - (C2) the body ends in `synapse.yield`, whose operands have the types of
      the results.
    - (C3) the body has operations of this dialect alone, and no graph and no
      variable.
    - (C4) no two nodes of the body have the same name.
    - (C5) no variable is stored twice.

    ```mlir
    %y = synapse.graph "square"(%x) : (tensor<8x4xf32>) -> tensor<8x4xf32> {
      ^bb0(%a: tensor<8x4xf32>):
        %b = synapse.node "mult_fwd_f32"(%a, %a) {name = "square"} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
        synapse.yield %b : tensor<8x4xf32>
      }
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<Synapse_Tensor>:$inputs,
                       OptionalAttr<DenseI64ArrayAttr>:$result_offsets,
                       OptionalAttr<I64Attr>:$workspace_bytes);
  let results = (outs Variadic<Synapse_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs) $body
  }];
  let hasVerifier = 0;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// What ends the body.
    ::bertc::synapse::YieldOp getYield();
  }];
}

def Synapse_YieldOp : Synapse_Op<"yield", [
    Pure, Terminator, HasParent<"::bertc::synapse::GraphOp">]> {
  let summary = "ends a graph and names its results";
  let description = [{
    ```mlir
    synapse.graph "nothing"() : () -> () {
        synapse.yield
      }
    ```
  }];
  let arguments = (ins Variadic<Synapse_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let hasVerifier = 0;
}

def Synapse_NodeOp : Synapse_Op<"node", [Pure]> {
  let summary = "one node of the graph";
  let description = [{
    results = the kernel `guid` of the operands. What a kernel takes is a row of
    the table in dialects/synapse/GuidTable.cpp, by which the node is verified
    and its parameters are brought into the bytes of the library's struct.
    `params` has the fields of that struct by name; those of a field that is
    left out are zero unless the table says that the field is needed. `name` is
    unique in the graph; synapse-plan-sections gives every node one. `scope` is
    that of the operation of the `bert` dialect it came from.

    Constraints:
    - (C1) `guid` is a row of the table.
    - (C2) the number of operands is as the table says.
    - (C3) an absent operand is one that may be absent.
    - (C4) the number of results is as the table says.
    - (C5) element types are as the table says.
    - (C6) ranks are 1 to 5, or as the table says.
    - (C7) shapes are as the kernel's rule says.
    - (C8) `params` has the fields of the kernel's struct, of their types and
      within their limits, and those that are needed.

    ```mlir
    %b = synapse.absent : none
    %c = synapse.node "gemm"(%x, %w, %b) {params = {transpose_b = true}, scope = "bert/pooler/dense/MatMul"} : (tensor<8x4xf32>, tensor<8x2xf32>, none) -> tensor<2x4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$guid, Variadic<Synapse_Operand>:$inputs,
                       OptionalAttr<StrAttr>:$name,
                       OptionalAttr<DictionaryAttr>:$params,
                       OptionalAttr<StrAttr>:$scope);
  let results = (outs Variadic<Synapse_AnyTensor>:$outputs);
  let assemblyFormat = [{
    $guid `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)
  }];
}

def Synapse_AbsentOp : Synapse_Op<"absent", [Pure]> {
  let summary = "stands for an optional operand that is left out";
  let description = [{
    A null tensor of the library.

    ```mlir
    %none = synapse.absent : none
    ```
  }];
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 0;
}

def Synapse_ReadOp : Synapse_Op<"read", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value a variable has when the graph begins";
  let description = [{
    The tensor is the section of the variable itself, not a copy:
    synapse-order-updates sees to it that all who read it run before the node
    that makes the new value.

    Constraints:
    - (C1) `variable` names a variable whose type on the device is the result's.

    ```mlir
    %w = synapse.read @"bert/pooler/dense/bias" : tensor<8xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$variable);
  let results = (outs Synapse_Tensor:$result);
  let assemblyFormat = "$variable attr-dict `:` type($result)";
  let hasVerifier = 0;
}

def Synapse_StoreOp : Synapse_Op<"store", [
    MemoryEffects<[MemWrite]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "puts a value where a variable is";
  let description = [{
    `value` is what the variable holds when the graph has ended. The node that
    makes it writes into the section of the variable.

    Constraints:
    - (C1) `variable` names a variable whose type on the device is the value's.

    ```mlir
    synapse.store @"bert/pooler/dense/bias", %value : tensor<8xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$variable, Synapse_Tensor:$value);
  let assemblyFormat = "$variable `,` $value attr-dict `:` type($value)";
  let hasVerifier = 0;
}

def Synapse_AllReduceOp : Synapse_Op<"all_reduce", [
    MemoryEffects<[MemRead, MemWrite]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "adds up accumulators over all workers, between launches";
  let description = [{
    Each variable = the sum over all workers of what it is there, in the memory
    of the devices (HCCL). It is no node: the exchange is queued before the
    graphs of the entry, which see the sums. The variables are bucket `bucket`
    of the plan. In a run of one worker it does nothing.

    Constraints:
    - (C1) it stands before the graphs of its entry, in none of them.
    - (C2) there is a variable, and bucket is not negative.
    - (C3) each of `variables` names an accumulator of f32.

    ```mlir
    synapse.variable @v : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, role = #synapse<role weight>}
    synapse.variable @"v/accum" : tensor<8xf32> {init = #synapse<init constant>, init_value = 0.0 : f32, owner = @v, role = #synapse<role accum>}
    synapse.all_reduce [@"v/accum"] {bucket = 0 : i32}
    ```
  }];
  let arguments = (ins FlatSymbolRefArrayAttr:$variables, I32Attr:$bucket);
  let assemblyFormat = "$variables attr-dict";
}

def Synapse_ControlOp : Synapse_Op<"control", [MemoryEffects<[MemWrite]>]> {
  let summary = "an order of two nodes that no data gives";
  let description = [{
    The node that makes `blocking` ends before the node that makes `blocked`
    begins.

    Constraints:
    - (C1) both are made by nodes, and not by the same.

    ```mlir
    %blocking = synapse.node "neg_fwd_f32"(%x) : (tensor<8xf32>) -> tensor<8xf32>
    %blocked = synapse.node "exp_fwd_f32"(%x) : (tensor<8xf32>) -> tensor<8xf32>
    synapse.control %blocking, %blocked : tensor<8xf32>, tensor<8xf32>
    ```
  }];
  let arguments = (ins Synapse_Tensor:$blocking, Synapse_Tensor:$blocked);
  let assemblyFormat = [{
    $blocking `,` $blocked attr-dict `:` type($blocking) `,` type($blocked)
  }];
}

def Synapse_ConstantOp : Synapse_Op<"constant", [Pure]> {
  let summary = "data of the plan";
  let description = [{
    Elements in the order of the device: `value` lists them with the first
    dimension outermost, as every attribute does, and the tensor has the same
    elements in the same order in memory. So
    `dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]>` of `tensor<3x2xf32>` is 2 rows of 3;
    use the flat form. For a tensor of equal elements a node "constant_*" is
    better.

    Constraints:
    - (C1) `value` is a flat list of as many elements as the result has, and of
      its element type.
    - (C2) there are at most 1048576 bytes of it, the library's limit.

    ```mlir
    %c = synapse.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<1x2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Synapse_Tensor:$result);
  let assemblyFormat = "attr-dict $value `->` type($result)";
}

def Synapse_DerivedOp : Synapse_Op<"derived", [Pure]> {
  let summary = "a number that the host computes before each launch";
  let description = [{
    So that a step later nothing has to be compiled again.
    `dropout_seed`: word 0 of Philox4x32-10 with key {seed_lo, seed_hi} and
    counter {0, 0, op_id, step} of the entry's input `rng`.
    `one_minus_power`: 1 - base ^ update_step, computed in double, of the
    entry's input `update_step`.

    Constraints:
    - (C1) a dropout_seed is tensor<1xi32> and has an op_id, a one_minus_power
      is tensor<1xf32> and has a base, and neither has what the other has.
    - (C2) base lies between 0 and 1.

    ```mlir
    %seed = synapse.derived dropout_seed {op_id = 3 : i32} : tensor<1xi32>
    %scale = synapse.derived one_minus_power {base = 0.9 : f64} : tensor<1xf32>
    ```
  }];
  let arguments = (ins Synapse_DerivedKindAttr:$kind, OptionalAttr<I32Attr>:$op_id,
                       OptionalAttr<F64Attr>:$base);
  let results = (outs Synapse_Tensor:$result);
  let assemblyFormat = "$kind attr-dict `:` type($result)";
}

#endif // BERTC_SYNAPSE_OPS_TD
