// SPDX-License-Identifier: Apache-2.0
//
// Writing behind: full buffers are written by a thread of their own, in order,
// so that whoever fills them does not wait for the disk. A bounded number of
// buffers is under way, and their memory is used again.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "bertc/status.h"
#include "io/AlignedBuffer.h"

namespace bertc {

/// submit() from one thread at a time. The thread starts with the first job.
class BackgroundWriter {
public:
  /// Writes the first `bytes` of a buffer somewhere.
  using Job = std::function<Status(const AlignedBuffer &buffer)>;

  /// Buffers of `bufferBytes`, of which up to `pending` wait to be written.
  BackgroundWriter(size_t bufferBytes, size_t pending)
      : bufferBytes_(AlignedBuffer::roundUp(bufferBytes)), pending_(pending) {}
  BackgroundWriter(const BackgroundWriter &) = delete;
  BackgroundWriter &operator=(const BackgroundWriter &) = delete;
  /// Forgets what waits, and waits for the job under way.
  ~BackgroundWriter();

  size_t bufferBytes() const { return bufferBytes_; }

  /// A buffer to fill: a used one when there is one.
  AlignedBuffer acquire();

  /// Gives a buffer back unwritten.
  void release(AlignedBuffer buffer);

  /// Queues a job; waits while too many are queued. The first error of any job
  /// is returned by every later call, and jobs after it are dropped.
  Status submit(AlignedBuffer buffer, Job job);

  /// Waits for all jobs; returns the first error.
  Status drain();

private:
  struct Entry {
    AlignedBuffer buffer;
    Job job;
  };
  void run();
  void runOne(std::unique_lock<std::mutex> &lock);

  const size_t bufferBytes_;
  const size_t pending_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> queue_;
  std::vector<AlignedBuffer> free_;
  bool busy_ = false;
  bool stop_ = false;
  Status status_;
  std::thread thread_;
};

} // namespace bertc
