// SPDX-License-Identifier: Apache-2.0
#include "support/Signals.h"

#include <atomic>
#include <csignal>
#include <cstring>

#include <unistd.h>

namespace bertc {
namespace {

std::atomic<int> requested{0};
static_assert(std::atomic<int>::is_always_lock_free,
              "the handler may only touch lock-free atomics");

// Only async-signal-safe calls are allowed in here.
void onStopSignal(int number) {
  int none = 0;
  if (requested.compare_exchange_strong(none, number)) {
    static const char text[] =
        "\nstopping after this step; signal again to stop at once\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    return;
  }
  _exit(128 + number);
}

} // namespace

void installStopSignals() {
  struct sigaction action;
  std::memset(&action, 0, sizeof(action));
  action.sa_handler = onStopSignal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stopRequested() { return requested.load(std::memory_order_relaxed) != 0; }

int stopSignal() { return requested.load(std::memory_order_relaxed); }

int stopExitCode() {
  int number = stopSignal();
  return number == 0 ? 0 : 128 + number;
}

void resetStopRequest() { requested.store(0); }

} // namespace bertc
