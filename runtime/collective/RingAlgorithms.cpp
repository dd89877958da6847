// SPDX-License-Identifier: Apache-2.0
#include "runtime/collective/RingAlgorithms.h"

#include "runtime/kernels/common/Bf16.h"

#include <algorithm>
#include <deque>

namespace bertc::rt {

namespace {

/// Messages that may be under way in each direction.
constexpr size_t messagesAhead = 4;

void addTo(float *sums, const uint8_t *in, int64_t count, WireType type) {
  if (type == WireType::F32) {
    auto *values = reinterpret_cast<const float *>(in);
    for (int64_t i = 0; i < count; ++i) {
      sums[i] += values[i];
    }
    return;
  }
  auto *values = reinterpret_cast<const uint16_t *>(in);
  for (int64_t i = 0; i < count; ++i) {
    sums[i] += kernels::bf16ToFloat(values[i]);
  }
}

void narrow(uint8_t *out, const float *values, int64_t count) {
  auto *halves = reinterpret_cast<uint16_t *>(out);
  for (int64_t i = 0; i < count; ++i) {
    halves[i] = kernels::floatToBf16(values[i]);
  }
}

void widen(float *values, const uint8_t *in, int64_t count) {
  auto *halves = reinterpret_cast<const uint16_t *>(in);
  for (int64_t i = 0; i < count; ++i) {
    values[i] = kernels::bf16ToFloat(halves[i]);
  }
}

/// What travels in one step, message by message, for each part of the data.
using PartMessages = std::vector<std::vector<FloatStretch>>;

/// All parts are as long but for one element, and have as many messages.
PartMessages evenMessages(float *data, int64_t elements, int ranks,
                          int64_t messageElements) {
  int64_t largest = (elements + ranks - 1) / ranks;
  int64_t count =
      std::max<int64_t>(1, (largest + messageElements - 1) / messageElements);
  PartMessages messages(static_cast<size_t>(ranks));
  for (int64_t part = 0; part < ranks; ++part) {
    int64_t begin = elements * part / ranks;
    int64_t length = elements * (part + 1) / ranks - begin;
    for (int64_t k = 0; k < count; ++k) {
      int64_t from = length * k / count;
      messages[static_cast<size_t>(part)].push_back(
          {data + begin + from, length * (k + 1) / count - from});
    }
  }
  return messages;
}

/// Of stretches by rank.
PartMessages messagesOf(const std::vector<std::vector<FloatStretch>> &byRank,
                        int64_t messageElements) {
  PartMessages messages(byRank.size());
  for (size_t rank = 0; rank < byRank.size(); ++rank) {
    std::vector<FloatStretch> &part = messages[(rank + 1) % byRank.size()];
    for (const FloatStretch &stretch : byRank[rank]) {
      int64_t count =
          (stretch.elements + messageElements - 1) / messageElements;
      for (int64_t k = 0; k < count; ++k) {
        int64_t from = stretch.elements * k / count;
        part.push_back(
            {stretch.data + from, stretch.elements * (k + 1) / count - from});
      }
    }
  }
  return messages;
}

/// One of the two times around: N - 1 steps of messages.
class RingPass {
public:
  RingPass(Wire &wire, RingBuffers &buffers, PartMessages messages,
           WireType type, bool reduces)
      : wire_(wire), buffers_(buffers), messages_(std::move(messages)),
        type_(type), reduces_(reduces) {
    int64_t largest = 1;
    for (const std::vector<FloatStretch> &part : messages_) {
      perStep_ = std::max(perStep_, static_cast<int64_t>(part.size()));
      for (const FloatStretch &message : part) {
        largest = std::max(largest, message.elements);
      }
    }
    units_ = perStep_ * (wire.size() - 1);
    size_t bytes = static_cast<size_t>(largest) * width();
    for (auto *side : {&buffers.in, &buffers.out}) {
      side->resize(messagesAhead);
      for (std::vector<uint8_t> &buffer : *side) {
        buffer.resize(std::max(buffer.size(), bytes));
      }
    }
  }

  Status run() {
    return wire_.drive([this](bool *moved) { return advance(moved); });
  }

private:
  size_t width() const {
    return type_ == WireType::F32 ? sizeof(float) : sizeof(uint16_t);
  }

