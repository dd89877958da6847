// SPDX-License-Identifier: Apache-2.0
//
// The pass that cuts graphs of more nodes than the library is to be given at
// once into several, run one after another.

#include "dialects/synapse/DeviceTypes.h"
#include "dialects/synapse/SynapseNodes.h"
#include "dialects/synapse/SynapseOps.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace bertc {

#define GEN_PASS_DEF_SYNAPSESPLITGRAPHS
#include "passes/Passes.h.inc"

namespace {

using synapse::NodeOp;

class GraphSplitter {
public:
  GraphSplitter(synapse::GraphOp graph, unsigned maxNodes)
      : graph_(graph), body_(graph.getBody().front()), maxNodes_(maxNodes),
        builder_(graph) {
    for (auto node : body_.getOps<NodeOp>()) {
      positions_[node] = nodes_.size();
      nodes_.push_back(node);
    }
    for (auto store : body_.getOps<synapse::StoreOp>()) {
      stores_[store.getValue()] = store;
    }
  }

  /// The number of graphs it becomes.
  FailureOr<unsigned> run() {
    if (nodes_.size() <= maxNodes_) {
      return 1;
    }
    if (failed(checkOrder())) {
      return failure();
    }
    cut();
    for (unsigned piece = 0; piece + 1 < starts_.size(); ++piece) {
      build(piece);
    }
    for (auto [result, value] :
         llvm::zip(graph_.getResults(), graph_.getYield().getValues())) {
      result.replaceAllUsesWith(outside_.lookup(value));
    }
    graph_.erase();
    return starts_.size() - 1;
  }

private:
  LogicalResult checkOrder();
  void cut();
  void build(unsigned piece);
  Value inside(Value value, unsigned piece, IRMapping &map, Block &block,
               SmallVectorImpl<Value> &inputs);
  bool isIn(Operation *op, unsigned piece) {
    auto found = positions_.find(op);
    return found != positions_.end() && found->second >= starts_[piece] &&
           found->second < starts_[piece + 1];
  }
  /// One past the last node that reads `value`; the end for what is yielded.
  unsigned lastUse(Value value);

