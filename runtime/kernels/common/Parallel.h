// SPDX-License-Identifier: Apache-2.0
//
// The one way kernels use threads: a fixed list of tasks, cut by the size of
// the problem and never by the number of threads, spread over OpenMP's team.
// Tasks write disjoint memory; sums over tasks are combined afterwards in task
// order. So any number of threads gives the same bits.
#pragma once

#include <cstdint>

#include <omp.h>

namespace bertc::rt::kernels {

/// Elements an elementwise task should have: large enough to hide the cost of
/// starting it, small enough to balance.
inline constexpr int64_t kTaskElements = 16384;

/// Calls fn(task) for task in [0, tasks), on the calling thread alone when it
/// already belongs to a team.
template <typename Fn> void parallelTasks(int64_t tasks, const Fn &fn) {
  if (tasks <= 1 || omp_get_max_threads() == 1 || omp_in_parallel()) {
    for (int64_t task = 0; task < tasks; ++task) {
      fn(task);
    }
    return;
  }
#pragma omp parallel for schedule(static)
  for (int64_t task = 0; task < tasks; ++task) {
    fn(task);
  }
}

/// The same for tasks that differ in size: whoever is free takes the next one.
/// Calls fn(task, next), where `next` is what the thread will do after `task`,
/// -1 for nothing: time to fetch what it reads.
template <typename Fn> void parallelQueue(int64_t tasks, const Fn &fn) {
  if (tasks <= 1 || omp_get_max_threads() == 1 || omp_in_parallel()) {
    for (int64_t task = 0; task < tasks; ++task) {
      fn(task, task + 1 < tasks ? task + 1 : -1);
    }
    return;
  }
  int64_t taken = 0;
#pragma omp parallel
  {
    // Everybody has one before anybody has two.
    int64_t task = omp_get_thread_num();
    const int64_t team = omp_get_num_threads();
    while (task < tasks) {
      int64_t next;
#pragma omp atomic capture
      next = taken++;
      next += team;
      fn(task, next < tasks ? next : -1);
      task = next;
    }
  }
}

/// Calls fn(begin, end) over [0, count) cut into ranges of `grain` items.
template <typename Fn>
void parallelRanges(int64_t count, int64_t grain, const Fn &fn) {
  grain = grain < 1 ? 1 : grain;
  parallelTasks((count + grain - 1) / grain, [&](int64_t task) {
    int64_t begin = task * grain;
    int64_t end = begin + grain < count ? begin + grain : count;
    fn(begin, end);
  });
}

/// Two passes over [0, count) cut into ranges of `grain` items: first(begin,
/// end) of all ranges, then second(begin, end, x), where x is what every thread
/// gets of between() for itself. A thread meets its own ranges again, the last
/// ones first: those are still in its cache.
template <typename First, typename Between, typename Second>
void parallelRangesTwice(int64_t count, int64_t grain, const First &first,
                         const Between &between, const Second &second) {
  int64_t tasks = (count + grain - 1) / grain;
  auto end = [&](int64_t task) {
    return (task + 1) * grain < count ? (task + 1) * grain : count;
  };
  int team = tasks <= 1 || omp_in_parallel() ? 1 : omp_get_max_threads();
#pragma omp parallel num_threads(team) if (team > 1)
  {
    int64_t threads = omp_get_num_threads();
    int64_t thread = team > 1 ? omp_get_thread_num() : 0;
    threads = team > 1 ? threads : 1;
    int64_t mine = tasks * thread / threads;
    int64_t next = tasks * (thread + 1) / threads;
    for (int64_t task = mine; task < next; ++task) {
      first(task * grain, end(task));
    }
#pragma omp barrier
    const auto x = between();
    for (int64_t task = next - 1; task >= mine; --task) {
      second(task * grain, end(task), x);
    }
  }
}

} // namespace bertc::rt::kernels
