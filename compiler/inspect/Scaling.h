// SPDX-License-Identifier: Apache-2.0
//
// How long an update of the optimizer takes with N workers, on paper. Every
// worker ("rank") runs A micro-batches of its own, the gradients are added up
// (all-reduce), and every rank applies them. With G bytes of gradients on the
// wire in K buckets, R ranks a host, H = ceil(N / R) hosts, r = min(N, R):
//
//   compute     A t (1 + (s - 1) (r - 1) / (R - 1)): t is a micro-batch of one
//               rank alone on its host, s how many times as long it takes when
//               the host is full, because ranks share memory and caches
//   waiting     compute * cv z(N) / sqrt(A): the slowest of N sets the pace.
//               z(N) is the mean of the largest of N standard normal numbers
//               (z(2) = 1/sqrt(pi)), cv the spread of one micro-batch
//   all-reduce, ring [1]: 2 (N-1) steps a bucket, each as slow as the slowest
//               link: 2 (N-1)/N G / b + 2 (N-1) K l, with the smallest b and
//               the largest l. Hosts are taken in order, so one stream leaves
//               and one enters a host
//   all-reduce, hierarchical [2]: inside hosts to and fro 2 (r-1)/r G / b +
//               2 (r-1) K l, and between hosts 2 (H-1)/H G / B + 2 (H-1) K L,
//               B being that of all links of a host together
//   adding      (1 - 1/N) of the gradients in f32, by the bandwidth of adding;
//               0 when none is given, as a measured b has it in it
//   exposed     buckets go one after the other, bucket i not before the last
//               micro-batch has w_i t left: the largest, over i, of
//               T_i + ... + T_K - w_i t. Even buckets that are ready at even
//               times in a window of w t at its end: max(T/K, T - w t (K-1)/K).
//               What cores do for the transfer (adding, and copies inside a
//               host) is not hidden: it takes them from the backward pass
//   update      u, on a full host as above; u / N with the optimizer's state
//               sharded
//
// An all-reduce after every micro-batch costs A of them, and A times the wait
// of one micro-batch.
//
// [1] Patarasu and Yuan, "Bandwidth optimal all-reduce algorithms for clusters
// of workstations", J. Parallel Distrib. Comput. 69 (2009), whose ring is that
// of runtime/collective/RingAlgorithms.h. [2] Thakur, Rabenseifner and Gropp,
// "Optimization of collective communication operations in MPICH" (2005), once
// inside hosts and once between them.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <vector>

namespace bertc {

/// What travels between two ranks.
struct ScalingLink {
  /// Bytes a second in each direction; 0: not given.
  double bandwidth = 0;
  /// Seconds of a message without content.
  double latency = 0;
};

/// A piece of the gradients that travels as one.
struct ScalingBucket {
  /// Of all gradients, and of a micro-batch's time that is left when it can go.
  double part = 1, workLeft = 0;
};

struct ScalingInput {
  enum class Algorithm : uint8_t { Ring, Hierarchical };

  /// Seconds of one micro-batch, and of what is done once an update, of one
  /// rank alone on its host.
  double stepSeconds = 0;
  double updateSeconds = 0;
  /// How many times as long they take on a host whose ranks all compute.
  double fullHostStep = 1, fullHostUpdate = 1;
  /// Sequences of a rank's micro-batch.
  double sequences = 1;
  int64_t accumulation = 1;
  /// Standard deviation by mean of a micro-batch's time, over ranks.
  double spread = 0;

  /// Numbers that are added up, and bytes of one as it travels.
  int64_t gradients = 0;
  int64_t wireBytes = 4;
  bool everyMicroBatch = false;
  bool shardOptimizer = false;

  int64_t ranksPerHost = 1;
  /// Between two ranks of a host while all of them send, and between hosts (all
  /// links of a host together).
  ScalingLink host, network;
  Algorithm algorithm = Algorithm::Ring;
  /// Bytes of f32 sums that a rank forms a second; 0: see the top.
  double sumBandwidth = 0;
  /// Even buckets, and the part of the last micro-batch that they may overlap.
  int64_t buckets = 1;
  double overlap = 0;
  /// Those of a plan, in the order in which they go; in the place of even ones.
  std::vector<ScalingBucket> planned;
  /// Cores do the copies between ranks of a host, as in shared memory.
  bool coresCopy = true;
};

/// Seconds of an update of N workers, and what that comes to.
struct ScalingRow {
  int64_t workers = 1, hosts = 1;
  double compute = 0, waiting = 0, allReduce = 0, exposed = 0, update = 0;
  double total = 0;
  double sequencesPerSecond = 0;
  /// Against one worker alone on a host: sequencesPerSecond, and by worker.
  double speedup = 1, efficiency = 1;
  /// That each rank sends.
  double sentBytes = 0;
};

/// Mean of the largest of n independent standard normal numbers; 0 for one.
double largestOfNormals(int64_t n);

/// Seconds that one all-reduce takes when nothing overlaps it.
double allReduceSeconds(const ScalingInput &input, int64_t workers);

/// A row for each number of workers. InvalidArgument names a value that is
/// missing or that no machine has.
StatusOr<std::vector<ScalingRow>>
predictScaling(const ScalingInput &input, const std::vector<int64_t> &workers);

} // namespace bertc
