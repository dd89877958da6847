// SPDX-License-Identifier: Apache-2.0
//
// What the workers of a data-parallel run do together. How many there are is
// known when a plan runs; a run of one worker is a sum of one.

#ifndef BERT_COLLECTIVE_OPS_TD
#define BERT_COLLECTIVE_OPS_TD

include "dialects/bert/BertBase.td"
include "dialects/bert/BertVariableOps.td"

class Bert_CollectiveOp<string mnemonic, dag inputs, list<Trait> traits = []>
  : Bert_Op<mnemonic, "HorovodAllreduce", inputs, (outs),
      !listconcat(traits, [
        MemoryEffects<[MemRead<Bert_VariableResource, 0, FullEffect>,
                       MemWrite<Bert_VariableResource, 0, FullEffect>]>,
        Bert_ChecksConstraints,
        DeclareOpInterfaceMethods<SymbolUserOpInterface>])> {
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

def Bert_AllReduceOp : Bert_CollectiveOp<"all_reduce",
    (ins FlatSymbolRefArrayAttr:$variables, I32Attr:$bucket,
         DefaultValuedAttr<Bert_WireAttr, "Wire::F32">:$wire,
         UnitAttr:$early)> {
  let summary = "adds up accumulators over all workers";
  let description = [{
    Each variable = the sum over all workers of what it is there, in f32; on
    their way values are as `wire` says. The variables are one bucket, which
    travels as one piece; the memory planner lays them out side by side in this
    order. Whoever reads a variable afterwards reads the sum, and only then need
    it be there. With `early`, the variables hold gradients that may have to be
    clipped yet: an `all_reduce_settle` follows, and a run may leave everything
    to that.

    Constraints:
    - (C1) there is a variable, and none is named twice
    - (C2) bucket is not negative
    - (C3) each of variables names a variable of this module
    - (C4) these have the role accum and the element type f32

    Example:
    ```mlir
    bert.variable @"v/accum" : tensor<4xf32> {role = #bert.role<accum>, owner = @v}
    bert.variable @v : tensor<4xf32>
    bert.all_reduce [@"v/accum"] {bucket = 0 : i32}
    ```
  }];
  let assemblyFormat = "$variables attr-dict";
}

def Bert_AllReduceSettleOp : Bert_CollectiveOp<"all_reduce_settle",
    (ins FlatSymbolRefArrayAttr:$variables, DenseI32ArrayAttr:$bucket_sizes,
         Bert_F32Scalar:$scale, Variadic<Bert_FloatTensor>:$old,
         Variadic<Bert_FloatTensor>:$grad,
         DefaultValuedAttr<Bert_WireAttr, "Wire::F32">:$wire),
    [SameVariadicOperandSize]> {
  let summary = "takes back what was sent early, if it had to be clipped";
  let description = [{
    If scale is 1 on every worker, nothing; else each
    variable = the sum over all workers of old + scale grad. Before it, every
    variable was assigned old + grad and reduced by an `all_reduce` that is
    `early`; after it, they are in any case what they would be had scale been
    known in time, to the bit. Bucket i has bucket_sizes[i] variables, in order.

    Constraints:
    - (C1) there is a variable, and none is named twice
    - (C2) bucket_sizes are positive and add up to the number of variables
    - (C3) there is one old and one grad for each variable
    - (C4) each of variables names a variable of this module
    - (C5) these have the role accum and the element type f32
    - (C6) each old has the type of its variable, and each grad its shape in f32
      or bf16

    Example:
    ```mlir
    bert.variable @"v/accum" : tensor<4xf32> {role = #bert.role<accum>, owner = @v}
    bert.variable @v : tensor<4xf32>
    bert.all_reduce_settle [@"v/accum"] %scale, %old, %grad {bucket_sizes = array<i32: 1>} : (tensor<f32>, tensor<4xf32>, tensor<4xf32>) -> ()
    ```
  }];
  let assemblyFormat =
      "$variables operands attr-dict `:` functional-type(operands, results)";
}

#endif // BERT_COLLECTIVE_OPS_TD
