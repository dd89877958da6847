// SPDX-License-Identifier: Apache-2.0
#include "compiler/inspect/ScalingReport.h"

#include "compiler/inspect/Units.h"

#include <fmt/format.h>

namespace bertc {

namespace {

const char *algorithmName(const ScalingInput &in) {
  return in.algorithm == ScalingInput::Algorithm::Ring ? "ring"
                                                       : "hierarchical";
}

Json linkJson(const ScalingLink &link) {
  return {{"bandwidth", link.bandwidth}, {"latency", link.latency}};
}

/// Buckets of the plan; null where flags made even ones of them.
Json plannedJson(const ScalingInput &in) {
  if (in.planned.empty()) {
    return nullptr;
  }
  Json all = Json::array();
  for (const ScalingBucket &bucket : in.planned) {
    all.push_back({{"part", bucket.part}, {"work_left", bucket.workLeft}});
  }
  return all;
}

Json inputJson(const ScalingInput &in) {
  return {{"step_seconds", in.stepSeconds},
          {"update_seconds", in.updateSeconds},
          {"full_host_step", in.fullHostStep},
          {"full_host_update", in.fullHostUpdate},
          {"step_spread", in.spread},
          {"sequences_per_step", in.sequences},
          {"num_accumulation_steps", in.accumulation},
          {"gradients", in.gradients},
          {"wire_bytes_per_gradient", in.wireBytes},
          {"allreduce_post_accumulation", !in.everyMicroBatch},
          {"shard_optimizer", in.shardOptimizer},
          {"ranks_per_host", in.ranksPerHost},
          {"host", linkJson(in.host)},
          {"link", linkJson(in.network)},
          {"algorithm", algorithmName(in)},
          {"sum_bandwidth", in.sumBandwidth},
          {"buckets", in.buckets},
          {"overlap", in.overlap},
          {"planned_buckets", plannedJson(in)}};
}

std::string linkText(const char *name, const ScalingLink &link) {
  return link.bandwidth == 0
             ? ""
             : fmt::format("  {:<12}{:.4g} GB/s, {:.4g} microseconds\n", name,
                           link.bandwidth * 1e-9, link.latency * 1e6);
}

/// "2.051 s" or "12.34 ms".
std::string seconds(double value) {
  return value >= 1 || value == 0 ? fmt::format("{:.3f} s", value)
                                  : fmt::format("{:.3f} ms", value * 1e3);
}

std::string headText(const ScalingReport &report) {
  const ScalingInput &in = report.input;
  std::string text = fmt::format(
      "scaling of {}\n  gradients   {} numbers, {} on the wire, {}\n",
      report.plan, in.gradients,
      bytesText(static_cast<uint64_t>(in.gradients * in.wireBytes)),
      in.everyMicroBatch ? "after every micro-batch" : "once an update");
  text += fmt::format("  step        {} of {:.4g} sequences ({}), {} an update",
                      seconds(in.stepSeconds), in.sequences, report.source,
                      in.accumulation);
  text += fmt::format("\n  update      {}{}\n", seconds(in.updateSeconds),
                      in.shardOptimizer ? ", shared among the workers" : "");
  if (in.fullHostStep != 1 || in.fullHostUpdate != 1) {
    text += fmt::format("  full host   {:.3f} times the step, {:.3f} times the "
                        "update\n",
                        in.fullHostStep, in.fullHostUpdate);
  }
  text += fmt::format(
      "  all-reduce  {}, {} rank{} a host, {} bucket{}{}, overlap "
      "{:.3g} of a step\n",
      algorithmName(in), in.ranksPerHost, in.ranksPerHost == 1 ? "" : "s",
      in.buckets, in.buckets == 1 ? "" : "s",
      in.planned.empty() ? "" : " of the plan", in.overlap);
  text += linkText("in hosts", in.host) + linkText("between", in.network);
  if (in.spread > 0) {
    text += fmt::format("  spread      {:g} of a step\n", in.spread);
  }
  return text;
}

} // namespace

Json scalingJson(const ScalingReport &report) {
  Json document = jsonDocument("scaling", 1);
  document["plan"] = report.plan;
  document["source"] = report.source;
  document["parameters"] = inputJson(report.input);
  document["rows"] = Json::array();
  for (const ScalingRow &row : report.rows) {
    document["rows"].push_back(
        {{"workers", row.workers},
         {"hosts", row.hosts},
         {"compute_seconds", row.compute},
         {"waiting_seconds", row.waiting},
         {"allreduce_seconds", row.allReduce},
         {"exposed_seconds", row.exposed},
         {"update_seconds", row.update},
         {"total_seconds", row.total},
         {"sequences_per_second", row.sequencesPerSecond},
         {"speedup", row.speedup},
         {"efficiency", row.efficiency},
         {"sent_bytes_per_rank", row.sentBytes}});
  }
  return document;
}

std::string scalingText(const ScalingReport &report) {
  std::string text = headText(report);
  text += fmt::format("{:>8} {:>6} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11} "
                      "{:>11} {:>9} {:>6}\n",
                      "workers", "hosts", "compute", "waiting", "all-reduce",
                      "exposed", "update", "in all", "sequences/s", "speed-up",
                      "eff.");
  for (const ScalingRow &row : report.rows) {
    text += fmt::format(
        "{:>8} {:>6} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11.2f} "
        "{:>9.2f} {:>6.3f}\n",
        row.workers, row.hosts, seconds(row.compute), seconds(row.waiting),
        seconds(row.allReduce), seconds(row.exposed), seconds(row.update),
        seconds(row.total), row.sequencesPerSecond, row.speedup,
        row.efficiency);
  }
  return text;
}

} // namespace bertc
