// SPDX-License-Identifier: Apache-2.0
//
// The collectives: judged by the call, run in the order of the stream.
#include "tools/synapse-stand-in/hccl/HcclCall.h"

#include <cstring>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// One call: what goes out and what comes back, as device ranges.
struct Exchange {
  Request request;
  uint64_t send = 0, receive = 0;
  uint64_t resultBytes = 0;
};

/// Elements of a buffer by count: so many times, times the number of ranks, or
/// on the root alone.
constexpr uint64_t timesRanks = ~uint64_t(0);
constexpr uint64_t ofRoot = timesRanks - 1;

uint64_t addressOf(const void *device) {
  return reinterpret_cast<uint64_t>(device);
}

bool reduces(Collective kind) {
  return kind == Collective::AllReduce || kind == Collective::Reduce ||
         kind == Collective::ReduceScatter;
}

bool hasPeer(Collective kind) {
  return kind == Collective::Broadcast || kind == Collective::Reduce ||
         kind == Collective::Send || kind == Collective::Receive;
}

HcclOutcome checkRequest(const Request &request, const Communicator &comm) {
  if (request.kind != Collective::Barrier && !hcclBytes(request.type)) {
    return refuseHccl(hcclUnsupported, "collectives take f32, bf16, fp16, i32 "
                                       "and u32");
  }
  if (reduces(request.kind) &&
      (request.op == hcclProd || request.op > hcclMax)) {
    return refuseHccl(hcclUnsupported, "collectives take sum, min and max");
  }
  if (reduces(request.kind) && request.type == hcclFloat16) {
    return refuseHccl(hcclUnsupported, "fp16 is not reduced here");
  }
  if (hasPeer(request.kind) &&
      (request.peer < 0 || request.peer >= comm.ranks())) {
    return refuseHccl(hcclInvalidArgument,
                      "there is no rank " + std::to_string(request.peer));
  }
  if (request.kind == Collective::AllToAll &&
      request.count % uint64_t(comm.ranks())) {
    return refuseHccl(hcclInvalidArgument,
                      "the count is no multiple of the ranks");
  }
  return {};
}

/// On the stream's thread: takes the bytes, asks the hub, puts the answer.
Outcome perform(const Exchange &exchange, Communicator &comm, uint64_t turn,
                const DeviceMemory &memory) {
  auto from = memory.at(exchange.send, exchange.request.bytes);
  auto to = memory.at(exchange.receive, exchange.resultBytes);
  if ((exchange.request.bytes && !from) || (exchange.resultBytes && !to)) {
    comm.skip(turn);
    return refuse(synFail, "memory of a collective was given back before it "
                           "ran");
  }
  // The answer may lie on the question; it is put down when it is complete.
  std::vector<uint8_t> result(exchange.resultBytes);
  std::string why;
  hcclResult_t outcome = comm.perform(turn, exchange.request, from.get(),
                                      result.data(), result.size(), &why);
  if (outcome != hcclSuccess) {
    return refuse(synFailHccl, why);
  }
  if (!result.empty()) {
    std::memcpy(to.get(), result.data(), result.size());
  }
  return fine();
}

HcclOutcome enqueue(Library &library, const Exchange &exchange,
                    std::shared_ptr<Communicator> comm, void *streamHandle) {
  std::lock_guard<std::mutex> lock(library.mutex);
  auto object =
      library.streams.find(static_cast<synStreamHandle>(streamHandle));
  if (!object || !library.device) {
    return refuseHccl(hcclInvalidArgument, "the handle is of no live stream");
  }
  if (library.device->control->reset) {
    return refuseHccl(hcclUnhandledSynapseError, "the device was reset");
  }
  auto memory = library.device->memory;
  if ((exchange.request.bytes &&
       !memory->at(exchange.send, exchange.request.bytes)) ||
      (exchange.resultBytes &&
       !memory->at(exchange.receive, exchange.resultBytes))) {
    return refuseHccl(hcclInvalidArgument,
                      "a buffer is not inside one allocation of the device");
  }
  uint64_t turn = comm->takeTurn();
  Stream *stream = object->stream.get();
  // Always, because a turn that nobody takes would stop the others.
  stream->enqueue(
      [=] {
        if (!stream->failure().ok()) {
          comm->skip(turn);
          return fine();
        }
        return perform(exchange, *comm, turn, *memory);
      },
      true);
  return {};
}

/// The factors are elements of the buffers by count.
hcclResult_t collective(const char *name, Exchange exchange,
                        uint64_t sendFactor, uint64_t resultFactor,
                        hcclComm_t handle, void *stream) {
  return hcclCall(name, [&](Library &library) {
    auto comm = communicatorOf(library, handle);
    if (!comm) {
      return refuseHccl(hcclUninitialized,
                        "the handle is of no live communicator");
    }
    if (HcclOutcome outcome = checkRequest(exchange.request, *comm);
        outcome.result != hcclSuccess) {
      return outcome;
    }
    uint64_t bytes = exchange.request.count * hcclBytes(exchange.request.type);
    bool root = exchange.request.peer == comm->rank();
    auto scaled = [&](uint64_t factor) {
      if (factor == timesRanks) {
        return bytes * uint64_t(comm->ranks());
      }
      return factor == ofRoot ? (root ? bytes : 0) : bytes * factor;
    };
    exchange.request.bytes = scaled(sendFactor);
    exchange.resultBytes = scaled(resultFactor);
    return enqueue(library, exchange, comm, stream);
  });
}

