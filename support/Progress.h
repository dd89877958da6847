// SPDX-License-Identifier: Apache-2.0
//
// Progress of a long job on stderr: a bar that redraws in place on a terminal,
// a plain line now and then everywhere else (a log file, a pipe), nothing at
// all when quiet. Rate and time left are computed here, so every program shows
// them the same way:
//
//   Progress progress({"tokenise", "MB", fileBytes / 1e6});
//   ... progress.add(0.5);
//   progress.finish();
//
// add(), advanceTo() and note() may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace bertc {

/// What a Progress shows and where.
struct ProgressOptions {
  /// Short name of the job, e.g. "tokenise".
  std::string label;
  /// Unit of the counts, e.g. "MB", "steps", "sequences".
  std::string unit;
  /// Final count, in units; 0 when unknown (no bar, no time left).
  double total = 0;
  /// Count at the start (a resumed run); left out of the rate.
  double start = 0;
  /// Prints nothing, not even notes.
  bool quiet = false;
  /// Seconds between plain lines when stderr is not a terminal.
  double plainInterval = 5;
  /// Receives what would go to stderr; for tests. Empty: stderr.
  std::function<void(const std::string &)> sink;
  /// 1 or 0 to force terminal mode on or off; -1: ask stderr.
  int terminal = -1;
  /// Columns of the terminal; 0: ask stderr.
  int columns = 0;
  /// Seconds since some instant; for tests. Empty: the steady clock.
  std::function<double()> clock;
};

/// For a job that reads `bytes` bytes (0: unknown) and counts them in MB.
ProgressOptions megabytes(const std::string &label, uint64_t bytes, bool quiet);

/// Shows one job's progress; see the top of this file.
class Progress {
public:
  explicit Progress(ProgressOptions options);
  /// Ends the line of an unfinished bar; the terminal is never left mid-line.
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Adds `count` units to what is done.
  void add(double count);
  /// Sets what is done; `detail` (e.g. "loss 7.31 lr 1e-4") follows the counts.
  void advanceTo(double done, const std::string &detail = "");
  /// Prints a line of its own above the bar.
  void note(const std::string &line);
  /// Draws the final state and ends the line; later calls do nothing.
  void finish();

  /// Units a second since the start; 0 before any time has passed.
  double rate() const;

private:
  void drawLocked(bool last);
  std::string renderLocked(double now) const;
  void write(const std::string &text) const;

  ProgressOptions options_;
  bool terminal_;
  double startTime_;
  mutable std::mutex mutex_;
  double done_;
  double lastDraw_ = -1e9;
  bool lineOpen_ = false;
  bool finished_ = false;
  std::string detail_;
};

/// "1:02:03" or "02:03" for a time in seconds; "--:--" when unknown (negative
/// or not finite).
std::string formatDuration(double seconds);

/// True when colour may be used on this descriptor: a terminal, NO_COLOR unset
/// or empty, TERM not "dumb".
bool colorAllowed(int descriptor);

} // namespace bertc
