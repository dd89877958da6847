// SPDX-License-Identifier: Apache-2.0
//
// Reading by index: gather, gather_elements, one_hot. Nothing traps: an index
// that is out of range reads 0, or makes a row of off-values.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/Lines.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

#include <cstring>

namespace bertc::standin {
namespace {

using rt::syn::GatherParams;
using rt::syn::GatherParamsV2;
using rt::syn::OneHotParams;

/// Four bytes of parameters have no batch dimensions.
GatherParamsV2 gatherParams(const OpCall &call) {
  if (call.paramsSize == sizeof(GatherParams)) {
    return {paramsOf<GatherParams>(call).axis, 0};
  }
  return paramsOf<GatherParamsV2>(call);
}

void checkGather(Check &check, rt::syn::synDataType dtype) {
  check.operands({"data", "index"}, {"y"});
  check.dtype({"data", "y"}, {dtype});
  check.dtype({"index"}, {I32});
  unsigned bytes = check.paramsBytes();
  if (bytes != sizeof(GatherParams) && bytes != sizeof(GatherParamsV2)) {
    check.fail("has " + std::to_string(bytes) +
               " bytes of parameters, expected 4 or 8");
  }
  if (!check.ok()) {
    return;
  }
  GatherParamsV2 params = gatherParams(check.call());
  const OpTensor &data = check["data"], &index = check["index"];
  int batch = params.batchDims;
  if (batch < 0 || batch > std::min(data.rank - 1, index.rank)) {
    check.fail("batchDims is " + std::to_string(batch) + ", expected 0 to " +
               std::to_string(std::min(data.rank - 1, index.rank)));
    return;
  }
  int axis = check.axis(params.axis, data.rank - batch);
  for (int d = 1; check.ok() && d <= batch; ++d) {
    if (data.sizes[data.rank - d] != index.sizes[index.rank - d]) {
      check.fail("index has " + std::to_string(index.sizes[index.rank - d]) +
                 " batches, expected " +
                 std::to_string(data.sizes[data.rank - d]) + " like data");
    }
  }
  Shape expected(data.sizes, data.sizes + axis);
  expected.insert(expected.end(), index.sizes,
                  index.sizes + index.rank - batch);
  expected.insert(expected.end(), data.sizes + axis + 1,
                  data.sizes + data.rank);
  check.shape({"y"}, expected);
}

/// Data is [run, size, outer], y is [run, indices, outer], where outer ends
/// in the batches that the indices have as well.
void runGather(const OpCall &call) {
  GatherParamsV2 params = gatherParams(call);
  const OpTensor &data = call.in[0], &index = call.in[1], &y = call.out[0];
  Lines lines(data, params.axis);
  uint64_t run = lines.stride, size = lines.length;
  uint64_t outer = elementCount(data) / (run * size), batches = 1;
  for (int d = 1; d <= params.batchDims; ++d) {
    batches *= index.sizes[index.rank - d];
  }
  uint64_t indices = elementCount(index) / batches;
  uint64_t outerPerBatch = outer / batches;
  uint64_t bytes = run * elementBytes(y.dtype);
  const int32_t *chosen = static_cast<const int32_t *>(index.data);
  const char *from = static_cast<const char *>(data.data);
  char *to = static_cast<char *>(y.data);
#pragma omp parallel for schedule(static) if (elementCount(y) >= ParallelFrom)
  for (int64_t i = 0; i < static_cast<int64_t>(outer * indices); ++i) {
    uint64_t group = static_cast<uint64_t>(i) / indices;
    uint64_t own = static_cast<uint64_t>(i) % indices;
    int64_t row = chosen[group / outerPerBatch * indices + own];
    if (row < 0 || row >= static_cast<int64_t>(size)) {
      std::memset(to + i * bytes, 0, bytes);
    } else {
      std::memcpy(to + i * bytes, from + (group * size + row) * bytes, bytes);
    }
  }
}

void checkGatherElements(Check &check, rt::syn::synDataType dtype) {
  check.operands({"data", "index"}, {"y"});
  check.dtype({"data", "y"}, {dtype});
  check.dtype({"index"}, {I32});
  int axis = check.axis(check.params<GatherParams>().axis, check["data"].rank);
  check.rank({"index"}, check["data"].rank, check["data"].rank);
  if (check.ok()) {
    Shape expected = shapeOf(check["data"]);
    expected[axis] = check["index"].sizes[axis];
    check.shape({"index", "y"}, expected);
  }
}

/// y(..., i, ...) = data(..., index(..., i, ...), ...)
void runGatherElements(const OpCall &call) {
  const OpTensor &data = call.in[0], &index = call.in[1], &y = call.out[0];
  int axis = paramsOf<GatherParams>(call).axis;
  Lines from(data, axis), to(y, axis);
  unsigned bytes = elementBytes(y.dtype);
  const char *source = static_cast<const char *>(data.data);
  char *target = static_cast<char *>(y.data);
  for (uint64_t line = 0; line < to.count; ++line) {
    for (uint64_t i = 0; i < to.length; ++i) {
      uint64_t at = to.start(line) + i * to.stride;
      int64_t row = readInt(index, at);
      if (row < 0 || row >= static_cast<int64_t>(from.length)) {
        std::memset(target + at * bytes, 0, bytes);
      } else {
        std::memcpy(target + at * bytes,
                    source + (from.start(line) + row * from.stride) * bytes,
                    bytes);
      }
    }
  }
}

void checkOneHot(Check &check, rt::syn::synDataType dtype) {
  check.operands({"index"}, {"y"});
  check.dtype({"index"}, {I32});
  check.dtype({"y"}, {dtype});
  auto params = check.params<OneHotParams>();
  int axis = check.axis(params.axis, check["index"].rank + 1);
  if (check.ok() && params.depth < 1) {
    check.fail("depth is " + std::to_string(params.depth) +
               ", expected at least 1");
  }
  if (check.ok()) {
    Shape expected = shapeOf(check["index"]);
    expected.insert(expected.begin() + axis,
                    static_cast<uint64_t>(params.depth));
    check.shape({"y"}, expected);
  }
}

void runOneHot(const OpCall &call) {
  auto params = paramsOf<OneHotParams>(call);
  const OpTensor &index = call.in[0], &y = call.out[0];
  Lines lines(y, params.axis);
  forEachPiece(1, elementCount(y), [&](uint64_t, uint64_t first, uint64_t n) {
    float buffer[PieceLength];
    for (uint64_t i = 0; i < n; ++i) {
      uint64_t at = first + i;
      uint64_t depth = at / lines.stride % lines.length;
      uint64_t line =
          at / (lines.stride * lines.length) * lines.stride + at % lines.stride;
      buffer[i] = readInt(index, line) == static_cast<int64_t>(depth)
                      ? params.onValue
                      : params.offValue;
    }
    writeFloats(y, first, n, buffer);
  });
}

} // namespace

void addGatherOps(OpTable &table) {
  for (const Suffix &suffix : AllSuffixes) {
    auto dtype = suffix.dtype;
    std::string end = std::string("_fwd_") + suffix.text;
    if (dtype != I8) {
      table["gather_elements" + end] = {
          [dtype](Check &c) { checkGatherElements(c, dtype); },
          runGatherElements};
    }
    if (dtype == F32 || dtype == BF16) {
      table["gather" + end] = {[dtype](Check &c) { checkGather(c, dtype); },
                               runGather};
    }
  }
  table["one_hot_fwd_f32"] = {[](Check &c) { checkOneHot(c, F32); }, runOneHot};
}

} // namespace bertc::standin
