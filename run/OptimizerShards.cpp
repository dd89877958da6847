// SPDX-License-Identifier: Apache-2.0
#include "run/OptimizerShards.h"

#include "io/Checkpoint.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace bertc {

namespace {

/// Elements of a slot that travel at once.
constexpr int64_t chunkElements = 1 << 20;

bool isSlot(const rt::VariableInfo &info) {
  return info.role == rt::VariableRole::AdamM ||
         info.role == rt::VariableRole::AdamV;
}

/// Where the next variable of a plan lies behind one that ends at `end`.
const float *alignedBehind(const float *end) {
  return reinterpret_cast<const float *>(
      (reinterpret_cast<uintptr_t>(end) + 63) / 64 * 64);
}

} // namespace

/// What rank 0 wants of a slot; the last request wants nothing.
struct OptimizerShards::Request {
  int64_t slot = -1;
  int64_t begin = 0, end = 0;
};

StatusOr<std::unique_ptr<OptimizerShards>>
OptimizerShards::create(rt::Session &session, rt::Collective &collective) {
  std::unique_ptr<OptimizerShards> shards(
      new OptimizerShards(session, collective));
  BERTC_RETURN_IF_ERROR(shards->findAccumulators());
  shards->divide();
  BERTC_RETURN_IF_ERROR(shards->share());
  return shards;
}

StatusOr<float *> OptimizerShards::dataOf(uint32_t variable) const {
  BERTC_ASSIGN_OR_RETURN(
      rt::TensorView view,
      session_.mutableVariable(session_.plan().variables()[variable].name));
  return view.as<float>();
}

Status OptimizerShards::findAccumulators() {
  const std::vector<rt::VariableInfo> &infos = session_.plan().variables();
  for (uint32_t i = 0; i < infos.size(); ++i) {
    allBytes_ += isSlot(infos[i]) ? infos[i].bytes() : 0;
    if (infos[i].role == rt::VariableRole::Accum) {
      // The device's own errors come from shardOptimizer().
      BERTC_ASSIGN_OR_RETURN(float *data, dataOf(i));
      accumulators_.push_back(
          {infos[i].owner, data, rt::numElements(infos[i].shape)});
    }
  }
  if (accumulators_.empty()) {
    return failedPrecondition(fmt::format(
        "{}: has no accumulators, it cannot be trained; compile it with --mode "
        "train",
        session_.plan().path()));
  }
  std::sort(accumulators_.begin(), accumulators_.end(),
            [](const Accumulator &a, const Accumulator &b) {
              return a.data < b.data;
            });
  for (const Accumulator &next : accumulators_) {
    if (!stretches_.empty()) {
      rt::FloatStretch &last = stretches_.back();
      if (next.data == alignedBehind(last.data + last.elements)) {
        last.elements = next.data + next.elements - last.data;
        continue;
      }
    }
    stretches_.push_back({next.data, next.elements});
  }
  return Status();
}

/// Of each stretch, a rank has the part whose sum the ring leaves it.
void OptimizerShards::divide() {
  ranges_.assign(static_cast<size_t>(collective_.size()),
                 std::vector<Range>(session_.plan().variables().size()));
  size_t first = 0;
  for (const rt::FloatStretch &stretch : stretches_) {
    size_t last = first;
    while (last < accumulators_.size() &&
           accumulators_[last].data < stretch.data + stretch.elements) {
      ++last;
    }
    for (int rank = 0; rank < collective_.size(); ++rank) {
      rt::RingPart part =
          rt::ringPart(rank, collective_.size(), stretch.elements);
      for (size_t i = first; i < last; ++i) {
        int64_t at = accumulators_[i].data - stretch.data;
        int64_t begin = std::max<int64_t>(part.begin - at, 0);
        int64_t end = std::min(part.end - at, accumulators_[i].elements);
        if (begin < end) {
          ranges_[static_cast<size_t>(rank)][accumulators_[i].weight] = {begin,
                                                                         end};
        }
      }
    }
    first = last;
  }
}

Status OptimizerShards::share() {
  rt::OptimizerShard shard;
  const std::vector<Range> &own =
      ranges_[static_cast<size_t>(collective_.rank())];
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i].begin < own[i].end) {
      shard.ranges.push_back(
          {session_.plan().variables()[i].name, own[i].begin, own[i].end});
    }
  }
  rt::Collective *all = &collective_;
  shard.exchange = [all](const std::string &text) {
    return all->allGather(text, "norms of variables that ranks share");
  };
  return session_.shardOptimizer(std::move(shard));
}

