// SPDX-License-Identifier: Apache-2.0
//
// The last stream of the jobs that write records: shuffled instances are
// encoded by all threads and written in order.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bertc/status.h"
#include "data/RecordShards.h"
#include "data/ShuffleStore.h"

namespace bertc {

/// Instances [first, last) of a sorted run; those of one key are never apart.
struct InstanceSlice {
  std::shared_ptr<SortedInstances> source;
  size_t first = 0;
  size_t last = 0;
};

/// Framed records one after another, and where each ends.
struct FramedRecords {
  std::string framed;
  std::vector<size_t> ends;

  /// Ends a record that was begun with beginRecord(&framed); after the first,
  /// makes room for `expected` in all.
  void endRecord(size_t begin, size_t expected);
};

/// Appends the records of a slice; called by many threads with their numbers.
using EncodeSlice =
    std::function<Status(int worker, const InstanceSlice &, FramedRecords *)>;

/// Encodes all instances of `shuffle` in order into `writer`, and finishes it.
Status writeShuffled(ShuffleStore &shuffle, int jobs, bool quiet,
                     const EncodeSlice &encode, ShardWriter *writer);

} // namespace bertc
