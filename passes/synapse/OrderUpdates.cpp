// SPDX-License-Identifier: Apache-2.0
//
// The pass that makes updates in place safe: who reads the old value of a
// variable runs before the node that writes the new one over it.

#include "dialects/synapse/SynapseNodes.h"
#include "dialects/synapse/SynapseOps.h"
#include "passes/Passes.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

#include <queue>

using namespace mlir;

namespace bertc {

#define GEN_PASS_DEF_SYNAPSEORDERUPDATES
#include "passes/Passes.h.inc"

namespace {

using synapse::NodeOp;

bool sharesMemory(NodeOp node) {
  return synapse::mayShareMemory(node.getGuid());
}

/// All nodes that read `value`, itself or through nodes that may share its
/// memory.
void addReaders(Value value, llvm::SetVector<NodeOp> &readers) {
  for (Operation *user : value.getUsers()) {
    auto node = dyn_cast<NodeOp>(user);
    if (node && readers.insert(node) && sharesMemory(node)) {
      for (Value result : node.getOutputs()) {
        addReaders(result, readers);
      }
    }
  }
}

class GraphOrder {
public:
  explicit GraphOrder(synapse::GraphOp graph)
      : graph_(graph), body_(graph.getBody().front()),
        builder_(graph.getContext()) {}

  LogicalResult run() {
    placeEachOnce();
    for (auto control : body_.getOps<synapse::ControlOp>()) {
      addEdge(control.getBlocking().getDefiningOp<NodeOp>(),
              control.getBlocked().getDefiningOp<NodeOp>());
    }
    SmallVector<synapse::StoreOp> stores(body_.getOps<synapse::StoreOp>());
    for (synapse::StoreOp store : stores) {
      order(store);
    }
    return sort();
  }

  unsigned copies() const { return copies_; }
  unsigned edges() const { return edges_; }

private:
  void placeEachOnce();
  Value duplicate(Value value, Operation *before);
  bool overwritesWhatItReads(NodeOp maker, Value old,
                             const llvm::SetVector<NodeOp> &readers);
  void order(synapse::StoreOp store);
  llvm::DenseSet<Operation *> reachable(NodeOp from);
  void addEdge(NodeOp blocking, NodeOp blocked) {
    after_[blocking].push_back(blocked);
  }
  LogicalResult sort();

