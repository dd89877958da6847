// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/hccl/Combine.h"

#include <algorithm>
#include <cstring>

namespace bertc::standin {

using namespace rt::syn;

namespace {

using Bytes = std::vector<uint8_t>;

float fromBf16(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

uint16_t toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7fffffff) > 0x7f800000) {
    return uint16_t(bits >> 16 | 0x40);
  }
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <class Value> Value join(Value a, Value b, hcclRedOp_t op) {
  if (op == hcclMin) {
    return std::min(a, b);
  }
  return op == hcclMax ? std::max(a, b) : Value(a + b);
}

/// Element i of all ranks' payloads, joined in the order of the ranks; `load`
/// reads and `store` writes one element.
template <class Value, class Load, class Store>
Bytes reduceAs(const std::vector<Contribution> &all, size_t width, Load &&load,
               Store &&store) {
  hcclRedOp_t op = all[0].request.op;
  Bytes result(all[0].payload.size());
  for (size_t at = 0; at + width <= result.size(); at += width) {
    Value joined = load(all[0].payload.data() + at);
    for (size_t rank = 1; rank < all.size(); rank++) {
      joined = join<Value>(joined, load(all[rank].payload.data() + at), op);
    }
    store(joined, result.data() + at);
  }
  return result;
}

template <class Value> Bytes reducePlain(const std::vector<Contribution> &all) {
  return reduceAs<Value>(
      all, sizeof(Value),
      [](const uint8_t *from) {
        Value value;
        std::memcpy(&value, from, sizeof(value));
        return value;
      },
      [](Value value, uint8_t *to) { std::memcpy(to, &value, sizeof(value)); });
}

Bytes reduce(const std::vector<Contribution> &all) {
  switch (all[0].request.type) {
  case hcclFloat32:
    return reducePlain<float>(all);
  case hcclInt32:
    return reducePlain<int32_t>(all);
  case hcclUint32:
    return reducePlain<uint32_t>(all);
  default:
    return reduceAs<float>(
        all, sizeof(uint16_t),
        [](const uint8_t *from) {
          uint16_t bits;
          std::memcpy(&bits, from, sizeof(bits));
          return fromBf16(bits);
        },
        [](float value, uint8_t *to) {
          uint16_t bits = toBf16(value);
          std::memcpy(to, &bits, sizeof(bits));
        });
  }
}

Bytes piece(const Bytes &whole, size_t index, size_t count) {
  size_t bytes = whole.size() / count;
  auto begin = whole.begin() + int64_t(index * bytes);
  return Bytes(begin, begin + int64_t(bytes));
}

Bytes gather(const std::vector<Contribution> &all) {
  Bytes result;
  for (const Contribution &one : all) {
    result.insert(result.end(), one.payload.begin(), one.payload.end());
  }
  return result;
}

/// The bytes that a rank must send.
uint64_t expectedBytes(const Request &request, size_t rank, size_t ranks) {
  uint64_t bytes = request.count * hcclBytes(request.type);
  switch (request.kind) {
  case Collective::ReduceScatter:
    return bytes * ranks;
  case Collective::Broadcast:
    return int32_t(rank) == request.peer ? bytes : 0;
  case Collective::Barrier:
    return 0;
  default:
    return bytes;
  }
}

} // namespace

std::string disagreement(const std::vector<Contribution> &all) {
  const Request &first = all[0].request;
  for (size_t rank = 0; rank < all.size(); rank++) {
    const Request &request = all[rank].request;
    std::string who = "ranks 0 and " + std::to_string(rank);
    if (request.kind != first.kind) {
      return who + " call different collectives";
    }
    if (request.count != first.count || request.type != first.type ||
        request.op != first.op || request.peer != first.peer) {
      return who + " call one collective with different arguments";
    }
    if (request.bytes != expectedBytes(request, rank, all.size())) {
      return "rank " + std::to_string(rank) + " sends " +
             std::to_string(request.bytes) + " bytes";
    }
  }
  return "";
}

std::vector<Bytes> combine(const std::vector<Contribution> &all) {
  const Request &request = all[0].request;
  size_t ranks = all.size(), root = size_t(request.peer);
  std::vector<Bytes> results(ranks);
  switch (request.kind) {
  case Collective::AllReduce:
    std::fill(results.begin(), results.end(), reduce(all));
    break;
  case Collective::Reduce:
    results[root] = reduce(all);
    break;
  case Collective::ReduceScatter: {
    Bytes whole = reduce(all);
    for (size_t rank = 0; rank < ranks; rank++) {
      results[rank] = piece(whole, rank, ranks);
    }
    break;
  }
  case Collective::AllGather:
    std::fill(results.begin(), results.end(), gather(all));
    break;
  case Collective::Broadcast:
    std::fill(results.begin(), results.end(), all[root].payload);
    break;
  case Collective::AllToAll:
    for (size_t rank = 0; rank < ranks; rank++) {
      for (const Contribution &from : all) {
        Bytes part = piece(from.payload, rank, ranks);
        results[rank].insert(results[rank].end(), part.begin(), part.end());
      }
    }
    break;
  default:
    break;
  }
  return results;
}

} // namespace bertc::standin
