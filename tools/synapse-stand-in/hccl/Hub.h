// SPDX-License-Identifier: Apache-2.0
//
// The middle of a communicator: a thread, in the process that made the unique
// id, that every rank is connected to. It collects the ranks' requests, and
// when all have called the same collective, answers each.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace bertc::standin {

/// What the process of a hub sees of it.
struct HubState {
  /// Messages that were sent and not yet received.
  std::atomic<uint64_t> undelivered{0};
};

/// Opens a hub under a name; null when the name is taken. It ends by itself
/// when all ranks have left, or when not all have come within the timeout.
std::shared_ptr<HubState> openHub(const std::string &name);

/// The hub of that name if this process opened it, else null.
std::shared_ptr<HubState> hubOf(const std::string &name);

} // namespace bertc::standin