uint64_t OptimizerShards::bytesOf(int rank) const {
  const std::vector<rt::VariableInfo> &infos = session_.plan().variables();
  uint64_t bytes = 0;
  for (const rt::VariableInfo &info : infos) {
    if (isSlot(info)) {
      Range own = ranges_[static_cast<size_t>(rank)][info.owner];
      bytes += static_cast<uint64_t>(own.end - own.begin) * sizeof(float);
    }
  }
  return bytes;
}

Status OptimizerShards::reduceGradients(rt::WireType wire,
                                        const std::string &what) {
  std::vector<rt::Collective::Ticket> tickets;
  for (const rt::FloatStretch &stretch : stretches_) {
    tickets.push_back(collective_.startReduceScatter(
        stretch.data, stretch.elements, wire, what));
  }
  for (size_t i = 0; i < stretches_.size(); ++i) {
    BERTC_RETURN_IF_ERROR(collective_.wait(tickets[i]));
    const rt::FloatStretch &stretch = stretches_[i];
    rt::RingPart own =
        rt::ringPart(collective_.rank(), collective_.size(), stretch.elements);
    std::fill(stretch.data, stretch.data + own.begin, 0.0f);
    std::fill(stretch.data + own.end, stretch.data + stretch.elements, 0.0f);
  }
  return Status();
}

Status OptimizerShards::shareWeights(const std::string &what) {
  std::vector<std::vector<rt::FloatStretch>> byRank(ranges_.size());
  for (size_t rank = 0; rank < ranges_.size(); ++rank) {
    std::vector<rt::FloatStretch> &all = byRank[rank];
    for (const Accumulator &each : accumulators_) {
      Range range = ranges_[rank][each.weight];
      if (range.begin == range.end) {
        continue;
      }
      BERTC_ASSIGN_OR_RETURN(float *data, dataOf(each.weight));
      data += range.begin;
      int64_t count = range.end - range.begin;
      if (!all.empty() && range.begin == 0 &&
          data == alignedBehind(all.back().data + all.back().elements)) {
        all.back().elements = data + count - all.back().data;
      } else {
        all.push_back({data, count});
      }
    }
  }
  return collective_.wait(collective_.startAllGather(std::move(byRank), what));
}

// ---- checkpoints -----------------------------------------------------------

/// What a rank has of elements [begin, end) of a slot.
OptimizerShards::Range OptimizerShards::ownOf(int rank, uint32_t slot,
                                              int64_t begin,
                                              int64_t end) const {
  uint32_t weight = session_.plan().variables()[slot].owner;
  Range own = ranges_[static_cast<size_t>(rank)][weight];
  own.begin = std::max(own.begin, begin);
  own.end = std::max(own.begin, std::min(own.end, end));
  return own;
}

Status OptimizerShards::loadSlot(const CheckpointReader *reader, uint32_t slot,
                                 std::vector<float> *chunk) {
  const rt::VariableInfo &info = session_.plan().variables()[slot];
  const CheckpointEntry *entry = reader ? reader->find(info.name) : nullptr;
  const uint8_t *source = nullptr;
  if (entry) {
    if (entry->info.shape != info.shape) {
      return invalidArgument(fmt::format(
          "{}: {} is {}, the plan has {}", reader->prefix(), info.name,
          shapeToString(entry->info.shape), rt::shapeString(info.shape)));
    }
    BERTC_ASSIGN_OR_RETURN(source, reader->view(info.name));
  }
  uint8_t isThere = entry != nullptr;
  BERTC_RETURN_IF_ERROR(collective_.broadcast(&isThere, 1, info.name));
  if (!isThere) {
    return Status(); // it stays zero
  }
  BERTC_ASSIGN_OR_RETURN(float *data, dataOf(slot));
  int64_t elements = rt::numElements(info.shape);
  for (int64_t begin = 0; begin < elements; begin += chunkElements) {
    int64_t end = std::min(begin + chunkElements, elements);
    auto count = static_cast<size_t>(end - begin);
    if (entry) {
      size_t width = dataTypeSize(entry->info.dtype);
      BERTC_RETURN_IF_ERROR(
          convertToF32(entry->info.dtype,
                       source + static_cast<size_t>(begin) * width,
                       chunk->data(), count)
              .annotate(info.name));
    }
    BERTC_RETURN_IF_ERROR(
        collective_.broadcast(chunk->data(), count * sizeof(float), info.name));
    Range own = ownOf(collective_.rank(), slot, begin, end);
    std::copy(chunk->data() + (own.begin - begin),
              chunk->data() + (own.end - begin), data + own.begin);
  }
  return Status();
}

