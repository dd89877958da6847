// SPDX-License-Identifier: Apache-2.0
//
// What ranks and the hub of a communicator say to each other over a Unix
// socket. A rank has one request open at a time.
#pragma once

#include "runtime/synapse/Abi.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc::standin {

enum class Collective : uint32_t {
  AllReduce = 0,
  ReduceScatter,
  AllGather,
  Broadcast,
  Reduce,
  AllToAll,
  Barrier,
  // These two concern a pair of ranks.
  Send,
  Receive,
};

/// The first words of a rank.
struct Hello {
  uint32_t magic = helloMagic;
  int32_t ranks = 0;
  int32_t rank = 0;
  static constexpr uint32_t helloMagic = 0x48535342; // "BSSH"
};

/// One call of one rank; `bytes` of payload follow.
struct Request {
  Collective kind = Collective::Barrier;
  rt::syn::hcclDataType_t type = rt::syn::hcclFloat32;
  rt::syn::hcclRedOp_t op = rt::syn::hcclSum;
  /// The root of broadcast and reduce, the partner of send and receive.
  int32_t peer = 0;
  /// As the caller gave it.
  uint64_t count = 0;
  uint64_t bytes = 0;
};

/// The answer; a text of `textBytes` and a payload of `bytes` follow.
struct Reply {
  rt::syn::hcclResult_t result = rt::syn::hcclSuccess;
  uint32_t textBytes = 0;
  uint64_t bytes = 0;
};

/// A connected socket that it owns. Reads and writes are whole or fail, which
/// is final: the other side is gone, or silent for longer than the timeout.
class Socket {
public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket &&other) noexcept;
  Socket &operator=(Socket &&other) noexcept;

  /// Sockets are named in the system's abstract space, so nothing is left
  /// behind. Not valid when that fails.
  static Socket listenOn(const std::string &name);
  static Socket connectTo(const std::string &name);
  Socket accept() const;

  bool valid() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  /// Whether the other side is this process.
  bool isOwnProcess() const;
  void setTimeout(uint64_t milliseconds);
  bool read(void *to, uint64_t bytes);
  bool write(const void *from, uint64_t bytes);
  /// Makes reads of other threads fail.
  void shut();

private:
  int descriptor_;
};

bool sendReply(Socket &socket, rt::syn::hcclResult_t result,
               const std::string &text, const std::vector<uint8_t> &payload);

/// How long a rank waits for the others: SYNAPSE_STAND_IN_HCCL_TIMEOUT_MS, by
/// default five minutes. A rank whose process ended is noticed at once.
uint64_t hcclTimeoutMs();

/// Bytes of an element of a type that collectives take, else 0.
uint64_t hcclBytes(rt::syn::hcclDataType_t type);

} // namespace bertc::standin
