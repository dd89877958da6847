// SPDX-License-Identifier: Apache-2.0
//
// Kernels along one dimension that are neither a sum nor a softmax: cumulative
// sums, and the largest or smallest k.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Lines.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

#include <algorithm>
#include <numeric>

namespace bertc::standin {
namespace {

using rt::syn::CumsumParams;

/// Parameters of topk: how many, along which dimension, the smallest instead.
/// This layout is unconfirmed, as is the node.
struct TopKParams {
  uint32_t count;
  uint32_t axis;
  bool smallest;
};
static_assert(sizeof(TopKParams) == 12);

void checkCumsum(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x"}, {"y"});
  check.dtype({"x", "y"}, {dtype});
  check.axis(check.params<CumsumParams>().axis, check["x"].rank);
  check.shape({"y"}, shapeOf(check["x"]));
}

/// Sums of i32 wrap around.
template <typename Number>
void accumulate(const CumsumParams &params, Number *line, uint64_t n) {
  if (params.reverse) {
    std::reverse(line, line + n);
  }
  Number total = 0;
  for (uint64_t i = 0; i < n; ++i) {
    Number before = total;
    total += line[i];
    line[i] = params.exclusive ? before : total;
  }
  if (params.reverse) {
    std::reverse(line, line + n);
  }
}

void runCumsum(const OpCall &call) {
  auto params = paramsOf<CumsumParams>(call);
  const OpTensor &x = call.in[0], &y = call.out[0];
  Lines lines(x, params.axis);
  std::vector<float> numbers(lines.length), buffer(lines.length);
  std::vector<uint32_t> whole(lines.length);
  for (uint64_t line = 0; line < lines.count; ++line) {
    if (x.dtype == I32) {
      uint64_t start = lines.start(line);
      for (uint64_t i = 0; i < lines.length; ++i) {
        whole[i] = static_cast<uint32_t>(readInt(x, start + i * lines.stride));
      }
      accumulate(params, whole.data(), lines.length);
      for (uint64_t i = 0; i < lines.length; ++i) {
        static_cast<int32_t *>(y.data)[start + i * lines.stride] =
            static_cast<int32_t>(whole[i]);
      }
      continue;
    }
    const float *from = readLine(x, lines, line, buffer.data());
    numbers.assign(from, from + lines.length);
    accumulate(params, numbers.data(), lines.length);
    writeLine(y, lines, line, numbers.data());
  }
}

void checkTopK(Check &check) {
  check.operands({"x"}, {"values", "index"});
  check.dtype({"x"}, {F32, BF16});
  check.sameDtype("values", "x");
  check.dtype({"index"}, {I32});
  auto params = check.params<TopKParams>();
  int axis = check.axis(params.axis, check["x"].rank);
  if (!check.ok()) {
    return;
  }
  Shape expected = shapeOf(check["x"]);
  if (params.count < 1 || params.count > expected[axis]) {
    check.fail("k is " + std::to_string(params.count) + ", expected 1 to " +
               std::to_string(expected[axis]));
  }
  expected[axis] = params.count;
  check.shape({"values", "index"}, expected);
}

/// In order; of equal ones the first in the line comes first.
void runTopK(const OpCall &call) {
  auto params = paramsOf<TopKParams>(call);
  const OpTensor &x = call.in[0], &values = call.out[0], &index = call.out[1];
  Lines from(x, static_cast<int>(params.axis));
  Lines to(values, static_cast<int>(params.axis));
  std::vector<float> buffer(from.length), best(to.length);
  std::vector<int32_t> order(from.length);
  for (uint64_t line = 0; line < from.count; ++line) {
    const float *v = readLine(x, from, line, buffer.data());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return params.smallest ? v[a] < v[b] : v[a] > v[b];
    });
    for (uint64_t i = 0; i < to.length; ++i) {
      best[i] = v[order[i]];
      static_cast<int32_t *>(index.data)[to.start(line) + i * to.stride] =
          order[i];
    }
    writeLine(values, to, line, best.data());
  }
}

} // namespace

void addScanOps(OpTable &table) {
  for (const Suffix &suffix : AllSuffixes) {
    auto dtype = suffix.dtype;
    if (dtype != I8) {
      table[std::string("cumsum_fwd_") + suffix.text] = {
          [dtype](Check &c) { checkCumsum(c, dtype); }, runCumsum};
    }
  }
  table["topk"] = {checkTopK, runTopK};
}

} // namespace bertc::standin
