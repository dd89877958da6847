// SPDX-License-Identifier: Apache-2.0
//
// What layout assignment and memory planning ask of a step.

#ifndef BERTC_CPU_INTERFACES_TD
#define BERTC_CPU_INTERFACES_TD

include "mlir/IR/OpBase.td"

def CpuStepOpInterface : OpInterface<"CpuStepOpInterface"> {
  let cppNamespace = "::bertc::cpu";
  let description = [{
    An operation that becomes one step of the plan. The methods mirror what the
    step's kernel can do; the runtime checks the same when it loads a plan.
  }];
  let methods = [
    InterfaceMethod<
      "Whether the kernel reads operand `operand` through arbitrary strides; "
      "otherwise the operand has to be contiguous.",
      "bool", "acceptsStrides", (ins "unsigned":$operand), [{}],
      [{ return false; }]>,
    InterfaceMethod<
      "Operands whose storage result `result` may take over when nobody needs "
      "them afterwards, best first.",
      "::llvm::SmallVector<unsigned, 2>", "getReusableOperands",
      (ins "unsigned":$result), [{}], [{ return {}; }]>,
    InterfaceMethod<
      "The operand whose storage result `result` always is, if any.",
      "::std::optional<unsigned>", "getTiedOperand",
      (ins "unsigned":$result), [{}], [{ return ::std::nullopt; }]>,
    InterfaceMethod<
      "Floating point operations of the step, for reports; unless said "
      "otherwise one per element of the largest operand or result.",
      "uint64_t", "getFlops", (ins), [{}],
      [{ return ::bertc::cpu::largestOperand($_op); }]>,
    InterfaceMethod<
      "Scope name of the operation this came from; empty when unknown.",
      "::llvm::StringRef", "getStepScope", (ins), [{}], [{
        auto scope = $_op.getScopeAttr();
        return scope ? scope.getValue() : ::llvm::StringRef();
      }]>,
    InterfaceMethod<
      "Byte offsets of the results in the arena; null before memory planning.",
      "::mlir::DenseI64ArrayAttr", "getResultOffsets", (ins), [{}], [{
        return $_op.getOffsetsAttr();
      }]>,
    InterfaceMethod<
      "Sets the byte offsets of the results in the arena.",
      "void", "setResultOffsets", (ins "::llvm::ArrayRef<int64_t>":$offsets),
      [{}], [{
        $_op.setOffsetsAttr(
            ::mlir::DenseI64ArrayAttr::get($_op.getContext(), offsets));
      }]>,
  ];
}

#endif // BERTC_CPU_INTERFACES_TD
