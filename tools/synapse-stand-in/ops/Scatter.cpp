// SPDX-License-Identifier: Apache-2.0
//
// Adding by index: scatter_add of sorted and unsorted indices, segment sums,
// the gradient of an embedding. Sums are kept in f32 and rounded once. What an
// index out of range would add to is dropped.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/Lines.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

namespace bertc::standin {
namespace {

using rt::syn::EmbeddingDenseBwdParams;
using rt::syn::GatherParams;
using rt::syn::SegmentSumParams;

/// The result as f32 while it is summed: its own memory when it is f32.
class Sums {
public:
  explicit Sums(const OpTensor &y) : y_(y) {
    if (y.dtype != F32) {
      buffer_.resize(elementCount(y));
    }
    values_ = floatsToWrite(y, 0, buffer_.data());
  }
  void clear() { std::fill_n(values_, elementCount(y_), 0.0f); }
  void load(const OpTensor &from) {
    uint64_t n = elementCount(y_);
    const float *values = readFloats(from, 0, n, values_);
    if (values != values_) {
      std::copy_n(values, n, values_);
    }
  }
  void store() { writeFloats(y_, 0, elementCount(y_), values_); }
  float *values() { return values_; }

private:
  const OpTensor &y_;
  std::vector<float> buffer_;
  float *values_;
};

void checkScatterAdd(Check &check, rt::syn::synDataType dtype) {
  check.operands({"data", "index", "updates"}, {"y"});
  check.dtype({"data", "updates", "y"}, {dtype});
  check.dtype({"index"}, {I32});
  int axis = check.axis(check.params<GatherParams>().axis, check["data"].rank);
  check.rank({"updates"}, check["data"].rank, check["data"].rank);
  if (!check.ok()) {
    return;
  }
  Shape expected = shapeOf(check["data"]);
  check.shape({"y"}, expected);
  expected[axis] = check["updates"].sizes[axis];
  check.shape({"updates", "index"}, expected);
}

/// y = data, then y(..., index(..., i, ...), ...) += updates(..., i, ...).
/// With `isSorted` an index below the one before it is out of order: the device
/// promises nothing then, here its update is dropped.
void runScatterAdd(const OpCall &call, bool isSorted) {
  constexpr uint64_t Columns = 64;
  const OpTensor &index = call.in[1], &updates = call.in[2];
  int axis = paramsOf<GatherParams>(call).axis;
  Lines to(call.out[0], axis), from(updates, axis);
  Sums sums(call.out[0]);
  sums.load(call.in[0]);
  const int32_t *chosen = static_cast<const int32_t *>(index.data);
  uint64_t perRow = (from.stride + Columns - 1) / Columns;
  int64_t tasks = static_cast<int64_t>(from.count / from.stride * perRow);
#pragma omp parallel for schedule(static) if (elementCount(updates) >=         \
                                                  ParallelFrom)
  for (int64_t task = 0; task < tasks; ++task) {
    uint64_t outer = static_cast<uint64_t>(task) / perRow;
    uint64_t first = static_cast<uint64_t>(task) % perRow * Columns;
    uint64_t n = std::min(Columns, from.stride - first);
    float buffer[Columns];
    for (uint64_t i = 0; i < from.length; ++i) {
      uint64_t at = (outer * from.length + i) * from.stride + first;
      const float *values = readFloats(updates, at, n, buffer);
      for (uint64_t j = 0; j < n; ++j) {
        int64_t row = chosen[at + j];
        bool isInOrder =
            !isSorted || i == 0 || chosen[at + j - from.stride] <= row;
        if (row >= 0 && row < static_cast<int64_t>(to.length) && isInOrder) {
          sums.values()[(outer * to.length + row) * to.stride + first + j] +=
              values[j];
        }
      }
    }
  }
  sums.store();
}

/// y[:, index[i]] += scale[i] * rows[:, i], column by column in parallel.
void addRows(const OpTensor &rows, const OpTensor &index,
             const std::vector<float> &scales, float *y, int64_t count) {
  constexpr uint64_t Columns = 128;
  uint64_t width = rows.sizes[0];
  int64_t tasks = static_cast<int64_t>((width + Columns - 1) / Columns);
#pragma omp parallel for schedule(static) if (elementCount(rows) >=            \
                                                  ParallelFrom)
  for (int64_t task = 0; task < tasks; ++task) {
    uint64_t first = static_cast<uint64_t>(task) * Columns;
    uint64_t n = std::min(Columns, width - first);
    float buffer[Columns];
    for (uint64_t i = 0; i < elementCount(index); ++i) {
      int64_t row = readInt(index, i);
      if (row < 0 || row >= count || scales[i] == 0.0f) {
        continue;
      }
      const float *values = readFloats(rows, i * width + first, n, buffer);
      float *to = y + row * width + first;
      for (uint64_t j = 0; j < n; ++j) {
        to[j] += scales[i] * values[j];
      }
    }
  }
}