  synapse::GraphOp graph_;
  Block &body_;
  OpBuilder builder_;
  llvm::DenseMap<Operation *, SmallVector<Operation *, 2>> after_;
  unsigned copies_ = 0, edges_ = 0;
};

/// A tensor is in one place: of a value that is stored or yielded again, or
/// that no node makes, a copy is.
void GraphOrder::placeEachOnce() {
  llvm::DenseSet<Value> placed;
  SmallVector<synapse::StoreOp> stores(body_.getOps<synapse::StoreOp>());
  for (synapse::StoreOp store : stores) {
    auto read = store.getValue().getDefiningOp<synapse::ReadOp>();
    if (read && read.getVariable() == store.getVariable()) {
      store.erase(); // what is there already
      continue;
    }
    auto maker = store.getValue().getDefiningOp<NodeOp>();
    if (!maker || sharesMemory(maker) ||
        !placed.insert(store.getValue()).second) {
      store.getValueMutable().assign(duplicate(store.getValue(), store));
    }
  }
  Operation *yield = graph_.getYield();
  for (OpOperand &operand : yield->getOpOperands()) {
    if (!operand.get().getDefiningOp<NodeOp>() ||
        !placed.insert(operand.get()).second) {
      operand.set(duplicate(operand.get(), yield));
    }
  }
}

/// The same elements, made by a node of their own.
Value GraphOrder::duplicate(Value value, Operation *before) {
  ++copies_;
  builder_.setInsertionPoint(before);
  auto maker = value.getDefiningOp<NodeOp>();
  if (maker && maker.getInputs().empty()) {
    auto again = cast<NodeOp>(builder_.clone(*maker));
    again.removeNameAttr();
    return again.getResult(cast<OpResult>(value).getResultNumber());
  }
  return NodeOp::create(builder_, before->getLoc(), value.getType(),
                        builder_.getStringAttr("memcpy"), value,
                        /*name=*/nullptr, /*params=*/nullptr,
                        maker ? maker.getScopeAttr() : StringAttr())
      .getResult(0);
}

/// Whether `maker` cannot write its result where `old` is while it reads that.
bool GraphOrder::overwritesWhatItReads(NodeOp maker, Value old,
                                       const llvm::SetVector<NodeOp> &readers) {
  if (!readers.contains(maker)) {
    return false;
  }
  bool direct = false;
  synapse::NodeSignature signature = synapse::signatureOf(maker);
  for (auto [i, operand] : llvm::enumerate(maker.getInputs())) {
    auto through = operand.getDefiningOp<NodeOp>();
    if (through && readers.contains(through) && sharesMemory(through)) {
      return true;
    }
    if (operand == old) {
      direct = true;
      if (!synapse::isElementwiseIn(signature, i)) {
        return true;
      }
    }
  }
  return !direct;
}

void GraphOrder::order(synapse::StoreOp store) {
  auto maker = store.getValue().getDefiningOp<NodeOp>();
  llvm::SetVector<NodeOp> readers;
  bool copy = false;
  for (auto read : body_.getOps<synapse::ReadOp>()) {
    if (read.getVariable() == store.getVariable()) {
      llvm::SetVector<NodeOp> own;
      addReaders(read.getResult(), own);
      copy |= overwritesWhatItReads(maker, read.getResult(), own);
      readers.insert(own.begin(), own.end());
    }
  }
  if (!copy && !readers.empty()) {
    llvm::DenseSet<Operation *> behind = reachable(maker);
    copy = llvm::any_of(readers, [&](NodeOp reader) {
      return reader != maker && behind.contains(reader);
    });
  }
  if (copy) {
    store.getValueMutable().assign(duplicate(store.getValue(), store));
    maker = store.getValue().getDefiningOp<NodeOp>();
  }
  for (NodeOp reader : readers) {
    if (reader == maker || reachable(reader).contains(maker)) {
      continue;
    }
    ++edges_;
    addEdge(reader, maker);
    builder_.setInsertionPoint(graph_.getYield());
    synapse::ControlOp::create(builder_, store.getLoc(), reader.getResult(0),
                               store.getValue());
  }
}

/// What cannot run before `from` has.
llvm::DenseSet<Operation *> GraphOrder::reachable(NodeOp from) {
  llvm::DenseSet<Operation *> found;
  SmallVector<Operation *> open = {from};
  auto visit = [&](Operation *next) {
    if (found.insert(next).second) {
      open.push_back(next);
    }
  };
  while (!open.empty()) {
    Operation *op = open.pop_back_val();
    for (Operation *user : op->getUsers()) {
      if (isa<NodeOp>(user)) {
        visit(user);
      }
    }
    auto edges = after_.find(op);
    if (edges != after_.end()) {
      llvm::for_each(edges->second, visit);
    }
  }
  return found;
}

/// Brings the operations into an order that respects control: the present one
/// as far as possible. Stores and control come last.
LogicalResult GraphOrder::sort() {
  SmallVector<Operation *> ops, last;
  llvm::DenseMap<Operation *, unsigned> position, waiting;
  for (Operation &op : body_.without_terminator()) {
    if (isa<synapse::StoreOp, synapse::ControlOp>(op)) {
      last.push_back(&op);
      continue;
    }
    position[&op] = ops.size();
    ops.push_back(&op);
  }
  llvm::DenseMap<Operation *, SmallVector<Operation *, 2>> next = after_;
  for (Operation *op : ops) {
    for (Value operand : op->getOperands()) {
      if (Operation *maker = operand.getDefiningOp()) {
        next[maker].push_back(op);
      }
    }
  }
  for (auto &[op, followers] : next) {
    for (Operation *follower : followers) {
      ++waiting[follower];
    }
  }
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<>> ready;
  for (Operation *op : ops) {
    if (waiting.lookup(op) == 0) {
      ready.push(position[op]);
    }
  }
  Operation *yield = graph_.getYield();
  size_t moved = 0;
  for (; !ready.empty(); ++moved) {
    Operation *op = ops[ready.top()];
    ready.pop();
    op->moveBefore(yield);
    for (Operation *follower : next.lookup(op)) {
      if (--waiting[follower] == 0) {
        ready.push(position[follower]);
      }
    }
  }
  for (Operation *op : last) {
    op->moveBefore(yield);
  }
  if (moved != ops.size()) {
    return graph_.emitOpError() << "expected control that data allows, found "
                                   "nodes that wait for each other";
  }
  return success();
}

struct SynapseOrderUpdates
    : impl::SynapseOrderUpdatesBase<SynapseOrderUpdates> {
  void runOnOperation() override {
    for (auto graph : getOperation().getOps<synapse::GraphOp>()) {
      GraphOrder order(graph);
      if (failed(order.run())) {
        return signalPassFailure();
      }
      numCopies += order.copies();
      numEdges += order.edges();
    }
  }
};

} // namespace

} // namespace bertc
