// SPDX-License-Identifier: Apache-2.0
//
// What `bert-run bench` holds apply_gradients against.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"

namespace bertc {

/// Milliseconds (median of five) of a plain pass over what an update of every
/// weight has to touch, on the session's own variables with its threads: each
/// weight, its moments and its accumulator read and written, the accumulator
/// zeroed, and as many bytes written as the session keeps packed copies of
/// weights. The variables hold nothing of use afterwards. 0 when the plan has
/// no optimizer slots.
StatusOr<double> plainUpdateMs(rt::Session &session);

} // namespace bertc
