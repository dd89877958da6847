// SPDX-License-Identifier: Apache-2.0
#include "runtime/collective/Wire.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <thread>

namespace bertc::rt {

namespace {

constexpr int controlTag = 0;
constexpr int firstTag = 1;
constexpr uint64_t tagCount = 32000;
/// Signs of life within a limit; three in a row may be late without harm.
constexpr double beatsPerLimit = 20;

template <size_t n>
void setText(std::array<char, n> &place, const std::string &text) {
  place = {};
  std::memcpy(place.data(), text.data(), std::min(text.size(), n - 1));
}

template <size_t n> std::string textOf(const std::array<char, n> &place) {
  return std::string(place.data(), strnlen(place.data(), n));
}

std::string inSeconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g s", seconds);
  return text;
}

} // namespace

Wire::Wire(std::unique_ptr<Transport> transport, PeerWatch &watch,
           double limitSeconds)
    : transport_(std::move(transport)), watch_(watch), limit_(limitSeconds),
      interval_(std::clamp(limitSeconds / beatsPerLimit, 0.02, 2.0)),
      peers_(static_cast<size_t>(transport_->size())), moved_(Clock::now()),
      pumped_(moved_), beaten_(), judged_() {
  for (Peer &peer : peers_) {
    peer.heard = moved_;
  }
}

double Wire::secondsSince(Clock::time_point then) const {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

std::string Wire::name(int peer) const {
  const std::string &where = peers_[static_cast<size_t>(peer)].name;
  return "rank " + std::to_string(peer) +
         (where.empty() ? "" : " (" + where + ")");
}

std::string Wire::place() const {
  std::string what = textOf(own_.what);
  if (what.empty()) {
    return "before the first collective";
  }
  return (inside_ ? "during '" : "after '") + what + "'";
}

int Wire::tag() const {
  return firstTag + static_cast<int>(own_.sequence % tagCount);
}

void Wire::enter(const std::string &what) {
  ++own_.sequence;
  setText(own_.what, what);
  inside_ = true;
  moved_ = Clock::now();
}

StatusOr<Message> Wire::send(int peer, const void *data, size_t bytes) {
  BERTC_ASSIGN_OR_RETURN(Transport::Handle handle,
                         transport_->send(peer, tag(), data, bytes));
  sent_ += bytes;
  return Message{peer, bytes, handle, true};
}

StatusOr<Message> Wire::receive(int peer, void *data, size_t bytes) {
  BERTC_ASSIGN_OR_RETURN(Transport::Handle handle,
                         transport_->receive(peer, tag(), data, bytes));
  return Message{peer, bytes, handle, false};
}

StatusOr<bool> Wire::test(const Message &message) {
  StatusOr<std::optional<size_t>> done = transport_->test(message.handle);
  if (!done.ok()) {
    return ioError(name(message.peer) + " cannot be reached " + place() + ": " +
                   done.status().message());
  }
  if (!*done) {
    return false;
  }
  if (**done != message.bytes) {
    return internalError(name(message.peer) + " sent " +
                         std::to_string(**done) + " bytes, expected " +
                         std::to_string(message.bytes) + " " + place());
  }
  if (!message.outgoing) {
    peers_[static_cast<size_t>(message.peer)].heard = Clock::now();
  }
  return true;
}

Status Wire::drive(const Advance &advance) {
  int fruitless = 0;
  while (true) {
    bool moved = false;
    BERTC_ASSIGN_OR_RETURN(bool done, advance(&moved));
    if (done) {
      return Status();
    }
    if (moved) {
      moved_ = Clock::now();
      fruitless = 0;
    } else {
      ++fruitless;
    }
    // The clock is looked at now and then only; other ranks of an
    // oversubscribed machine need the core more than this wait does.
    if (fruitless % 64 == 63 || secondsSince(pumped_) > interval_) {
      BERTC_RETURN_IF_ERROR(pump());
    }
    if (fruitless > 2000) {
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    } else if (fruitless > 256) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    } else if (fruitless > 16) {
      std::this_thread::yield();
    }
  }
}

