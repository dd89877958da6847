// SPDX-License-Identifier: Apache-2.0
//
// One rank's end of a communicator.
#pragma once

#include "tools/synapse-stand-in/hccl/Hub.h"
#include "tools/synapse-stand-in/hccl/Wire.h"

#include <condition_variable>
#include <mutex>

namespace bertc::standin {

class Communicator {
public:
  Communicator(int ranks, int rank) : ranks_(ranks), rank_(rank) {}

  /// Connects to the hub and waits until all ranks are there.
  rt::syn::hcclResult_t join(const std::string &hub, std::string *why);

  int ranks() const { return ranks_; }
  int rank() const { return rank_; }

  /// The turn of a call that is made now: calls run in the order they were
  /// made in, whichever streams they are on.
  uint64_t takeTurn();
  /// Waits for the turn, then makes the request; the payload of the reply has
  /// `resultBytes`. With skip, only lets the turn pass.
  rt::syn::hcclResult_t perform(uint64_t turn, const Request &request,
                                const void *payload, void *result,
                                uint64_t resultBytes, std::string *why);
  void skip(uint64_t turn);

  /// The first failure of a call.
  rt::syn::hcclResult_t asyncError() const;
  /// In the process of the hub: waits until what was sent is received, for
  /// the process may end afterwards. Not longer than a few seconds.
  void linger() const;
  /// Ends calls that wait, and all later ones.
  void abort();

private:
  rt::syn::hcclResult_t exchange(const Request &request, const void *payload,
                                 void *result, uint64_t resultBytes,
                                 std::string *why);
  rt::syn::hcclResult_t readReply(void *result, uint64_t resultBytes,
                                  std::string *why);
  void waitFor(std::unique_lock<std::mutex> &lock, uint64_t turn);

  const int ranks_, rank_;
  Socket socket_;
  /// Null in processes other than the hub's.
  std::shared_ptr<HubState> hub_;
  mutable std::mutex mutex_;
  std::condition_variable change_;
  uint64_t taken_ = 0, passed_ = 0;
  bool aborted_ = false;
  rt::syn::hcclResult_t error_ = rt::syn::hcclSuccess;
};

} // namespace bertc::standin
