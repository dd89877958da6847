// SPDX-License-Identifier: Apache-2.0
//
// Sums, means, sums of squares and maxima along dimensions, and the Frobenius
// norm; f32 within a piece, double across pieces.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/Lines.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

#include <cmath>
#include <limits>

namespace bertc::standin {
namespace {

using rt::syn::ReduceMultiDimParams;
using rt::syn::ReduceParams;

enum class Reduction { Sum, Mean, SumSquare, Max };

struct ReductionKind {
  const char *name;
  Reduction op;
};
const ReductionKind ReductionKinds[] = {
    {"reduce_sum", Reduction::Sum},
    {"reduce_mean", Reduction::Mean},
    {"reduce_sum_square", Reduction::SumSquare},
    {"reduce_max", Reduction::Max},
};

struct Dimension {
  uint64_t size, stride;
};

uint64_t product(const std::vector<Dimension> &dimensions) {
  uint64_t count = 1;
  for (const Dimension &dimension : dimensions) {
    count *= dimension.size;
  }
  return count;
}

uint64_t offsetOf(const std::vector<Dimension> &dimensions, uint64_t index) {
  uint64_t offset = 0;
  for (const Dimension &dimension : dimensions) {
    offset += index % dimension.size * dimension.stride;
    index /= dimension.size;
  }
  return offset;
}

/// The tensor's dimensions in two groups, neighbours of one group merged. The
/// fastest-varying one is `inner`, which lies in memory without gaps, and is in
/// neither list.
struct Grouping {
  bool innerIsReduced = true;
  uint64_t inner = 1;
  std::vector<Dimension> kept, reduced;

