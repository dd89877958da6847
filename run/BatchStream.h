// SPDX-License-Identifier: Apache-2.0
//
// Batches for a plan's entry, decoded ahead of time by background threads so
// that compute never waits for data. What a batch holds depends only on its
// number, the seed and the records, never on the number of threads or on their
// timing; the position in the data is the count of examples drawn so far.
//
//   BERTC_ASSIGN_OR_RETURN(BatchLayout layout, batchLayout(plan, entry));
//   BERTC_RETURN_IF_ERROR(checkRecords(*records, layout, plan.model()));
//   BatchStream stream(records, layout, options);
//   BERTC_ASSIGN_OR_RETURN(const Batch *batch, stream.next());
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/EpochOrder.h"
#include "run/RecordSet.h"
#include "run/Workers.h"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bertc {

/// Input of an entry that holds 1 for each row of a batch that is an example
/// and 0 for each that only pads the last batch of an evaluation.
inline constexpr char exampleWeightsName[] = "example_weights";

/// One input that is read from records: row i of the tensor is the feature of
/// the same name in record i of the batch.
struct BatchFeature {
  std::string name;
  rt::DType dtype = rt::DType::I32;
  rt::Shape shape;
  /// Values a record must have: the product of shape[1..].
  size_t valuesPerRow = 1;
};

/// Everything a batch consists of.
struct BatchLayout {
  uint32_t batchSize = 0;
  std::vector<BatchFeature> features;
  /// The entry takes example_weights.
  bool exampleWeights = false;
  /// K of a plan for packed records; 0 for one sequence a row.
  uint32_t packed = 0;
  /// The records are plain, and each becomes a pack of one sequence.
  bool plainRecords = false;
};

/// Inputs of `entry` that come from records: all but those that the run itself
/// supplies (rng, loss_scale, learning_rate, update_step, example_weights).
StatusOr<BatchLayout> batchLayout(const rt::Plan &plan,
                                  const std::string &entry);

/// Checks the first record of every file against the layout. A feature that is
/// missing, or of another length than the plan's, is an error naming both, and
/// so are records that are packed for a plan that is not, or otherwise.
Status checkRecords(const RecordSet &records, const BatchLayout &layout,
                    const rt::ModelInfo &model);

/// Whether the set is of plain records, by the first one.
StatusOr<bool> recordsArePlain(const RecordSet &records);

/// A decoded batch: one buffer for each feature of the layout, then the example
/// weights when it has them.
struct Batch {
  std::vector<std::vector<uint8_t>> buffers;
  /// Rows that are examples; less than the batch size only in the last batch of
  /// an evaluation.
  uint32_t realRows = 0;
  /// Sequences in these rows: as many, or more when they are packs.
  uint32_t sequences = 0;
  /// Examples drawn before this batch, by all ranks.
  uint64_t firstExample = 0;
};

/// Inputs for Session::run; they point into `batch`.
rt::NamedInputs batchInputs(const BatchLayout &layout, const Batch &batch);

/// Reads, decodes and hands out batches in order.
class BatchStream {
public:
  struct Options {
    /// Shuffled and endless, for training; else in order, once.
    bool training = true;
    uint64_t seed = 0;
    /// Examples already drawn (training only).
    uint64_t firstExample = 0;
    /// Batches at most, of all ranks; 0 for no limit.
    uint64_t maxBatches = 0;
    /// Of all batches this rank has number rank, rank + size, and so on.
    WorkerShare workers;
    int threads = 2;
    /// Batches decoded ahead.
    int depth = 8;
  };

  BatchStream(std::shared_ptr<const RecordSet> records, BatchLayout layout,
              Options options);
  ~BatchStream();
  BatchStream(const BatchStream &) = delete;
  BatchStream &operator=(const BatchStream &) = delete;

  /// The next batch, valid until the following call; null after the last one.
  StatusOr<const Batch *> next();

private:
  struct Slot {
    Batch batch;
    Status status;
    /// Number of the batch it holds, once decoded.
    uint64_t number = ~uint64_t{0};
  };

  void work();
  Status decode(uint64_t number, std::string *scratch, Batch *batch) const;
  Status decodeRow(uint64_t record, uint32_t row, std::string *scratch,
                   Batch *batch) const;
  uint32_t countSequences(const Batch &batch) const;

  std::shared_ptr<const RecordSet> records_;
  BatchLayout layout_;
  Options options_;
  uint64_t numBatches_;

  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable freed_;
  std::vector<Slot> slots_;
  /// Next batch to be decoded, and to be handed out.
  uint64_t produce_ = 0;
  uint64_t consume_ = 0;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

} // namespace bertc