Exchange exchangeOf(Collective kind, const void *send, const void *receive,
                    size_t count, hcclDataType_t type, hcclRedOp_t op = hcclSum,
                    int peer = 0) {
  Exchange exchange;
  exchange.request.kind = kind;
  exchange.request.type = type;
  exchange.request.op = op;
  exchange.request.peer = peer;
  exchange.request.count = count;
  exchange.send = addressOf(send);
  exchange.receive = addressOf(receive);
  return exchange;
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" hcclResult_t hcclAllReduce(const void *send, void *receive,
                                      size_t count, hcclDataType_t type,
                                      hcclRedOp_t op, hcclComm_t comm,
                                      void *stream) {
  return collective(
      "hcclAllReduce",
      exchangeOf(Collective::AllReduce, send, receive, count, type, op), 1, 1,
      comm, stream);
}

extern "C" hcclResult_t hcclReduceScatter(const void *send, void *receive,
                                          size_t receiveCount,
                                          hcclDataType_t type, hcclRedOp_t op,
                                          hcclComm_t comm, void *stream) {
  return collective("hcclReduceScatter",
                    exchangeOf(Collective::ReduceScatter, send, receive,
                               receiveCount, type, op),
                    timesRanks, 1, comm, stream);
}

extern "C" hcclResult_t hcclAllGather(const void *send, void *receive,
                                      size_t sendCount, hcclDataType_t type,
                                      hcclComm_t comm, void *stream) {
  return collective(
      "hcclAllGather",
      exchangeOf(Collective::AllGather, send, receive, sendCount, type), 1,
      timesRanks, comm, stream);
}

extern "C" hcclResult_t hcclBroadcast(const void *send, void *receive,
                                      size_t count, hcclDataType_t type,
                                      int root, hcclComm_t comm, void *stream) {
  return collective("hcclBroadcast",
                    exchangeOf(Collective::Broadcast, send, receive, count,
                               type, hcclSum, root),
                    ofRoot, 1, comm, stream);
}

extern "C" hcclResult_t hcclBcast(void *buffer, size_t count,
                                  hcclDataType_t type, int root,
                                  hcclComm_t comm, void *stream) {
  return collective("hcclBcast",
                    exchangeOf(Collective::Broadcast, buffer, buffer, count,
                               type, hcclSum, root),
                    ofRoot, 1, comm, stream);
}

extern "C" hcclResult_t hcclReduce(const void *send, void *receive,
                                   size_t count, hcclDataType_t type,
                                   hcclRedOp_t op, int root, hcclComm_t comm,
                                   void *stream) {
  return collective(
      "hcclReduce",
      exchangeOf(Collective::Reduce, send, receive, count, type, op, root), 1,
      ofRoot, comm, stream);
}

extern "C" hcclResult_t hcclAlltoAll(const void *send, void *receive,
                                     size_t count, hcclDataType_t type,
                                     hcclComm_t comm, void *stream) {
  return collective(
      "hcclAlltoAll",
      exchangeOf(Collective::AllToAll, send, receive, count, type), 1, 1, comm,
      stream);
}

extern "C" hcclResult_t hcclBarrier(hcclComm_t comm, void *stream) {
  return collective(
      "hcclBarrier",
      exchangeOf(Collective::Barrier, nullptr, nullptr, 0, hcclFloat32), 0, 0,
      comm, stream);
}

extern "C" hcclResult_t hcclSend(const void *send, size_t count,
                                 hcclDataType_t type, int peer, hcclComm_t comm,
                                 void *stream) {
  return collective(
      "hcclSend",
      exchangeOf(Collective::Send, send, nullptr, count, type, hcclSum, peer),
      1, 0, comm, stream);
}

extern "C" hcclResult_t hcclRecv(void *receive, size_t count,
                                 hcclDataType_t type, int peer, hcclComm_t comm,
                                 void *stream) {
  return collective("hcclRecv",
                    exchangeOf(Collective::Receive, nullptr, receive, count,
                               type, hcclSum, peer),
                    0, 1, comm, stream);
}

// Calls are queued one by one anyway; sends wait for nobody, so a group of
// sends and receives cannot stand still.
extern "C" hcclResult_t hcclGroupStart() {
  return hcclCall("hcclGroupStart", [](Library &) { return HcclOutcome{}; });
}

extern "C" hcclResult_t hcclGroupEnd() {
  return hcclCall("hcclGroupEnd", [](Library &) { return HcclOutcome{}; });
}

} // namespace bertc::rt::syn
