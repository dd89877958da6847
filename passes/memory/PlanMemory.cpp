// SPDX-License-Identifier: Apache-2.0
//
// The pass that gives every tensor its place: variables in the state block,
// everything else in the arena. Lifetimes follow from the order of the steps;
// the packing itself is ArenaPlanner's.

#include "dialects/cpu/CpuOps.h"
#include "dialects/cpu/Layout.h"
#include "passes/Passes.h"
#include "passes/memory/ArenaPlanner.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace bertc {

#define GEN_PASS_DEF_CPUPLANMEMORY
#include "passes/Passes.h.inc"

namespace {

constexpr unsigned kNoBuffer = ~0u;

int64_t bytesOf(RankedTensorType type) {
  unsigned bits = type.getElementType().getIntOrFloatBitWidth();
  return cpu::extentOf(cpu::windowOf(type)) * std::max(1u, bits / 8);
}

/// Buffers of one entry: which value lives in which, and for how long.
class EntryMemory {
public:
  explicit EntryMemory(func::FuncOp function) : function_(function) {
    for (Operation &op : function.getBody().front()) {
      positions_[&op] = positions_.size();
    }
    end_ = positions_.size();
    assignBuffers();
    reuseDyingOperands();
  }

  /// Writes the offsets of a plan into the IR; returns the arena's bytes.
  int64_t plan() {
    ArenaPlan plan = planArena(requests());
    Builder builder(function_.getContext());
    for (BlockArgument argument : function_.getArguments()) {
      int64_t offset = plan.offsets[slot(argument)];
      function_.setArgAttr(argument.getArgNumber(), "cpu.offset",
                           builder.getI64IntegerAttr(offset));
    }
    for (Operation &op : function_.getBody().front()) {
      SmallVector<int64_t> offsets;
      for (Value result : op.getResults()) {
        if (buffers_.lookup(result) != kNoBuffer) {
          offsets.push_back(plan.offsets[slot(result)]);
        }
      }
      if (auto step = dyn_cast<cpu::CpuStepOpInterface>(op)) {
        step.setResultOffsets(offsets);
      } else if (auto empty = dyn_cast<cpu::EmptyOp>(op)) {
        empty.setOffsets(offsets);
      }
    }
    function_->setAttr("cpu.arena_bytes",
                       builder.getI64IntegerAttr(plan.bytes));
    return plan.bytes;
  }

private:
  struct Buffer {
    int64_t bytes;
    uint32_t first, last;
    /// The buffer this one has become part of; itself when none.
    unsigned same;
  };

  unsigned find(unsigned buffer) const {
    while (all_[buffer].same != buffer) {
      buffer = all_[buffer].same;
    }
    return buffer;
  }

  unsigned slot(Value value) const {
    return slots_.at(find(buffers_.at(value)));
  }

  void own(Value value, uint32_t first, uint32_t last) {
    unsigned id = all_.size();
    buffers_[value] = id;
    all_.push_back(
        {bytesOf(cast<RankedTensorType>(value.getType())), first, last, id});
  }

  void assignBuffers();
  void reuseDyingOperands();
  void reuse(cpu::CpuStepOpInterface step);
  std::vector<ArenaRequest> requests();

