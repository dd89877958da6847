// SPDX-License-Identifier: Apache-2.0

#include "compiler/emit/GraphWriter.h"

#include "dialects/bert/BertDialect.h"
#include "dialects/synapse/DeviceTypes.h"
#include "dialects/synapse/SynapseNodes.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace bertc {

namespace {

using synapse::NodeOp;

constexpr uint32_t kNoOperand = 0xffffffff;

/// A tensor of the arena: a place, and what to call it.
struct Placed {
  uint64_t offset = 0;
  std::string name;
};

/// Writes one graph. `outside` says where its operands are, and learns where
/// its results are.
class GraphWriter {
public:
  GraphWriter(synapse::GraphOp graph, PlanSymbols &symbols,
              llvm::DenseMap<Value, Placed> &outside,
              std::vector<std::unique_ptr<plan::DerivedT>> &derived,
              DictionaryAttr precision, plan::GraphT &result)
      : graph_(graph), symbols_(symbols), outside_(outside), derived_(derived),
        precision_(precision), result_(result) {}

  Status run();

private:
  Status placeResults();
  Status writeNode(NodeOp node);
  Status writeControl();
  uint32_t addTensor(Value value, std::string name, plan::GraphStorage storage,
                     uint32_t index, uint64_t offset);
  uint32_t input(Value value);
  uint32_t addResult(NodeOp node, OpResult result);
  uint32_t addDerived(synapse::DerivedOp op);
  Status error(const std::string &what) {
    return failedPrecondition("graph \"" + graph_.getName().str() + "\" " +
                              what);
  }

