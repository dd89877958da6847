// SPDX-License-Identifier: Apache-2.0
//
// What the devices of several processes do together with the variables of a
// session, in the memory of the device. Each process has a session of the same
// plan and calls the same functions in the same order; rank 0 makes the id,
// which travels by whatever connects the processes:
//
//   DeviceCollective *devices = session.deviceCollective();
//   std::string id = rank == 0 ? *devices->makeUniqueId() : "";
//   ... broadcast id ...
//   devices->startJoin(ranks, rank, id);
//   ... until *devices->done() ...
//   devices->allReduceSum({indices of accumulators});
//   ... until *devices->done() ...
//
// Work is queued between the runs before and after the call. Nothing here waits
// for another process, so whoever waits can watch whether they are all alive.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc::rt {

class DeviceCollective {
public:
  virtual ~DeviceCollective() = default;

  /// What ranks find each other by, byte for byte. Errors: Unavailable when the
  /// library cannot connect devices.
  virtual StatusOr<std::string> makeUniqueId() = 0;

  /// Begins to join the others; done() says true when all have come.
  virtual Status startJoin(int ranks, int rank, const std::string &id) = 0;

  // What follows needs to have joined. Variables are indices into
  // Plan::variables(), all f32.

  /// Rank 0's values to every rank.
  virtual Status broadcast(const std::vector<uint32_t> &variables) = 0;
  /// Replaces the variables by their sums over all ranks.
  virtual Status allReduceSum(const std::vector<uint32_t> &variables) = 0;
  virtual Status fillZero(const std::vector<uint32_t> &variables) = 0;

  /// Whether everything that needs the other ranks is done; its error when it
  /// failed. From any thread, but not beside the other functions.
  virtual StatusOr<bool> done() const = 0;

  /// Ends what waits for other ranks; no function works after it, nor does the
  /// session. To be called when one has failed.
  virtual void abort() = 0;
  virtual bool isAborted() const = 0;

  /// Bytes of variables that allReduceSum() was given.
  virtual uint64_t reducedBytes() const = 0;
};

} // namespace bertc::rt