  func::FuncOp function_;
  llvm::DenseMap<Operation *, uint32_t> positions_;
  uint32_t end_ = 0;
  llvm::DenseMap<Value, unsigned> buffers_;
  std::vector<Buffer> all_;
  llvm::DenseMap<unsigned, unsigned> slots_;
};

/// A buffer for each result of a step; views and tied results share. Inputs
/// keep their content for the whole entry, so that it can run again on them,
/// and outputs until its end.
void EntryMemory::assignBuffers() {
  for (BlockArgument argument : function_.getArguments()) {
    own(argument, 0, end_);
  }
  for (Operation &op : function_.getBody().front()) {
    uint32_t position = positions_[&op];
    for (Value operand : op.getOperands()) {
      unsigned buffer = buffers_.lookup(operand);
      if (buffer != kNoBuffer) {
        all_[buffer].last = std::max(all_[buffer].last,
                                     isa<func::ReturnOp>(op) ? end_ : position);
      }
    }
    auto step = dyn_cast<cpu::CpuStepOpInterface>(op);
    for (OpResult result : op.getResults()) {
      std::optional<unsigned> tied =
          step ? step.getTiedOperand(result.getResultNumber()) : std::nullopt;
      if (tied) {
        buffers_[result] = buffers_.lookup(op.getOperand(*tied));
      } else if (step || isa<cpu::EmptyOp>(op)) {
        own(result, position, position);
      } else if (auto view = dyn_cast<cpu::ViewOp>(op)) {
        buffers_[result] = buffers_.lookup(view.getSource());
      } else {
        buffers_[result] = kNoBuffer;
      }
    }
  }
}

void EntryMemory::reuseDyingOperands() {
  for (Operation &op : function_.getBody().front()) {
    if (auto step = dyn_cast<cpu::CpuStepOpInterface>(op)) {
      reuse(step);
    }
  }
}

/// Lets results take over operands that die at this step, are exactly as large,
/// and are seen whole and by no other operand.
void EntryMemory::reuse(cpu::CpuStepOpInterface step) {
  Operation *op = step;
  uint32_t position = positions_[op];
  SmallVector<unsigned, 4> taken;
  for (OpResult result : op->getResults()) {
    unsigned number = result.getResultNumber();
    if (step.getTiedOperand(number)) {
      continue;
    }
    unsigned made = buffers_[result];
    for (unsigned candidate : step.getReusableOperands(number)) {
      Value operand = op->getOperand(candidate);
      unsigned buffer = buffers_.lookup(operand);
      if (buffer == kNoBuffer) {
        continue;
      }
      buffer = find(buffer);
      bool shared = llvm::count_if(op->getOperands(), [&](Value other) {
                      unsigned b = buffers_.lookup(other);
                      return b != kNoBuffer && find(b) == buffer;
                    }) > 1;
      if (shared || all_[buffer].last != position ||
          llvm::is_contained(taken, buffer) ||
          !cpu::isDense(operand.getType()) ||
          operand.getType() != result.getType() ||
          all_[buffer].bytes != all_[made].bytes) {
        continue;
      }
      taken.push_back(buffer);
      all_[made].same = buffer;
      all_[buffer].last = std::max(all_[buffer].last, all_[made].last);
      break;
    }
  }
}

std::vector<ArenaRequest> EntryMemory::requests() {
  std::vector<ArenaRequest> requests;
  for (unsigned i = 0; i < all_.size(); ++i) {
    if (all_[i].same == i) {
      slots_[i] = requests.size();
      requests.push_back({all_[i].bytes, all_[i].first, all_[i].last});
    }
  }
  return requests;
}

/// Lays variables out role by role, so that all accumulators are one block
/// that can be zeroed, scaled or exchanged at once. Returns the block's bytes.
int64_t layOutVariables(ModuleOp module) {
  Builder builder(module.getContext());
  int64_t offset = 0;
  for (auto role : {cpu::VariableRole::Weight, cpu::VariableRole::Accum,
                    cpu::VariableRole::AdamM, cpu::VariableRole::AdamV}) {
    for (auto variable : module.getOps<cpu::VariableOp>()) {
      if (variable.getRole() != role) {
        continue;
      }
      variable.setOffsetAttr(builder.getI64IntegerAttr(offset));
      int64_t bytes = bytesOf(cast<RankedTensorType>(variable.getType()));
      offset +=
          (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
    }
  }
  return offset;
}

struct CpuPlanMemory : impl::CpuPlanMemoryBase<CpuPlanMemory> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Builder builder(&getContext());
    int64_t state = layOutVariables(module), arena = 0;
    for (auto function : module.getOps<func::FuncOp>()) {
      arena = std::max(arena, EntryMemory(function).plan());
    }
    module->setAttr("cpu.state_bytes", builder.getI64IntegerAttr(state));
    module->setAttr("cpu.arena_bytes", builder.getI64IntegerAttr(arena));
  }
};

} // namespace

} // namespace bertc