Status Wire::await(std::vector<Message> messages) {
  return drive([&](bool *moved) -> StatusOr<bool> {
    for (size_t i = 0; i < messages.size();) {
      BERTC_ASSIGN_OR_RETURN(bool done, test(messages[i]));
      if (done) {
        *moved = true;
        messages[i] = messages.back();
        messages.pop_back();
      } else {
        ++i;
      }
    }
    return messages.empty();
  });
}

Status Wire::waitUntil(const std::function<StatusOr<bool>()> &done) {
  Status failure;
  Clock::time_point failed;
  return drive([&](bool *) -> StatusOr<bool> {
    if (failure.ok()) {
      StatusOr<bool> now = done();
      if (now.ok()) {
        return *now;
      }
      failure = now.status();
      failed = Clock::now();
    }
    if (secondsSince(failed) < std::min(2 * interval_, limit_)) {
      return false;
    }
    std::string behind = missing(nullptr);
    return behind.empty() ? failure : failure.annotate(behind);
  });
}

Status Wire::pump() {
  if (interrupted_) {
    return ioError("given up " + place());
  }
  forgiveOwnSleep();
  BERTC_RETURN_IF_ERROR(listen());
  BERTC_RETURN_IF_ERROR(beat(false));
  return judge();
}

bool Wire::hasSlept() const {
  return secondsSince(pumped_) > std::max(4 * interval_, 1.0);
}

/// A process that was stopped itself, or its whole machine, must not take the
/// silence it slept through for the others' fault.
void Wire::forgiveOwnSleep() {
  Clock::time_point now = Clock::now();
  if (hasSlept()) {
    for (Peer &peer : peers_) {
      peer.heard = now;
    }
    moved_ = now;
  }
  pumped_ = now;
}

Status Wire::listen() {
  for (int p = 0; p < size(); ++p) {
    Peer &peer = peers_[static_cast<size_t>(p)];
    while (p != rank()) {
      if (peer.receiving == 0) {
        BERTC_ASSIGN_OR_RETURN(
            peer.receiving,
            transport_->receive(p, controlTag, &peer.in, sizeof(peer.in)));
      }
      StatusOr<std::optional<size_t>> done = transport_->test(peer.receiving);
      if (!done.ok()) {
        return ioError(name(p) + " cannot be reached " + place() + ": " +
                       done.status().message());
      }
      if (!*done) {
        break;
      }
      peer.receiving = 0;
      BERTC_RETURN_IF_ERROR(heed(p));
    }
  }
  return Status();
}

Status Wire::heed(int p) {
  Peer &peer = peers_[static_cast<size_t>(p)];
  peer.heard = Clock::now();
  peer.state = peer.in;
  if (peer.state.flags & ControlMessage::Stop) {
    stopAnnounced_ = true;
  }
  if (peer.state.flags & ControlMessage::Abort) {
    heardAbort_ = std::max(1, peer.state.code);
    return Status(StatusCode::IoError,
                  name(p) + " gave up: " + textOf(peer.state.text));
  }
  return Status();
}

Status Wire::beat(bool force) {
  bool news = own_.flags != beatenFlags_;
  if (!force && !news && secondsSince(beaten_) < interval_) {
    return Status();
  }
  beaten_ = Clock::now();
  beatenFlags_ = own_.flags;
  for (int p = 0; p < size(); ++p) {
    Peer &peer = peers_[static_cast<size_t>(p)];
    if (p == rank()) {
      continue;
    }
    if (peer.sending != 0) {
      StatusOr<std::optional<size_t>> done = transport_->test(peer.sending);
      if (!done.ok()) {
        return ioError(name(p) + " cannot be reached " + place() + ": " +
                       done.status().message());
      }
      if (!*done) {
        beatenFlags_ = news ? ~own_.flags : beatenFlags_; // once more
        continue; // it does not listen; one at a time is enough
      }
      peer.sending = 0;
    }
    peer.out = own_;
    BERTC_ASSIGN_OR_RETURN(
        peer.sending,
        transport_->send(p, controlTag, &peer.out, sizeof(peer.out)));
    control_ += sizeof(peer.out);
  }
  return Status();
}

