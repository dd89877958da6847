// SPDX-License-Identifier: Apache-2.0
//
// TensorBoard event files: TFRecord-framed tf.Event messages with scalar
// summaries, in files named events.out.tfevents.SECONDS.HOST.PID.N.
//
//   BERTC_ASSIGN_OR_RETURN(EventFile events, EventFile::create(dir, step + 1));
//   BERTC_RETURN_IF_ERROR(events.scalars(10, {{"loss", 0.7}}));
//
// A session that continues a run starts a file of its own. TensorBoard reads
// the files of a folder in the order of their names, and the mark at the start
// of each tells it which steps of the earlier ones are void.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace bertc {

/// One point of a curve; `tag` names the curve.
struct Scalar {
  std::string tag;
  double value = 0;
};

/// Appends to one event file; what scalars() wrote is with the system when it
/// returns.
class EventFile {
public:
  /// A file that drops everything.
  EventFile() = default;

  /// Starts a file in `directory`, which is made when missing. `firstStep` is
  /// the smallest step that this session will write: points that earlier files
  /// of the folder have at that step or after it, because a run got further
  /// than its last checkpoint, are void.
  static StatusOr<EventFile> create(const std::string &directory,
                                    int64_t firstStep);

  /// One point for each tag, as f32. ResourceExhausted when the disk is full.
  Status scalars(int64_t step, const std::vector<Scalar> &values);

  /// Empty for a file that drops everything.
  const std::string &path() const { return path_; }

private:
  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  Status append(const std::string &event);

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

} // namespace bertc
