// SPDX-License-Identifier: Apache-2.0
//
// Elementwise kernels over operands of which dimensions of size 1 are repeated,
// ranks aligned at the fastest dimension.
#pragma once

#include "tools/synapse-stand-in/ops/OpCheck.h"
#include "tools/synapse-stand-in/ops/RowAccess.h"

#include <algorithm>
#include <array>

namespace bertc::standin {

/// The rule: every operand has the result's size or 1 in each dimension, and
/// at least one operand has the result's whole shape. Repeating both operands
/// at once is unconfirmed on the device: a `broadcast` node has to come first.
void checkBroadcast(Check &check, const Names &operands,
                    const std::string &result);

/// Cuts the result into runs in which each operand is contiguous or one
/// element.
class Broadcast {
public:
  Broadcast(const OpTensor &result, const std::vector<const OpTensor *> &in);

  uint64_t runs() const { return runs_; }
  uint64_t runLength() const { return length_; }
  /// Whether the operand is one element throughout a run.
  bool repeats(size_t operand) const { return !operands_[operand].walks; }
  /// The operand's element at the start of a run.
  uint64_t offset(size_t operand, uint64_t run) const;

private:
  struct Operand {
    bool walks;
    std::vector<uint64_t> strides;
  };
  std::vector<uint64_t> outer_;
  std::vector<Operand> operands_;
  uint64_t length_ = 1, runs_ = 1;
};

/// Elements that are worked on at once: they stay in the first-level cache.
constexpr uint64_t PieceLength = 2048;
/// Below this many elements a team of threads costs more than it saves.
constexpr uint64_t ParallelFrom = 1 << 14;

/// Calls piece(run, first, n) for pieces of all runs, in parallel.
template <typename Piece>
void forEachPiece(uint64_t runs, uint64_t length, Piece piece) {
  int64_t pieces =
      static_cast<int64_t>((length + PieceLength - 1) / PieceLength);
  int64_t tasks = static_cast<int64_t>(runs) * pieces;
#pragma omp parallel for schedule(static) if (runs * length >= ParallelFrom)
  for (int64_t task = 0; task < tasks; ++task) {
    uint64_t first = static_cast<uint64_t>(task % pieces) * PieceLength;
    piece(static_cast<uint64_t>(task / pieces), first,
          std::min(PieceLength, length - first));
  }
}

/// result = function(in...) over f32, f32 or bf16 in memory. The function gets
/// the operands of a piece, where to write, and the number of elements:
/// f(const float *const *in, float *y, int64_t n).
template <typename Function>
void computeFloats(const OpTensor &result,
                   const std::vector<const OpTensor *> &in, Function function) {
  constexpr size_t MostOperands = 4;
  Broadcast broadcast(result, in);
  uint64_t length = broadcast.runLength();
  forEachPiece(
      broadcast.runs(), length, [&](uint64_t run, uint64_t first, uint64_t n) {
        alignas(64) float buffers[MostOperands + 1][PieceLength];
        std::array<const float *, MostOperands> operands = {};
        for (size_t i = 0; i < in.size(); ++i) {
          uint64_t offset = broadcast.offset(i, run);
          if (broadcast.repeats(i)) {
            std::fill_n(buffers[i], n, readFloat(*in[i], offset));
            operands[i] = buffers[i];
          } else {
            operands[i] = readFloats(*in[i], offset + first, n, buffers[i]);
          }
        }
        uint64_t target = run * length + first;
        float *y = floatsToWrite(result, target, buffers[MostOperands]);
        function(operands.data(), y, static_cast<int64_t>(n));
        writeFloats(result, target, n, y);
      });
}

} // namespace bertc::standin
