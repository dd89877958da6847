// SPDX-License-Identifier: Apache-2.0
//
// Each task computes one block of one matrix: pieces of both factors are packed
// into panels, panels are multiplied into an f32 block, the block is stored.
#include "tools/synapse-stand-in/ops/Product.h"

#include "tools/synapse-stand-in/ops/OpCheck.h"
#include "tools/synapse-stand-in/ops/leaf/Leaf.h"

#include <algorithm>

namespace bertc::standin {
namespace {

/// Columns of a block, a multiple of every tileColumns; depth of a packed piece
/// (two panels stay in the first-level cache); rows, about this many.
constexpr int64_t BlockColumns = 256;
constexpr int64_t BlockDepth = 192;
constexpr int64_t BlockRows = 144;

int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Where the factor starts in batch `index` of the batches of `c`.
int64_t batchOffset(const OpTensor &factor, const OpTensor &c, int64_t index) {
  int64_t offset = 0;
  int64_t stride = static_cast<int64_t>(factor.sizes[0] * factor.sizes[1]);
  for (int d = 2; d < c.rank; ++d) {
    int64_t size = static_cast<int64_t>(c.sizes[d]);
    int64_t own = d < factor.rank ? static_cast<int64_t>(factor.sizes[d]) : 1;
    offset += (own == 1 ? 0 : index % size) * stride;
    stride *= own;
    index /= size;
  }
  return offset;
}

const void *at(const OpTensor &tensor, int64_t element) {
  return static_cast<const char *>(tensor.data) +
         element * elementBytes(tensor.dtype);
}

/// Rows of op(a), or columns of op(b), as the source of panels along k.
PanelSource panelSource(const Factor &factor, bool isRows, int64_t batch,
                        int64_t first, int64_t depth) {
  const OpTensor &tensor = *factor.tensor;
  int64_t line = static_cast<int64_t>(tensor.sizes[0]);
  // Rows of an a that is not transposed, or columns of a transposed b, are
  // lines in memory.
  bool areLines = isRows != factor.transposed;
  int64_t stride = areLines ? line : 1;
  int64_t depthStride = areLines ? 1 : line;
  return {at(tensor, batch + first * stride + depth * depthStride),
          tensor.dtype == BF16, stride, depthStride};
}

struct Block {
  int64_t batch, row, rows, column, columns;
};

struct Buffers {
  std::vector<float> a, b, sum, bias;
};

void addTerm(const Term &term, const OpTensor &c, const Block &block,
             Buffers &buffers) {
  const Leaf &loops = leaf();
  const OpTensor &a = *term.a.tensor;
  int64_t depth = static_cast<int64_t>(a.sizes[term.a.transposed ? 1 : 0]);
  int64_t batchA = batchOffset(a, c, block.batch);
  int64_t batchB = batchOffset(*term.b.tensor, c, block.batch);
  for (int64_t k = 0; k < depth; k += BlockDepth) {
    int64_t piece = std::min(BlockDepth, depth - k);
    loops.pack(panelSource(term.a, true, batchA, block.row, k), block.rows,
               piece, loops.tileRows, buffers.a.data());
    loops.pack(panelSource(term.b, false, batchB, block.column, k),
               block.columns, piece, loops.tileColumns, buffers.b.data());
    for (int64_t j = 0; j < block.columns; j += loops.tileColumns) {
      for (int64_t i = 0; i < block.rows; i += loops.tileRows) {
        loops.multiplyPanels(
            buffers.a.data() + i * piece, buffers.b.data() + j * piece, piece,
            buffers.sum.data() + i * BlockColumns + j, BlockColumns);
      }
    }
  }
}

void store(const OpTensor &c, const OpTensor *bias, const Block &block,
           Buffers &buffers) {
  const Leaf &loops = leaf();
  int64_t n = block.columns;
  buffers.bias.assign(BlockColumns, 0.0f);
  if (bias && bias->dtype == BF16) {
    loops.widen(static_cast<const uint16_t *>(at(*bias, block.column)),
                buffers.bias.data(), n);
  } else if (bias) {
    std::copy_n(static_cast<const float *>(at(*bias, block.column)), n,
                buffers.bias.data());
  }
  for (int64_t i = 0; i < block.rows; ++i) {
    float *line = buffers.sum.data() + i * BlockColumns;
    int64_t row =
        block.batch * static_cast<int64_t>(c.sizes[1]) + block.row + i;
    int64_t first = row * static_cast<int64_t>(c.sizes[0]) + block.column;
    void *target = const_cast<void *>(at(c, first));
    if (c.dtype == BF16) {
      uint16_t *out = static_cast<uint16_t *>(target);
      loops.narrow(line, out, n);
      if (bias) {
        loops.widen(out, line, n);
        loops.binary(Binary::Add, line, buffers.bias.data(), line, n);
        loops.narrow(line, out, n);
      }
    } else {
      loops.binary(Binary::Add, line, buffers.bias.data(),
                   static_cast<float *>(target), n);
    }
  }
}

} // namespace

void multiply(const std::vector<Term> &terms, const OpTensor *bias,
              const OpTensor &c) {
  const Leaf &loops = leaf();
  int64_t columns = static_cast<int64_t>(c.sizes[0]);
  int64_t rows = static_cast<int64_t>(c.sizes[1]);
  int64_t batches = static_cast<int64_t>(elementCount(c)) / (rows * columns);
  int64_t blockRows = BlockRows / loops.tileRows * loops.tileRows;
  int64_t rowBlocks = divideUp(rows, blockRows);
  int64_t columnBlocks = divideUp(columns, BlockColumns);
  int64_t tasks = batches * rowBlocks * columnBlocks;
#pragma omp parallel if (tasks > 1)
  {
    Buffers buffers;
    buffers.a.resize(blockRows * BlockDepth);
    buffers.b.resize(BlockColumns * BlockDepth);
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < tasks; ++task) {
      Block block;
      block.row = task % rowBlocks * blockRows;
      block.rows = std::min(blockRows, rows - block.row);
      block.column = task / rowBlocks % columnBlocks * BlockColumns;
      block.columns = std::min(BlockColumns, columns - block.column);
      block.batch = task / (rowBlocks * columnBlocks);
      buffers.sum.assign(blockRows * BlockColumns, 0.0f);
      for (const Term &term : terms) {
        addTerm(term, c, block, buffers);
      }
      store(c, bias, block, buffers);
    }
  }
}

} // namespace bertc::standin
