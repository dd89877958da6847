// SPDX-License-Identifier: Apache-2.0
//
// The `bert` dialect itself: its name, what its modules look like, and the
// discardable attributes it defines on functions.

#ifndef BERT_DIALECT_TD
#define BERT_DIALECT_TD

include "mlir/IR/OpBase.td"

def Bert_Dialect : Dialect {
  let name = "bert";
  let cppNamespace = "::bertc::bert";
  let summary = "a target-neutral static graph for training BERT";
  let description = [{
    Ranked tensors of static shape, one operation per TensorFlow-level
    operation. Values are pure; what lives from one run to the next is a
    variable: a symbol that `bert.read` and `bert.assign` name.

    A module holds variables and functions. A function with the unit attribute
    `bert.entry` is an entry point of the plan: each of its arguments and
    results carries `bert.name`, unique among the arguments and among the
    results. The dictionary `bert.model` on the module says what was compiled.

    Every operation knows the TensorFlow operation type it stands for and may
    carry `scope`, the name the reference system gives it; the bf16 lists are
    written in these terms. All operations print as
    `bert.op operands {attributes} : (operand types) -> result types`, and all
    but those whose result type is a choice (`cast`, `reshape`, `broadcast_to`,
    `read`) infer their result types.

    Constraints are numbered. Each has one branch in the verifier and one error
    test named after it.
  }];
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let useDefaultAttributePrinterParser = 1;
}

#endif // BERT_DIALECT_TD