  synapse::GraphOp graph_;
  PlanSymbols &symbols_;
  llvm::DenseMap<Value, Placed> &outside_;
  std::vector<std::unique_ptr<plan::DerivedT>> &derived_;
  DictionaryAttr precision_;
  plan::GraphT &result_;
  llvm::StringSet<> names_;
  llvm::DenseMap<Value, uint32_t> tensors_;
  llvm::DenseMap<Operation *, uint32_t> nodes_;
  /// Where results of nodes are that do not stay in the workspace.
  llvm::DenseMap<Value, std::string> stored_;
  llvm::DenseMap<Value, Placed> yielded_;
};

Status GraphWriter::run() {
  if (!graph_.getResultOffsets() || !graph_.getWorkspaceBytes()) {
    return error("has not been through planning of sections");
  }
  result_.name = graph_.getName().str();
  result_.workspace_bytes = *graph_.getWorkspaceBytes();
  BERTC_RETURN_IF_ERROR(placeResults());
  Block &body = graph_.getBody().front();
  for (auto [argument, operand] :
       llvm::zip(body.getArguments(), graph_.getInputs())) {
    // The same tensor once, however often it is handed in.
    auto again = llvm::find(graph_.getInputs(), operand);
    unsigned first = std::distance(graph_.getInputs().begin(), again);
    if (first < argument.getArgNumber()) {
      tensors_[argument] = tensors_.lookup(body.getArgument(first));
      continue;
    }
    Placed place = outside_.lookup(operand);
    tensors_[argument] = addTensor(argument, place.name,
                                   plan::GraphStorage::Arena, 0, place.offset);
  }
  for (auto node : body.getOps<NodeOp>()) {
    BERTC_RETURN_IF_ERROR(writeNode(node));
  }
  return writeControl();
}

Status GraphWriter::placeResults() {
  for (auto store : graph_.getBody().getOps<synapse::StoreOp>()) {
    if (!store.getValue().getDefiningOp<NodeOp>() ||
        !stored_.try_emplace(store.getValue(), store.getVariable().str())
             .second) {
      return error("has not been through ordering of updates");
    }
  }
  for (auto [value, result, offset] :
       llvm::zip(graph_.getYield().getValues(), graph_.getResults(),
                 *graph_.getResultOffsets())) {
    Placed &place = outside_[result];
    place.offset = offset;
    if (!value.getDefiningOp<NodeOp>() || stored_.contains(value) ||
        !yielded_.try_emplace(value, place).second) {
      return error("has not been through ordering of updates");
    }
  }
  return Status();
}

uint32_t GraphWriter::addTensor(Value value, std::string name,
                                plan::GraphStorage storage, uint32_t index,
                                uint64_t offset) {
  auto tensor = std::make_unique<plan::GraphTensorT>();
  tensor->name = name;
  for (unsigned i = 1; !names_.insert(tensor->name).second; ++i) {
    tensor->name = name + "_" + std::to_string(i);
  }
  auto type = cast<RankedTensorType>(value.getType());
  // The dialect numbers element types as the plan does.
  tensor->dtype = static_cast<plan::GraphDType>(synapse::elementTypeOf(type));
  tensor->sizes.assign(type.getShape().begin(), type.getShape().end());
  tensor->storage = storage;
  tensor->index = index;
  tensor->offset = offset;
  result_.tensors.push_back(std::move(tensor));
  return result_.tensors.size() - 1;
}

uint32_t GraphWriter::addDerived(synapse::DerivedOp op) {
  plan::DerivedT wanted;
  wanted.kind = static_cast<plan::DerivedKind>(op.getKind());
  wanted.op_id = op.getOpId().value_or(0);
  wanted.base = op.getBase() ? op.getBase()->convertToDouble() : 0.0;
  for (size_t i = 0; i < derived_.size(); ++i) {
    if (derived_[i]->kind == wanted.kind &&
        derived_[i]->op_id == wanted.op_id &&
        derived_[i]->base == wanted.base) {
      return i;
    }
  }
  derived_.push_back(std::make_unique<plan::DerivedT>(wanted));
  return derived_.size() - 1;
}

/// The tensor of an operand: one that is there, or the one tensor of a
/// variable, constant or number of the host.
uint32_t GraphWriter::input(Value value) {
  Operation *maker = value.getDefiningOp();
  if (isa_and_nonnull<synapse::AbsentOp>(maker)) {
    return kNoOperand;
  }
  auto found = tensors_.find(value);
  if (found != tensors_.end()) {
    return found->second;
  }
  uint32_t index = 0;
  if (auto read = dyn_cast<synapse::ReadOp>(maker)) {
    for (auto other : graph_.getBody().getOps<synapse::ReadOp>()) {
      auto known = tensors_.find(other.getResult());
      if (other.getVariable() == read.getVariable() &&
          known != tensors_.end()) {
        return known->second;
      }
    }
    index = addTensor(value, "variable/" + read.getVariable().str(),
                      plan::GraphStorage::Variable,
                      symbols_.variables.lookup(read.getVariable()), 0);
  } else if (auto constant = dyn_cast<synapse::ConstantOp>(maker)) {
    uint64_t offset = symbols_.constants.add(constant.getValue());
    index = addTensor(value, "constant/" + std::to_string(offset),
                      plan::GraphStorage::Constant, 0, offset);
  } else {
    uint32_t number = addDerived(cast<synapse::DerivedOp>(maker));
    index = addTensor(value, "derived/" + std::to_string(number),
                      plan::GraphStorage::Derived, number, 0);
  }
  tensors_[value] = index;
  return index;
}

uint32_t GraphWriter::addResult(NodeOp node, OpResult result) {
  std::string name = node.getName()->str();
  if (node.getNumResults() > 1) {
    name += ":" + std::to_string(result.getResultNumber());
  }
  uint32_t index = 0;
  auto stored = stored_.find(result);
  auto yielded = yielded_.find(result);
  if (stored != stored_.end()) {
    index = addTensor(result, "variable/" + stored->second + "/new",
                      plan::GraphStorage::Variable,
                      symbols_.variables.lookup(stored->second), 0);
  } else if (yielded != yielded_.end()) {
    index = addTensor(result, name, plan::GraphStorage::Arena, 0,
                      yielded->second.offset);
    for (auto [value, outside] :
         llvm::zip(graph_.getYield().getValues(), graph_.getResults())) {
      if (value == result) {
        outside_[outside].name = result_.tensors[index]->name;
      }
    }
  } else {
    index = addTensor(result, name, plan::GraphStorage::Workspace, 0, 0);
  }
  tensors_[result] = index;
  return index;
}

Status GraphWriter::writeNode(NodeOp node) {
  if (!node.getName()) {
    return error("has not been through planning of sections");
  }
  auto written = std::make_unique<plan::GraphNodeT>();
  written->guid = node.getGuid().str();
  written->name = node.getName()->str();
  for (Value operand : node.getInputs()) {
    written->inputs.push_back(input(operand));
  }
  for (OpResult result : node->getResults()) {
    written->outputs.push_back(addResult(node, result));
  }
  written->params = synapse::encodeParams(node);
  if (StringAttr scope = node.getScopeAttr()) {
    written->scope = scope.str();
    auto reason =
        precision_ ? precision_.getAs<StringAttr>(scope.getValue()) : nullptr;
    if (reason) {
      written->precision_reason = reason.str();
    }
  }
  synapse::NodeSignature signature = synapse::signatureOf(node);
  written->flops = synapse::flopsOf(signature);
  result_.flops += written->flops;
  result_.bytes += synapse::bytesOf(signature);
  nodes_[node] = result_.nodes.size();
  result_.nodes.push_back(std::move(written));
  return Status();
}

Status GraphWriter::writeControl() {
  for (auto control : graph_.getBody().getOps<synapse::ControlOp>()) {
    uint32_t blocking = nodes_.lookup(control.getBlocking().getDefiningOp());
    uint32_t blocked = nodes_.lookup(control.getBlocked().getDefiningOp());
    if (blocking >= blocked) {
      return error("has not been through ordering of updates");
    }
    std::vector<uint32_t> &after = result_.nodes[blocked]->after;
    if (!llvm::is_contained(after, blocking)) {
      after.push_back(blocking);
    }
  }
  return Status();
}

/// The arguments of an entry, by value: where they are and what they are
/// called. The tensor of the host is added to the entry.
class SignatureWriter {
public:
  SignatureWriter(func::FuncOp function, plan::EntryT &entry)
      : function_(function), entry_(entry) {}

