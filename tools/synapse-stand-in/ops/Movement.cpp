// SPDX-License-Identifier: Apache-2.0
//
// Nodes that put elements into another order: transpose, broadcast, tile,
// concat and split, slices, strided views.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/OpTable.h"
#include "tools/synapse-stand-in/ops/StridedCopy.h"

#include <cstring>

namespace bertc::standin {
namespace {

using rt::syn::synAxisParams;
using rt::syn::synSliceParamsV2;
using rt::syn::synStridedOpParams;
using rt::syn::synTransposeParams;
using rt::syn::synTransposeParamsNDims;

Side dense(const OpTensor &tensor) {
  return {tensor.data, 0, denseStrides(shapeOf(tensor))};
}

unsigned bytesOf(const OpTensor &tensor) { return elementBytes(tensor.dtype); }

void checkPair(Check &check) {
  check.operands({"x"}, {"y"});
  check.sameDtype("y", "x");
}

/// The permutation in either of its two structs, told apart by their size.
Shape permutationOf(const OpCall &call) {
  Shape permutation;
  if (call.paramsSize == sizeof(synTransposeParams)) {
    auto params = paramsOf<synTransposeParams>(call);
    permutation.assign(params.permutation,
                       params.permutation + std::min(params.tensorDim, 5u));
  } else {
    auto params = paramsOf<synTransposeParamsNDims>(call);
    permutation.assign(params.permutation,
                       params.permutation + std::min(params.tensorDim, 25u));
  }
  return permutation;
}

void checkTranspose(Check &check) {
  checkPair(check);
  unsigned bytes = check.paramsBytes();
  if (bytes != sizeof(synTransposeParams) &&
      bytes != sizeof(synTransposeParamsNDims)) {
    check.fail("has " + std::to_string(bytes) +
               " bytes of parameters, expected 24 or 104");
  }
  if (!check.ok()) {
    return;
  }
  Shape permutation = permutationOf(check.call()), shape = shapeOf(check["x"]);
  Shape expected, seen(shape.size(), 0);
  if (permutation.size() != shape.size()) {
    check.fail("the permutation has " + std::to_string(permutation.size()) +
               " dimensions, expected " + std::to_string(shape.size()));
    return;
  }
  for (uint64_t from : permutation) {
    if (from >= shape.size() || seen[from]++) {
      check.fail(shapeName(permutation) + " is no permutation");
      return;
    }
    expected.push_back(shape[from]);
  }
  check.shape({"y"}, expected);
}

void runTranspose(const OpCall &call) {
  Side from = dense(call.in[0]);
  Shape strides;
  for (uint64_t dimension : permutationOf(call)) {
    strides.push_back(from.strides[dimension]);
  }
  from.strides = strides;
  copyBox(bytesOf(call.out[0]), shapeOf(call.out[0]), from, dense(call.out[0]));
}

void checkBroadcastNode(Check &check) {
  checkPair(check);
  check.noParams();
  const OpTensor &x = check["x"], &y = check["y"];
  if (check.ok() && x.rank > y.rank) {
    check.fail("x has rank " + std::to_string(x.rank) +
               ", expected at most that of y, " + std::to_string(y.rank));
  }
  for (int d = 0; check.ok() && d < x.rank; ++d) {
    if (x.sizes[d] != 1 && x.sizes[d] != y.sizes[d]) {
      check.fail("x has size " + std::to_string(x.sizes[d]) + " in dimension " +
                 std::to_string(d) + ", expected " +
                 std::to_string(y.sizes[d]) + " or 1");
    }
  }
}

void runBroadcastNode(const OpCall &call) {
  const OpTensor &x = call.in[0], &y = call.out[0];
  Side from = dense(x);
  from.strides.resize(y.rank, 0);
  for (int d = 0; d < x.rank; ++d) {
    from.strides[d] = x.sizes[d] == 1 ? 0 : from.strides[d];
  }
  copyBox(bytesOf(y), shapeOf(y), from, dense(y));
}

/// How often each dimension is repeated: four numbers, or five.
std::vector<int32_t> repeatsOf(const OpCall &call) {
  std::vector<int32_t> repeats(call.paramsSize / 4);
  std::memcpy(repeats.data(), call.params, repeats.size() * 4);
  repeats.resize(8, 1);
  return repeats;
}

void checkTile(Check &check, rt::syn::synDataType dtype) {
  checkPair(check);
  check.dtype({"x"}, {dtype});
  unsigned bytes = check.paramsBytes();
  if (bytes != 16 && bytes != 20) {
    check.fail("has " + std::to_string(bytes) +
               " bytes of parameters, expected 16 or 20");
  }
  if (!check.ok()) {
    return;
  }
  std::vector<int32_t> repeats = repeatsOf(check.call());
  Shape expected = shapeOf(check["x"]);
  for (size_t d = 0; d < expected.size(); ++d) {
    if (repeats[d] < 1) {
      check.fail("dimension " + std::to_string(d) + " is repeated " +
                 std::to_string(repeats[d]) + " times, expected at least 1");
      return;
    }
    expected[d] *= static_cast<uint64_t>(repeats[d]);
  }
  check.shape({"y"}, expected);
}

/// Each dimension becomes two: of x, and of its repetitions.
void runTile(const OpCall &call) {
  Side from = dense(call.in[0]), to = dense(call.out[0]);
  std::vector<int32_t> repeats = repeatsOf(call);
  Shape sizes = shapeOf(call.in[0]);
  for (int d = 0; d < call.in[0].rank; ++d) {
    from.strides.push_back(0);
    to.strides.push_back(to.strides[d] * sizes[d]);
    sizes.push_back(static_cast<uint64_t>(repeats[d]));
  }
  copyBox(bytesOf(call.out[0]), sizes, from, to);
}

/// The whole of a concat or split, and its parts along the axis.
void checkParts(Check &check, const std::vector<OpTensor> &parts,
                const std::string &kind, const std::string &whole) {
  int axis = check.axis(check.params<synAxisParams>().axis, check[whole].rank);
  Shape expected = shapeOf(check[whole]);
  uint64_t total = 0;
  for (size_t i = 0; check.ok() && i < parts.size(); ++i) {
    std::string part = kind + " " + std::to_string(i);
    check.sameDtype(part, whole);
    check.rank({part}, check[whole].rank, check[whole].rank);
    if (check.ok()) {
      expected[axis] = parts[i].sizes[axis];
      total += expected[axis];
      check.shape({part}, expected);
    }
  }
  if (check.ok() && total != check[whole].sizes[axis]) {
    check.fail("the parts have " + std::to_string(total) +
               " elements along dimension " + std::to_string(axis) +
               ", expected " + std::to_string(check[whole].sizes[axis]));
  }
}

void checkConcat(Check &check) {
  check.anyOperands();
  if (check.ok() && check.call().out.size() != 1) {
    check.fail("has " + std::to_string(check.call().out.size()) +
               " outputs, expected 1");
  }
  checkParts(check, check.call().in, "input", "output 0");
}

void checkSplit(Check &check) {
  check.anyOperands();
  if (check.ok() && check.call().in.size() != 1) {
    check.fail("has " + std::to_string(check.call().in.size()) +
               " inputs, expected 1");
  }
  checkParts(check, check.call().out, "output", "input 0");
}

/// Calls move(part, where the part is in the whole) for each part.
template <typename Move>
void forEachPart(const OpCall &call, const OpTensor &whole,
                 const std::vector<OpTensor> &parts, Move move) {
  unsigned axis = paramsOf<synAxisParams>(call).axis;
  Side place = dense(whole);
  for (const OpTensor &part : parts) {
    move(part, place);
    place.offset += part.sizes[axis] * place.strides[axis];
  }
}

void runConcat(const OpCall &call) {
  forEachPart(call, call.out[0], call.in,
              [](const OpTensor &part, const Side &place) {
                copyBox(bytesOf(part), shapeOf(part), dense(part), place);
              });
}

void runSplit(const OpCall &call) {
  forEachPart(call, call.in[0], call.out,
              [](const OpTensor &part, const Side &place) {
                copyBox(bytesOf(part), shapeOf(part), place, dense(part));
              });
}

/// A slice of a tensor: its sizes, and where it lies in the tensor.
struct Slice {
  Shape sizes;
  Side side;
};

/// Entries with axis, start and end all 0 say nothing; an empty string, or
/// what is wrong.
std::string readSlice(const OpCall &call, const OpTensor &whole, Slice &slice) {
  auto params = paramsOf<synSliceParamsV2>(call);
  slice = {shapeOf(whole), dense(whole)};
  Shape strides = slice.side.strides;
  for (unsigned i = 0; i < rt::syn::HABANA_DIM_MAX; ++i) {
    uint64_t axis = params.axes[i], start = params.starts[i];
    uint64_t end = params.ends[i], step = params.steps[i];
    if (axis == 0 && start == 0 && end == 0) {
      continue;
    }
    std::string name = "slice entry " + std::to_string(i);
    if (axis >= static_cast<uint64_t>(whole.rank)) {
      return name + " is for axis " + std::to_string(axis) +
             ", expected 0 to " + std::to_string(whole.rank - 1);
    }
    if (start >= end || end > whole.sizes[axis]) {
      return name + " is from " + std::to_string(start) + " to " +
             std::to_string(end) + ", expected a range within " +
             std::to_string(whole.sizes[axis]);
    }
    if (step == 0) {
      return name + " has step 0";
    }
    slice.sizes[axis] = (end - start + step - 1) / step;
    slice.side.offset += start * strides[axis];
    slice.side.strides[axis] = strides[axis] * step;
  }
  return "";
}

/// `part` is the slice of `whole` that the parameters name.
void checkSlicePart(Check &check, const std::string &whole,
                    const std::string &part) {
  check.paramsOfSize(sizeof(synSliceParamsV2));
  check.sameDtype(part, whole);
  Slice slice;
  if (check.ok()) {
    std::string problem = readSlice(check.call(), check[whole], slice);
    if (!problem.empty()) {
      check.fail(problem);
    }
    check.shape({part}, slice.sizes);
  }
}

void runSlice(const OpCall &call) {
  Slice slice;
  readSlice(call, call.in[0], slice);
  copyBox(bytesOf(call.out[0]), slice.sizes, slice.side, dense(call.out[0]));
}

void insertSlice(const OpCall &call, const OpTensor &part,
                 const OpTensor &whole) {
  Slice slice;
  readSlice(call, whole, slice);
  copyBox(bytesOf(whole), slice.sizes, dense(part), slice.side);
}

void checkSliceInsert(Check &check) {
  check.operands({"original", "piece"}, {"y"});
  check.sameDtype("y", "original");
  check.shape({"y"}, shapeOf(check["original"]));
  checkSlicePart(check, "original", "piece");
}

void runSliceInsert(const OpCall &call) {
  copyWhole(call.in[0], call.out[0]);
  insertSlice(call, call.in[1], call.out[0]);
}

void runSliceGrad(const OpCall &call) {
  const OpTensor &whole = call.out[0];
  std::memset(whole.data, 0, elementCount(whole) * bytesOf(whole));
  insertSlice(call, call.in[0], whole);
}

/// Where a strided view of that shape lies in a tensor.
Side viewSide(const OpCall &call, const OpTensor &base, const OpTensor &view) {
  auto params = paramsOf<synStridedOpParams>(call);
  return {base.data, params.baseOffset,
          Shape(params.strides, params.strides + view.rank)};
}

void checkView(Check &check, const std::string &base, const std::string &view) {
  check.paramsOfSize(sizeof(synStridedOpParams));
  check.sameDtype(view, base);
  if (!check.ok()) {
    return;
  }
  Side side = viewSide(check.call(), check[base], check[view]);
  uint64_t last = side.offset;
  for (int d = 0; d < check[view].rank; ++d) {
    last += (check[view].sizes[d] - 1) * side.strides[d];
  }
  if (last >= elementCount(check[base])) {
    check.fail("the view reaches element " + std::to_string(last) + ", " +
               base + " has " + std::to_string(elementCount(check[base])));
  }
}

void checkStridedInsert(Check &check) {
  check.operands({"original", "insert"}, {"y"});
  check.sameDtype("y", "original");
  check.shape({"y"}, shapeOf(check["original"]));
  checkView(check, "original", "insert");
}

void runStridedInsert(const OpCall &call) {
  copyWhole(call.in[0], call.out[0]);
  const OpTensor &piece = call.in[1];
  copyBox(bytesOf(piece), shapeOf(piece), dense(piece),
          viewSide(call, call.out[0], piece));
}

void addSliceOps(OpTable &table) {
  table["slice"] = {[](Check &c) {
                      c.operands({"x"}, {"y"});
                      checkSlicePart(c, "x", "y");
                    },
                    runSlice, On::Every, 8};
  table["slice_insert"] = {checkSliceInsert, runSliceInsert, On::Every, 8};
  table["strided_slice_grad"] = {[](Check &c) {
                                   c.operands({"dy"}, {"dx"});
                                   checkSlicePart(c, "dx", "dy");
                                 },
                                 runSliceGrad, On::Every, 8};
  table["strided_view"] = {[](Check &c) {
                             c.operands({"x"}, {"y"});
                             checkView(c, "x", "y");
                           },
                           [](const OpCall &call) {
                             const OpTensor &y = call.out[0];
                             copyBox(bytesOf(y), shapeOf(y),
                                     viewSide(call, call.in[0], y), dense(y));
                           },
                           On::Every, 8};
  table["strided_insert"] = {checkStridedInsert, runStridedInsert, On::Every,
                             8};
}

} // namespace

void addMovementOps(OpTable &table) {
  table["transpose"] = {checkTranspose, runTranspose, On::Every, 8};
  table["broadcast"] = {checkBroadcastNode, runBroadcastNode, On::Every, 8};
  table["concat"] = {checkConcat, runConcat, On::Every, 8};
  table["split"] = {checkSplit, runSplit, On::Every, 8};
  addSliceOps(table);
  for (const Suffix &suffix : AllSuffixes) {
    auto dtype = suffix.dtype;
    table[std::string("tile_fwd_") + suffix.text] = {
        [dtype](Check &c) { checkTile(c, dtype); }, runTile};
  }
}

} // namespace bertc::standin
