// SPDX-License-Identifier: Apache-2.0
//
// The pass that gives every tensor which outlives a graph its place in the
// device's memory, every node its name, and refuses what the device cannot
// hold.

#include "dialects/bert/BertDialect.h"
#include "dialects/synapse/DeviceLimits.h"
#include "dialects/synapse/DeviceTypes.h"
#include "dialects/synapse/SynapseNodes.h"
#include "dialects/synapse/SynapseOps.h"
#include "passes/Passes.h"
#include "passes/memory/ArenaPlanner.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace bertc {

#define GEN_PASS_DEF_SYNAPSEPLANSECTIONS
#include "passes/Passes.h.inc"

namespace {

using synapse::NodeOp;

/// Every section begins at a multiple of this many bytes.
constexpr int64_t kSectionAlignment = 128;

int64_t aligned(int64_t bytes) {
  return (bytes + kSectionAlignment - 1) / kSectionAlignment *
         kSectionAlignment;
}

int64_t sectionBytes(Value value) {
  return aligned(synapse::bytesOf(cast<RankedTensorType>(value.getType())));
}

/// Lays variables out role by role, so that all accumulators are one block that
/// can be exchanged at once. Returns the block's bytes.
int64_t layOutVariables(ModuleOp module) {
  using synapse::VariableRole;
  Builder builder(module.getContext());
  int64_t offset = 0;
  for (auto role : {VariableRole::Weight, VariableRole::Accum,
                    VariableRole::AdamM, VariableRole::AdamV}) {
    for (auto variable : module.getOps<synapse::VariableOp>()) {
      if (variable.getRole() == role) {
        variable.setOffsetAttr(builder.getI64IntegerAttr(offset));
        offset += aligned(
            synapse::bytesOf(cast<RankedTensorType>(variable.getType())));
      }
    }
  }
  return offset;
}

/// Gives every node of a graph a name of its own: the scope it came from, or
/// its GUID, with a number from the second on.
void nameNodes(synapse::GraphOp graph) {
  llvm::StringMap<unsigned> taken;
  for (auto node : graph.getBody().getOps<NodeOp>()) {
    if (node.getName()) {
      taken[*node.getName()] = 1;
    }
  }
  for (auto node : graph.getBody().getOps<NodeOp>()) {
    if (node.getName()) {
      continue;
    }
    std::string base = node.getGuid().str();
    if (node.getScope() && !node.getScope()->empty()) {
      base = (*node.getScope() + "/" + node.getGuid()).str();
    }
    std::string name = base;
    while (!taken.try_emplace(name, 1).second) {
      name = base + "_" + std::to_string(taken[base]++);
    }
    node.setName(name);
  }
}

/// What a recipe of the graph needs beside its sections: the most that is alive
/// at once in the order of the nodes. What looks at the bytes of its operand
/// needs none, and an elementwise node writes over an operand nobody needs any
/// more.
class WorkspaceEstimate {
public:
  explicit WorkspaceEstimate(synapse::GraphOp graph) : graph_(graph) {}

  int64_t run() {
    for (auto store : graph_.getBody().getOps<synapse::StoreOp>()) {
      placed_.insert(store.getValue());
    }
    for (Value value : graph_.getYield().getValues()) {
      placed_.insert(value);
    }
    lastReads();
    uint32_t position = 0;
    for (auto node : graph_.getBody().getOps<NodeOp>()) {
      add(node, position++);
    }
    return arenaLowerBound(requests_);
  }

private:
  void lastReads() {
    uint32_t position = 0;
    for (auto node : graph_.getBody().getOps<NodeOp>()) {
      for (Value operand : node.getInputs()) {
        lastRead_[operand] = position;
      }
      ++position;
    }
  }