  /// Message `unit` of this pass: part `part` less the steps made. Empty when
  /// that part has fewer messages than another.
  FloatStretch piece(int64_t unit, int firstPart) {
    int64_t n = wire_.size();
    int64_t step = unit / perStep_;
    auto k = static_cast<size_t>(unit % perStep_);
    auto part = static_cast<size_t>(((firstPart - step) % n + n) % n);
    return k < messages_[part].size() ? messages_[part][k]
                                      : FloatStretch{&nothing_, 0};
  }
  /// Adding, rank r begins by sending its part r; then it has the sum of part
  /// r + 1, and begins with that.
  FloatStretch outgoing(int64_t unit) {
    return piece(unit, wire_.rank() + (reduces_ ? 0 : 1));
  }
  FloatStretch incoming(int64_t unit) {
    return piece(unit, wire_.rank() - (reduces_ ? 1 : 0));
  }

  StatusOr<bool> advance(bool *moved) {
    BERTC_RETURN_IF_ERROR(startReceives());
    BERTC_RETURN_IF_ERROR(startSends());
    if (!receives_.empty()) {
      BERTC_ASSIGN_OR_RETURN(bool done, wire_.test(receives_.front()));
      if (done) {
        *moved = true;
        take(received_);
        receives_.pop_front();
        ++received_;
      }
    }
    if (!sends_.empty()) {
      BERTC_ASSIGN_OR_RETURN(bool done, wire_.test(sends_.front()));
      if (done) {
        *moved = true;
        sends_.pop_front();
      }
    }
    return received_ == units_ && sent_ == units_ && sends_.empty();
  }

  Status startReceives() {
    while (receiving_ < units_ && receives_.size() < messagesAhead) {
      FloatStretch to = incoming(receiving_);
      bool direct = !reduces_ && type_ == WireType::F32;
      void *place =
          direct ? static_cast<void *>(to.data) : inBuffer(receiving_);
      int left = (wire_.rank() + wire_.size() - 1) % wire_.size();
      BERTC_ASSIGN_OR_RETURN(
          Message message,
          wire_.receive(left, place,
                        static_cast<size_t>(to.elements) * width()));
      receives_.push_back(message);
      ++receiving_;
    }
    return Status();
  }

  /// The first step's messages are there; each later one is what came in the
  /// step before.
  Status startSends() {
    while (sent_ < units_ && sends_.size() < messagesAhead &&
           sent_ < received_ + perStep_) {
      FloatStretch from = outgoing(sent_);
      const void *place = from.data;
      if (type_ == WireType::BF16) {
        uint8_t *buffer =
            buffers_.out[static_cast<size_t>(sent_) % messagesAhead].data();
        narrow(buffer, from.data, from.elements);
        place = buffer;
      }
      size_t bytes = static_cast<size_t>(from.elements) * width();
      BERTC_ASSIGN_OR_RETURN(
          Message message,
          wire_.send((wire_.rank() + 1) % wire_.size(), place, bytes));
      wire_.countReduced(bytes);
      sends_.push_back(message);
      ++sent_;
    }
    return Status();
  }

  void take(int64_t unit) {
    FloatStretch to = incoming(unit);
    if (reduces_) {
      addTo(to.data, inBuffer(unit), to.elements, type_);
    } else if (type_ == WireType::BF16) {
      widen(to.data, inBuffer(unit), to.elements);
    }
  }

  uint8_t *inBuffer(int64_t unit) {
    return buffers_.in[static_cast<size_t>(unit) % messagesAhead].data();
  }