void checkSegmentSum(Check &check) {
  check.operands({"data", "ids", "shape?"}, {"y"});
  check.dtype({"data", "y"}, {F32});
  check.dtype({"ids"}, {I32});
  auto params = check.params<SegmentSumParams>();
  if (check.ok() && params.numSegments < 1) {
    check.fail("numSegments is " + std::to_string(params.numSegments) +
               ", expected at least 1");
  }
  if (!check.ok()) {
    return;
  }
  Shape expected = shapeOf(check["data"]);
  check.shape({"ids"}, {expected.back()});
  expected.back() = static_cast<uint64_t>(params.numSegments);
  check.shape({"y"}, expected);
}

/// Segments are along the slowest dimension.
void runSegmentSum(const OpCall &call) {
  OpTensor rows = call.in[0];
  rows.sizes[0] = elementCount(rows) / rows.sizes[rows.rank - 1];
  std::vector<float> ones(elementCount(call.in[1]), 1.0f);
  Sums sums(call.out[0]);
  sums.clear();
  int64_t segments = paramsOf<SegmentSumParams>(call).numSegments;
  addRows({rows.dtype, 2, {rows.sizes[0], ones.size()}, rows.data}, call.in[1],
          ones, sums.values(), segments);
}

void checkEmbeddingGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"dy", "index"}, {"dw"});
  check.dtype({"dy", "dw"}, {dtype});
  check.dtype({"index"}, {I32});
  auto params = check.params<EmbeddingDenseBwdParams>();
  if (check.ok() && params.numWeights < 1) {
    check.fail("num_weights is " + std::to_string(params.numWeights) +
               ", expected at least 1");
  }
  if (!check.ok()) {
    return;
  }
  Shape expected = shapeOf(check["index"]);
  uint64_t width = check["dy"].sizes[0];
  expected.insert(expected.begin(), width);
  check.shape({"dy"}, expected);
  check.shape({"dw"}, {width, static_cast<uint64_t>(params.numWeights)});
}

void runEmbeddingGrad(const OpCall &call) {
  auto params = paramsOf<EmbeddingDenseBwdParams>(call);
  const OpTensor &index = call.in[1];
  std::vector<uint32_t> uses(params.numWeights);
  auto isRow = [&](int64_t row) { return row >= 0 && row < params.numWeights; };
  for (uint64_t i = 0; i < elementCount(index); ++i) {
    int64_t row = readInt(index, i);
    uses[isRow(row) ? row : 0] += isRow(row);
  }
  std::vector<float> scales(elementCount(index), 1.0f);
  for (uint64_t i = 0; i < scales.size(); ++i) {
    int64_t row = readInt(index, i);
    if (row == params.paddingIdx) {
      scales[i] = 0.0f;
    } else if (params.scaleGradByFreq && isRow(row)) {
      scales[i] = 1.0f / static_cast<float>(uses[row]);
    }
  }
  Sums sums(call.out[0]);
  sums.clear();
  addRows(call.in[0], index, scales, sums.values(), params.numWeights);
  sums.store();
}

} // namespace

void addScatterOps(OpTable &table) {
  table["unsorted_scatter_add_fwd_f32"] = {
      [](Check &c) { checkScatterAdd(c, F32); },
      [](const OpCall &call) { runScatterAdd(call, false); },
      On::Gaudi2AndLater};
  table["unsorted_segment_sum_fwd_f32"] = {checkSegmentSum, runSegmentSum};
  for (const Suffix &suffix : FloatSuffixes) {
    auto dtype = suffix.dtype;
    table[std::string("scatter_add_fwd_") + suffix.text] = {
        [dtype](Check &c) { checkScatterAdd(c, dtype); },
        [](const OpCall &call) { runScatterAdd(call, true); }};
    table[std::string("embedding_dense_pt_bwd_") + suffix.text] = {
        [dtype](Check &c) { checkEmbeddingGrad(c, dtype); }, runEmbeddingGrad};
  }
}

} // namespace bertc::standin