  void add(NodeOp node, uint32_t position) {
    synapse::KernelOf found = synapse::findKernel(node.getGuid());
    bool looksOnly =
        found.kernel && found.kernel->engine == synapse::Engine::Nothing;
    for (Value result : node.getOutputs()) {
      if (placed_.contains(result)) {
        continue;
      }
      uint32_t last = std::max(position, lastRead_.lookup(result));
      if (looksOnly) {
        auto buffer = buffers_.find(node.getInputs()[0]);
        if (buffer != buffers_.end()) {
          unsigned index = buffer->second;
          requests_[index].last = std::max(requests_[index].last, last);
          buffers_[result] = index;
        }
        continue;
      }
      if (std::optional<unsigned> reused = dyingOperand(node, position)) {
        requests_[*reused].last = last;
        buffers_[result] = *reused;
        continue;
      }
      buffers_[result] = requests_.size();
      requests_.push_back({sectionBytes(result), position, last});
    }
  }

  /// The buffer of an operand that the result may take over.
  std::optional<unsigned> dyingOperand(NodeOp node, uint32_t position) {
    if (node.getNumResults() != 1) {
      return std::nullopt;
    }
    synapse::NodeSignature signature = synapse::signatureOf(node);
    for (auto [i, operand] : llvm::enumerate(node.getInputs())) {
      auto buffer = buffers_.find(operand);
      if (buffer != buffers_.end() &&
          requests_[buffer->second].last == position &&
          synapse::isElementwiseIn(signature, i)) {
        return buffer->second;
      }
    }
    return std::nullopt;
  }

  synapse::GraphOp graph_;
  llvm::DenseSet<Value> placed_;
  llvm::DenseMap<Value, uint32_t> lastRead_;
  llvm::DenseMap<Value, unsigned> buffers_;
  std::vector<ArenaRequest> requests_;
};

/// Places what an entry's graphs take and give. Inputs and outputs come first
/// and keep their place for the whole entry, so that the entry without dropout
/// has them at the same places; between graphs, memory is used again.
class EntrySections {
public:
  explicit EntrySections(func::FuncOp entry)
      : entry_(entry), builder_(entry.getContext()) {}

  /// Bytes of the arena; fails after an error was emitted.
  FailureOr<int64_t> run() {
    auto ret = cast<func::ReturnOp>(entry_.getBody().front().getTerminator());
    for (BlockArgument argument : entry_.getArguments()) {
      place(argument);
      entry_.setArgAttr(argument.getArgNumber(), synapse::kOffsetAttr,
                        builder_.getI64IntegerAttr(offsets_[argument]));
    }
    for (Value result : ret.getOperands()) {
      if (!result.getDefiningOp<synapse::GraphOp>() ||
          offsets_.contains(result)) {
        return ret.emitOpError() << "expected results of graphs, each once: "
                                    "synapse-order-updates has to run before";
      }
      place(result);
    }
    placeBetween();
    for (auto graph : entry_.getOps<synapse::GraphOp>()) {
      SmallVector<int64_t> offsets;
      for (Value result : graph.getResults()) {
        offsets.push_back(offsets_.lookup(result));
      }
      graph.setResultOffsets(offsets);
    }
    entry_->setAttr(synapse::kArenaBytesAttr,
                    builder_.getI64IntegerAttr(bytes_));
    return bytes_;
  }

private:
  void place(Value value) {
    offsets_[value] = bytes_;
    bytes_ += sectionBytes(value);
  }

  void placeBetween() {
    std::vector<ArenaRequest> requests;
    SmallVector<Value> values;
    llvm::DenseMap<Operation *, uint32_t> positions;
    for (Operation &op : entry_.getBody().front()) {
      positions[&op] = positions.size();
    }
    for (auto graph : entry_.getOps<synapse::GraphOp>()) {
      for (Value result : graph.getResults()) {
        if (offsets_.contains(result)) {
          continue;
        }
        uint32_t last = positions[graph];
        for (Operation *user : result.getUsers()) {
          last = std::max(last, positions[user]);
        }
        values.push_back(result);
        requests.push_back({sectionBytes(result), positions[graph], last});
      }
    }
    ArenaPlan plan = planArena(requests);
    for (auto [value, offset] : llvm::zip(values, plan.offsets)) {
      offsets_[value] = bytes_ + offset;
    }
    bytes_ += plan.bytes;
  }

