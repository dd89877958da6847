// SPDX-License-Identifier: Apache-2.0
//
// Bandwidth and latency of the links of a ring, from how long all-reduces of
// several sizes took.
#pragma once

#include "bertc/status.h"

#include <vector>

namespace bertc {

/// One all-reduce.
struct LinkPoint {
  /// On the wire: those of the data of one rank.
  double bytes = 0;
  double seconds = 0;
};

struct LinkRates {
  /// Bytes a second that a rank passes on, while it receives as many and adds.
  double bandwidth = 0;
  /// Seconds of a message without content.
  double latency = 0;
};

/// The rates with which `ranks` ranks take
///   2 (ranks - 1) (latency + bytes / ranks / bandwidth)
/// with the least squares of relative errors; a latency below 0 becomes 0.
/// InvalidArgument with fewer than two sizes or ranks, or times that do not
/// grow with the size.
StatusOr<LinkRates> fitLinkRates(const std::vector<LinkPoint> &points,
                                 int ranks);

} // namespace bertc
