// SPDX-License-Identifier: Apache-2.0
//
// Nodes that keep all elements in their order: only the sizes change.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/OpTable.h"
#include "tools/synapse-stand-in/ops/StridedCopy.h"

namespace bertc::standin {
namespace {

using rt::syn::synAxisParams;

void checkPair(Check &check) {
  check.operands({"x"}, {"y"});
  check.sameDtype("y", "x");
}

void checkReshape(Check &check) {
  checkPair(check);
  check.noParams();
  if (check.ok() && elementCount(check["x"]) != elementCount(check["y"])) {
    check.fail("y has " + std::to_string(elementCount(check["y"])) +
               " elements, expected " +
               std::to_string(elementCount(check["x"])));
  }
}

void checkIdentity(Check &check) {
  checkPair(check);
  check.noParams();
  check.shape({"y"}, shapeOf(check["x"]));
}

/// The dimension `axis` of y is new and has size 1.
void checkExpandDims(Check &check) {
  checkPair(check);
  int axis =
      check.axis(check.params<synAxisParams>().axis, check["x"].rank + 1);
  if (check.ok()) {
    Shape expected = shapeOf(check["x"]);
    expected.insert(expected.begin() + axis, 1);
    check.shape({"y"}, expected);
  }
}

/// Without parameters all dimensions of size 1 go, else that of the axis.
void checkSqueeze(Check &check) {
  checkPair(check);
  Shape shape = shapeOf(check["x"]), expected;
  if (check.paramsBytes() == 0) {
    for (uint64_t size : shape) {
      if (size != 1) {
        expected.push_back(size);
      }
    }
    check.shape({"y"}, expected.empty() ? Shape{1} : expected);
    return;
  }
  int axis = check.axis(check.params<synAxisParams>().axis, check["x"].rank);
  if (!check.ok()) {
    return;
  }
  if (shape[axis] != 1) {
    check.fail("dimension " + std::to_string(axis) + " has size " +
               std::to_string(shape[axis]) + ", expected 1");
  }
  shape.erase(shape.begin() + axis);
  check.shape({"y"}, shape);
}

/// Dimensions after the axis become one.
void checkFlatten(Check &check) {
  checkPair(check);
  int axis =
      check.axis(check.params<synAxisParams>().axis, check["x"].rank - 1);
  if (check.ok()) {
    Shape shape = shapeOf(check["x"]);
    Shape expected(shape.begin(), shape.begin() + axis + 1);
    expected.push_back(
        elementCount(Shape(shape.begin() + axis + 1, shape.end())));
    check.shape({"y"}, expected);
  }
}

/// The same bytes: only the first size and the dtype change.
void checkReinterpret(Check &check) {
  check.operands({"x"}, {"y"});
  check.noParams();
  if (!check.ok()) {
    return;
  }
  const OpTensor &x = check["x"], &y = check["y"];
  Shape expected = shapeOf(x);
  uint64_t bytes = expected[0] * elementBytes(x.dtype);
  if (bytes % elementBytes(y.dtype) != 0) {
    check.fail("a line of x has " + std::to_string(bytes) +
               " bytes, which are no whole elements of " + dtypeName(y.dtype));
  }
  expected[0] = bytes / elementBytes(y.dtype);
  check.shape({"y"}, expected);
}

void run(const OpCall &call) { copyWhole(call.in[0], call.out[0]); }

} // namespace

void addReshapeOps(OpTable &table) {
  struct {
    const char *guid;
    void (*check)(Check &);
  } kinds[] = {{"reshape", checkReshape},
               {"identity", checkIdentity},
               {"memcpy", checkIdentity},
               {"expand_dims", checkExpandDims},
               {"squeeze", checkSqueeze},
               {"flatten", checkFlatten},
               {"reinterpret_cast", checkReinterpret}};
  for (auto &kind : kinds) {
    table[kind.guid] = {kind.check, run, On::Every, 8};
  }
}

} // namespace bertc::standin
