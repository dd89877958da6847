// SPDX-License-Identifier: Apache-2.0
//
// Looks a GUID up, and the rules that hold for all of them.
#include "tools/synapse-stand-in/ops/Ops.h"

#include "tools/synapse-stand-in/ops/OpTable.h"

namespace bertc::standin {
namespace {

const OpTable &opTable() {
  static const OpTable table = [] {
    OpTable ops;
    addMatrixOps(ops);
    addGatherOps(ops);
    addScatterOps(ops);
    addLossOps(ops);
    addScanOps(ops);
    addReshapeOps(ops);
    addMovementOps(ops);
    addReduceOps(ops);
    addNormaliseOps(ops);
    addDropoutOps(ops);
    addElementwiseOps(ops);
    addSelectOps(ops);
    addCastOps(ops);
    return ops;
  }();
  return table;
}

bool hasKernel(On on, rt::syn::synDeviceType device) {
  return on == On::Every || device != rt::syn::synDeviceGaudi;
}

/// Rules on a tensor that do not depend on the operation.
void checkTensor(Check &check, const OpTensor &tensor, const std::string &name,
                 int maxRank) {
  if (tensor.rank == 0) {
    return;
  }
  if (tensor.rank < 0 || tensor.rank > maxRank) {
    check.fail(name + " has rank " + std::to_string(tensor.rank) +
               ", expected 1 to " + std::to_string(maxRank));
    return;
  }
  if (elementBytes(tensor.dtype) == 0) {
    check.fail(name + " has " + dtypeName(tensor.dtype) +
               ", expected one of whole bytes");
  }
  if (elementCount(tensor) == 0) {
    check.fail(name + " has shape " + shapeName(shapeOf(tensor)) +
               ", expected no dimension of size 0");
  }
}

} // namespace

std::string checkOp(const OpCall &call, rt::syn::synDeviceType device) {
  Check check(call);
  auto found = opTable().find(call.guid);
  if (found == opTable().end()) {
    check.fail("no such kernel");
    return check.message();
  }
  const Op &op = found->second;
  if (!hasKernel(op.on, device)) {
    check.fail("not on this device, needs Gaudi2");
  }
  for (size_t i = 0; i < call.in.size(); ++i) {
    checkTensor(check, call.in[i], "input " + std::to_string(i), op.maxRank);
  }
  for (size_t i = 0; i < call.out.size(); ++i) {
    checkTensor(check, call.out[i], "output " + std::to_string(i), op.maxRank);
  }
  if (check.ok()) {
    op.check(check);
  }
  return check.message();
}

void runOp(const OpCall &call) {
  auto found = opTable().find(call.guid);
  if (found != opTable().end()) {
    found->second.run(call);
  }
}

bool knowsGuid(const char *guid) { return opTable().count(guid) != 0; }

} // namespace bertc::standin
