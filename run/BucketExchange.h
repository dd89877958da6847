// SPDX-License-Identifier: Apache-2.0
//
// The exchange of gradients that entries of a plan make while they run
// (bertc/exchange.h), by a collective: buckets are added up by its thread, one
// after the other, beside the computation.
//
// Gradients are sent before it is known whether they are clipped. Where some
// rank clips, they are sent again, and the updates that follow are exchanged
// when they are computed: one, then two after the next failure, and so on to
// 128, so that in a run that always clips less than 1% travels twice. The sums
// do not depend on it.
#pragma once

#include "bertc/exchange.h"
#include "runtime/collective/Collective.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

class BucketExchange final : public rt::GradientExchange {
public:
  /// `collective` must outlive it.
  BucketExchange(rt::Collective &collective, rt::WireType wire)
      : collective_(collective), wire_(wire) {}

  /// Says what the exchanges that follow are for, counted from 1, and decides
  /// whether they are early; all ranks call it alike.
  void beginUpdate(int64_t number);

  bool early() const override { return early_; }
  Status start(uint32_t bucket, float *data, int64_t elements) override;
  StatusOr<bool> mustRepeat(bool clips) override;
  Status finish() override;
  std::vector<rt::ExchangeSpan> takeSpans() override;

  /// Exchanges that were made again, as what was sent early was clipped.
  int64_t repeats() const { return repeats_; }
  /// Seconds for which finish() and mustRepeat() have waited.
  double waitedSeconds() const { return waitedSeconds_; }

private:
  struct Sent {
    rt::Collective::Ticket ticket;
    uint32_t bucket;
    uint64_t bytes;
  };

  rt::Collective &collective_;
  rt::WireType wire_;
  int64_t update_ = 0;
  bool early_ = true;
  /// Updates to leave out after the last failure, and the one to try again in.
  int64_t pause_ = 0, retryAt_ = 0;
  std::vector<Sent> sent_;
  std::vector<rt::ExchangeSpan> spans_;
  int64_t repeats_ = 0;
  double waitedSeconds_ = 0;
};

} // namespace bertc
