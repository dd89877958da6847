// SPDX-License-Identifier: Apache-2.0
//
// Steps in which the workers of a data-parallel run exchange accumulators.

#ifndef BERTC_CPU_COLLECTIVE_OPS_TD
#define BERTC_CPU_COLLECTIVE_OPS_TD

include "dialects/cpu/CpuDialect.td"

def Cpu_AllReduceOp : Cpu_UpdateStep<"all_reduce", ["getFlops"]> {
  let summary = "begins to add up variables over all workers";
  let description = [{
    The variables, one bucket, lie side by side in this order. They belong to
    the exchange until `all_reduce_settle` or the end of the entry, and no step
    in between uses them. When the step is `early`, the exchange may leave
    everything to `all_reduce_settle`. With one worker nothing happens.

    Constraints:
    - (C1) every operand is made by `variable_ref`.
    - (C2) there is an operand.
    - (C3) `bucket` is not negative.

    ```mlir
    cpu.variable @"v/accum" : tensor<4xf32>
        {init = #cpu<init constant>, init_value = 0.0 : f32,
         role = #cpu<role accum>, owner = @v}
    cpu.variable @v : tensor<4xf32>
        {init = #cpu<init constant>, init_value = 0.0 : f32,
         role = #cpu<role weight>}
    %a = cpu.variable_ref @"v/accum" : tensor<4xf32>
    cpu.all_reduce %a {bucket = 0 : i32} : (tensor<4xf32>) -> ()
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Variadic<Cpu_F32Tensor>:$variables,
      I32Attr:$bucket, UnitAttr:$bf16, UnitAttr:$early)>.args;
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_AllReduceSettleOp : Cpu_UpdateStep<"all_reduce_settle", ["getFlops"],
    [SameVariadicOperandSize]> {
  let summary = "waits for the sums; forms them again where something clips";
  let description = [{
    Waits for what `all_reduce` has begun. If `scale` is not 1 on some worker,
    or the buckets were not sent early, makes each variable old + scale grad and
    adds up all buckets again. Bucket i has `bucket_sizes[i]` variables.

    Constraints:
    - (C1) `variables` are made by `variable_ref`.
    - (C2) each `old` and `grad` has the shape of its variable.
    - (C3) `scale` is a scalar.
    - (C4) `bucket_sizes` are positive and add up to the number of variables.

    ```mlir
    cpu.variable @"v/accum" : tensor<4xf32>
        {init = #cpu<init constant>, init_value = 0.0 : f32,
         role = #cpu<role accum>, owner = @v}
    cpu.variable @v : tensor<4xf32>
        {init = #cpu<init constant>, init_value = 0.0 : f32,
         role = #cpu<role weight>}
    %a = cpu.variable_ref @"v/accum" : tensor<4xf32>
    cpu.all_reduce_settle %scale, %a, %old, %grad {bucket_sizes = array<i32: 1>}
        : (tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> ()
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_F32Tensor:$scale,
      Variadic<Cpu_F32Tensor>:$variables, Variadic<Cpu_F32Tensor>:$old,
      Variadic<Cpu_FloatTensor>:$grad, DenseI32ArrayAttr:$bucket_sizes,
      UnitAttr:$bf16)>.args;
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

#endif // BERTC_CPU_COLLECTIVE_OPS_TD
