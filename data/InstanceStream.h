// SPDX-License-Identifier: Apache-2.0
//
// The two parallel streams behind `bert-data pretrain`: stored documents to
// shuffled instances, and shuffled instances to records.
#pragma once

#include "data/PretrainInstance.h"
#include "data/RecordShards.h"
#include "data/ShuffleStore.h"
#include "data/TokenStore.h"

namespace bertc {

/// What both streams need to know.
struct InstanceStreamOptions {
  InstanceOptions instance;
  int dupeFactor = 10;
  uint64_t seed = 0;
  int jobs = 1;
  bool quiet = false;
};

/// Totals over the instances of one split.
struct InstanceCounts {
  uint64_t instances = 0;
  uint64_t randomNext = 0;
  uint64_t tokens = 0;
  uint64_t predictions = 0;
};

/// Makes the instances of one split, dupeFactor times over, into `shuffle`.
StatusOr<InstanceCounts> makeInstances(const TokenStore &store, Split split,
                                       const Vocabulary &vocabulary,
                                       const InstanceStreamOptions &options,
                                       ShuffleStore *shuffle);

/// Encodes all instances of `shuffle` in order into `writer`.
Status writeRecords(ShuffleStore &shuffle, int32_t padId,
                    const InstanceStreamOptions &options, ShardWriter *writer);

} // namespace bertc
