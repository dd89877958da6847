// SPDX-License-Identifier: Apache-2.0
//
// What `bert-run bench` holds apply_gradients against.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"

namespace bertc {

/// Milliseconds (medians of five) of bare traffic, on the session's own
/// variables with its threads.
struct PlainUpdate {
  /// A plain pass over what an update of every weight has to touch: each
  /// weight, its moments and its accumulator read and written, the accumulator
  /// zeroed, and as many bytes written as the session keeps packed copies of
  /// weights.
  double passMs = 0;
  /// The same as the plan's optimizer has to go about it: LAMB reads weights
  /// and accumulators a second time, as its trust ratio is known only when all
  /// of a weight was seen (docs/performance.md). AdamW needs one pass: passMs.
  double trafficMs = 0;
};

/// The variables hold nothing of use afterwards. 0 when the plan has no
/// optimizer slots.
StatusOr<PlainUpdate> plainUpdate(rt::Session &session);

} // namespace bertc
