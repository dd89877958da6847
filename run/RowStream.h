// SPDX-License-Identifier: Apache-2.0
//
// The rows of a plan in order, once, as batches that a thread of its own fills
// ahead of time, so that prediction never waits for them.
//
//   RowStream stream(features, rows, {16, 384});
//   BERTC_ASSIGN_OR_RETURN(const RowBatch *batch, stream.next());
#pragma once

#include "bertc/status.h"
#include "run/Workers.h"
#include "tasks/FeatureSet.h"
#include "tasks/RowBatch.h"
#include "tasks/RowPlan.h"

#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

namespace bertc {

class RowStream {
public:
  /// `features` and `rows` must outlive it; at most `depth` batches are filled
  /// ahead. Of all batches, rank r of N gets number r, r + N, and so on.
  RowStream(const FeatureSet &features, const RowPlan &rows,
            RowBatch::Shape shape, WorkerShare workers = {}, int depth = 4);
  ~RowStream();
  RowStream(const RowStream &) = delete;
  RowStream &operator=(const RowStream &) = delete;

  /// The next batch, valid until the following call; null after the last one.
  StatusOr<const RowBatch *> next();

  /// Batches of this rank.
  uint64_t batches() const { return batches_; }

private:
  struct Slot {
    RowBatch batch;
    Status status;
    /// Number of the batch it holds, once filled.
    uint64_t number = std::numeric_limits<uint64_t>::max();
  };

  void work();
  Status fill(uint64_t number, RowBatch *batch);

  uint64_t rows_;
  uint64_t batchSize_;
  WorkerShare workers_;
  uint64_t batches_;
  /// Rows of the batch that is being filled.
  std::vector<uint64_t> numbers_;

  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable freed_;
  std::vector<Slot> slots_;
  /// Batches handed out.
  uint64_t consumed_ = 0;
  bool stop_ = false;
  std::thread worker_;
};

} // namespace bertc
