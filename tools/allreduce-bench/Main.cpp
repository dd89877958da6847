// SPDX-License-Identifier: Apache-2.0
//
// bertc-allreduce-bench: times the all-reduce of training between the processes
// of mpirun, for several sizes, and gives the bandwidth and the latency of its
// links, which `bertc inspect --scaling --links` reads.
//   mpirun -np 2 bertc-allreduce-bench --json > links.json
#include "runtime/collective/Collective.h"
#include "runtime/collective/Launch.h"
#include "support/Cli.h"
#include "support/Json.h"
#include "tools/allreduce-bench/LinkFit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <unistd.h>

using namespace bertc;

namespace {

struct Flags {
  std::vector<double> megabytes = {64, 256, 512};
  std::string precision = "f32";
  int repeats = 5;
  bool json = false;
};

struct Measured {
  std::vector<LinkPoint> points;
  size_t hosts = 1;
};

/// Seconds of one all-reduce: those of the rank that took longest.
StatusOr<double> timeOnce(rt::Collective &all, std::vector<float> &data,
                          rt::WireType wire) {
  std::fill(data.begin(), data.end(), 1.0f);
  BERTC_RETURN_IF_ERROR(all.barrier("the start"));
  auto begin = std::chrono::steady_clock::now();
  BERTC_RETURN_IF_ERROR(all.allReduceSum(
      data.data(), static_cast<int64_t>(data.size()), wire, "the data"));
  std::chrono::duration<double> passed =
      std::chrono::steady_clock::now() - begin;
  if (data.back() != static_cast<float>(all.size())) {
    return internalError(
        fmt::format("the sum of {} ones is {}", all.size(), data.back()));
  }
  double seconds = passed.count();
  std::string mine(reinterpret_cast<const char *>(&seconds), sizeof(seconds));
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> times,
                         all.allGather(mine, "times"));
  for (const std::string &time : times) {
    double other = 0;
    std::memcpy(&other, time.data(), std::min(time.size(), sizeof(other)));
    seconds = std::max(seconds, other);
  }
  return seconds;
}

StatusOr<LinkPoint> timeSize(rt::Collective &all, size_t elements,
                             rt::WireType wire, int repeats) {
  std::vector<float> data(elements);
  std::vector<double> times;
  for (int i = 0; i <= repeats; ++i) {
    BERTC_ASSIGN_OR_RETURN(double time, timeOnce(all, data, wire));
    if (i > 0) { // the first one makes buffers
      times.push_back(time);
    }
  }
  std::sort(times.begin(), times.end());
  double width = wire == rt::WireType::F32 ? 4 : 2;
  return LinkPoint{static_cast<double>(elements) * width,
                   times[times.size() / 2]};
}

StatusOr<Measured> measure(rt::Collective &all, const Flags &flags) {
  rt::WireType wire =
      flags.precision == "bf16" ? rt::WireType::BF16 : rt::WireType::F32;
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> hosts,
                         all.allGather(name, "names of hosts"));
  Measured result;
  result.hosts = std::set<std::string>(hosts.begin(), hosts.end()).size();
  // One number a rank: every message has something in it.
  std::vector<size_t> sizes = {static_cast<size_t>(all.size())};
  for (double megabytes : flags.megabytes) {
    sizes.push_back(static_cast<size_t>(megabytes * 1e6 / 4));
  }
  for (size_t elements : sizes) {
    // Small ones take little time and vary more.
    int repeats = elements < 1000 ? 40 * flags.repeats : flags.repeats;
    BERTC_ASSIGN_OR_RETURN(LinkPoint point,
                           timeSize(all, elements, wire, repeats));
    result.points.push_back(point);
  }
  return result;
}

void print(const Flags &flags, int ranks, const Measured &measured,
           const LinkRates &rates) {
  if (!flags.json) {
    std::printf("%d ranks on %zu hosts, %s: %.3f GB/s a rank, latency %.1f "
                "microseconds\n",
                ranks, measured.hosts, flags.precision.c_str(),
                rates.bandwidth * 1e-9, rates.latency * 1e6);
    for (const LinkPoint &point : measured.points) {
      std::printf("  %12.0f bytes %10.3f ms\n", point.bytes,
                  point.seconds * 1e3);
    }
    return;
  }
  Json document = jsonDocument("links", 1);
  document["ranks"] = ranks;
  document["hosts"] = measured.hosts;
  document["precision"] = flags.precision;
  document["bandwidth"] = rates.bandwidth;
  document["latency"] = rates.latency;
  document["points"] = Json::array();
  for (const LinkPoint &point : measured.points) {
    document["points"].push_back(
        {{"bytes", point.bytes}, {"seconds", point.seconds}});
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

Status checkFlags(const Flags &flags) {
  if (flags.precision != "f32" && flags.precision != "bf16") {
    return invalidArgument(
        fmt::format("--allreduce-precision is '{}', expected f32 or bf16",
                    flags.precision));
  }
  if (flags.repeats < 1 || flags.repeats > 10000) {
    return invalidArgument(
        fmt::format("--repeats is {}, expected 1 to 10000", flags.repeats));
  }
  for (double size : flags.megabytes) {
    if (!(size >= 0.01 && size <= 1e5)) {
      return invalidArgument(
          fmt::format("--megabytes has {}, expected 0.01 to 100000", size));
    }
  }
  return Status();
}

Status perform(const Flags &flags) {
  BERTC_RETURN_IF_ERROR(checkFlags(flags));
  BERTC_ASSIGN_OR_RETURN(rt::TransportFactory factory, rt::mpiTransport());
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<rt::Collective> all,
                         rt::openRing(factory));
  if (all->size() < 2) {
    return failedPrecondition("one process has no links; start it as mpirun "
                              "-np N bertc-allreduce-bench");
  }
  auto measured = measure(*all, flags);
  if (!measured.ok()) {
    all->abort(measured.status());
  }
  Status status;
  if (all->isRoot()) {
    auto rates = fitLinkRates(measured->points, all->size());
    status = rates.status();
    if (rates.ok()) {
      print(flags, all->size(), *measured, *rates);
    }
  }
  Status ended = all->finish();
  return status.ok() ? ended : status;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Times all-reduces between the processes of mpirun.",
               "bertc-allreduce-bench");
  Flags flags;
  app.add_option("--megabytes", flags.megabytes,
                 "sizes of the data, in MB of f32")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--allreduce-precision", flags.precision,
                 "f32 or bf16 on the wire");
  app.add_option("--repeats", flags.repeats, "of each size; the median counts");
  app.add_flag("--json", flags.json, "the result as JSON");
  VersionInfo version;
  version.program = "bertc-allreduce-bench";
  CliResult parsed = parseCommandLine(app, argc, argv, versionText(version));
  if (parsed.done) {
    return parsed.exitCode;
  }
  Status status = perform(flags);
  return status.ok() ? 0 : reportError("bertc-allreduce-bench", status);
}
