// SPDX-License-Identifier: Apache-2.0
#include "compiler/inspect/Scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bertc {

namespace {

constexpr int64_t kMostWorkers = 1000000;

struct Range {
  const char *name;
  double value, least, most;
};

Status check(const Range &range, const char *unit) {
  if (range.value >= range.least && range.value <= range.most) {
    return Status();
  }
  return invalidArgument(fmt::format("{} is {:g}{}, expected {:g} to {:g}",
                                     range.name, range.value, unit, range.least,
                                     range.most));
}

Status checkLink(const ScalingLink &link, const char *bandwidth,
                 const char *latency) {
  if (link.bandwidth != 0) {
    BERTC_RETURN_IF_ERROR(
        check({bandwidth, link.bandwidth * 1e-9, 1e-5, 1e5}, " GB/s"));
  }
  return check({latency, link.latency * 1e6, 0, 1e6}, " microseconds");
}

Status checkInput(const ScalingInput &in) {
  if (in.stepSeconds == 0) {
    return invalidArgument("the time of a step is missing: give --step-time or "
                           "--measured");
  }
  auto whole = [](int64_t value) { return static_cast<double>(value); };
  for (const Range &range :
       {Range{"--step-time", in.stepSeconds, 1e-6, 1e5},
        Range{"--update-time", in.updateSeconds, 0, 1e5}}) {
    BERTC_RETURN_IF_ERROR(check(range, " s"));
  }
  for (const Range &range :
       {Range{"the slow-down of steps on a full host", in.fullHostStep, 0.1,
              1e3},
        Range{"the slow-down of updates on a full host", in.fullHostUpdate, 0.1,
              1e3},
        Range{"sequences a micro-batch", in.sequences, 1e-3, 1e9},
        Range{"--num-accumulation-steps", whole(in.accumulation), 1, 1e6},
        Range{"--step-spread", in.spread, 0, 10},
        Range{"gradients", whole(in.gradients), 1, 1e15},
        Range{"--ranks-per-host", whole(in.ranksPerHost), 1, 4096},
        Range{"--buckets", whole(in.buckets), 1, 1e6},
        Range{"--overlap", in.overlap, 0, 1}}) {
    BERTC_RETURN_IF_ERROR(check(range, ""));
  }
  if (in.sumBandwidth != 0) {
    BERTC_RETURN_IF_ERROR(
        check({"--sum-bandwidth", in.sumBandwidth * 1e-9, 1e-5, 1e5}, " GB/s"));
  }
  BERTC_RETURN_IF_ERROR(
      checkLink(in.host, "--host-bandwidth", "--host-latency"));
  return checkLink(in.network, "--link-bandwidth", "--link-latency");
}

Status checkWorkers(const ScalingInput &in, int64_t workers) {
  if (workers < 1 || workers > kMostWorkers) {
    return invalidArgument(fmt::format(
        "--scaling-workers has {}, expected 1 to {}", workers, kMostWorkers));
  }
  if (std::min(workers, in.ranksPerHost) > 1 && in.host.bandwidth == 0) {
    return invalidArgument(
        fmt::format("--host-bandwidth is missing: {} workers are up to {} "
                    "ranks on a host",
                    workers, in.ranksPerHost));
  }
  if (workers > in.ranksPerHost && in.network.bandwidth == 0) {
    return invalidArgument(fmt::format(
        "--link-bandwidth is missing: {} workers are on several hosts of {} "
        "ranks",
        workers, in.ranksPerHost));
  }
  return Status();
}

/// What holds up a ring that uses links inside hosts, between them, or both.
ScalingLink slowest(const ScalingInput &in, bool inside, bool between) {
  if (inside && between) {
    return {std::min(in.host.bandwidth, in.network.bandwidth),
            std::max(in.host.latency, in.network.latency)};
  }
  return inside ? in.host : in.network;
}

/// The two parts of an all-reduce.
struct Reduction {
  double transfer, adding;
};

/// Of a part of the gradients, which travels in so many buckets.
Reduction reduction(const ScalingInput &in, int64_t workers, double part,
                    double buckets) {
  auto n = static_cast<double>(workers);
  auto r = static_cast<double>(std::min(workers, in.ranksPerHost));
  double h = std::ceil(n / static_cast<double>(in.ranksPerHost));
  double bytes = part * static_cast<double>(in.gradients * in.wireBytes);
  // 2 (p - 1) steps around a ring of p.
  auto around = [&](double p, const ScalingLink &link) {
    return p < 2 ? 0.0
                 : 2 * (p - 1) *
                       (bytes / p / link.bandwidth + buckets * link.latency);
  };
  Reduction result = {0, 0};
  if (in.algorithm == ScalingInput::Algorithm::Hierarchical) {
    result.transfer = around(r, in.host) + around(h, in.network);
  } else if (n > 1) {
    result.transfer = around(n, slowest(in, r > 1, h > 1));
  }
  if (in.sumBandwidth > 0) {
    result.adding = (1 - 1 / n) * 4 * part * static_cast<double>(in.gradients) /
                    in.sumBandwidth;
  }
  return result;
}

Reduction wholeReduction(const ScalingInput &in, int64_t workers) {
  auto k =
      in.planned.empty() ? in.buckets : static_cast<int64_t>(in.planned.size());
  return reduction(in, workers, 1, static_cast<double>(k));
}

/// Those of the plan, or even ones.
std::vector<ScalingBucket> bucketsOf(const ScalingInput &in) {
  if (!in.planned.empty()) {
    return in.planned;
  }
  std::vector<ScalingBucket> even;
  auto k = static_cast<double>(in.buckets);
  for (int64_t i = 1; i <= in.buckets; ++i) {
    even.push_back({1 / k, in.overlap * (k - static_cast<double>(i)) / k});
  }
  return even;
}

/// What an all-reduce adds to an update whose last micro-batch takes `step`
/// seconds.
double exposedSeconds(const ScalingInput &in, int64_t workers, double step) {
  Reduction parts = wholeReduction(in, workers);
  double whole = parts.transfer + parts.adding;
  // From the last bucket to the first: it and all behind it are still to go.
  double exposed = 0, toGo = 0;
  std::vector<ScalingBucket> buckets = bucketsOf(in);
  for (size_t i = buckets.size(); i-- > 0;) {
    Reduction one = reduction(in, workers, buckets[i].part, 1);
    toGo += one.transfer + one.adding;
    exposed = std::max(exposed, toGo - buckets[i].workLeft * step);
  }
  bool copies = in.coresCopy && workers <= in.ranksPerHost;
  double byCores = copies ? whole : parts.adding;
  return whole > 0 ? exposed + (whole - exposed) * byCores / whole : 0;
}

ScalingRow predict(const ScalingInput &in, int64_t workers) {
  auto n = static_cast<double>(workers);
  auto a = static_cast<double>(in.accumulation);
  auto r = static_cast<double>(std::min(workers, in.ranksPerHost));
  double filled = in.ranksPerHost > 1
                      ? (r - 1) / (static_cast<double>(in.ranksPerHost) - 1)
                      : 0;
  double step = in.stepSeconds * (1 + (in.fullHostStep - 1) * filled);
  ScalingRow row;
  row.workers = workers;
  row.hosts = (workers + in.ranksPerHost - 1) / in.ranksPerHost;
  row.compute = a * step;
  // Meeting after each micro-batch, ranks wait for the slowest each time.
  double meetings = in.everyMicroBatch ? a : 1;
  row.waiting = row.compute * in.spread * largestOfNormals(workers) *
                std::sqrt(meetings / a);
  row.allReduce = meetings * allReduceSeconds(in, workers);
  row.exposed = meetings * exposedSeconds(in, workers, step);
  row.update = in.updateSeconds * (1 + (in.fullHostUpdate - 1) * filled) /
               (in.shardOptimizer ? n : 1);
  row.total = row.compute + row.waiting + row.exposed + row.update;
  row.sequencesPerSecond = n * a * in.sequences / row.total;
  row.sentBytes = meetings * 2 * (n - 1) / n *
                  static_cast<double>(in.gradients * in.wireBytes);
  return row;
}

} // namespace