  synapse::GraphOp graph_;
  Block &body_;
  unsigned maxNodes_;
  OpBuilder builder_;
  SmallVector<NodeOp> nodes_;
  llvm::DenseMap<Operation *, unsigned> positions_;
  llvm::MapVector<Value, synapse::StoreOp> stores_;
  /// Where the pieces begin, and the end.
  SmallVector<unsigned> starts_;
  /// What a value of the graph is outside of it, once its piece is built.
  llvm::DenseMap<Value, Value> outside_;
};

LogicalResult GraphSplitter::checkOrder() {
  for (Value value : graph_.getYield().getValues()) {
    if (!value.getDefiningOp<NodeOp>() || stores_.contains(value)) {
      return graph_.emitOpError()
             << "expected results that nodes make and that are not stored: "
                "synapse-order-updates has to run before";
    }
  }
  for (auto control : body_.getOps<synapse::ControlOp>()) {
    if (positions_.at(control.getBlocking().getDefiningOp()) >
        positions_.at(control.getBlocked().getDefiningOp())) {
      return control.emitOpError() << "expected nodes in the order of control: "
                                      "synapse-order-updates has to run before";
    }
  }
  for (auto &[value, store] : stores_) {
    auto maker = value.getDefiningOp<NodeOp>();
    for (auto read : body_.getOps<synapse::ReadOp>()) {
      bool early =
          maker && llvm::all_of(read->getUsers(), [&](Operation *u) {
            return !isa<NodeOp>(u) || positions_.at(u) <= positions_.at(maker);
          });
      if (read.getVariable() == store.getVariable() && !early) {
        return store.emitOpError()
               << "expected who reads the old value before who makes the new: "
                  "synapse-order-updates has to run before";
      }
    }
  }
  return success();
}

unsigned GraphSplitter::lastUse(Value value) {
  unsigned last = 0;
  for (Operation *user : value.getUsers()) {
    auto found = positions_.find(user);
    last =
        std::max<unsigned>(last, found != positions_.end() ? found->second + 1
                                 : isa<synapse::YieldOp>(user) ? nodes_.size()
                                                               : 0);
  }
  return last;
}

/// Of the last quarter of the places where a piece may end, the one across
/// which the fewest bytes are alive.
void GraphSplitter::cut() {
  SmallVector<int64_t> alive(nodes_.size() + 1, 0);
  for (auto [position, node] : llvm::enumerate(nodes_)) {
    for (Value result : node.getOutputs()) {
      unsigned last = lastUse(result);
      if (last > position + 1 && !stores_.contains(result)) {
        int64_t bytes =
            synapse::bytesOf(cast<RankedTensorType>(result.getType()));
        alive[position + 1] += bytes;
        alive[last] -= bytes;
      }
    }
  }
  for (size_t i = 1; i < alive.size(); ++i) {
    alive[i] += alive[i - 1];
  }
  starts_.push_back(0);
  while (nodes_.size() - starts_.back() > maxNodes_) {
    unsigned most = starts_.back() + maxNodes_, best = most;
    for (unsigned at = most; at >= most - maxNodes_ / 4; --at) {
      best = alive[at] < alive[best] ? at : best;
    }
    starts_.push_back(best);
  }
  starts_.push_back(nodes_.size());
}

/// What stands in piece `piece` for a value of the whole graph.
Value GraphSplitter::inside(Value value, unsigned piece, IRMapping &map,
                            Block &block, SmallVectorImpl<Value> &inputs) {
  if (Value known = map.lookupOrNull(value)) {
    return known;
  }
  OpBuilder start(graph_.getContext());
  start.setInsertionPointToStart(&block);
  Value made;
  auto argument = dyn_cast<BlockArgument>(value);
  auto stored = stores_.find(value);
  if (argument) {
    inputs.push_back(graph_.getInputs()[argument.getArgNumber()]);
    made = block.addArgument(value.getType(), value.getLoc());
  } else if (!isa<NodeOp>(value.getDefiningOp())) {
    made = start.clone(*value.getDefiningOp())->getResult(0);
  } else if (stored != stores_.end()) {
    made = synapse::ReadOp::create(start, value.getLoc(), value.getType(),
                                   stored->second.getVariableAttr());
  } else {
    inputs.push_back(outside_.at(value));
    made = block.addArgument(value.getType(), value.getLoc());
  }
  map.map(value, made);
  return made;
}

void GraphSplitter::build(unsigned piece) {
  auto block = std::make_unique<Block>();
  IRMapping map;
  SmallVector<Value> inputs, results, originals;
  OpBuilder inner(graph_.getContext());
  for (unsigned i = starts_[piece]; i < starts_[piece + 1]; ++i) {
    for (Value operand : nodes_[i].getInputs()) {
      inside(operand, piece, map, *block, inputs);
    }
    inner.setInsertionPointToEnd(block.get());
    inner.clone(*nodes_[i], map);
    for (Value result : nodes_[i].getOutputs()) {
      auto stored = stores_.find(result);
      if (stored != stores_.end()) {
        inner.clone(*stored->second, map);
      } else if (lastUse(result) > starts_[piece + 1] ||
                 llvm::is_contained(graph_.getYield().getValues(), result)) {
        originals.push_back(result);
        results.push_back(map.lookup(result));
      }
    }
  }
  inner.setInsertionPointToEnd(block.get());
  for (auto control : body_.getOps<synapse::ControlOp>()) {
    if (isIn(control.getBlocking().getDefiningOp(), piece) &&
        isIn(control.getBlocked().getDefiningOp(), piece)) {
      inner.clone(*control, map);
    }
  }
  synapse::YieldOp::create(inner, graph_.getLoc(), results);
  auto made = synapse::GraphOp::create(
      builder_, graph_.getLoc(), TypeRange(ValueRange(results)),
      builder_.getStringAttr(graph_.getName() + "." + Twine(piece)), inputs,
      nullptr, nullptr);
  made.getBody().push_back(block.release());
  for (auto [original, result] : llvm::zip(originals, made.getResults())) {
    outside_[original] = result;
  }
}

struct SynapseSplitGraphs : impl::SynapseSplitGraphsBase<SynapseSplitGraphs> {
  using SynapseSplitGraphsBase::SynapseSplitGraphsBase;

  void runOnOperation() override {
    if (maxNodes == 0) {
      return;
    }
    SmallVector<synapse::GraphOp> graphs(
        getOperation().getOps<synapse::GraphOp>());
    for (synapse::GraphOp graph : graphs) {
      FailureOr<unsigned> pieces = GraphSplitter(graph, maxNodes).run();
      if (failed(pieces)) {
        return signalPassFailure();
      }
      numCuts += *pieces - 1;
    }
  }
};

} // namespace

} // namespace bertc