  Grouping(const OpTensor &x, uint32_t mask) {
    uint64_t stride = 1;
    bool lastReduced = true;
    for (int d = 0; d < x.rank; ++d) {
      uint64_t size = x.sizes[d];
      bool isReduced = mask >> d & 1;
      if (size > 1) {
        add(size, stride, isReduced, lastReduced);
        lastReduced = isReduced;
      }
      stride *= size;
    }
  }

private:
  void add(uint64_t size, uint64_t stride, bool isReduced, bool lastReduced) {
    std::vector<Dimension> &group = isReduced ? reduced : kept;
    if (stride == 1) {
      innerIsReduced = isReduced;
      inner = size;
    } else if (isReduced != lastReduced) {
      group.push_back({size, stride});
    } else if (stride == inner) {
      inner *= size;
    } else {
      group.back().size *= size;
    }
  }
};

double startOf(Reduction op) {
  return op == Reduction::Max ? -std::numeric_limits<double>::infinity() : 0.0;
}

double combine(Reduction op, double a, double b) {
  return op == Reduction::Max ? std::max(a, b) : a + b;
}

double reducePiece(Reduction op, const OpTensor &x, uint64_t first,
                   uint64_t n) {
  alignas(64) float buffer[PieceLength];
  const float *values = readFloats(x, first, n, buffer);
  int64_t count = static_cast<int64_t>(n);
  switch (op) {
  case Reduction::SumSquare:
    return leaf().sumOfSquares(values, count);
  case Reduction::Max:
    return leaf().maximum(values, count);
  default:
    return leaf().sum(values, count);
  }
}

void writeResult(const OpTensor &y, uint64_t at, double value, double scale) {
  float rounded = static_cast<float>(value * scale);
  writeFloats(y, at, 1, &rounded);
}

/// Runs in memory are reduced: each result from pieces of its runs.
void reduceRuns(Reduction op, const OpTensor &x, const OpTensor &y,
                const Grouping &groups, double scale) {
  int64_t results = static_cast<int64_t>(product(groups.kept));
  uint64_t perRun = (groups.inner + PieceLength - 1) / PieceLength;
  int64_t pieces = static_cast<int64_t>(product(groups.reduced) * perRun);
  auto piece = [&](uint64_t base, uint64_t index) {
    uint64_t first = index % perRun * PieceLength;
    return reducePiece(op, x,
                       base + offsetOf(groups.reduced, index / perRun) + first,
                       std::min(PieceLength, groups.inner - first));
  };
  if (results >= 8) {
#pragma omp parallel for schedule(static) if (elementCount(x) >= ParallelFrom)
    for (int64_t i = 0; i < results; ++i) {
      uint64_t base = offsetOf(groups.kept, i);
      double total = startOf(op);
      for (int64_t p = 0; p < pieces; ++p) {
        total = combine(op, total, piece(base, p));
      }
      writeResult(y, i, total, scale);
    }
    return;
  }
  std::vector<double> parts(pieces);
  for (int64_t i = 0; i < results; ++i) {
    uint64_t base = offsetOf(groups.kept, i);
#pragma omp parallel for schedule(static) if (elementCount(x) >= ParallelFrom)
    for (int64_t p = 0; p < pieces; ++p) {
      parts[p] = piece(base, p);
    }
    double total = startOf(op);
    for (double part : parts) {
      total = combine(op, total, part);
    }
    writeResult(y, i, total, scale);
  }
}

/// Runs in memory are kept: they are combined element by element.
void reduceAcrossRuns(Reduction op, const OpTensor &x, const OpTensor &y,
                      const Grouping &groups, double scale) {
  constexpr uint64_t Columns = 256;
  // Sums of sums: their rounding errors grow with the root of the rows.
  constexpr uint64_t RowsOfAPart = 64;
  uint64_t perRun = (groups.inner + Columns - 1) / Columns;
  int64_t tasks = static_cast<int64_t>(product(groups.kept) * perRun);
  uint64_t rows = product(groups.reduced);
  Binary step = op == Reduction::Max ? Binary::Max : Binary::Add;
#pragma omp parallel for schedule(static) if (elementCount(x) >= ParallelFrom)
  for (int64_t task = 0; task < tasks; ++task) {
    uint64_t first = static_cast<uint64_t>(task) % perRun * Columns;
    uint64_t run = static_cast<uint64_t>(task) / perRun;
    uint64_t base = offsetOf(groups.kept, run) + first;
    uint64_t n = std::min(Columns, groups.inner - first);
    int64_t count = static_cast<int64_t>(n);
    alignas(64) float total[Columns], part[Columns], line[Columns];
    std::fill_n(total, n, static_cast<float>(startOf(op)));
    for (uint64_t row = 0; row < rows; row += RowsOfAPart) {
      std::fill_n(part, n, static_cast<float>(startOf(op)));
      for (uint64_t r = row; r < std::min(row + RowsOfAPart, rows); ++r) {
        const float *values =
            readFloats(x, base + offsetOf(groups.reduced, r), n, line);
        if (op == Reduction::SumSquare) {
          leaf().binary(Binary::Mult, values, values, line, count);
          values = line;
        }
        leaf().binary(step, part, values, part, count);
      }
      leaf().binary(step, total, part, total, count);
    }
    for (uint64_t i = 0; i < n; ++i) {
      total[i] *= static_cast<float>(scale);
    }
    writeFloats(y, run * groups.inner + first, n, total);
  }
}

void reduce(Reduction op, const OpTensor &x, const OpTensor &y, uint32_t mask) {
  Grouping groups(x, mask);
  double count = static_cast<double>(elementCount(x)) /
                 static_cast<double>(elementCount(y));
  double scale = op == Reduction::Mean ? 1.0 / count : 1.0;
  if (groups.innerIsReduced) {
    reduceRuns(op, x, y, groups, scale);
  } else {
    reduceAcrossRuns(op, x, y, groups, scale);
  }
}

void checkReduce(Check &check, rt::syn::synDataType dtype, bool hasIndex) {
  check.operands({"x"}, hasIndex ? Names{"y", "index"} : Names{"y"});
  check.dtype({"x", "y"}, {dtype});
  check.dtype({"index"}, {I32});
  auto params = check.params<ReduceParams>();
  Shape expected = shapeOf(check["x"]);
  int axis =
      check.axis(params.reductionDimension, static_cast<int>(expected.size()));
  if (check.ok()) {
    expected[axis] = 1;
    check.shape({"y", "index"}, expected);
  }
}

/// Where the first largest element of each line is.
void findMaxima(const OpTensor &x, const OpTensor &index, int axis) {
  Lines lines(x, axis);
  int32_t *found = static_cast<int32_t *>(index.data);
#pragma omp parallel for schedule(static) if (elementCount(x) >= ParallelFrom)
  for (int64_t line = 0; line < static_cast<int64_t>(lines.count); ++line) {
    std::vector<float> buffer(lines.length);
    const float *values = readLine(x, lines, line, buffer.data());
    found[line] = static_cast<int32_t>(
        std::max_element(values, values + lines.length) - values);
  }
}

void runReduce(const OpCall &call, Reduction op) {
  uint32_t axis = paramsOf<ReduceParams>(call).reductionDimension;
  reduce(op, call.in[0], call.out[0], 1u << axis);
  if (call.out.size() > 1) {
    findMaxima(call.in[0], call.out[1], static_cast<int>(axis));
  }
}

/// A mask of 0 stands for all dimensions.
uint32_t maskOf(const ReduceMultiDimParams &params, int rank) {
  return params.mask ? params.mask : (1u << rank) - 1;
}

void checkReduceMany(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x"}, {"y"});
  check.dtype({"x", "y"}, {dtype});
  auto params = check.params<ReduceMultiDimParams>();
  if (!check.ok()) {
    return;
  }
  const OpTensor &x = check["x"];
  if (params.mask >> x.rank != 0) {
    check.fail("mask " + std::to_string(params.mask) +
               " has bits for dimensions beyond rank " +
               std::to_string(x.rank));
    return;
  }
  uint32_t mask = maskOf(params, x.rank);
  Shape expected;
  for (int d = 0; d < x.rank; ++d) {
    if (!(mask >> d & 1)) {
      expected.push_back(x.sizes[d]);
    } else if (params.keepDim && params.mask != 0) {
      expected.push_back(1);
    }
  }
  check.shape({"y"}, expected.empty() ? Shape{1} : expected);
}

void runReduceMany(const OpCall &call, Reduction op) {
  auto params = paramsOf<ReduceMultiDimParams>(call);
  reduce(op, call.in[0], call.out[0], maskOf(params, call.in[0].rank));
}

void checkNorm(Check &check) {
  check.operands({"x"}, {"y"});
  check.dtype({"x"}, {F32, BF16});
  check.sameDtype("y", "x");
  check.noParams();
  check.shape({"y"}, {1});
}

void runNorm(const OpCall &call) {
  float squares;
  OpTensor sum{F32, 1, {1}, &squares};
  reduce(Reduction::SumSquare, call.in[0], sum, 0xff);
  float norm = std::sqrt(squares);
  writeFloats(call.out[0], 0, 1, &norm);
}

} // namespace

void addReduceOps(OpTable &table) {
  for (const ReductionKind &kind : ReductionKinds) {
    for (const Suffix &suffix : FloatSuffixes) {
      auto dtype = suffix.dtype;
      auto op = kind.op;
      std::string end = std::string("_fwd_") + suffix.text;
      table[kind.name + end] = {
          [dtype, op](Check &c) {
            checkReduce(c, dtype, op == Reduction::Max);
          },
          [op](const OpCall &call) { runReduce(call, op); }};
      table[kind.name + ("_multi_dim" + end)] = {
          [dtype](Check &c) { checkReduceMany(c, dtype); },
          [op](const OpCall &call) { runReduceMany(call, op); }};
    }
  }
  table["frobenius_norm_fwd"] = {checkNorm, runNorm};
}

} // namespace bertc::standin
