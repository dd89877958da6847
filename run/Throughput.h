// SPDX-License-Identifier: Apache-2.0
//
// Sequences per second as the reference reports them: the first six optimizer
// updates after a start, and after every checkpoint, do not count, because
// warm caches and disk writes are not what one wants to compare.
#pragma once

#include <cstdint>

namespace bertc {

/// Accumulates the wall time and the sequences of the updates that count.
class Throughput {
public:
  explicit Throughput(int skipped = 6) : skipped_(skipped), left_(skipped) {}

  /// Reports one finished update.
  void addStep(double seconds, int64_t sequences) {
    if (left_ > 0) {
      --left_;
      return;
    }
    seconds_ += seconds;
    sequences_ += sequences;
  }

  /// A checkpoint was written: the next updates do not count.
  void pause() { left_ = skipped_; }

  /// Sequences a second over all that counted; 0 while nothing has.
  double perSecond() const {
    return seconds_ > 0 ? static_cast<double>(sequences_) / seconds_ : 0.0;
  }

  double seconds() const { return seconds_; }
  int64_t sequences() const { return sequences_; }

private:
  int skipped_;
  int left_;
  double seconds_ = 0;
  int64_t sequences_ = 0;
};

} // namespace bertc
