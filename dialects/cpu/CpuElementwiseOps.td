// SPDX-License-Identifier: Apache-2.0
//
// Steps that work element by element, and reductions.

#ifndef BERTC_CPU_ELEMENTWISE_OPS_TD
#define BERTC_CPU_ELEMENTWISE_OPS_TD

include "dialects/cpu/CpuDialect.td"

def Cpu_UnaryOp : Cpu_Step<"unary",
    ["acceptsStrides", "getReusableOperands", "getFlops"]> {
  let summary = "function of each element";
  let description = [{
    `copy` makes a strided operand dense; `cast` converts between any two types,
    rounding to nearest even.

    Constraints:
    - (C1) operand and result have the same shape.
    - (C2) the element types are equal, except for `cast`.
    - (C3) functions other than `copy`, `neg` and `cast` work on floats.

    ```mlir
    %y = cpu.unary tanh %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_UnaryKindAttr:$kind,
                                     Cpu_Tensor:$x)>.args;
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat =
      "$kind $x attr-dict `:` functional-type(operands, results)";
}

def Cpu_BinaryOp : Cpu_Step<"binary",
    ["acceptsStrides", "getReusableOperands"]> {
  let summary = "function of two elements, with numpy broadcasting";
  let description = [{
    `*_grad(dy, x)` is dy times the derivative at x; `tanh_grad` takes the
    result of tanh instead of x.

    Constraints:
    - (C1) the result has the shape that the operands broadcast to together.
    - (C2) operands and result have the same element type.
    - (C3) gradients work on floats.

    ```mlir
    %z = cpu.binary add %x, %y : (tensor<4x8xf32>, tensor<8xf32>)
        -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_BinaryKindAttr:$kind,
                                     Cpu_Tensor:$x, Cpu_Tensor:$y)>.args;
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat =
      "$kind $x `,` $y attr-dict `:` functional-type(operands, results)";
}

def Cpu_CompareOp : Cpu_Step<"compare",
    ["acceptsStrides"]> {
  let summary = "comparison of two elements, with numpy broadcasting";
  let description = [{
    Constraints:
    - (C1) the result has the shape that the operands broadcast to together.
    - (C2) the operands have the same element type.

    ```mlir
    %z = cpu.compare eq %x, %y : (tensor<4xi32>, tensor<i32>) -> tensor<4xi1>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_CompareKindAttr:$kind,
                                     Cpu_Tensor:$x, Cpu_Tensor:$y)>.args;
  let results = (outs Cpu_BoolTensor:$result);
  let assemblyFormat =
      "$kind $x `,` $y attr-dict `:` functional-type(operands, results)";
}

def Cpu_SelectOp : Cpu_Step<"select",
    ["acceptsStrides", "getReusableOperands"]> {
  let summary = "x where the condition holds, else y; numpy broadcasting";
  let description = [{
    Constraints:
    - (C1) the result has the shape that the operands broadcast to together.
    - (C2) `x`, `y` and the result have the same element type.

    ```mlir
    %z = cpu.select %c, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<f32>)
        -> tensor<4xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_BoolTensor:$condition,
                                     Cpu_Tensor:$x, Cpu_Tensor:$y)>.args;
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_FillOp : Op<Cpu_Dialect, "fill",
    [MemoryEffects<[MemAlloc]>,
     DeclareOpInterfaceMethods<CpuStepOpInterface, ["getFlops"]>]> {
  let summary = "every element one value";
  let description = [{
    Allocates, so that two of them are never merged: `insert` writes into one.

    Constraints:
    - (C1) the result is dense.

    ```mlir
    %z = cpu.fill {value = 0.0 : f64} : () -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins F64Attr:$value)>.args;
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Cpu_ReduceOp : Cpu_Step<"reduce"> {
  let summary = "sum, mean or maximum over some axes";
  let description = [{
    Constraints:
    - (C1) `axes` are distinct, ascending axes of the operand.
    - (C2) the result has the operand's shape without the axes, or with 1 there
      when `keep_dims` is set.
    - (C3) operand and result have the same element type, or a bf16 operand is
      summed to an f32 result.

    ```mlir
    %y = cpu.reduce sum %x {axes = array<i64: 0>} : (tensor<4x8xf32>)
        -> tensor<8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_ReduceKindAttr:$kind,
      Cpu_Tensor:$x, DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims)>.args;
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat =
      "$kind $x attr-dict `:` functional-type(operands, results)";
}

def Cpu_ArgMaxOp : Cpu_Step<"arg_max"> {
  let summary = "index of the first maximum of the last axis";
  let description = [{
    Constraints:
    - (C1) the operand has rank at least 1 and the result its shape without the
      last axis.

    ```mlir
    %y = cpu.arg_max %x : (tensor<4x8xf32>) -> tensor<4xi32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$x)>.args;
  let results = (outs Cpu_I32Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_L2LossOp : Cpu_Step<"l2_loss"> {
  let summary = "half the sum of squares";
  let description = [{
    Constraints:
    - (C1) the result is a scalar.

    ```mlir
    %y = cpu.l2_loss %x : (tensor<4x8xf32>) -> tensor<f32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$x)>.args;
  let results = (outs Cpu_F32Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_AddNOp : Cpu_Step<"add_n",
    ["getReusableOperands"]> {
  let summary = "sum of tensors of one shape";
  let description = [{
    Constraints:
    - (C1) there is at least one operand, and all have the shape of the result;
      operands and result are f32 and bf16 in any mix.

    ```mlir
    %y = cpu.add_n %a, %b, %b
        : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins
      Variadic<Cpu_FloatTensor>:$inputs)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

#endif // BERTC_CPU_ELEMENTWISE_OPS_TD