  Status writeInputs(llvm::DenseMap<Value, Placed> &outside) {
    for (BlockArgument argument : function_.getArguments()) {
      unsigned i = argument.getArgNumber();
      auto offset =
          function_.getArgAttrOfType<IntegerAttr>(i, synapse::kOffsetAttr);
      auto name = function_.getArgAttrOfType<StringAttr>(i, "bert.name");
      if (!offset || !name) {
        return failedPrecondition("an argument of entry @" +
                                  function_.getSymName().str() +
                                  " has no name or no offset");
      }
      outside[argument] = {uint64_t(offset.getInt()),
                           "input/" + name.getValue().str()};
      bind(entry_.inputs, name, synapse::hostTypeOfArgument(function_, i),
           offset.getInt());
    }
    return Status();
  }

  Status writeOutputs(const llvm::DenseMap<Value, Placed> &outside) {
    Operation *ret = function_.getBody().front().getTerminator();
    for (OpOperand &operand : ret->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      auto name = function_.getResultAttrOfType<StringAttr>(i, "bert.name");
      auto place = outside.find(operand.get());
      if (!name || place == outside.end()) {
        return failedPrecondition("a result of entry @" +
                                  function_.getSymName().str() +
                                  " has no name or is made by no graph");
      }
      bind(entry_.outputs, name, synapse::hostTypeOfResult(function_, i),
           place->second.offset);
    }
    return Status();
  }

private:
  void bind(std::vector<std::unique_ptr<plan::BindingT>> &bindings,
            StringAttr name, RankedTensorType type, uint64_t offset) {
    auto tensor = std::make_unique<plan::TensorT>();
    tensor->dtype = planType(type.getElementType());
    tensor->shape.assign(type.getShape().begin(), type.getShape().end());
    tensor->storage = plan::Storage::Arena;
    tensor->offset = offset;
    auto binding = std::make_unique<plan::BindingT>();
    binding->name = name.getValue().str();
    binding->tensor = entry_.tensors.size();
    entry_.tensors.push_back(std::move(tensor));
    bindings.push_back(std::move(binding));
  }

