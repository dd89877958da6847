// SPDX-License-Identifier: Apache-2.0
//
// What a session needs of the other workers of a data-parallel run while an
// entry runs. The runtime has no implementation: the program that knows the
// workers hands one over (Session::setExchange). Without one a session is a run
// of one worker, and its all-reduces do nothing.
//
// In an entry with all-reduces every worker makes these calls in this order:
//
//   start(bucket, ...)   for every bucket, in order, if early()
//   mustRepeat(clips)    if the entry settles what was sent early
//   finish(), start(bucket, ...) again for every bucket, if that said so
//   finish()
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <vector>

namespace bertc::rt {

/// When one bucket was under way; nanoseconds of the monotonic clock.
struct ExchangeSpan {
  uint32_t bucket = 0;
  uint64_t bytes = 0;
  int64_t beginNs = 0;
  int64_t endNs = 0;
};

class GradientExchange {
public:
  virtual ~GradientExchange() = default;

  /// Whether buckets are to be sent as soon as their gradients are there,
  /// before it is known whether these have to be clipped. All workers answer
  /// alike, and as long as an entry runs the same.
  virtual bool early() const = 0;

  /// Begins to make `elements` numbers the sums over all workers, in place;
  /// they belong to the exchange until finish() returns. `data` is memory of
  /// the session's device. Buckets come in the same order on all workers.
  virtual Status start(uint32_t bucket, float *data, int64_t elements) = 0;

  /// Says whether this worker clips what it has sent; true when some worker
  /// does, or when nothing was sent early.
  virtual StatusOr<bool> mustRepeat(bool clips) = 0;

  /// Until all that was started is done; also after an error in the entry.
  virtual Status finish() = 0;

  /// What was done since the last call, for timelines.
  virtual std::vector<ExchangeSpan> takeSpans() = 0;
};

} // namespace bertc::rt
