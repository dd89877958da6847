// SPDX-License-Identifier: Apache-2.0
//
// Matrix products, and steps that write variables or windows in place.

#ifndef BERTC_CPU_MATMUL_OPS_TD
#define BERTC_CPU_MATMUL_OPS_TD

include "dialects/cpu/CpuDialect.td"

def Cpu_MatmulOp : Cpu_Step<"matmul",
    ["acceptsStrides", "getReusableOperands", "getTiedOperand", "getFlops"],
    [AttrSizedOperandSegments]> {
  let summary = "matrix product, batched over leading axes";
  let description = [{
    c[.., M, N] = scale * a[.., M, K] b[.., K, N] (+ bias[N])
    (* factor[.., M, N]) (+ residual[.., M, N]) (+ accumulator[.., M, N]), and
    after the bias an activation, if there is one. Transposed operands are
    views; `b` may be a packed weight. With an accumulator the result is the
    accumulator's storage.

    Constraints:
    - (C1) `a`, `b` and the result have the same rank, at least 2, and equal
      leading dimensions.
    - (C2) `a` is [.., M, K], `b` is [.., K, N] and the result is [.., M, N].
    - (C3) `bias` is [N].
    - (C4) `factor`, `residual` and `accumulator` have the shape of the result.
    - (C5) `activation` is gelu_erf, gelu_tanh, relu or tanh.

    ```mlir
    %c = cpu.matmul %a, %b bias %bias {scale = 1.0 : f32}
        : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$a, Cpu_FloatTensor:$b,
      Optional<Cpu_FloatTensor>:$bias, Optional<Cpu_FloatTensor>:$factor,
      Optional<Cpu_FloatTensor>:$residual,
      Optional<Cpu_FloatTensor>:$accumulator,
      DefaultValuedAttr<F32Attr, "1.0f">:$scale,
      OptionalAttr<Cpu_UnaryKindAttr>:$activation)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat = [{
    $a `,` $b (`bias` $bias^)? (`factor` $factor^)? (`residual` $residual^)?
    (`accumulator` $accumulator^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Cpu_MatmulGroupOp : Cpu_Step<"matmul_group",
    ["acceptsStrides", "getFlops"], [AttrSizedOperandSegments]> {
  let summary = "products of one matrix with several";
  let description = [{
    c[i][M, N] = a[M, K] b[i][K, N] + biases[i][N]. The tile kernels bring a into
    tiles once; the results are, bit for bit, those of as many `cpu.matmul`.

    Constraints:
    - (C1) there are at least two `b`, and as many results.
    - (C2) there are as many `biases` as `b`, or none.
    - (C3) `a` is [M, K], `b[i]` is [K, N] and `c[i]` is [M, N].
    - (C4) `biases[i]` is [N].

    ```mlir
    %c0, %c1 = cpu.matmul_group %a, %b0, %b1 bias %bias0, %bias1
        : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<8x3xf32>, tensor<2xf32>,
           tensor<3xf32>) -> (tensor<4x2xf32>, tensor<4x3xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$a,
      Variadic<Cpu_FloatTensor>:$b, Variadic<Cpu_FloatTensor>:$biases)>.args;
  let results = (outs Variadic<Cpu_FloatTensor>:$c);
  let assemblyFormat = [{
    $a `,` $b (`bias` $biases^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Cpu_MatmulSumsOp : Cpu_Step<"matmul_sums",
    ["acceptsStrides", "getFlops"]> {
  let summary = "matrix product and the sums of the columns of b";
  let description = [{
    c[M, N] = a[M, K] b[K, N]; sums[N] = sum over k of b[k, N]. A weight
    gradient and a bias gradient from one reading of b. A Matmul step with two
    outputs.

    Constraints:
    - (C1) `a` is [M, K], `b` is [K, N] and `c` is [M, N].
    - (C2) `sums` is [N].

    ```mlir
    %c, %sums = cpu.matmul_sums %a, %b
        : (tensor<4x8xbf16>, tensor<8x2xbf16>) -> (tensor<4x2xf32>, tensor<2xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$a,
                                     Cpu_FloatTensor:$b)>.args;
  let results = (outs Cpu_FloatTensor:$c, Cpu_FloatTensor:$sums);
  let assemblyFormat =
      "$a `,` $b attr-dict `:` functional-type(operands, results)";
}

def Cpu_InsertOp : Cpu_Step<"insert",
    ["acceptsStrides", "getTiedOperand", "getFlops"]> {
  let summary = "copies a tensor into a window of another";
  let description = [{
    The result is the storage of `dest` with the elements of `window`, a layout
    relative to it, replaced by those of `source`. A Unary Copy step.

    Constraints:
    - (C1) `dest` and the result have one type, dense, with the element type of
      `source`.
    - (C2) `window` with the shape of `source` lies inside `dest`.
    - (C3) `dest` has no other user.
    - (C4) `dest` is made by `empty`, `fill` or `insert`.

    ```mlir
    %e = cpu.empty : tensor<4x8xf32>
    %r = cpu.insert %x, %e {window = #cpu.layout<strides = [8, 1], offset = 16>}
        : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_Tensor:$source, Cpu_Tensor:$dest,
                                     Cpu_LayoutAttr:$window)>.args;
  let results = (outs Cpu_Tensor:$result);
  let assemblyFormat =
      "$source `,` $dest attr-dict `:` functional-type(operands, results)";
}

def Cpu_AssignOp : Cpu_UpdateStep<"assign",
    ["acceptsStrides", "getFlops"]> {
  let summary = "overwrites a variable";
  let description = [{
    Constraints:
    - (C1) `variable` is made by `variable_ref`.
    - (C2) `value` has the shape and element type of `variable`.

    ```mlir
    %w = cpu.variable_ref @w : tensor<8x4xf32>
    cpu.assign %w, %x : (tensor<8x4xf32>, tensor<8x4xf32>) -> ()
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_Tensor:$variable,
                                     Cpu_Tensor:$value)>.args;
  let assemblyFormat =
      "$variable `,` $value attr-dict `:` functional-type(operands, results)";
}

def Cpu_AssignAddOp : Cpu_UpdateStep<"assign_add"> {
  let summary = "variable += scale * value";
  let description = [{
    `scale` is 1 when absent.

    Constraints:
    - (C1) `variable` is made by `variable_ref`.
    - (C2) `value` has the shape of `variable`.
    - (C3) `scale` is a scalar.

    ```mlir
    %w = cpu.variable_ref @w : tensor<8x4xf32>
    cpu.assign_add %w, %x : (tensor<8x4xf32>, tensor<8x4xf32>) -> ()
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_F32Tensor:$variable,
      Cpu_FloatTensor:$value, Optional<Cpu_F32Tensor>:$scale)>.args;
  let assemblyFormat = [{
    $variable `,` $value (`scale` $scale^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

class Cpu_OptimizerOp<string mnemonic> : Cpu_UpdateStep<mnemonic> {
  let arguments = Cpu_StepArguments<(ins Cpu_F32Tensor:$variable,
      Cpu_F32Tensor:$m, Cpu_F32Tensor:$v, Cpu_F32Tensor:$accum,
      Cpu_F32Tensor:$learning_rate, Cpu_I32Tensor:$update_step,
      F32Attr:$beta1, F32Attr:$beta2, F32Attr:$eps,
      F32Attr:$weight_decay)>.args;
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_LambOp : Cpu_OptimizerOp<"lamb"> {
  let summary = "LAMB update of one variable; the accumulator becomes zero";
  let description = [{
    Formula in docs/numerics.md. All four tensors change in place.

    Constraints:
    - (C1) `variable`, `m`, `v` and `accum` are made by `variable_ref`.
    - (C2) they have the same shape.
    - (C3) `learning_rate` and `update_step` are scalars.

    ```mlir
    %w = cpu.variable_ref @w : tensor<8x4xf32>
    %m = cpu.variable_ref @"w/adam_m" : tensor<8x4xf32>
    %v = cpu.variable_ref @"w/adam_v" : tensor<8x4xf32>
    %g = cpu.variable_ref @"w/accum" : tensor<8x4xf32>
    cpu.lamb %w, %m, %v, %g, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32,
                                      eps = 1.0e-6 : f32,
                                      weight_decay = 0.01 : f32}
        : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>,
           tensor<f32>, tensor<i32>) -> ()
    ```
  }];
}

def Cpu_AdamWOp : Cpu_OptimizerOp<"adamw"> {
  let summary = "AdamW update of one variable; the accumulator becomes zero";
  let description = [{
    Formula in docs/numerics.md. Operands as `cpu.lamb`.

    Constraints:
    - (C1) `variable`, `m`, `v` and `accum` are made by `variable_ref`.
    - (C2) they have the same shape.
    - (C3) `learning_rate` and `update_step` are scalars.

    ```mlir
    %w = cpu.variable_ref @w : tensor<4xf32>
    %m = cpu.variable_ref @"w/adam_m" : tensor<4xf32>
    %v = cpu.variable_ref @"w/adam_v" : tensor<4xf32>
    %g = cpu.variable_ref @"w/accum" : tensor<4xf32>
    cpu.adamw %w, %m, %v, %g, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32,
                                       eps = 1.0e-6 : f32,
                                       weight_decay = 0.01 : f32}
        : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
           tensor<f32>, tensor<i32>) -> ()
    ```
  }];
}

#endif // BERTC_CPU_MATMUL_OPS_TD
