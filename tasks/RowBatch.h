// SPDX-License-Identifier: Apache-2.0
//
// The tensors of one batch, made from features and a row plan, with the names
// and shapes that plans for classify, squad and encode have
// (docs/rationale/packed.md), and the way back from rows of outputs to
// features.
//
//   RowBatch batch(features, plan, {16, 128});
//   BERTC_RETURN_IF_ERROR(batch.fill(rows.data(), rows.size()));
//   ... run with batch.tensors() ...
//   for (const BatchSequence &s : batch.sequences())
//     ... logits + s.outputRow * labels belong to feature s.feature ...
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bertc/status.h"
#include "tasks/FeatureSet.h"
#include "tasks/RowPlan.h"

namespace bertc {

/// A dense tensor of i32 or of f32.
struct BatchTensor {
  std::string name;
  std::vector<int64_t> shape;
  bool isFloat = false;
  /// One of the two, by isFloat.
  std::vector<int32_t> ints;
  std::vector<float> floats;

  const void *data() const {
    return isFloat ? static_cast<const void *>(floats.data()) : ints.data();
  }
};

/// One sequence of a batch.
struct BatchSequence {
  size_t feature = 0;
  /// Row b of [B,...], packed row b*K+k of [B*K,...].
  size_t outputRow = 0;
  /// Row of the batch, and where in it the sequence begins.
  size_t row = 0;
  size_t offset = 0;
  uint32_t length = 0;
};

/// One a thread; `features` and `plan` must outlive it.
class RowBatch {
public:
  /// B and S; K comes from the plan.
  struct Shape {
    int batchSize = 0;
    int maxSequenceLength = 0;
  };
  RowBatch(const FeatureSet &features, const RowPlan &plan, Shape shape);

  /// Makes the batch of `count` rows of the plan, at most B; the rest is
  /// padding that nothing counts. Error: too many rows, a row longer than S.
  Status fill(const uint64_t *rows, size_t count);

  /// input_ids, input_mask, segment_ids [B,S] i32; the targets of the features
  /// [B] i32 (positions are those in the row); example_weights [B] f32, 1 for
  /// rows that are not padding. Packed adds positions [B,S] i32,
  /// sequence_positions [B,K] i32, sequence_weights [B,K] f32; then input_mask
  /// is the number of the sequence (1 to K), targets are [B,K].
  const std::vector<BatchTensor> &tensors() const { return tensors_; }
  /// Null when there is none of that name.
  const BatchTensor *find(const std::string &name) const;

  /// The sequences of the batch, by output row.
  const std::vector<BatchSequence> &sequences() const { return sequences_; }
  /// Rows that are not padding.
  size_t realRows() const { return realRows_; }

private:
  void addTensor(const std::string &name, std::vector<int64_t> shape,
                 bool isFloat);
  void clear();
  Status addSequence(size_t row, size_t place, size_t feature, size_t *offset);

  const FeatureSet *features_;
  const RowPlan *plan_;
  Shape shape_;
  size_t targetWidth_;
  size_t firstTarget_ = 0;
  std::vector<BatchTensor> tensors_;
  std::vector<BatchSequence> sequences_;
  size_t realRows_ = 0;
};

} // namespace bertc