  func::FuncOp entry_;
  Builder builder_;
  llvm::DenseMap<Value, int64_t> offsets_;
  int64_t bytes_ = 0;
};

/// Everything that is in the device's memory while the plan runs.
struct DeviceMemory {
  int64_t state = 0, arena = 0, workspace = 0, constants = 0, derived = 0;
  /// The graph with the largest workspace.
  std::string largest;

  int64_t total() const {
    return state + arena + workspace + constants + derived;
  }
};

struct SynapsePlanSections
    : impl::SynapsePlanSectionsBase<SynapsePlanSections> {
  using SynapsePlanSectionsBase::SynapsePlanSectionsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto device = module->getAttrOfType<StringAttr>(synapse::kDeviceAttr);
    std::optional<synapse::DeviceLimits> limits =
        synapse::limitsOf(device ? device.getValue() : StringRef());
    if (!limits) {
      module.emitError("expected ")
          << synapse::kDeviceAttr << " to be gaudi or gaudi2";
      return signalPassFailure();
    }
    if (failed(checkKernels(module, limits->name))) {
      return signalPassFailure();
    }
    DeviceMemory memory;
    memory.state = layOutVariables(module);
    for (auto entry : module.getOps<func::FuncOp>()) {
      FailureOr<int64_t> arena = EntrySections(entry).run();
      if (failed(arena)) {
        return signalPassFailure();
      }
      memory.arena = std::max(memory.arena, *arena);
      addGraphs(entry, memory);
    }
    if (failed(checkFit(module, *limits, memory))) {
      return signalPassFailure();
    }
    Builder builder(&getContext());
    module->setAttr(synapse::kStateBytesAttr,
                    builder.getI64IntegerAttr(memory.state));
    module->setAttr(synapse::kArenaBytesAttr,
                    builder.getI64IntegerAttr(memory.arena));
    module->setAttr(synapse::kDeviceBytesAttr,
                    builder.getI64IntegerAttr(memory.total()));
  }

private:
  /// Error unless the device has the kernels of all nodes.
  static LogicalResult checkKernels(ModuleOp module, StringRef device) {
    WalkResult walked = module.walk([&](synapse::NodeOp node) {
      const synapse::Kernel *kernel =
          synapse::findKernel(node.getGuid()).kernel;
      if (device == "gaudi2" || !kernel ||
          kernel->devices == synapse::Availability::Both) {
        return WalkResult::advance();
      }
      node.emitOpError() << '"' << node.getGuid() << "\": expected a kernel "
                         << "that " << device << " has, found one of gaudi2";
      return WalkResult::interrupt();
    });
    return failure(walked.wasInterrupted());
  }

  static void addGraphs(func::FuncOp entry, DeviceMemory &memory) {
    Builder builder(entry.getContext());
    for (auto graph : entry.getOps<synapse::GraphOp>()) {
      nameNodes(graph);
      int64_t workspace = WorkspaceEstimate(graph).run();
      graph.setWorkspaceBytesAttr(builder.getI64IntegerAttr(workspace));
      if (workspace > memory.workspace) {
        memory.workspace = workspace;
        memory.largest = graph.getName().str();
      }
      for (Operation &op : graph.getBody().front()) {
        if (isa<synapse::ConstantOp>(op)) {
          memory.constants += sectionBytes(op.getResult(0));
        } else if (isa<synapse::DerivedOp>(op)) {
          memory.derived += kSectionAlignment;
        }
      }
    }
  }

  static LogicalResult checkFit(ModuleOp module,
                                const synapse::DeviceLimits &limits,
                                const DeviceMemory &memory) {
    if (memory.total() <= limits.memoryBytes) {
      return success();
    }
    return module.emitError("the memory of ")
           << StringRef(limits.name) << " is " << limits.memoryBytes
           << " bytes; this needs " << memory.total() << ": variables "
           << memory.state << ", inputs, outputs and what graphs hand on "
           << memory.arena << ", workspace of \"" << memory.largest << "\" "
           << memory.workspace << ", constants " << memory.constants
           << ", numbers of the host " << memory.derived
           << "; make --batch-size smaller";
  }
};

} // namespace

} // namespace bertc
