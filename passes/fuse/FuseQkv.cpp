// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-qkv: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEQKV
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

using Group = llvm::SmallVector<Operation *>;

/// Operands of a product that may be a member of a group.
struct Member {
  Value x, weight, bias;
};

std::optional<Member> memberOf(Operation &op) {
  std::optional<Member> member;
  auto take = [&](auto product, Value bias) {
    if (!product.getTransposeA() && !product.getTransposeB()) {
      member = Member{product.getA(), product.getB(), bias};
    }
  };
  if (auto product = llvm::dyn_cast<bert::MatmulOp>(op)) {
    take(product, Value());
  } else if (auto product = llvm::dyn_cast<bert::MatmulBiasOp>(op)) {
    take(product, product.getBias());
  }
  return member && mlir::getElementTypeOrSelf(member->x).isBF16()
             ? member
             : std::nullopt;
}

/// What uses results of the members before `end`, in order, if all of it can
/// wait; nothing otherwise.
std::optional<Group> windowsBefore(llvm::ArrayRef<Operation *> members,
                                   Operation *end) {
  llvm::SetVector<Operation *> windows;
  Group makers(members);
  while (!makers.empty()) {
    for (Operation *user : makers.pop_back_val()->getUsers()) {
      if (end->isBeforeInBlock(user) || windows.contains(user)) {
        continue;
      }
      if (!llvm::isa<bert::ReshapeOp, bert::TransposeOp>(user)) {
        return std::nullopt; // `end` itself as well
      }
      windows.insert(user);
      makers.push_back(user);
    }
  }
  Group ordered = windows.takeVector();
  llvm::sort(ordered,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return ordered;
}

/// The members as one operation in the place of the last.
void fuse(llvm::ArrayRef<Operation *> members) {
  Operation *last = members.back();
  Group windows = *windowsBefore(members.drop_back(), last);
  for (Operation *op : llvm::reverse(windows)) {
    op->moveAfter(last);
  }
  llvm::SmallVector<Value> weights, biases;
  llvm::SmallVector<mlir::Type> types;
  for (Operation *op : members) {
    Member member = *memberOf(*op);
    weights.push_back(member.weight);
    if (member.bias) {
      biases.push_back(member.bias);
    }
    types.push_back(op->getResult(0).getType());
  }
  mlir::OpBuilder builder(last);
  auto group = bert::MatmulGroupOp::create(builder, last->getLoc(), types,
                                           memberOf(*last)->x, weights, biases,
                                           /*scope=*/mlir::StringAttr());
  // The precision of a step is looked up by its scope, so it is a member's.
  group.setScopeAttr(
      llvm::cast<bert::TfOpInterface>(members.front()).getScopeAttr());
  for (auto [op, product] : llvm::zip(members, group.getProducts())) {
    op->getResult(0).replaceAllUsesWith(product);
    op->erase();
  }
}

/// Groups in a block: as many products as can wait for the last of them.
llvm::SmallVector<Group> findGroups(mlir::Block &block) {
  // By left operand, and how many biases a member has.
  llvm::MapVector<std::pair<Value, unsigned>, Group> open;
  llvm::SmallVector<Group> groups;
  for (Operation &op : block) {
    std::optional<Member> member = memberOf(op);
    if (!member) {
      continue;
    }
    Group &group = open[{member->x, member->bias ? 1 : 0}];
    if (!windowsBefore(group, &op)) {
      groups.push_back(std::move(group));
      group.clear();
    }
    group.push_back(&op);
  }
  for (auto &[key, group] : open) {
    groups.push_back(std::move(group));
  }
  llvm::erase_if(groups, [](const Group &group) { return group.size() < 2; });
  return groups;
}

struct BertFuseQkv : impl::BertFuseQkvBase<BertFuseQkv> {
  void runOnOperation() override {
    for (const Group &group : findGroups(getOperation().getBody().front())) {
      fuse(group);
      ++numGroups;
      numProducts += group.size();
    }
  }
};

} // namespace
} // namespace bertc
