// SPDX-License-Identifier: Apache-2.0
#include "support/Progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace bertc {
namespace {

constexpr double redrawInterval = 0.1;
constexpr int barWidth = 24;

double steadySeconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

int terminalColumns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return 80;
}

/// Whole numbers plainly, small fractional ones with two digits.
std::string formatCount(double value) {
  if (value >= 100 || value == std::floor(value)) {
    return fmt::format("{:.0f}", value);
  }
  return fmt::format("{:.2f}", value);
}

} // namespace

std::string formatDuration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 3.6e6) {
    return "--:--";
  }
  long whole = std::lround(seconds);
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60,
                       whole % 60);
  }
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

bool colorAllowed(int descriptor) {
  const char *noColor = std::getenv("NO_COLOR");
  const char *term = std::getenv("TERM");
  return isatty(descriptor) != 0 && (noColor == nullptr || *noColor == 0) &&
         (term == nullptr || std::strcmp(term, "dumb") != 0);
}

ProgressOptions megabytes(const std::string &label, uint64_t bytes,
                          bool quiet) {
  ProgressOptions options;
  options.label = label;
  options.unit = "MB";
  options.total = static_cast<double>(bytes) / 1e6;
  options.quiet = quiet;
  return options;
}

Progress::Progress(ProgressOptions options) : options_(std::move(options)) {
  if (!options_.clock) {
    options_.clock = steadySeconds;
  }
  terminal_ = options_.terminal < 0 ? isatty(STDERR_FILENO) != 0
                                    : options_.terminal == 1;
  startTime_ = options_.clock();
  done_ = options_.start;
  // The first plain line comes after one interval, not at once.
  if (!terminal_) {
    lastDraw_ = startTime_;
  }
}

Progress::~Progress() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (lineOpen_) {
    write("\n");
  }
}

void Progress::add(double count) {
  std::lock_guard<std::mutex> lock(mutex_);
  done_ += count;
  drawLocked(false);
}

void Progress::advanceTo(double done, const std::string &detail) {
  std::lock_guard<std::mutex> lock(mutex_);
  done_ = done;
  detail_ = detail;
  drawLocked(false);
}

void Progress::note(const std::string &line) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (options_.quiet) {
    return;
  }
  if (lineOpen_) {
    write("\r\x1b[K");
    lineOpen_ = false;
    lastDraw_ = -1e9;
  }
  write(line + "\n");
}

void Progress::finish() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (finished_) {
    return;
  }
  // Sums of fractions end a hair below the total.
  if (options_.total > 0 && done_ > options_.total * (1 - 1e-6)) {
    done_ = options_.total;
  }
  drawLocked(true);
  finished_ = true;
}

double Progress::rate() const {
  std::lock_guard<std::mutex> lock(mutex_);
  double elapsed = options_.clock() - startTime_;
  return elapsed > 0 ? (done_ - options_.start) / elapsed : 0;
}

void Progress::drawLocked(bool last) {
  if (options_.quiet || finished_) {
    return;
  }
  double now = options_.clock();
  double interval = terminal_ ? redrawInterval : options_.plainInterval;
  if (!last && now - lastDraw_ < interval) {
    return;
  }
  lastDraw_ = now;
  std::string line = renderLocked(now);
  if (!terminal_) {
    write(line + "\n");
    return;
  }
  int columns = options_.columns > 0 ? options_.columns : terminalColumns();
  if (static_cast<int>(line.size()) >= columns) {
    line.resize(static_cast<size_t>(std::max(columns - 1, 0)));
  }
  write("\r" + line + "\x1b[K" + (last ? "\n" : ""));
  lineOpen_ = !last;
}

std::string Progress::renderLocked(double now) const {
  double elapsed = now - startTime_;
  double perSecond = elapsed > 0 ? (done_ - options_.start) / elapsed : 0;
  std::string line = options_.label;
  if (options_.total > 0) {
    double fraction = std::min(1.0, std::max(0.0, done_ / options_.total));
    if (terminal_) {
      auto filled = static_cast<size_t>(fraction * barWidth);
      line += " [" + std::string(filled, '#') +
              std::string(barWidth - filled, '.') + "]";
    }
    line += fmt::format(" {:3.0f}% {}/{}", std::floor(fraction * 100),
                        formatCount(done_), formatCount(options_.total));
  } else {
    line += " " + formatCount(done_);
  }
  line += " " + options_.unit;
  if (perSecond > 0) {
    line += fmt::format(", {} {}/s", formatCount(perSecond), options_.unit);
  }
  line += ", " + formatDuration(elapsed) + " elapsed";
  if (options_.total > 0 && perSecond > 0 && done_ < options_.total) {
    line +=
        ", " + formatDuration((options_.total - done_) / perSecond) + " left";
  }
  return detail_.empty() ? line : line + ", " + detail_;
}

void Progress::write(const std::string &text) const {
  if (options_.sink) {
    options_.sink(text);
    return;
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

} // namespace bertc
