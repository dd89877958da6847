// SPDX-License-Identifier: Apache-2.0
//
// Rows of a table by index and the gradient of that, with leading axes in
// common: table [batch, R, H], indices [batch, N], rows [batch, N, H]. And the
// indices of rows of a batch of sequences that lie one after the other.
#pragma once

#include "bertc/status.h"
#include "runtime/kernels/common/Operand.h"

#include <cstddef>
#include <vector>

namespace bertc::rt::kernels {

struct GatherShape {
  int64_t batch = 1;
  /// R, rows of one table.
  int64_t tableRows = 0;
  /// N, indices of one batch element.
  int64_t indices = 0;
  /// H, elements of a row.
  int64_t columns = 0;
};

/// y[b, n, :] = table[b, indices[b, n], :]; one type of any kind. An index
/// outside [0, R) is InvalidArgument and nothing is written.
Status gather(const GatherShape &shape, Buffer y, Buffer table,
              const int32_t *indices);

/// dtable[b, r, :] = sum over n with indices[b, n] == r of dy[b, n, :], added
/// in the order of n; rows no index names are zero, or what they were where
/// the sums are to be added. dtable f32, dy f32 or bf16.
Status gatherGrad(const GatherShape &shape, float *dtable, Buffer dy,
                  const int32_t *indices, bool add = false);

/// Bytes of scratch memory of gatherGradAddBf16.
size_t gatherGradAddScratch(const GatherShape &shape);

/// dtable[b, r, :] += sum over n with indices[b, n] == r of dy[b, n, :], where
/// dtable is bf16: the sum is that of gatherGrad, in f32, and what it makes of
/// an element is rounded once, as addN of the two tables would. Rows no index
/// names are not touched. dy f32 or bf16.
Status gatherGradAddBf16(const GatherShape &shape, uint16_t *dtable, Buffer dy,
                         const int32_t *indices, std::byte *scratch);

/// Positions in `batch` sequences, `count` in each.
struct Positions {
  const int32_t *data = nullptr;
  int64_t count = 0;
};

/// rows = b * length + position, for all positions [batch, count] of each part
/// in turn. A position outside [0, length) is InvalidArgument.
Status rowNumbers(const std::vector<Positions> &parts, int64_t batch,
                  int64_t length, int32_t *rows);

} // namespace bertc::rt::kernels