double largestOfNormals(int64_t n) {
  if (n < 2) {
    return 0;
  }
  // The integral of x n phi(x) Phi(x)^(n-1), by trapezoids; what is left out on
  // either side is below 1e-12 for every n up to a million.
  constexpr double from = -9, to = 9, step = 1.0 / 256;
  double sum = 0;
  for (double x = from; x <= to; x += step) {
    double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    double below = std::erfc(-x / std::sqrt(2.0)) / 2;
    sum += x * static_cast<double>(n) * density *
           std::pow(below, static_cast<double>(n - 1));
  }
  return sum * step;
}

double allReduceSeconds(const ScalingInput &input, int64_t workers) {
  if (workers < 2) {
    return 0;
  }
  Reduction parts = wholeReduction(input, workers);
  return parts.transfer + parts.adding;
}

StatusOr<std::vector<ScalingRow>>
predictScaling(const ScalingInput &input, const std::vector<int64_t> &workers) {
  BERTC_RETURN_IF_ERROR(checkInput(input));
  double alone = predict(input, 1).sequencesPerSecond;
  std::vector<ScalingRow> rows;
  for (int64_t n : workers) {
    BERTC_RETURN_IF_ERROR(checkWorkers(input, n));
    ScalingRow row = predict(input, n);
    row.speedup = row.sequencesPerSecond / alone;
    row.efficiency = row.speedup / static_cast<double>(n);
    rows.push_back(row);
  }
  return rows;
}

} // namespace bertc
