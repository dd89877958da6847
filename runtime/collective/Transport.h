// SPDX-License-Identifier: Apache-2.0
//
// Messages between two processes of a run, without blocking: all that the
// collectives need from a communication library. Every call, the making of the
// object included, comes from one thread.
#pragma once

#include "bertc/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace bertc::rt {

class Transport {
public:
  virtual ~Transport() = default;

  /// Number of this process, from 0, and how many there are.
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// A message that is under way.
  using Handle = uint64_t;

  /// Begins to send (receive) at most `bytes`. Messages between two processes
  /// with the same `tag` (0 to 32767) arrive in the order in which they were
  /// sent. The memory must stay as it is until test() says that the message is
  /// done, or cancelAll() has returned.
  virtual StatusOr<Handle> send(int peer, int tag, const void *data,
                                size_t bytes) = 0;
  virtual StatusOr<Handle> receive(int peer, int tag, void *data,
                                   size_t bytes) = 0;

  /// The bytes that were sent or received once the message is done, and then
  /// forgets it. None while it is under way.
  virtual StatusOr<std::optional<size_t>> test(Handle handle) = 0;

  /// Gives up every message under way, as far as that can be.
  virtual void cancelAll() = 0;

  /// The orderly end; every process calls it.
  virtual Status finish() = 0;

  /// Ends this process, and all others as soon as the launcher can, with this
  /// exit code.
  [[noreturn]] virtual void abort(int exitCode) = 0;
};

/// Makes the transport, in the thread that will use it.
using TransportFactory = std::function<StatusOr<std::unique_ptr<Transport>>()>;

/// What a transport in a shared library of its own exports, as
/// `bertcOpenTransport`. `version` is transportVersion of the caller, so that a
/// library of another build is refused. Null on failure, with `error` set.
using OpenTransport = Transport *(uint32_t version, Status *error);
inline constexpr uint32_t transportVersion = 1;

} // namespace bertc::rt