Status Wire::judge() {
  if (secondsSince(judged_) < 0.01) {
    return Status();
  }
  judged_ = Clock::now();
  if (hasSlept()) { // in the midst of this round; the next one forgives it
    return Status();
  }
  int dead = watch_.dead();
  if (dead >= 0) {
    // What it said last may be why it went.
    BERTC_RETURN_IF_ERROR(listen());
    return ioError(name(dead) + " died " + place());
  }
  for (int p = 0; p < size(); ++p) {
    if (p != rank() &&
        secondsSince(peers_[static_cast<size_t>(p)].heard) > limit_) {
      return ioError(name(p) + " has not answered for " + inSeconds(limit_) +
                     " " + place() + "; it was stopped, or cannot be reached");
    }
  }
  tellSilent();
  return inside_ ? judgeStall() : Status();
}

/// Once, when this process is being ended and a rank has missed some signs of
/// life, though not yet a limit of them.
void Wire::tellSilent() {
  if (!endAsked_ || !endAsked_()) {
    return;
  }
  std::string silent;
  for (int p = 0; p < size(); ++p) {
    double seconds = secondsSince(peers_[static_cast<size_t>(p)].heard);
    if (p != rank() && seconds > std::max(4 * interval_, 1.0)) {
      silent += "; " + name(p) + " has not answered for " +
                inSeconds(std::floor(seconds)) + " " + place();
    }
  }
  if (!silent.empty()) {
    say_("rank " + std::to_string(rank()) + ": asked to end" + silent);
    endAsked_ = nullptr;
  }
}

/// Which ranks have not come to the collective at hand; `busy` tells whether
/// one of them is at something long. Nothing is said of the others then.
std::string Wire::missing(bool *busy) const {
  std::string text;
  for (int p = 0; p < size(); ++p) {
    const ControlMessage &state = peers_[static_cast<size_t>(p)].state;
    if (p == rank() || state.sequence >= own_.sequence) {
      continue;
    }
    if (busy && state.flags & ControlMessage::Busy) {
      *busy = true;
      return "";
    }
    text += (text.empty() ? "" : ", ") + name(p) + " has not come beyond '" +
            textOf(state.what) + "'";
  }
  return text;
}

/// Everybody answers, but nothing moves. A rank that two others cannot reach
/// stalls all: those that know better get a moment to say so first.
Status Wire::judgeStall() {
  if (secondsSince(moved_) < limit_ + 4 * interval_) {
    return Status();
  }
  bool busy = false;
  std::string behind = missing(&busy);
  if (busy) {
    moved_ = Clock::now();
    return Status();
  }
  return ioError("nothing has moved for " + inSeconds(limit_) + " " + place() +
                 (behind.empty() ? "" : ": " + behind));
}

void Wire::idle() {
  double left = interval_ - secondsSince(beaten_);
  watch_.sleep(std::clamp(left, 0.0, 0.1));
}

void Wire::setIdentities(const std::vector<std::string> &identities) {
  for (int p = 0; p < size(); ++p) {
    const std::string &identity = identities[static_cast<size_t>(p)];
    peers_[static_cast<size_t>(p)].name = PeerWatch::describe(identity);
    if (p != rank()) {
      watch_.watch(p, identity);
    }
  }
}

void Wire::setFlags(uint32_t flags) {
  own_.flags = flags;
  if (flags & ControlMessage::Stop) {
    stopAnnounced_ = true;
  }
}

void Wire::tellAbort(int code, const std::string &text) {
  own_.flags |= ControlMessage::Abort;
  own_.code = code;
  setText(own_.text, text);
  Clock::time_point begin = Clock::now();
  // Those that listen have it in a moment.
  bool left = true;
  while (left && secondsSince(begin) < 0.5) {
    left = false;
    for (int p = 0; p < size(); ++p) {
      Peer &peer = peers_[static_cast<size_t>(p)];
      if (p == rank() ||
          (peer.out.flags & ControlMessage::Abort && peer.sending == 0)) {
        continue;
      }
      left = true;
      if (peer.sending != 0) {
        StatusOr<std::optional<size_t>> done = transport_->test(peer.sending);
        if (!done.ok() || *done) {
          peer.sending = 0;
        }
      } else {
        peer.out = own_;
        StatusOr<Transport::Handle> handle =
            transport_->send(p, controlTag, &peer.out, sizeof(peer.out));
        peer.sending = handle.ok() ? *handle : 0;
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

Traffic Wire::traffic() const { return {reduced_, sent_ - reduced_, control_}; }

} // namespace bertc::rt
