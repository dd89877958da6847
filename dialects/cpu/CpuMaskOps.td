// SPDX-License-Identifier: Apache-2.0
//
// Steps for packed sequences: which keys a query may attend to.

#ifndef BERTC_CPU_MASK_OPS_TD
#define BERTC_CPU_MASK_OPS_TD

include "dialects/cpu/CpuDialect.td"

def Cpu_KeyRangesOp : Cpu_Step<"key_ranges"> {
  let summary = "the keys that each query of packed sequences may attend to";
  let description = [{
    numbers [B,S] (1, 2, ... by sequence, 0 for padding) -> {first, last + 1}
    [B,S,2] of the positions with the same number, {0, 0} for padding. Running
    with a sequence that is not in one piece is an error.

    Constraints:
    - (C1) `numbers` has rank 2.
    - (C2) the result is [B,S,2].

    ```mlir
    %r = cpu.key_ranges %n : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_I32Tensor:$numbers)>.args;
  let results = (outs Cpu_I32Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_RangeMaskOp : Cpu_Step<"range_mask"> {
  let summary = "additive mask of ranges of keys";
  let description = [{
    ranges [B,S,2] -> mask [B,1,S,S]: 0 inside the range of the query, -10000
    outside.

    Constraints:
    - (C1) `ranges` is [B,S,2].
    - (C2) the result is [B,1,S,S].

    ```mlir
    %m = cpu.range_mask %r : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_I32Tensor:$ranges)>.args;
  let results = (outs Cpu_F32Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

#endif // BERTC_CPU_MASK_OPS_TD