  func::FuncOp function_;
  plan::EntryT &entry_;
};

Status writeGraphs(func::FuncOp function, PlanSymbols &symbols,
                   plan::EntryT &entry,
                   std::vector<std::unique_ptr<plan::GraphT>> &graphs,
                   llvm::DenseMap<Value, Placed> &outside) {
  auto precision =
      function->getAttrOfType<DictionaryAttr>(bert::kPrecisionAttr);
  for (auto graph : function.getOps<synapse::GraphOp>()) {
    graphs.push_back(std::make_unique<plan::GraphT>());
    BERTC_RETURN_IF_ERROR(GraphWriter(graph, symbols, outside, entry.derived,
                                      precision, *graphs.back())
                              .run());
  }
  return Status();
}

StatusOr<uint64_t> arenaBytes(func::FuncOp function) {
  auto arena = function->getAttrOfType<IntegerAttr>(synapse::kArenaBytesAttr);
  if (!arena) {
    return failedPrecondition("entry @" + function.getSymName().str() +
                              " has not been through planning of sections");
  }
  return uint64_t(arena.getInt());
}

} // namespace

Status writeGraphEntry(func::FuncOp function, PlanSymbols &symbols,
                       plan::EntryT &entry) {
  BERTC_ASSIGN_OR_RETURN(entry.arena_bytes, arenaBytes(function));
  entry.name = function.getSymName().str();
  llvm::DenseMap<Value, Placed> outside;
  SignatureWriter signature(function, entry);
  BERTC_RETURN_IF_ERROR(signature.writeInputs(outside));
  BERTC_RETURN_IF_ERROR(
      writeGraphs(function, symbols, entry, entry.graphs, outside));
  BERTC_RETURN_IF_ERROR(signature.writeOutputs(outside));
  for (auto sum : function.getOps<synapse::AllReduceOp>()) {
    entry.all_reduces.push_back(sum.getBucket());
  }
  for (const auto &graph : entry.graphs) {
    entry.flops += graph->flops;
  }
  return Status();
}

Status writeDeterministicGraphs(func::FuncOp twin, PlanSymbols &symbols,
                                plan::EntryT &entry) {
  BERTC_ASSIGN_OR_RETURN(uint64_t arena, arenaBytes(twin));
  entry.arena_bytes = std::max(entry.arena_bytes, arena);
  // Only to be compared: the host has one signature for both.
  plan::EntryT shadow;
  llvm::DenseMap<Value, Placed> outside;
  SignatureWriter signature(twin, shadow);
  BERTC_RETURN_IF_ERROR(signature.writeInputs(outside));
  BERTC_RETURN_IF_ERROR(
      writeGraphs(twin, symbols, entry, entry.deterministic_graphs, outside));
  BERTC_RETURN_IF_ERROR(signature.writeOutputs(outside));
  bool same = shadow.inputs.size() == entry.inputs.size() &&
              shadow.outputs.size() == entry.outputs.size();
  for (size_t i = 0; same && i < shadow.tensors.size(); ++i) {
    const plan::TensorT &a = *shadow.tensors[i], &b = *entry.tensors[i];
    same = a.dtype == b.dtype && a.shape == b.shape && a.offset == b.offset;
  }
  return same ? Status()
              : failedPrecondition("entry @" + twin.getSymName().str() +
                                   " has not the signature of @" + entry.name);
}

} // namespace bertc
