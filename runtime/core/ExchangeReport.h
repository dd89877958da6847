// SPDX-License-Identifier: Apache-2.0
//
// How every session ends what an entry has begun with the other workers.
#pragma once

#include "bertc/exchange.h"
#include "bertc/runtime.h"

#include <string>

namespace bertc::rt {

/// Waits for what was started, also after an error in the entry, and tells
/// `hook`, where there is one, when each bucket was under way. Does nothing
/// when nothing was started.
Status finishExchange(GradientExchange &exchange, const std::string &entry,
                      const ProfileHook &hook);

} // namespace bertc::rt