Status OptimizerShards::loadSlots(const std::string &prefix) {
  std::optional<CheckpointReader> reader;
  if (collective_.isRoot()) {
    BERTC_ASSIGN_OR_RETURN(reader, CheckpointReader::open(prefix));
  }
  std::vector<float> chunk(chunkElements);
  const std::vector<rt::VariableInfo> &infos = session_.plan().variables();
  for (uint32_t i = 0; i < infos.size(); ++i) {
    if (isSlot(infos[i])) {
      BERTC_RETURN_IF_ERROR(loadSlot(reader ? &*reader : nullptr, i, &chunk));
    }
  }
  return Status();
}

/// All ranks' elements of what rank 0 has asked for, on rank 0.
StatusOr<std::vector<std::string>>
OptimizerShards::exchange(const Request &request) {
  auto slot = static_cast<uint32_t>(request.slot);
  Range own = ownOf(collective_.rank(), slot, request.begin, request.end);
  BERTC_ASSIGN_OR_RETURN(float *data, dataOf(slot));
  std::string mine(reinterpret_cast<const char *>(data + own.begin),
                   static_cast<size_t>(own.end - own.begin) * sizeof(float));
  return collective_.gather(mine, session_.plan().variables()[slot].name);
}

Status OptimizerShards::fetchSlot(const std::string &name, uint64_t offset,
                                  uint64_t bytes, void *target) {
  const rt::VariableInfo *info = session_.plan().findVariable(name);
  if (!info || !isSlot(*info) || offset % sizeof(float) != 0 ||
      bytes % sizeof(float) != 0 || offset + bytes > info->bytes()) {
    return internalError(
        fmt::format("bytes {} to {} of '{}' are not those of a slot", offset,
                    offset + bytes, name));
  }
  Request request;
  request.slot = info - session_.plan().variables().data();
  request.begin = static_cast<int64_t>(offset / sizeof(float));
  request.end = static_cast<int64_t>((offset + bytes) / sizeof(float));
  BERTC_RETURN_IF_ERROR(
      collective_.broadcast(&request, sizeof(request), "a checkpoint"));
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> all, exchange(request));
  uint64_t found = 0;
  for (int rank = 0; rank < collective_.size(); ++rank) {
    Range range = ownOf(rank, static_cast<uint32_t>(request.slot),
                        request.begin, request.end);
    const std::string &part = all[static_cast<size_t>(rank)];
    auto expected = static_cast<size_t>(range.end - range.begin);
    if (part.size() != expected * sizeof(float)) {
      return internalError(
          fmt::format("rank {} has {} bytes of a piece of '{}', expected {}",
                      rank, part.size(), name, expected * sizeof(float)));
    }
    if (!part.empty()) {
      std::memcpy(static_cast<float *>(target) + (range.begin - request.begin),
                  part.data(), part.size());
    }
    found += part.size();
  }
  if (found != bytes) {
    return internalError(fmt::format("the ranks have {} of {} bytes of '{}'",
                                     found, bytes, name));
  }
  fetched_ += bytes;
  if (fetched_ < allBytes_) {
    return Status();
  }
  fetched_ = 0;
  Request last;
  return collective_.broadcast(&last, sizeof(last), "a checkpoint");
}

Status OptimizerShards::serveSlots() {
  while (true) {
    Request request;
    BERTC_RETURN_IF_ERROR(
        collective_.broadcast(&request, sizeof(request), "a checkpoint"));
    if (request.slot < 0) {
      return Status();
    }
    auto count = session_.plan().variables().size();
    if (request.slot >= static_cast<int64_t>(count)) {
      return internalError(fmt::format("rank 0 asks for variable {} of {}",
                                       request.slot, count));
    }
    BERTC_RETURN_IF_ERROR(exchange(request).status());
  }
}

} // namespace bertc