  Wire &wire_;
  RingBuffers &buffers_;
  PartMessages messages_;
  WireType type_;
  bool reduces_;
  float nothing_ = 0;
  /// Messages of a step, and of all steps.
  int64_t perStep_ = 1, units_ = 0;
  int64_t receiving_ = 0, received_ = 0, sent_ = 0;
  std::deque<Message> receives_, sends_;
};

} // namespace

Status ringReduceScatter(Wire &wire, RingBuffers &buffers, float *data,
                         int64_t elements, WireType type,
                         int64_t messageElements) {
  if (wire.size() == 1) {
    return Status();
  }
  RingPass adding(wire, buffers,
                  evenMessages(data, elements, wire.size(), messageElements),
                  type, true);
  BERTC_RETURN_IF_ERROR(adding.run());
  if (type == WireType::BF16) {
    // What the others will have is rounded, so this rank's own is too.
    RingPart own = ringPart(wire.rank(), wire.size(), elements);
    for (int64_t i = own.begin; i < own.end; ++i) {
      data[i] = kernels::bf16ToFloat(kernels::floatToBf16(data[i]));
    }
  }
  return Status();
}

Status ringAllReduceSum(Wire &wire, RingBuffers &buffers, float *data,
                        int64_t elements, WireType type,
                        int64_t messageElements) {
  if (wire.size() == 1) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(
      ringReduceScatter(wire, buffers, data, elements, type, messageElements));
  RingPass sharing(wire, buffers,
                   evenMessages(data, elements, wire.size(), messageElements),
                   type, false);
  return sharing.run();
}

Status ringAllGather(Wire &wire, RingBuffers &buffers,
                     const std::vector<std::vector<FloatStretch>> &byRank,
                     int64_t messageElements) {
  if (wire.size() == 1) {
    return Status();
  }
  RingPass sharing(wire, buffers, messagesOf(byRank, messageElements),
                   WireType::F32, false);
  return sharing.run();
}

Status chainBroadcast(Wire &wire, uint8_t *data, size_t bytes,
                      size_t messageBytes) {
  size_t count = (bytes + messageBytes - 1) / messageBytes;
  size_t receiving = 0, received = wire.rank() == 0 ? count : 0, sent = 0;
  if (wire.rank() == 0) {
    receiving = count;
  }
  if (wire.rank() == wire.size() - 1) {
    sent = count;
  }
  std::deque<Message> receives, sends;
  auto lengthOf = [&](size_t i) {
    return std::min(messageBytes, bytes - i * messageBytes);
  };
  return wire.drive([&](bool *moved) -> StatusOr<bool> {
    while (receiving < count && receives.size() < messagesAhead) {
      BERTC_ASSIGN_OR_RETURN(Message message,
                             wire.receive(wire.rank() - 1,
                                          data + receiving * messageBytes,
                                          lengthOf(receiving)));
      receives.push_back(message);
      ++receiving;
    }
    while (sent < received && sends.size() < messagesAhead) {
      BERTC_ASSIGN_OR_RETURN(Message message,
                             wire.send(wire.rank() + 1,
                                       data + sent * messageBytes,
                                       lengthOf(sent)));
      sends.push_back(message);
      ++sent;
    }
    for (auto *queue : {&receives, &sends}) {
      if (queue->empty()) {
        continue;
      }
      BERTC_ASSIGN_OR_RETURN(bool done, wire.test(queue->front()));
      if (done) {
        *moved = true;
        queue->pop_front();
        received += queue == &receives ? 1 : 0;
      }
    }
    return received == count && sent == count && sends.empty();
  });
}

Status exchangeValues(Wire &wire, std::vector<std::string> *values,
                      std::vector<uint64_t> *lengths, bool rootOnly) {
  int me = wire.rank();
  auto own = static_cast<size_t>(me);
  (*lengths)[own] = (*values)[own].size();
  auto each = [&](auto &&perform) -> Status {
    std::vector<Message> messages;
    for (int p = 0; p < wire.size(); ++p) {
      if (p == me) {
        continue;
      }
      bool sends = !rootOnly || p == 0, receives = !rootOnly || me == 0;
      BERTC_RETURN_IF_ERROR(perform(p, sends, receives, &messages));
    }
    return wire.await(std::move(messages));
  };
  auto sized = [&](int p, bool sends, bool receives,
                   std::vector<Message> *messages) -> Status {
    if (receives) {
      BERTC_ASSIGN_OR_RETURN(
          Message message, wire.receive(p, &(*lengths)[static_cast<size_t>(p)],
                                        sizeof(uint64_t)));
      messages->push_back(message);
    }
    if (sends) {
      BERTC_ASSIGN_OR_RETURN(Message message,
                             wire.send(p, &(*lengths)[own], sizeof(uint64_t)));
      messages->push_back(message);
    }
    return Status();
  };
  BERTC_RETURN_IF_ERROR(each(sized));
  auto filled = [&](int p, bool sends, bool receives,
                    std::vector<Message> *messages) -> Status {
    auto at = static_cast<size_t>(p);
    if (receives && (*lengths)[at] > 0) {
      (*values)[at].resize((*lengths)[at]);
      BERTC_ASSIGN_OR_RETURN(
          Message message,
          wire.receive(p, (*values)[at].data(), (*values)[at].size()));
      messages->push_back(message);
    }
    if (sends && !(*values)[own].empty()) {
      BERTC_ASSIGN_OR_RETURN(
          Message message,
          wire.send(p, (*values)[own].data(), (*values)[own].size()));
      messages->push_back(message);
    }
    return Status();
  };
  return each(filled);
}

} // namespace bertc::rt
