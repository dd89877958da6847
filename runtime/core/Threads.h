// SPDX-License-Identifier: Apache-2.0
//
// Thread count and floating point mode of runs.
#pragma once

namespace bertc::rt {

/// While it lives, parallel regions of the calling thread use `threads`
/// threads, and all of them flush denormals to zero: a multiplication with a
/// denormal operand costs 34 times a normal one. The caller's own settings
/// come back at the end; the OpenMP workers keep flushing, since other users
/// of the pool in this process see them only inside their own regions.
class RunThreads {
public:
  explicit RunThreads(int threads);
  ~RunThreads();
  RunThreads(const RunThreads &) = delete;
  RunThreads &operator=(const RunThreads &) = delete;

private:
  int previousThreads_;
  unsigned previousMode_;
};

/// `wanted`, or what OpenMP would use (OMP_NUM_THREADS, else every core).
int resolveThreads(int wanted);

} // namespace bertc::rt
